// One attempt to deliver: from the lane's next message to what becomes of it.
#include <algorithm>
#include <utility>

#include "core/notification.h"
#include "hub/delivery/deliverer.h"

namespace websub::hub {

namespace {

// Before a store that could not be read is asked again.
constexpr Duration kStoreWait = std::chrono::seconds(5);

}  // namespace

void Deliverer::Start(Lane& lane, Standing counts_as, Time now) {
  auto message = lane.expires_at > now && lane.cursor < EndOf(*lane.topic)
                     ? messages_.Next(lane.topic->id, lane.cursor, lane.base, lane.content_type)
                     : nullptr;
  if (!message) {  // HUB-VER-04, the end of the log, or a store that cannot be read
    if (lane.expires_at > now && lane.cursor < EndOf(*lane.topic)) {
      lane.cursor = EndOf(*lane.topic);  // the row still says what is owed
      retry_place_ = {};
      next_retry_ = std::min(next_retry_, now + kStoreWait);
    }
    return EndIfIdle(lane.id, now);
  }
  lane.flight = Lane::Flight{.message = std::move(message),
                             .sent_at = now,
                             .counts_as = counts_as,
                             .suspect = lane.suspect(),
                             .slice = slice_};
  lane.state = Lane::State::kInFlight;
  Class& its = ClassOf(counts_as);
  ++its.in_flight;
  ++its.young[0];
  ++in_flight_;
  ++(lane.suspect() ? lane.origin->suspects_in_flight : lane.origin->fresh_in_flight);
  Send(lane, now);
}

void Deliverer::Send(Lane& lane, Time now) {
  const PreparedMessage& message = *lane.flight->message;
  std::string signature;
  if (!lane.secret.empty()) {  // HUB-SIG-01, HUB-SIG-03
    if (!lane.signer) lane.signer = std::make_unique<Signer>(lane.algorithm, lane.secret);
    signature = lane.signer->Sign(*message.message.body);
  }
  if (!lane.first_attempt) lane.first_attempt = now;

  OutgoingRequest request;
  request.url = lane.callback;  // HUB-DIS-01: its query is part of the target
  request.head =
      NotificationHead(lane.head_start, message.shared_head, lane.attempts + 1, signature);
  request.body = message.message.body;
  request.timeout = options_.timeout;
  request.addresses = options_.addresses;
  // A lane stays while it is in flight.
  transport_.Send(std::move(request),
                  [this, &lane](OutgoingResult result) { Finish(lane, std::move(result)); });
}

void Deliverer::Finish(Lane& lane, OutgoingResult result) {
  const Time now = clock_.Now();
  const auto message = lane.flight->message;
  Exchange exchange;
  exchange.at = lane.flight->sent_at;
  exchange.direction = Direction::kOut;
  exchange.kind = ExchangeKind::kDeliver;
  exchange.subscription_id = lane.id;
  exchange.message_id = message->message.id;
  exchange.topic = message->topic;
  exchange.callback = lane.callback.shared_text();
  exchange.url = exchange.callback;
  exchange.attempt = lane.attempts + 1;
  exchange.request_head = lane.head_masked || message->head_masked ? MaskHead(result.sent_head)
                                                                   : std::move(result.sent_head);
  Land(lane);
  const bool cancelled = result.fault == Fault::kCancelled;
  if (!cancelled) Learn(*lane.origin, result);
  GiveTurn(*lane.origin);
  const bool ended = lane.state == Lane::State::kEnded;
  lane.state = ended ? Lane::State::kEnded : Lane::State::kIdle;
  if (cancelled || ended) {
    FillFromResult(exchange, std::move(result));
    exchange.outcome = ended ? "the subscription ended meanwhile" : "the hub stopped";
    recorder_.Add(std::move(exchange));
    EndIfIdle(lane.id, now);
  } else {
    const auto outcome = Classify(result,
                                  {.number = lane.attempts + 1,
                                   .first_attempt = lane.first_attempt.value_or(now),
                                   .now = now,
                                   .jitter = result.Ok2xx() ? 0 : random_.Unit()},
                                  options_.retry);
    FillFromResult(exchange, std::move(result));
    Apply(lane, *message, outcome, now, std::move(exchange));
  }
  wake_();
}

// Of how the origin answers. Its turn must not wait among those that it does not belong to any
// more.
void Deliverer::Learn(Origin& origin, const OutgoingResult& result) {
  const Standing before = origin.pace.standing();
  if (result.status != 0 && result.fault == Fault::kNone) {
    origin.pace.Answered(result.timings.total, options_.pace);
  } else {
    origin.pace.Failed(options_.pace);
  }
  if (origin.pace.standing() == before || !origin.fresh_turn) return;
  std::erase_if(ClassOf(before).turns,
                [&](const Turn& turn) { return turn.origin == &origin && !turn.suspect; });
  origin.fresh_turn = false;
}

void Deliverer::Note(DeliveryOutcome&& kept, const PreparedMessage& sent, Exchange&& exchange) {
  if (on_outcome) on_outcome(kept, sent.message);
  recorder_.Add(std::move(kept), std::move(exchange));
}

void Deliverer::Apply(Lane& lane, const PreparedMessage& sent, const AttemptOutcome& outcome,
                      Time now, Exchange exchange) {
  const MessageId message = sent.message.id;
  DeliveryOutcome kept;
  kept.subscription_id = lane.id;
  kept.message_id = message;
  kept.attempts = ++lane.attempts;
  kept.first_attempt = lane.first_attempt.value_or(now);
  kept.now = now;
  ++lane.unkept;

  if (const auto* retry = std::get_if<RetryAt>(&outcome)) {
    kept.kind = DeliveryOutcome::Kind::kRetry;
    kept.retry_at = retry->at;
    kept.reason = retry->reason;
    exchange.outcome = retry->reason + RetryIn(retry->at, now);
    lane.state = Lane::State::kWaiting;
    lane.retry_at = retry->at;
    unkept_retries_.emplace(retry->at, lane.id);
    Note(std::move(kept), sent, std::move(exchange));
    return;
  }
  if (std::holds_alternative<Gone>(outcome)) {
    kept.kind = DeliveryOutcome::Kind::kGone;
    kept.reason = exchange.outcome = "answered 410: the subscription ended";
    lane.state = Lane::State::kGone;
    lane.gone_at = now;
    // The attempts stay counted: where a renewal overtakes this, the row still holds them, too.
    Note(std::move(kept), sent, std::move(exchange));
    return;
  }
  lane.attempts = 0;
  lane.first_attempt.reset();
  lane.cursor = message;
  if (std::holds_alternative<Delivered>(outcome)) {
    kept.kind = DeliveryOutcome::Kind::kDelivered;
    exchange.outcome = sent.delivered;
    lane.base = message;
  } else {
    kept.kind = DeliveryOutcome::Kind::kGivenUp;  // HUB-DIS-09
    kept.reason = std::get<GivenUp>(outcome).reason;
    exchange.outcome = "given up: " + kept.reason;
  }
  Note(std::move(kept), sent, std::move(exchange));
  if (!stopped_ && lane.cursor < EndOf(*lane.topic)) MakeReady(lane);
}

}  // namespace websub::hub
