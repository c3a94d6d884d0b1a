#include "cli/commands/subscribe_forward.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/commands/subscribe_request.h"
#include "core/request_head.h"
#include "core/text.h"

namespace websub::cli {
namespace {

// For a breakpoint: longer than anybody looks at one, and short enough to reckon with.
constexpr Duration kForever = std::chrono::hours(24 * 365);

constexpr std::array<std::string_view, 9> kOfOneConnection = {"Connection",
                                                              "Keep-Alive",
                                                              "Proxy-Authenticate",
                                                              "Proxy-Authorization",
                                                              "Proxy-Connection",
                                                              "TE",
                                                              "Trailer",
                                                              "Transfer-Encoding",
                                                              "Upgrade"};

bool IsIn(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (EqualIgnoringCase(Trim(list.substr(0, comma)), name)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// "HTTP/1.1 500 Internal Server Error": what stands behind the status.
std::string ReasonOf(std::string_view head) {
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  const auto status = line.find(' ');
  if (status == std::string_view::npos) return "";
  const auto reason = line.find(' ', status + 1);
  if (reason == std::string_view::npos) return "";
  return std::string(Trim(line.substr(reason)).substr(0, 60));
}

bool IsTimeout(Fault fault) {
  return fault == Fault::kConnectTimeout || fault == Fault::kTlsTimeout ||
         fault == Fault::kWriteTimeout || fault == Fault::kResponseTimeout;
}

// What went wrong, and the next thing to do.
std::string Problem(const std::string& url, const hub::OutgoingResult& result) {
  const std::string& why = result.detail;
  if (IsTimeout(result.fault)) {
    return "the application at " + url + " gave no answer: " + why +
           "; --forward-timeout waits longer, 0 without end";
  }
  std::string sentence = "the application at " + url + " cannot be reached: " + why;
  if (result.fault == Fault::kRefused) sentence += ": does it run, and on this port?";
  if (result.fault == Fault::kTls) sentence += ": is it https there? (--insecure trusts anybody)";
  if (result.fault == Fault::kReset) sentence += ": its own log may say why";
  return sentence;
}

AppAnswer NoAnswer(AppAnswer answer, const hub::OutgoingResult& result) {
  answer.status = 0;
  answer.problem = Problem(answer.url, result);
  answer.response = hub::http::Response::Text(IsTimeout(result.fault) ? 504 : 502, answer.problem);
  return answer;
}

AppAnswer Judge(const std::string& url, const hub::OutgoingResult& result) {
  AppAnswer answer;
  answer.url = url;
  answer.took = result.timings.total;
  if (result.fault != Fault::kNone || result.status < 200) return NoAnswer(answer, result);
  answer.status = result.status;
  answer.reason = ReasonOf(result.head);
  const FieldList fields = HeadFields(result.head);
  answer.content_type = FirstField(fields, "Content-Type");
  answer.body = result.body;
  answer.bytes = result.body_size;
  answer.response.status = result.status;
  answer.response.fields = EndToEnd(fields);
  answer.response.body = result.body;
  return answer;
}

}  // namespace

hub::http::Fields EndToEnd(const hub::http::Fields& fields) {
  std::string named;  // by Connection
  for (const auto& [name, value] : fields) {
    if (EqualIgnoringCase(name, "Connection")) named += value + ",";
  }
  hub::http::Fields kept;
  for (const auto& field : fields) {
    const bool dropped = std::ranges::any_of(kOfOneConnection, [&](std::string_view name) {
      return EqualIgnoringCase(field.first, name);
    });
    if (!dropped && !IsIn(named, field.first)) kept.push_back(field);
  }
  return kept;
}

Forwarder::Forwarder(hub::Transport& transport, Url to, Duration timeout)
    : transport_(transport),
      to_(std::move(to)),
      timeout_(timeout > Duration::zero() ? std::min(timeout, kForever) : kForever) {}

void Forwarder::Forward(const Arrival& arrival, std::function<void(AppAnswer)> done) {
  hub::http::Fields fields = EndToEnd(arrival.request.fields);
  std::erase_if(fields, [](const auto& field) {
    return EqualIgnoringCase(field.first, "Host") ||
           EqualIgnoringCase(field.first, "Content-Length") ||
           EqualIgnoringCase(field.first, "Expect");  // it was met on this side
  });
  fields.emplace_back("Content-Length", std::to_string(arrival.Body().size()));
  hub::OutgoingRequest request;
  request.url = to_;
  request.head = RequestHead("POST", to_, fields);
  request.body = arrival.body;
  request.max_body = kMaxAnswer;
  request.timeout = timeout_;
  transport_.Send(std::move(request),
                  [url = ShownUrl(to_.text()), done = std::move(done)](
                      const hub::OutgoingResult& result) { done(Judge(url, result)); });
}

}  // namespace websub::cli
