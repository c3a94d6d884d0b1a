// SubscribeSession: a notification from its arrival to its answer.
#include <algorithm>
#include <utility>

#include "cli/commands/subscribe_session.h"

namespace websub::cli {

bool SubscribeSession::Counts(const Delivery& delivery) const {
  return delivery.seen == Seen::kFirst && (discarded_count_ || !delivery.Discarded());
}

void SubscribeSession::Deliver(Subscription& subscription, std::shared_ptr<Arrival> arrival,
                               const hub::http::Respond& respond) {
  if (auto kept = bench_->TakeIn(subscription.facts().topic, *arrival); !kept) {
    return NotKept(subscription, *arrival, kept.error(), respond);
  }
  if (Counts(arrival->delivery)) ++taken_;
  if (bench_->HandsOn(arrival->delivery)) return HandOn(subscription, arrival, respond);
  hub::http::Response response;
  response.status = options_.reply_status.value_or(204);  // SUB-DIS-01
  // The hub gets its answer first, then we look at what came (SUB-DIS-01).
  response.on_sent = [this, &subscription, arrival](std::string_view, bool) {
    if (finished_) return;
    report_.Notification(subscription.facts(), *arrival);
    OnDelivered(subscription, *arrival);
  };
  RespondLater(std::move(response), respond);
}

// The hub has to keep what we could not.
void SubscribeSession::NotKept(Subscription& subscription, const Arrival& arrival,
                               const Error& error, const hub::http::Respond& respond) {
  subscription.OnFailed(arrival.delivery.message_id);
  report_.Problem(subscription.facts(), error.message + "; the hub is asked to send it again");
  respond(hub::http::Response::Text(507, "the notification could not be kept"));
}

// The answer waits for that of the application or program, and is the same.
void SubscribeSession::HandOn(Subscription& subscription,
                              const std::shared_ptr<const Arrival>& arrival,
                              const hub::http::Respond& respond) {
  ++pending_;
  idle_timer_.Cancel();
  report_.Notification(subscription.facts(), *arrival);
  bench_->HandOn(subscription.facts(), arrival,
                 [this, &subscription, arrival, respond](hub::http::Response response) {
                   response.on_sent = [this, &subscription, arrival, status = response.status](
                                          std::string_view, bool written) {
                     OnHandedOn(subscription, *arrival, status, written);
                   };
                   RespondLater(std::move(response), respond);
                 });
}

void SubscribeSession::OnHandedOn(Subscription& subscription, const Arrival& arrival, int status,
                                  bool written) {
  --pending_;
  if (finished_) return;
  if (!written) {
    report_.Problem(subscription.facts(),
                    "the hub did not wait for the answer and may send this again; a hub that waits "
                    "longer helps (websub serve --delivery-timeout)");
  }
  if (status >= 200 && status < 300) return OnDelivered(subscription, arrival);
  if (status == 410) {
    subscription.OnGone();
    report_.Problem(subscription.facts(),
                    "410 was answered: hubs take that for the end of the subscription");
  }
  // It comes again, and is wanted then.
  ++not_taken_;
  if (Counts(arrival.delivery)) --taken_;
  subscription.OnFailed(arrival.delivery.message_id);
  if (!report_.open()) return Leave(ExitStatus::kDone);
  SetIdleTimer();
}

void SubscribeSession::OnDelivered(Subscription& subscription, const Arrival& arrival) {
  for (const Expectation& expectation : expectations_) {
    if (const auto why = expectation.Check(arrival.delivery, arrival.Body())) {
      report_.Failure(subscription.facts(), *why);
      return Leave(ExitStatus::kCheckFailed);
    }
  }
  if (Counts(arrival.delivery)) ++got_;
  if (!report_.open() || (wanted_ && got_ >= *wanted_)) return Leave(ExitStatus::kDone);
  SetIdleTimer();
}

}  // namespace websub::cli
