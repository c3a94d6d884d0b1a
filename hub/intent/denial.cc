// Denial (section 5.2): tells a callback that its subscription has ended (HUB-VAL-01, HUB-VAL-02).
// Network faults and 5xx are tried again; the subscription is over whatever comes back.
#include <utility>

#include "core/request_head.h"
#include "core/verification.h"
#include "hub/delivery/outcome.h"
#include "hub/intent/exchange.h"
#include "hub/intent/verifier.h"

namespace websub::hub {

namespace {

// Some subscribers take no denial without a reason.
constexpr std::string_view kNoReason = "denied by the hub";

}  // namespace

void Verifier::Deny(AskingPtr asking, const Url& callback, Time now) {
  const Intent& intent = asking->intent;
  const std::string reason = intent.denial->empty() ? std::string(kNoReason) : *intent.denial;
  const std::string url_text = DenialUrl(callback, {.topic = intent.topic, .reason = reason});
  const auto url = Url::Parse(url_text);
  Exchange exchange = StartExchange(ExchangeKind::kDeny, intent.topic, intent.callback,
                                    intent.subscription_id, intent.attempts + 1, now);
  exchange.url = url_text;
  if (!url) {  // longer than any URL may be
    OutgoingResult result;
    result.status = 414;
    result.detail = url.error().message;
    return FinishDenial(asking, std::move(exchange), std::move(result));
  }
  OutgoingRequest request;
  request.url = *url;
  request.head = RequestHead("GET", *url, {{"Accept", "*/*"}});
  request.timeout = options_.timeout;
  request.addresses = options_.addresses;
  exchange.request_head = MaskHead(request.head);
  transport_.Send(std::move(request),
                  [this, asking = std::move(asking),
                   exchange = std::move(exchange)](OutgoingResult result) mutable {
                    queue_.turns().Learn(asking->turn.ticket, result);
                    FinishDenial(asking, std::move(exchange), std::move(result));
                  });
}

void Verifier::FinishDenial(const AskingPtr& asking, Exchange exchange, OutgoingResult result) {
  const Intent& intent = asking->intent;
  const Time now = clock_.Now();
  const bool cancelled = result.fault == Fault::kCancelled;
  const auto outcome = Classify(result,
                                {.number = intent.attempts + 1,
                                 .first_attempt = intent.created_at,
                                 .now = now,
                                 .jitter = random_.Unit()},
                                options_.retry);
  const auto* retry = std::get_if<RetryAt>(&outcome);
  const bool again = !cancelled && !result.Ok2xx() && retry != nullptr && MayPass(result);
  if (cancelled) {
    exchange.outcome = "the hub stopped; it is told when the hub runs again";
  } else if (again) {
    exchange.outcome = DescribeFailure(result) + RetryIn(retry->at, now);
  } else {
    exchange.outcome = result.Ok2xx()
                           ? "told that the subscription is denied"
                           : DescribeFailure(result) + "; the subscription is denied all the same";
  }
  FillFromResult(exchange, std::move(result));
  recorder_.Add(std::move(exchange));
  if (cancelled) return Done(*asking, {});
  if (again) return TryAgain(asking, retry->at);
  store_.DropIntent(intent.id, [this, asking](const Result<void>& kept) { Done(*asking, kept); });
}

}  // namespace websub::hub
