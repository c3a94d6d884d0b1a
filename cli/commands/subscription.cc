#include "cli/commands/subscription.h"

#include <algorithm>
#include <utility>

#include "core/findings.h"

namespace websub::cli {
namespace {

// A wait is looked at again after this: while the machine sleeps the timers of the loop stand
// still, and the lease does not.
constexpr Duration kLongestWait = std::chrono::minutes(1);

// A renewal is tried until it succeeds: close to each other for a short lease, at most a minute
// apart for a long one.
RetryPolicy RenewalPolicy(Duration lease) {
  return {.retries = std::nullopt,
          .base = std::clamp<Duration>(lease / 20, std::chrono::milliseconds(100),
                                       std::chrono::seconds(1)),
          .max = std::clamp<Duration>(lease / 4, std::chrono::seconds(1), std::chrono::minutes(1)),
          .give_up_after = Duration::max()};
}

}  // namespace

Subscription::Subscription(Surroundings surroundings, SubscriptionPlan plan, Events events)
    : with_(surroundings),
      plan_(std::move(plan)),
      events_(std::move(events)),
      subscriber_(plan_.topic, plan_.secret, plan_.extras.VerifyToken()),
      facts_{plan_.topic, plan_.hubs.front(), plan_.callback.text(), !plan_.secret.empty()},
      verify_timer_(surroundings.loop),
      lease_timer_(surroundings.loop) {}

SubscriptionRequest Subscription::MakeRequest(Mode mode) const {
  SubscriptionRequest request;
  request.mode = mode;
  request.topic = plan_.topic;
  request.callback = plan_.callback;
  if (mode == Mode::kSubscribe) {
    request.lease = plan_.lease;
    if (!plan_.secret.empty()) request.secret = plan_.secret;
  }
  return request;
}

void Subscription::Warn(const std::string& hub_url) {
  const auto hub = Url::Parse(hub_url);
  if (!hub) return;
  if (facts_.has_secret && ExposesSecret(*hub) && !std::exchange(warned_of_secret_, true)) {
    with_.report.Warn(SecretInTheOpen(ShownUrl(hub_url)));  // SUB-REQ-06
  }
  if (IsLoopback(plan_.callback) && !IsLoopback(*hub) &&
      !std::exchange(warned_of_callback_, true)) {
    with_.report.Warn(LoopbackCallback(facts_.callback));
  }
}

void Subscription::Start() {
  Ask(RequestKind::kSubscribe);
}

void Subscription::Ask(RequestKind kind) {
  asking_ = true;
  next_attempt_.reset();
  unwanted_.clear();
  unwanted_finding_.reset();
  with_.strays.request.clear();
  with_.strays.broken.clear();
  Warn(facts_.hub);
  subscriber_.Ask();
  with_.report.Requested(facts_, kind, plan_.lease);
  SendToHub(with_.transport, facts_.hub, MakeRequest(Mode::kSubscribe), plan_.extras,
            [this, kind](const HubAnswer& answer) { OnHubAnswer(kind, answer); });
}

void Subscription::OnHubAnswer(RequestKind kind, const HubAnswer& answer) {
  if (leaving_ || over_) return;
  Warn(answer.hub);  // redirects may have led elsewhere
  // A hub that verifies before it answers may fail to answer.
  const bool verified = subscriber_.active() && !asking_;
  if (answer.verdict == HubVerdict::kAccepted ||
      (verified && answer.verdict == HubVerdict::kUnreachable)) {
    return OnAccepted(kind, answer);
  }
  if (kind == RequestKind::kRenew)
    return OnRenewalFailed(answer.verdict, answer.sentence, answer.finding);
  OnSubscribeFailed(answer);
}

void Subscription::OnAccepted(RequestKind kind, const HubAnswer& answer) {
  accepted_ = true;
  facts_.hub = answer.next_hub;
  if (answer.verdict == HubVerdict::kAccepted) {
    with_.report.Accepted(facts_, kind, answer.status,
                          VerifiedFirst(answer) ? AcceptedAs::kVerified : AcceptedAs::kPending);
  }
  if (asking_ && VerifiedFirst(answer) && !answering_) return OnSyncAnswer(kind, answer);
  if (asking_) {
    Duration wait = plan_.verify_timeout;
    if (const auto lease = subscriber_.lease(); lease && kind == RequestKind::kRenew) {
      wait = std::min<Duration>(wait, std::max<Duration>(*lease / 3, std::chrono::seconds(1)));
    }
    waited_ = wait;
    verify_timer_.Set(wait, [this, kind, answer] { OnVerifyTimeout(kind, answer); });
  }
  events_.on_change();
}

// The hub says that it has verified. That counts, also where it did not ask; but not where it asked
// for something else.
void Subscription::OnSyncAnswer(RequestKind kind, const HubAnswer& answer) {
  if (!unwanted_.empty()) return OnVerifyTimeout(kind, answer);
  with_.report.Detail("the hub answered 204 to hub.verify=sync without asking the callback");
  OnConfirmed({Mode::kSubscribe, plan_.lease});
}

// PubSubHubbub 0.3: 204 answers hub.verify=sync once the subscription is verified.
bool Subscription::VerifiedFirst(const HubAnswer& answer) const {
  return plan_.extras.Sync() && answer.verdict == HubVerdict::kAccepted && answer.status == 204;
}

void Subscription::OnSubscribeFailed(const HubAnswer& answer) {
  asking_ = false;
  if (hub_ + 1 < plan_.hubs.size()) {
    ++hub_;
    facts_.hub = plan_.hubs[hub_];
    with_.report.Problem(facts_, answer.sentence + "; trying the next hub, " + ShownUrl(facts_.hub),
                         answer.finding);
    return Ask(RequestKind::kSubscribe);
  }
  End(answer.verdict == HubVerdict::kRefused ? ExitStatus::kHubRefused : ExitStatus::kNetwork,
      answer.sentence, answer.finding);
}

void Subscription::OnVerifyTimeout(RequestKind kind, const HubAnswer& answer) {
  std::optional<Finding> finding = unwanted_finding_;
  std::string sentence;
  if (unwanted_.empty()) {
    finding = JudgeVerificationMissed({.hub = ShownUrl(facts_.hub),
                                       .status = answer.status,
                                       .answer = answer.words,
                                       .callback = facts_.callback,
                                       .listener = with_.strays.listener,
                                       .waited = waited_,
                                       .stray = with_.strays.request,
                                       .broken = with_.strays.broken});
    sentence = finding->what;
  } else {
    sentence = "the hub " + ShownUrl(facts_.hub) + " answered " + std::to_string(answer.status) +
               " but its verification did not match: " + unwanted_;
  }
  if (kind == RequestKind::kRenew) {
    return OnRenewalFailed(HubVerdict::kUnreachable, sentence, finding);
  }
  End(ExitStatus::kNotVerified, sentence, finding);
}

void Subscription::OnRenewalFailed(HubVerdict verdict, const std::string& sentence,
                                   const std::optional<Finding>& finding) {
  asking_ = false;
  if (expired_ && verdict == HubVerdict::kRefused) {
    return End(ExitStatus::kHubRefused, "the lease has ended and cannot be renewed: " + sentence,
               finding);
  }
  const Time now = with_.clock.Now();
  if (++failures_ == 1) first_failure_ = now;
  const Duration lease = subscriber_.lease() ? *subscriber_.lease() : plan_.verify_timeout;
  const auto next = NextAttempt(RenewalPolicy(lease), {.attempts = failures_,
                                                       .first_attempt = first_failure_,
                                                       .now = now,
                                                       .jitter = with_.random.Unit(),
                                                       .retry_after = std::nullopt});
  next_attempt_ = std::get<TryAt>(next).at;  // the policy never gives up
  with_.report.Problem(
      facts_,
      "not renewed: " + sentence + "; trying again in " +
          FormatDuration(std::chrono::round<std::chrono::milliseconds>(*next_attempt_ - now)),
      finding);
  SetLeaseTimer();
}

CallbackDecision Subscription::OnRequest(const CallbackRequest& request, std::string_view peer) {
  peer_ = peer;
  CallbackDecision decision = subscriber_.OnRequest(request);
  if (std::holds_alternative<Verified>(decision.meaning)) answering_ = true;
  return decision;
}

void Subscription::OnAnswered(const CallbackMeaning& meaning, bool written) {
  if (const auto* verified = std::get_if<Verified>(&meaning)) {
    answering_ = false;
    if (!written) {
      unwanted_ = "it came from " + peer_ + ", which did not wait for the answer";
      return with_.report.Problem(facts_,
                                  "the hub did not wait for the answer to its verification");
    }
    OnConfirmed(*verified);
  } else if (const auto* unwanted = std::get_if<Unwanted>(&meaning)) {
    unwanted_ = unwanted->sentence + " (from " + peer_ + ")";
    unwanted_finding_ = unwanted->finding;
    with_.report.Problem(facts_, unwanted->sentence, unwanted->finding);  // SUB-VER-02
  } else if (const auto* denied = std::get_if<Denied>(&meaning)) {
    with_.report.Denied(facts_, denied->reason);
    End(ExitStatus::kDenied, "");
  } else if (std::holds_alternative<TooLate>(meaning)) {
    OnGone();
    with_.report.Detail("a delivery came after the end and was answered 410");
  }
}

void Subscription::OnAnsweredBadly() {
  answering_ = false;
  unwanted_ = "it came from " + peer_ + " and was answered with what --reply-challenge says";
  with_.report.Detail("a verification was answered with what --reply-challenge says");
}

void Subscription::OnConfirmed(const Verified& verified) {
  if (over_) return;
  const Confirmation confirmation = subscriber_.Confirm(verified, with_.clock.Now());
  with_.report.Confirmed(facts_, confirmation, subscriber_);
  if (confirmation == Confirmation::kUnsubscribed) {
    left_ = left_answered_;
    return events_.on_change();
  }
  if (leaving_) return;
  verify_timer_.Cancel();
  asking_ = false;
  expired_ = false;
  failures_ = 0;
  next_attempt_ = subscriber_.renewal_at();
  if (!subscriber_.lease()) {
    with_.report.Problem(facts_,
                         "the verification names no hub.lease_seconds: it will not be renewed",
                         Finding{FindingCode::kLeaseMissing, "no hub.lease_seconds came", {}});
  }
  SetLeaseTimer();
  events_.on_change();
}

void Subscription::SetLeaseTimer() {
  const Time now = with_.clock.Now();
  Duration wait = kLongestWait;
  const auto until = [&](std::optional<Time> time) {
    if (time) wait = std::min(wait, *time - now);
  };
  until(next_attempt_);
  if (!expired_) until(subscriber_.lease_end());
  lease_timer_.Set(std::max(wait, Duration::zero()), [this] { OnLeaseTimer(); });
}

void Subscription::OnLeaseTimer() {
  const Time now = with_.clock.Now();
  const auto end = subscriber_.lease_end();
  if (!expired_ && end && *end <= now) {
    expired_ = true;
    with_.report.Expired(facts_, *end);
  }
  if (!asking_ && next_attempt_ && *next_attempt_ <= now) Ask(RequestKind::kRenew);
  SetLeaseTimer();
}

void Subscription::End(ExitStatus status, std::string sentence,
                       const std::optional<Finding>& finding) {
  over_ = true;
  subscriber_.Stop();
  verify_timer_.Cancel();
  lease_timer_.Cancel();
  if (!sentence.empty()) with_.report.Failure(facts_, sentence, finding);
  events_.on_over(status);
}

void Subscription::Leave() {
  leaving_ = true;
  verify_timer_.Cancel();
  lease_timer_.Cancel();
  if (!subscriber_.active()) {
    subscriber_.Stop();
    left_ = true;
    return;
  }
  subscriber_.Leave();
  with_.report.Requested(facts_, RequestKind::kUnsubscribe, std::nullopt);
  SendToHub(with_.transport, facts_.hub, MakeRequest(Mode::kUnsubscribe), plan_.extras,
            [this](const HubAnswer& answer) { OnUnsubscribeAnswer(answer); });
}

void Subscription::OnUnsubscribeAnswer(const HubAnswer& answer) {
  left_answered_ = true;
  if (answer.verdict == HubVerdict::kAccepted) {
    const bool verified = VerifiedFirst(answer);
    with_.report.Accepted(facts_, RequestKind::kUnsubscribe, answer.status,
                          verified ? AcceptedAs::kVerified : AcceptedAs::kPending);
    if (verified && subscriber_.active() && !answering_) {
      const Confirmation confirmation =
          subscriber_.Confirm({Mode::kUnsubscribe, std::nullopt}, with_.clock.Now());
      with_.report.Confirmed(facts_, confirmation, subscriber_);
    }
    left_ = !subscriber_.active();
  } else {
    if (gone_ && subscriber_.active() && answer.verdict == HubVerdict::kRefused) {
      const Confirmation confirmation =
          subscriber_.Confirm({Mode::kUnsubscribe, std::nullopt}, with_.clock.Now());
      with_.report.Confirmed(facts_, confirmation, subscriber_);
    } else if (subscriber_.active()) {
      with_.report.Problem(facts_, "not unsubscribed: " + answer.sentence);
    }
    left_ = true;
  }
  events_.on_change();
}

}  // namespace websub::cli
