#include "hub/intent/verifier.h"

#include <algorithm>
#include <utility>

#include "core/request_head.h"
#include "core/verification.h"
#include "hub/delivery/outcome.h"
#include "hub/intent/exchange.h"

namespace websub::hub {

namespace {

constexpr std::size_t kChallengeDigits = 40;  // 160 bits (HUB-VER-02)
constexpr std::size_t kMaxEcho = 16 * 1024;   // bytes of an answer that are looked at

DueQueue::Job JobOf(const DueIntent& due) {
  return {.place = due.place,
          .about = due.subscription_id,
          .origin = due.origin,
          .attempts = due.attempts};
}

// Nothing where the callback is no URL, which was checked when it was accepted.
std::optional<DueQueue::Job> JobOfWhole(const Intent& intent) {
  const auto callback = Url::Parse(intent.callback);
  if (!callback) return std::nullopt;
  return JobOf({.place = {intent.due_at, intent.id},
                .subscription_id = intent.subscription_id,
                .origin = callback->Origin(),
                .attempts = intent.attempts});
}

}  // namespace

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

bool MayPass(const OutgoingResult& result) {
  if (result.fault == Fault::kForbiddenAddress) return false;
  return result.status == 0 || result.status == 429 || result.status >= 500 ||
         (result.fault != Fault::kNone && result.Ok2xx());
}

Verifier::Verifier(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
                   Random& random, VerifierOptions options, std::function<void()> wake)
    : store_(store),
      transport_(transport),
      recorder_(recorder),
      clock_(clock),
      random_(random),
      options_(options),
      queue_(options_.turns, clock, Source(), std::move(wake)) {}

DueQueue::Source Verifier::Source() {
  return {
      .page =
          [this](Time now, DuePlace after, std::size_t limit) {
            return DueQueue::JobsOf(store_.DueIntents(now, after, limit), JobOf);
          },
      .next = [this](Time now) { return store_.NextIntentDue(now); },
      .find = [this](SubscriptionId id, Time now) -> std::optional<DueQueue::Job> {
        const auto intent = store_.FirstDueIntent(id, now);
        return intent ? JobOfWhole(*intent) : std::nullopt;
      },
      .has_fault = [this] { return store_.WriteFault().has_value(); },
      .start = [this](const Turns::Turn& turn, Time now) { Start(turn, now); },
  };
}

void Verifier::Add(const Intent& intent) {
  if (const auto job = JobOfWhole(intent)) queue_.Add(*job);
}

void Verifier::AddSync(const Intent& intent, std::function<void(Result<void>)> done) {
  waiters_.emplace(intent.id, Waiter{std::move(done), clock_.Now() + options_.max_sync});
  Add(intent);
}

Time Verifier::Run(Time now) {
  const Time next = queue_.Run(now);
  return queue_.stopped() ? next : std::min(next, TellLate(now));
}

void Verifier::Start(const Turns::Turn& turn, Time now) {
  auto intent = store_.FirstDueIntent(turn.id, now);
  if (!intent) return queue_.Drop(turn);  // it ended meanwhile, or the clock was set back
  const auto callback = Url::Parse(intent->callback);
  if (!callback) return queue_.Park(turn);  // checked when it was accepted
  if (intent->attempts > 0 && turn.ticket.trust == Turns::Trust::kFresh) {
    return queue_.Postpone(turn, callback->Origin());  // an earlier one came due
  }
  const auto [busy, first] = busy_.try_emplace(Key(intent->topic, intent->callback));
  if (!first) {
    busy->second.push_back(turn.id);
    return queue_.Park(turn);
  }
  auto asking = std::make_shared<const Asking>(
      Asking{std::move(*intent), random_.Hex(kChallengeDigits), turn});
  if (asking->intent.denial) return Deny(std::move(asking), *callback, now);
  Judge(IntentStage::kValidation, asking,
        [this, asking, callback = *callback] { Ask(asking, callback, clock_.Now()); });
}

// Asked at every attempt: what was said before the last one may not hold any more.
void Verifier::Judge(IntentStage stage, const AskingPtr& asking, std::function<void()> accepted) {
  if (!judge) return accepted();
  judge(stage, asking->intent,
        [this, asking, accepted = std::move(accepted)](const Judgement& judgement) {
          switch (judgement.kind) {
            case Judgement::Kind::kAccept:
              return accepted();
            case Judgement::Kind::kDeny:
              return Reject(asking, SubscriptionState::kDenied, judgement.reason);
            case Judgement::Kind::kFault:
              OutgoingResult nobody;
              nobody.fault = Fault::kBadResponse;
              nobody.detail = judgement.reason;
              return Retry(asking, nobody, clock_.Now(), {});
          }
        });
}

void Verifier::Ask(AskingPtr asking, const Url& callback, Time now) {
  const Intent& intent = asking->intent;
  // Whoever has confirmed counts on what is published from then on, however long it takes until the
  // store knows.
  const auto topic = store_.FindTopic(intent.topic);
  const auto since = topic ? std::optional(topic->last_message) : std::nullopt;
  const std::string url_text = VerificationUrl(
      callback,
      {.mode = intent.mode,
       .topic = intent.topic,
       .challenge = asking->challenge,
       .lease = intent.mode == Mode::kSubscribe ? std::optional(intent.lease) : std::nullopt,
       .verify_token = intent.verify_token});
  const auto url = Url::Parse(url_text);
  Exchange exchange = StartExchange(ExchangeKind::kVerify, intent.topic, intent.callback,
                                    intent.subscription_id, intent.attempts + 1, now);
  exchange.url = MaskForm(url_text);  // hub.verify_token is in it
  if (!url) {
    // The parameters made the URL longer than any URL may be: as final as a refusal.
    OutgoingResult result;
    result.status = 414;
    result.detail = url.error().message;
    return Finish(asking, since, std::move(exchange), std::move(result));
  }
  OutgoingRequest request;
  request.url = *url;
  request.head = RequestHead("GET", *url, {{"Accept", "*/*"}});
  request.max_body = kMaxEcho;
  request.timeout = options_.timeout;
  request.addresses = options_.addresses;
  exchange.request_head = MaskHead(request.head);
  transport_.Send(std::move(request),
                  [this, asking = std::move(asking), since,
                   exchange = std::move(exchange)](OutgoingResult result) mutable {
                    queue_.turns().Learn(asking->turn.ticket, result);
                    Finish(asking, since, std::move(exchange), std::move(result));
                  });
}

void Verifier::Finish(const AskingPtr& asking, std::optional<MessageId> since, Exchange exchange,
                      OutgoingResult result) {
  const Intent& intent = asking->intent;
  const Time now = clock_.Now();
  const bool cancelled = result.fault == Fault::kCancelled;
  const bool may_pass = MayPass(result);
  const auto echo = CheckEcho(result.status, result.body, asking->challenge);
  const OutgoingResult answer = result;
  FillFromResult(exchange, std::move(result));
  if (cancelled) {
    exchange.outcome = "the hub stopped; it is verified when the hub runs again";
    recorder_.Add(std::move(exchange));
    return Done(*asking, {});
  }
  if (may_pass) return Retry(asking, answer, now, std::move(exchange));

  if (echo.verdict == EchoVerdict::kMatches) {  // HUB-VER-03
    exchange.outcome = intent.mode == Mode::kSubscribe
                           ? "verified: subscribed for " + FormatDuration(intent.lease)
                           : "verified: unsubscribed";
    recorder_.Add(std::move(exchange));
    return Judge(IntentStage::kVerified, asking,
                 [this, asking, since, now] { Confirm(asking, since, now); });
  }
  exchange.outcome =
      "not verified: " +
      (answer.fault == Fault::kForbiddenAddress ? DescribeFailure(answer) : echo.sentence);
  recorder_.Add(std::move(exchange));
  Reject(asking, SubscriptionState::kUnverified, echo.sentence);
}

void Verifier::Confirm(const AskingPtr& asking, std::optional<MessageId> since, Time now) {
  store_.ConfirmIntent(
      asking->intent.id, since, now, [this, asking](Result<Subscription> subscription) {
        if (subscription && on_confirmed) on_confirmed(*subscription);
        const auto kept = subscription ? Result<void>() : tl::unexpected(subscription.error());
        Tell(asking->intent.id, kept);
        Done(*asking, kept);
      });
}

void Verifier::Reject(const AskingPtr& asking, SubscriptionState state, const std::string& reason) {
  store_.RejectIntent(asking->intent.id, state, reason, clock_.Now(),
                      [this, asking, reason](const Result<void>& kept) {
                        Tell(asking->intent.id,
                             kept ? Fail(ErrorCode::kConflict, "not verified: " + reason) : kept);
                        Done(*asking, kept);
                      });
}

void Verifier::Tell(IntentId id, const Result<void>& verdict) {
  if (const auto waiter = waiters_.extract(id)) waiter.mapped().done(verdict);
}

// Tells those who have waited too long; when the next of them has.
Time Verifier::TellLate(Time now) {
  Time next = Time::max();
  for (auto each = waiters_.begin(); each != waiters_.end();) {
    const auto waiter = each++;
    if (waiter->second.due > now) {
      next = std::min(next, waiter->second.due);
      continue;
    }
    Tell(waiter->first,
         Fail(ErrorCode::kUnavailable, "the verification has not ended in time; it goes on"));
  }
  return next;
}

void Verifier::Retry(const AskingPtr& asking, const OutgoingResult& result, Time now,
                     Exchange exchange) {
  const Intent& intent = asking->intent;
  const auto outcome = ClassifyWhole(result,
                                     {.number = intent.attempts + 1,
                                      .first_attempt = intent.created_at,
                                      .now = now,
                                      .jitter = random_.Unit()},
                                     options_.retry);
  const std::string failure = DescribeFailure(result);
  const auto* retry = std::get_if<RetryAt>(&outcome);
  const bool again = retry != nullptr && !waiters_.contains(intent.id);
  exchange.outcome = again ? failure + RetryIn(retry->at, now)
                           : "not verified: " + failure + (retry != nullptr ? "" : "; given up");
  if (!exchange.url.empty()) recorder_.Add(std::move(exchange));
  if (again) return TryAgain(asking, retry->at);
  Reject(asking, SubscriptionState::kUnverified, failure);
}

void Verifier::TryAgain(const AskingPtr& asking, Time at) {
  store_.RetryIntent(asking->intent.id, asking->intent.attempts + 1, at,
                     [this, asking](const Result<void>& kept) { Done(*asking, kept); });
}

void Verifier::Done(const Asking& asking, const Result<void>& kept) {
  const auto busy = busy_.extract({asking.intent.topic, asking.intent.callback});
  queue_.Done(asking.turn, kept);
  for (const SubscriptionId id : busy.mapped()) queue_.Reconsider(id);
}

}  // namespace websub::hub
