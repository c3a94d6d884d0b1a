// The way every act of a peer takes: it is asked for (hub/access), and goes on where it may.
#include <utility>

#include "core/form.h"
#include "core/link_header.h"
#include "hub/api/api.h"
#include "hub/api/respond.h"

namespace websub::hub {

namespace {

// What a hook may want to know besides: the parameters, but never a secret under whatever name.
std::vector<std::pair<std::string, std::string>> Details(const Form& form) {
  std::vector<std::pair<std::string, std::string>> details;
  for (const FormField& field : form) {
    if (field.name == "hub.mode" || field.name == "hub.topic" || field.name == "hub.callback") {
      continue;
    }
    const std::string text = EncodeForm({field});
    if (MaskForm(text) == text) details.emplace_back(field.name, field.value);
  }
  return details;
}

}  // namespace

AccessRequest Api::RequestFor(const Call& call, Act act, const Form& form) const {
  AccessRequest request;
  request.act = act;
  request.topic = call.exchange.topic.str();
  request.callback = call.exchange.callback.str();
  request.authorization = std::string(call.request.Field("Authorization").value_or(""));
  request.peer = call.request.peer;
  request.details = Details(form);
  request.now = clock_.Now();
  return request;
}

void Api::IfAllowed(const CallPtr& call, Act act, const Form& form, std::function<void()> then) {
  access_.Ask(RequestFor(*call, act, form),
              [this, call, then = std::move(then)](const Decision& decision) {
                call->exchange.identity = IdentityOf(decision);
                if (std::holds_alternative<Allowed>(decision)) return then();
                auto [response, outcome] = Reply(*call, decision);
                Answer(call, std::move(response), std::move(outcome));
              });
}

std::string IdentityOf(const Decision& decision) {
  return std::visit([](const auto& each) { return each.identity; }, decision);
}

std::pair<http::Response, std::string> Reply(const Call& call, const Decision& decision) {
  if (const auto* elsewhere = std::get_if<Elsewhere>(&decision)) {  // HUB-REQ-14
    http::Response response =
        http::Response::Text(elsewhere->status, "another hub serves this topic");
    std::vector<Link> links;
    for (const std::string& hub : elsewhere->hubs) {
      if (!Url::Parse(hub)) continue;
      if (links.empty()) response.fields.emplace_back("Location", hub);
      links.push_back({.target = hub, .rels = {"hub"}, .parameters = {}});
    }
    response.fields.emplace_back("Link", FormatLinkHeader(links));
    return {std::move(response), "redirected to another hub"};
  }
  const auto& refused = std::get<Refused>(decision);
  http::Response response = call.speech == Speech::kForm
                                ? FormDenied(refused.status, refused.reason)
                                : http::Response::Text(refused.status, refused.reason);
  if (!refused.challenge.empty()) {
    response.fields.emplace_back("WWW-Authenticate", refused.challenge);
  }
  if (refused.retry_after > Duration(0)) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(refused.retry_after);
    response.fields.emplace_back("Retry-After", std::to_string(seconds.count()));
  }
  return {std::move(response), "refused: " + refused.reason};
}

http::Response Refusal(const Call& call, const Error& error) {
  http::Response response = Refuse(error);
  if (call.speech == Speech::kSentence) return response;
  http::Response form = FormDenied(response.status, error.message);
  for (auto& field : response.fields) {
    if (field.first != "Content-Type") form.fields.push_back(std::move(field));
  }
  return form;
}

http::Response FormAccepted() {
  http::Response response;
  response.fields = {{"Content-Type", "application/x-www-form-urlencoded"}};
  response.body = "hub.mode=accepted";
  return response;
}

http::Response FormDenied(int status, const std::string& reason) {
  http::Response response;
  response.status = status;
  response.fields = {{"Content-Type", "application/x-www-form-urlencoded"}};
  response.body = EncodeForm({{"hub.mode", "denied"}, {"hub.reason", reason}});
  return response;
}

}  // namespace websub::hub
