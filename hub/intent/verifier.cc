#include "hub/intent/verifier.h"

#include <algorithm>
#include <utility>

#include "core/request_head.h"
#include "core/verification.h"
#include "hub/delivery/outcome.h"

namespace websub::hub {

namespace {

constexpr std::size_t kChallengeDigits = 40;  // 160 bits (HUB-VER-02)
constexpr std::size_t kMaxEcho = 16 * 1024;   // bytes of an answer that are looked at
constexpr Duration kStoreWait = std::chrono::seconds(5);
constexpr Duration kCrowdedWait = std::chrono::milliseconds(50);
// Where the requests that are due first all wait for a slow origin: how far, and how often, to look
// behind them.
constexpr std::size_t kWideLook = 2048;
constexpr Duration kWideLookEvery = std::chrono::milliseconds(100);

// A fault of the network, 5xx and 429 may pass; everything else is an answer.
bool MayPass(const OutgoingResult& result) {
  return result.status == 0 || result.status == 429 || result.status >= 500 ||
         (result.fault != Fault::kNone && result.Ok2xx());
}

Exchange StartExchange(ExchangeKind kind, const std::string& topic, const std::string& callback,
                       SubscriptionId subscription, int attempt, Time now) {
  Exchange exchange;
  exchange.at = now;
  exchange.direction = Direction::kOut;
  exchange.kind = kind;
  exchange.subscription_id = subscription;
  exchange.topic = topic;
  exchange.callback = callback;
  exchange.attempt = attempt;
  return exchange;
}

}  // namespace

Verifier::Verifier(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
                   Random& random, VerifierOptions options, std::function<void()> wake)
    : store_(store),
      transport_(transport),
      recorder_(recorder),
      clock_(clock),
      random_(random),
      options_(options),
      wake_(std::move(wake)) {}

void Verifier::Wake() {
  next_due_ = Time::min();
  wake_();
}

void Verifier::Stop() {
  stopped_ = true;
}

Time Verifier::Run(Time now) {
  if (stopped_) return Time::max();
  SendDenials(now);
  Time next = Time::max();
  if (in_flight_ >= options_.max_in_flight) return next;  // an answer wakes us
  for (const auto& job : denials_) next = std::min(next, job.due);
  if (next_due_ > now) return std::min(next, next_due_);
  if (paused_until_ > now) return std::min(next, paused_until_);

  // Those in flight are still due for the store.
  bool more = StartDue(now, busy_.size() + options_.max_in_flight);
  if (more && now >= wide_look_at_) {
    wide_look_at_ = now + kWideLookEvery;
    more = StartDue(now, kWideLook);
  }
  if (in_flight_ >= options_.max_in_flight) return next;
  next_due_ = more ? now + kCrowdedWait : store_.NextIntentDue(now).value_or(Time::max());
  return std::min(next, next_due_);
}

void Verifier::SendDenials(Time now) {
  for (std::size_t left = denials_.size(); left > 0 && in_flight_ < options_.max_in_flight;
       --left) {
    DenialJob job = std::move(denials_.front());
    denials_.pop_front();
    if (job.due <= now) {
      SendDenial(std::move(job), now);
    } else {
      denials_.push_back(std::move(job));
    }
  }
}

// Tells whether more may be due than was looked at.
bool Verifier::StartDue(Time now, std::size_t limit) {
  auto due = store_.DueIntents(now, limit);
  const bool more = due.size() >= limit;
  for (auto& intent : due) {
    if (in_flight_ >= options_.max_in_flight) break;
    if (!busy_.contains({intent.topic, intent.callback})) Start(std::move(intent), now);
  }
  return more;
}

void Verifier::Start(Intent intent, Time now) {
  const auto callback = Url::Parse(intent.callback);
  if (!callback) return;  // checked when it was accepted
  const std::string origin = callback->Origin();
  const auto load = origins_.find(origin);
  if (load != origins_.end() && load->second >= options_.max_per_origin) return;  // Done wakes us
  const std::string challenge = random_.Hex(kChallengeDigits);
  const std::string url_text = VerificationUrl(
      *callback,
      {.mode = intent.mode,
       .topic = intent.topic,
       .challenge = challenge,
       .lease = intent.mode == Mode::kSubscribe ? std::optional(intent.lease) : std::nullopt});
  const auto url = Url::Parse(url_text);

  Exchange exchange = StartExchange(ExchangeKind::kVerify, intent.topic, intent.callback,
                                    intent.subscription_id, intent.attempts + 1, now);
  exchange.url = url_text;
  busy_.emplace(Key(intent.topic, intent.callback), origin);
  ++origins_[origin];
  ++in_flight_;
  if (!url) {
    // The parameters made the URL longer than any URL may be: as final as a refusal.
    OutgoingResult result;
    result.status = 414;
    result.detail = url.error().message;
    return Finish(intent, challenge, std::move(exchange), std::move(result));
  }
  OutgoingRequest request;
  request.url = *url;
  request.head = RequestHead("GET", *url, {{"Accept", "*/*"}});
  request.max_body = kMaxEcho;
  request.timeout = options_.timeout;
  request.addresses = options_.addresses;
  exchange.request_head = MaskHead(request.head);
  transport_.Send(std::move(request),
                  [this, intent = std::move(intent), challenge,
                   exchange = std::move(exchange)](OutgoingResult result) mutable {
                    Finish(intent, challenge, std::move(exchange), std::move(result));
                  });
}

void Verifier::Finish(const Intent& intent, const std::string& challenge, Exchange exchange,
                      OutgoingResult result) {
  --in_flight_;
  const Time now = clock_.Now();
  const bool cancelled = result.fault == Fault::kCancelled;
  const bool may_pass = MayPass(result);
  const auto echo = CheckEcho(result.status, result.body, challenge);
  const OutgoingResult answer = result;
  FillFromResult(exchange, std::move(result));
  if (cancelled) {
    exchange.outcome = "the hub stopped; it is verified when the hub runs again";
    recorder_.Add(std::move(exchange));
    return Done(intent, {});
  }
  if (may_pass) return Retry(intent, answer, now, std::move(exchange));

  if (echo.verdict == EchoVerdict::kMatches) {  // HUB-VER-03
    exchange.outcome = intent.mode == Mode::kSubscribe
                           ? "verified: subscribed for " + FormatDuration(intent.lease)
                           : "verified: unsubscribed";
    recorder_.Add(std::move(exchange));
    store_.ConfirmIntent(intent.id, now, [this, intent](Result<Subscription> subscription) {
      if (subscription && on_confirmed) on_confirmed(*subscription);
      Done(intent, subscription ? Result<void>() : tl::unexpected(subscription.error()));
    });
    return;
  }
  exchange.outcome = "not verified: " + echo.sentence;
  recorder_.Add(std::move(exchange));
  store_.RejectIntent(intent.id, SubscriptionState::kUnverified, now,
                      [this, intent](const Result<void>& kept) { Done(intent, kept); });
}

void Verifier::Retry(const Intent& intent, const OutgoingResult& result, Time now,
                     Exchange exchange) {
  const auto outcome = ClassifyWhole(result,
                                     {.number = intent.attempts + 1,
                                      .first_attempt = intent.created_at,
                                      .now = now,
                                      .jitter = random_.Unit()},
                                     options_.retry);
  const std::string failure = DescribeFailure(result);
  if (const auto* retry = std::get_if<RetryAt>(&outcome)) {
    exchange.outcome = failure + RetryIn(retry->at, now);
    recorder_.Add(std::move(exchange));
    store_.RetryIntent(intent.id, intent.attempts + 1, retry->at,
                       [this, intent](const Result<void>& kept) { Done(intent, kept); });
    return;
  }
  exchange.outcome = "not verified: " + failure + "; given up";
  recorder_.Add(std::move(exchange));
  store_.RejectIntent(intent.id, SubscriptionState::kUnverified, now,
                      [this, intent](const Result<void>& kept) { Done(intent, kept); });
}

void Verifier::Done(const Intent& intent, const Result<void>& kept) {
  const auto busy = busy_.find({intent.topic, intent.callback});
  if (const auto load = origins_.find(busy->second); --load->second == 0) origins_.erase(load);
  busy_.erase(busy);
  // The intent is still there: it is verified once more, but not over and over.
  if (!kept && kept.error().code == ErrorCode::kUnavailable) {
    paused_until_ = clock_.Now() + kStoreWait;
  }
  Wake();
}

void Verifier::Deny(const Subscription& subscription, const std::string& reason) {
  const Time now = clock_.Now();
  denials_.push_back({.subscription = subscription,
                      .reason = reason,
                      .attempts = 0,
                      .first_attempt = now,
                      .due = now});
  wake_();
}

void Verifier::SendDenial(DenialJob job, Time now) {
  const auto callback = Url::Parse(job.subscription.callback);
  if (!callback) return;
  const std::string url_text =
      DenialUrl(*callback, {.topic = job.subscription.topic, .reason = job.reason});
  const auto url = Url::Parse(url_text);
  if (!url) return;
  ++job.attempts;
  Exchange exchange =
      StartExchange(ExchangeKind::kDeny, job.subscription.topic, job.subscription.callback,
                    job.subscription.id, job.attempts, now);
  exchange.url = url_text;
  OutgoingRequest request;
  request.url = *url;
  request.head = RequestHead("GET", *url, {{"Accept", "*/*"}});
  request.timeout = options_.timeout;
  request.addresses = options_.addresses;
  exchange.request_head = MaskHead(request.head);
  ++in_flight_;
  transport_.Send(std::move(request), [this, job = std::move(job), exchange = std::move(exchange)](
                                          OutgoingResult result) mutable {
    --in_flight_;
    const Time ended = clock_.Now();
    const auto outcome = Classify(result,
                                  {.number = job.attempts,
                                   .first_attempt = job.first_attempt,
                                   .now = ended,
                                   .jitter = random_.Unit()},
                                  options_.retry);
    const auto* retry = std::get_if<RetryAt>(&outcome);
    if (result.Ok2xx()) {
      exchange.outcome = "told that the subscription is denied";
    } else if (retry && MayPass(result)) {
      exchange.outcome = DescribeFailure(result) + RetryIn(retry->at, ended);
      job.due = retry->at;
      denials_.push_back(std::move(job));
    } else {
      exchange.outcome = DescribeFailure(result) + "; the subscription is denied all the same";
    }
    FillFromResult(exchange, std::move(result));
    recorder_.Add(std::move(exchange));
    wake_();
  });
}

}  // namespace websub::hub
