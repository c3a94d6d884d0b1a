#include "hub/intent/hook_judge.h"

#include <utility>

namespace websub::hub {

namespace {

HookEvent EventOf(IntentStage stage, Mode mode) {
  if (stage == IntentStage::kValidation) {
    return mode == Mode::kSubscribe ? HookEvent::kSubscriptionValidation
                                    : HookEvent::kUnsubscriptionValidation;
  }
  return mode == Mode::kSubscribe ? HookEvent::kSubscriptionIntentVerified
                                  : HookEvent::kUnsubscriptionIntentVerified;
}

Judgement Heed(const HookAnswer& answer) {
  if (const auto* denied = std::get_if<HookDeny>(&answer)) {
    return {Judgement::Kind::kDeny, denied->reason};
  }
  if (const auto* elsewhere = std::get_if<HookRedirect>(&answer)) {
    // The request was answered long ago: where to go can only be told in words.
    return {Judgement::Kind::kDeny,
            "another hub serves this topic" +
                (elsewhere->hubs.empty() ? std::string() : ": " + elsewhere->hubs.front())};
  }
  if (const auto* fault = std::get_if<HookFault>(&answer)) {
    return {Judgement::Kind::kFault, "the hub's hook failed: " + fault->reason};
  }
  return {};
}

}  // namespace

std::function<void(IntentStage, const Intent&, std::function<void(Judgement)>)> JudgeByHooks(
    Hooks& hooks, const Clock& clock) {
  bool any = false;
  for (const auto stage : {IntentStage::kValidation, IntentStage::kVerified}) {
    for (const auto mode : {Mode::kSubscribe, Mode::kUnsubscribe}) {
      any = any || hooks.Wants(EventOf(stage, mode));
    }
  }
  if (!any) return nullptr;
  return [&hooks, &clock](IntentStage stage, const Intent& intent,
                          const std::function<void(Judgement)>& done) {
    HookQuestion question;
    question.event = EventOf(stage, intent.mode);
    if (!hooks.Wants(question.event)) return done({});
    question.topic = intent.topic;
    question.callback = intent.callback;
    question.identity = intent.identity;
    if (intent.mode == Mode::kSubscribe) {
      question.details = {{"hub.lease_seconds", std::to_string(intent.lease.count())}};
    }
    question.now = clock.Now();
    hooks.Ask(std::move(question), [done](const HookAnswer& answer) { done(Heed(answer)); });
  };
}

}  // namespace websub::hub
