// Denial (section 5.2): tells a callback that its subscription has ended. The subscription is over
// whatever comes back.
#include <utility>

#include "core/request_head.h"
#include "core/verification.h"
#include "hub/delivery/outcome.h"
#include "hub/intent/exchange.h"
#include "hub/intent/verifier.h"

namespace websub::hub {

void Verifier::Deny(const Subscription& subscription, const std::string& reason) {
  const auto callback = Url::Parse(subscription.callback);
  if (!callback) return;  // checked when it was accepted
  const Turns::Id id = --last_denial_;
  denials_.emplace(id, DenialJob{.subscription = subscription,
                                 .reason = reason,
                                 .attempts = 0,
                                 .first_attempt = clock_.Now()});
  turns_.Add(id, callback->Origin(), Turns::Trust::kFresh);
  wake_();
}

void Verifier::QueueDueDenials(Time now) {
  while (!denial_retries_.empty() && denial_retries_.begin()->first <= now) {
    const Turns::Id id = denial_retries_.extract(denial_retries_.begin()).value().second;
    const auto callback = Url::Parse(denials_.at(id).subscription.callback);
    turns_.Add(id, callback->Origin(), Turns::Trust::kSuspect);
  }
}

void Verifier::StartDenial(Turns::Id id, const Turns::Ticket& ticket, Time now) {
  DenialJob& job = denials_.at(id);
  const Subscription& subscription = job.subscription;
  const std::string url_text = DenialUrl(*Url::Parse(subscription.callback),
                                         {.topic = subscription.topic, .reason = job.reason});
  const auto url = Url::Parse(url_text);
  if (!url) {  // longer than any URL may be
    denials_.erase(id);
    return turns_.End(ticket);
  }
  ++job.attempts;
  Exchange exchange = StartExchange(ExchangeKind::kDeny, subscription.topic, subscription.callback,
                                    subscription.id, job.attempts, now);
  exchange.url = url_text;
  OutgoingRequest request;
  request.url = *url;
  request.head = RequestHead("GET", *url, {{"Accept", "*/*"}});
  request.timeout = options_.timeout;
  request.addresses = options_.addresses;
  exchange.request_head = MaskHead(request.head);
  transport_.Send(std::move(request), [this, id, ticket, exchange = std::move(exchange)](
                                          OutgoingResult result) mutable {
    Learn(ticket, result);
    FinishDenial(id, ticket, std::move(exchange), std::move(result));
  });
}

void Verifier::FinishDenial(Turns::Id id, const Turns::Ticket& ticket, Exchange exchange,
                            OutgoingResult result) {
  turns_.End(ticket);
  const DenialJob& job = denials_.at(id);
  const Time now = clock_.Now();
  const auto outcome = Classify(result,
                                {.number = job.attempts,
                                 .first_attempt = job.first_attempt,
                                 .now = now,
                                 .jitter = random_.Unit()},
                                options_.retry);
  const auto* retry = std::get_if<RetryAt>(&outcome);
  if (!result.Ok2xx() && retry && MayPass(result)) {
    exchange.outcome = DescribeFailure(result) + RetryIn(retry->at, now);
    denial_retries_.emplace(retry->at, id);
  } else {
    exchange.outcome = result.Ok2xx()
                           ? "told that the subscription is denied"
                           : DescribeFailure(result) + "; the subscription is denied all the same";
    denials_.erase(id);
  }
  FillFromResult(exchange, std::move(result));
  recorder_.Add(std::move(exchange));
  wake_();
}

}  // namespace websub::hub
