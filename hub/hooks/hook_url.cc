// A hook that is a web service.
#include <memory>
#include <utility>

#include "core/request_head.h"
#include "hub/hooks/answer.h"
#include "hub/hooks/asker.h"

namespace websub::hub {

namespace {

// For the record, which others may read: a key often stands in the userinfo or the query.
std::string WithoutKeys(const Url& url) {
  std::string shown = url.scheme() == Scheme::kHttps ? "https://" : "http://";
  shown += url.HostHeader();
  const std::string& target = url.target();
  const auto query = target.find('?');
  shown += target.substr(0, query);
  return query == target.npos ? shown : shown + "?***";
}

HookAnswer Read(const OutgoingResult& result) {
  if (result.fault != Fault::kNone) {
    return HookFault{result.detail.empty() ? std::string(Name(result.fault)) : result.detail};
  }
  if (result.body_cut) return HookFault{"its answer is longer than 64 KiB"};
  return ReadHookReply(result.status, HeadFields(result.head), result.body);
}

class UrlLine : public HookLine {
 public:
  UrlLine(const Url& url, Authorization authorization, Transport& transport)
      : url_(url), shown_(WithoutKeys(url)), authorization_(authorization), transport_(transport) {}

  void Ask(const HookQuestion& question, Duration timeout,
           std::function<void(HookOutcome)> answered, std::function<void()> freed) override {
    auto body = std::make_shared<const std::string>(QuestionJson(question, authorization_));
    const std::vector<std::pair<std::string, std::string>> fields = {
        {"Accept", "application/json"},
        {"Content-Type", "application/json"},
        {"Content-Length", std::to_string(body->size())}};
    Exchange exchange;
    exchange.url = shown_;
    if (const auto shown = Url::Parse(shown_)) {
      exchange.request_head = RequestHead("POST", *shown, fields);
    }
    exchange.request_body = QuestionJson(question, Authorization::kMasked);

    OutgoingRequest request;
    request.url = url_;
    request.head = RequestHead("POST", url_, fields);
    request.body = std::move(body);
    request.max_body = kMaxHookAnswer;
    request.timeout = timeout;
    transport_.Send(std::move(request),
                    [exchange = std::move(exchange), answered = std::move(answered),
                     freed = std::move(freed)](OutgoingResult result) mutable {
                      HookOutcome outcome{Read(result), std::move(exchange), {}};
                      FillFromResult(outcome.exchange, std::move(result));
                      outcome.exchange.response_head = MaskHead(outcome.exchange.response_head);
                      answered(std::move(outcome));
                      freed();
                    });
  }

 private:
  const Url url_;
  const std::string shown_;
  const Authorization authorization_;
  Transport& transport_;
};

}  // namespace

std::unique_ptr<HookLine> MakeUrlLine(const Url& url, Authorization authorization,
                                      Transport& transport) {
  return std::make_unique<UrlLine>(url, authorization, transport);
}

}  // namespace websub::hub
