#include "cli/commands/inspect_resend.h"

#include <string_view>
#include <utility>

#include "cli/commands/inspect_format.h"
#include "cli/commands/inspect_show.h"
#include "cli/http_call.h"
#include "core/request_head.h"
#include "core/text.h"
#include "hub/api/views.h"

namespace websub::cli::inspect {
namespace {

constexpr Duration kLongestCall = std::chrono::minutes(5);  // the hub's own timeout ends it before
constexpr std::size_t kMaxAnswer = 1024 * 1024;             // bytes that are shown

// 0 where the application took it.
ExitStatus StatusOfAnswer(const Json& exchange) {
  const std::int64_t status = NumberOf(exchange, "status");
  if (status >= 200 && status < 300) return ExitStatus::kDone;
  return status == 0 ? ExitStatus::kNetwork : ExitStatus::kHubRefused;
}

// The line, without its end, and what follows it.
std::pair<std::string_view, std::string_view> SplitLine(std::string_view text) {
  const auto end = text.find("\r\n");
  if (end == std::string_view::npos) return {text, {}};
  return {text.substr(0, end), text.substr(end + 2)};
}

bool IsField(std::string_view line, std::string_view name) {
  const auto colon = line.find(':');
  return colon != std::string_view::npos && EqualIgnoringCase(line.substr(0, colon), name);
}

// Why the request cannot be sent as it was; empty where it can.
std::string Incomplete(const Json& recorded, const Exchange& exchange) {
  const std::string id = TextOf(recorded, "id");
  if (exchange.request_head.empty()) return id + " has no request that could be sent";
  if (!BytesOf(recorded, "request_body")) return "the body of " + id + " is kept no longer";
  const std::string length = FirstField(HeadFields(exchange.request_head), "Content-Length");
  const std::string kept = std::to_string(exchange.request_body.size());
  if (!length.empty() && length != kept) {
    return "of the body of " + id + " " + kept + " of " + length + " bytes are kept";
  }
  return "";
}

bool HoldsMask(std::string_view head) {
  return head.find(": ***") != std::string_view::npos ||
         head.find("=***") != std::string_view::npos;
}

// What came of it, as an exchange that nobody numbered.
Json Describe(const Exchange& recorded, const Call& call, const CallResult& result, Time at) {
  Exchange sent;
  sent.at = at;
  sent.direction = Direction::kOut;
  sent.kind = recorded.kind;
  sent.url = call.url;
  sent.request_head = MaskHead(result.answer.sent_head);
  sent.request_body = recorded.request_body;
  sent.outcome = result.answer.Ok2xx() ? "sent from here, and taken" : result.answer.detail;
  if (sent.outcome.empty()) sent.outcome = "answered " + std::to_string(result.answer.status);
  hub::FillFromResult(sent, result.answer);
  Json view = hub::ViewWhole(sent, std::nullopt);
  view.erase("id");
  view["resent"] = hub::PrintId(hub::kExchangeLetter, recorded.id);
  return view;
}

}  // namespace

Result<std::string> HeadFor(const Url& url, const Exchange& recorded) {
  const auto [line, fields] = SplitLine(recorded.request_head);
  const auto method_end = line.find(' ');
  if (method_end == std::string_view::npos) {
    return Fail(ErrorCode::kInvalid, "what is recorded is no HTTP request");
  }
  std::string head(line.substr(0, method_end));
  head.append(" ").append(url.target()).append(" HTTP/1.1\r\n");
  bool has_host = false;
  bool in_chunks = false;
  for (std::string_view rest = fields; !rest.empty();) {
    const auto [field, behind] = SplitLine(rest);
    rest = behind;
    if (field.empty()) break;
    // The body stands here as a whole; and nobody waits to be told to go on.
    if (IsField(field, "Transfer-Encoding")) {
      in_chunks = true;
    } else if (IsField(field, "Host")) {
      if (!std::exchange(has_host, true))
        head.append("Host: ").append(url.HostHeader()).append("\r\n");
    } else if (!IsField(field, "Expect")) {
      head.append(field).append("\r\n");
    }
  }
  if (in_chunks) {
    head += "Content-Length: " + std::to_string(recorded.request_body.size()) + "\r\n";
  }
  if (!has_host) head += "Host: " + url.HostHeader() + "\r\n";
  return head + "\r\n";
}

tl::expected<Json, ExitStatus> FindRecorded(Output& output, const AskApi& ask,
                                            const std::string& id) {
  if (!id.starts_with('d')) return ask("/api/v1/exchanges/" + PercentEncode(id), {});
  const auto letter = ask("/api/v1/dead-letters/" + PercentEncode(id), {});
  if (!letter) return tl::unexpected(letter.error());
  const auto found = ask("/api/v1/exchanges", {{"message", TextOf(*letter, "message")},
                                               {"subscription", TextOf(*letter, "subscription")},
                                               {"kind", "deliver"},
                                               {"limit", "1"}});
  if (!found) return tl::unexpected(found.error());
  const Json& items = Inside(*found, "items");
  if (items.empty()) {
    output.Diagnose("the deliveries of " + id + " are kept no longer");
    return tl::unexpected(ExitStatus::kHubRefused);
  }
  return ask("/api/v1/exchanges/" + TextOf(items.front(), "id"), {});
}

ExitStatus ResendByHub(Output& output, Source& source, const AskApi& ask, const std::string& id,
                       Time now) {
  const std::string path = id.starts_with('d')
                               ? "/api/v1/dead-letters/" + PercentEncode(id) + "/retry"
                               : "/api/v1/exchanges/" + PercentEncode(id) + "/resend";
  const auto answer = source.Post(path);
  if (!answer) {
    output.Diagnose(answer.error().sentence);
    return answer.error().status;
  }
  if (answer->status >= 300) {
    output.Diagnose(TextOf(answer->body, "error"));
    return ExitStatus::kHubRefused;
  }
  const std::string made = TextOf(answer->body, "id");
  const auto whole = made.empty() ? answer->body : ask("/api/v1/exchanges/" + made, {});
  if (!whole) return whole.error();
  output.Event("exchange", *whole);
  PrintExchange(output, *whole, now);
  return StatusOfAnswer(*whole);
}

ExitStatus ResendTo(Environment& environment, Output& output, const AskApi& ask,
                    const std::string& id, const std::string& to, const TlsOptions& tls) {
  const auto url = Url::Parse(ExpandShorthand(to));
  if (!url) return output.Fail({ErrorCode::kInvalid, "--to: " + url.error().message});
  const auto recorded = FindRecorded(output, ask, id);
  if (!recorded) return recorded.error();
  const Exchange exchange = ReadExchange(*recorded);
  if (const std::string why = Incomplete(*recorded, exchange); !why.empty()) {
    return output.Fail({ErrorCode::kInvalid, why});
  }
  auto head = HeadFor(*url, exchange);
  if (!head) return output.Fail(head.error());
  if (HoldsMask(*head)) output.Note("what the record masks is sent as ***");
  auto caller = HttpCaller::Make(environment, tls, std::nullopt);
  if (!caller) return output.Fail(caller.error());
  Call call;
  call.url = url->text();
  call.head = *std::move(head);
  call.body = exchange.request_body;
  call.max_body = kMaxAnswer;
  call.timeout = kLongestCall;
  const Time at = environment.clock.Now();
  const CallResult result = (*caller)->Send(call);
  if (result.end == CallEnd::kInterrupted) return StatusOf(result);
  const Json shown = Describe(exchange, call, result, at);
  output.Event("exchange", shown);
  PrintExchange(output, shown, at);
  if (!result.Answered()) {
    output.Diagnose(Explain(call, result));
    return StatusOf(result);
  }
  return StatusOfAnswer(shown);
}

}  // namespace websub::cli::inspect
