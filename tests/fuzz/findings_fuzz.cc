// The detectors on whatever peers may have sent: they survive, stay short, and agree with the echo.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/findings.h"

namespace {

using namespace websub;

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    Require(!finding.what.empty() && finding.what.size() < 4000);
    Require(!finding.entry().cause.empty());
  }
}

// The input up to the next line end, which is taken away, too.
std::string_view TakeLine(std::string_view& rest) {
  const auto end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string first(TakeLine(rest));
  const std::string second(TakeLine(rest));
  const std::string body(rest);
  Exchange exchange;
  exchange.url = exchange.topic = first;
  exchange.callback = exchange.outcome = second;
  exchange.peer = second.substr(0, 60);
  exchange.request_head = "POST / HTTP/1.1\r\n" + body + "\r\n\r\n";
  exchange.request_body = exchange.response_body = body;
  exchange.response_body_size = body.size();
  exchange.response_head = "HTTP/1.1 200 OK\r\n" + body + "\r\n\r\n";
  for (const int status : {0, 200, 204, 301, 304, 400, 403, 404, 410, 429, 500}) {
    exchange.status = status;
    exchange.fault = status == 0 ? Fault::kTls : Fault::kNone;
    for (const ExchangeKind kind :
         {ExchangeKind::kSubscribe, ExchangeKind::kUnsubscribe, ExchangeKind::kPublish,
          ExchangeKind::kRegister, ExchangeKind::kVerify, ExchangeKind::kDeny, ExchangeKind::kFetch,
          ExchangeKind::kDeliver, ExchangeKind::kHook}) {
      exchange.kind = kind;
      Check(Judge(exchange));
    }
    exchange.kind = ExchangeKind::kVerify;
    // What verifies is no fault, and an echo that nobody asked for is one.
    Require(JudgeVerification(exchange).empty() == !JudgeUnaskedVerification(exchange).empty() ||
            status == 0);
  }
  Check(JudgeVerificationRequest(first, {.callback = second, .topic = body}));
  const FieldList fields = HeadFields(exchange.request_head);
  Check(JudgeDeliveryRequest({.target = first, .fields = fields, .body = body},
                             {.callback = second,
                              .topic = first,
                              .content_type = second,
                              .body = first,
                              .secret = second}));
  Check(JudgeSignature(first, second, body));
  if (const auto finding = CompareTopics(first, second)) Check({*finding});
  if (MayMeanTheSame(first, second)) Require(CompareTopics(first, second).has_value());
  return 0;
}
