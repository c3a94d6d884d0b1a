// What a person wants to be sent again: POST /api/v1/exchanges/ID/resend and
// /api/v1/dead-letters/ID/retry.
#include <utility>

#include "core/text.h"
#include "hub/api/api.h"
#include "hub/api/respond.h"
#include "hub/api/views.h"

namespace websub::hub {

namespace {

// "12" of "/api/v1/exchanges/x12/resend".
std::optional<std::string_view> IdIn(std::string_view path, std::string_view before,
                                     std::string_view after) {
  if (!path.starts_with(before) || !path.ends_with(after)) return std::nullopt;
  if (path.size() <= before.size() + after.size()) return std::nullopt;
  path.remove_prefix(before.size());
  path.remove_suffix(after.size());
  return path.find('/') == std::string_view::npos ? std::optional(path) : std::nullopt;
}

// The new exchange; its id is null, and the answer 202, where it is not written down yet.
http::Response Resent(const Exchange& exchange) {
  http::Response response;
  response.status = exchange.id == 0 ? 202 : 200;
  response.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  Json view = View(exchange);
  if (exchange.id == 0) view["id"] = nullptr;
  response.body = Dump(view) + "\n";
  return response;
}

}  // namespace

bool Api::SendAgain(const http::Request& request, const http::Respond& respond) {
  const auto resend = IdIn(request.Path(), "/api/v1/exchanges/", "/resend");
  const auto retry = IdIn(request.Path(), "/api/v1/dead-letters/", "/retry");
  if (!resend && !retry) return false;
  const char letter = resend ? kExchangeLetter : kDeadLetterLetter;
  const std::string_view text = resend ? *resend : *retry;
  const auto id = ParseId(letter, text);
  if (!id) {
    respond(
        Refuse({ErrorCode::kNotFound, Quote(text) + " is no id such as " + PrintId(letter, 1)}));
    return true;
  }
  const auto done = [respond](const Result<Exchange>& sent) {
    respond(sent ? Resent(*sent) : Refuse(sent.error()));
  };
  if (resend) {
    resender_.Resend(*id, done);
  } else {
    resender_.Retry(*id, done);
  }
  return true;
}

}  // namespace websub::hub
