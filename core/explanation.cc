#include "core/explanation.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "core/explanation_topic.h"
#include "core/finding_words.h"
#include "core/findings.h"

namespace websub {
namespace {

using enum FindingCode;

class Walk {
 public:
  explicit Walk(const ExplanationFacts& facts)
      : facts_(facts), its_(facts.subscription), topic_(facts) {}

  Explanation Run() {
    Take("requested", [this](ExplanationStep& step) { return Requested(step); });
    Take("accepted", [this](ExplanationStep& step) { return Accepted(step); });
    Take("verified", [this](ExplanationStep& step) { return Verified(step); });
    Take("active", [this](ExplanationStep& step) { return Active(step); });
    const bool topic_only = !its_;
    if (topic_only) stopped_ = false;
    Take("published", [this](ExplanationStep& step) { return topic_.Published(step); });
    Take("fetched", [this](ExplanationStep& step) { return topic_.Fetched(step); });
    Take("message", [this](ExplanationStep& step) { return topic_.InTheLog(step); });
    if (topic_only) stopped_ = true;
    Take("delivered", [this](ExplanationStep& step) { return Delivered(step); });
    if (its_) AddBesides();
    return std::move(result_);
  }

 private:
  void Take(std::string name, const std::function<Stop(ExplanationStep&)>& judge) {
    ExplanationStep step{.name = std::move(name), .state = StepState::kNotReached};
    if (!stopped_) {
      Stop stop = judge(step);
      step.state = stop ? StepState::kStopped : StepState::kOk;
      stopped_ = stop.has_value();
      if (stop) Add(*std::move(stop));
    }
    result_.steps.push_back(std::move(step));
  }

  void Add(std::vector<Finding> findings) {
    for (Finding& finding : findings) result_.findings.push_back(std::move(finding));
  }

  // --- The subscription

  Stop Requested(ExplanationStep& step) {
    if (!its_) return NotSubscribed(step);
    step.at = its_->created_at;
    step.text = "a request to subscribe came";
    if (!facts_.requests.empty()) {
      const Exchange& request = facts_.requests.front();
      Place(step, request,
            "a request to subscribe came" + (request.peer.empty() ? "" : " from " + request.peer));
    }
    return std::nullopt;
  }

  // Nobody is subscribed: a request that was refused says why, or a topic that is almost the same.
  Stop NotSubscribed(ExplanationStep& step) {
    const Finding nobody = MakeFinding(
        kNotSubscribed, "nobody has subscribed to " + ShownInSentence(facts_.topic) + " here");
    for (const Exchange& request : facts_.requests) {
      auto findings = JudgeRequest(request);
      if (findings.empty()) continue;
      Place(step, request, "a request to subscribe was refused, " + AnsweredText(request));
      findings.push_back(nobody);
      return findings;
    }
    step.text = "no request to subscribe came";
    auto findings = topic_.Almost("known is ", TopicSteps::Counts::kAll);
    findings.push_back(nobody);
    return findings;
  }

  Stop Accepted(ExplanationStep& step) {
    const bool answered = !facts_.requests.empty();
    if (answered) {
      const Exchange& request = facts_.requests.front();
      Place(step, request, "the hub " + AnsweredText(request));
      if (!Succeeded(request) && its_->state != "active") return JudgeRequest(request);
    } else {
      step.at = its_->created_at;
      step.text = "the hub took it";
    }
    if (its_->state == "denied" && !its_->verified_at) return Denied(step);
    return std::nullopt;
  }

  std::vector<Finding> Denied(ExplanationStep& step) {
    if (!facts_.denials.empty()) {
      Place(step, facts_.denials.front(), "the hub denied it");
      return WithHook(JudgeDenial(facts_.denials.front()));
    }
    step.text = "the hub denied it";
    if (its_->ended_at) step.at = its_->ended_at;
    return WithHook({MakeFinding(kSubscriptionDenied, "the hub denied the subscription to " +
                                                          ShownInSentence(facts_.topic))});
  }

  // The hook that decided, where one did.
  std::vector<Finding> WithHook(std::vector<Finding> findings) {
    for (const Exchange& hook : facts_.hooks) {
      const auto judged = JudgeHook(hook);
      if (judged.empty()) continue;
      findings.insert(findings.end(), judged.begin(), judged.end());
      break;
    }
    return findings;
  }

  Stop Verified(ExplanationStep& step) {
    if (its_->verified_at) {
      step.at = its_->verified_at;
      step.text = "the callback echoed the challenge";
      for (const Exchange& exchange : facts_.verifications) {
        if (exchange.at <= *its_->verified_at && JudgeVerification(exchange).empty()) {
          step.exchange = exchange.id;
          break;
        }
      }
      return std::nullopt;
    }
    for (const Exchange& exchange : facts_.verifications) {
      auto findings = JudgeVerification(exchange);
      if (findings.empty()) continue;
      Place(step, exchange, "the callback was asked to verify: " + AnsweredText(exchange));
      if (its_->verification_due) step.text += "; the hub asks again";
      return findings;
    }
    step.text = "the callback has not been asked yet, or has not answered";
    return {
        {MakeFinding(kAcceptedNotVerified,
                     "the verification of " + ShownInSentence(its_->callback) + " has not ended")}};
  }

  Stop Active(ExplanationStep& step) {
    const std::string end =
        its_->expires_at ? ", lease until " + FormatRfc3339(*its_->expires_at).substr(0, 19) + "Z"
                         : "";
    const bool over = its_->expires_at && *its_->expires_at <= facts_.now;
    step.at = its_->verified_at;
    if (its_->state == "active" && !over) {
      step.text = "the subscription is in force" + end;
      return std::nullopt;
    }
    step.at = its_->ended_at;
    if (its_->state == "denied") return Denied(step);
    if (its_->state == "unsubscribed") {
      step.text = "it was unsubscribed";
      return {{MakeFinding(
          kUnsubscribed, "the subscription of " + ShownInSentence(its_->callback) + " was ended")}};
    }
    if (its_->state == "gone") return Gone(step);
    step.text = "the lease ended";
    if (!step.at) step.at = its_->expires_at;
    return {{MakeFinding(
        kLeaseEnded, "the lease of " + FormatDuration(std::chrono::seconds(its_->lease_seconds)) +
                         " ended" + (step.at ? " at " + FormatRfc3339(*step.at) : ""))}};
  }

  std::vector<Finding> Gone(ExplanationStep& step) {
    step.text = "the callback is gone";
    for (const Exchange& exchange : facts_.deliveries) {
      if (exchange.status != 410) continue;
      Place(step, exchange, "the callback answered 410");
      return JudgeDelivery(exchange);
    }
    return {MakeFinding(kDeliveryGone,
                        "the callback " + ShownInSentence(its_->callback) + " answered 410")};
  }

  // --- The delivery

  Stop Delivered(ExplanationStep& step) {
    if (const auto waits = FirstWaiting()) return Waiting(step, *waits);
    const std::int64_t last = its_->cursor;
    const auto& dead = facts_.dead_letter;
    for (const Exchange& exchange : facts_.deliveries) {
      if (exchange.message_id != last) continue;
      Place(step, exchange, MessageName(last) + ": the callback " + AnsweredText(exchange));
      if (Succeeded(exchange)) break;
      return JudgeDelivery(exchange);
    }
    if (dead && dead->message == last && step.exchange == 0) {
      step.at = dead->at;
      step.text = MessageName(last) + " was given up";
      return {{MakeFinding(kDeliveryGivenUp, DeadText(*dead))}};
    }
    if (step.text.empty()) step.text = "the callback has all that was published";
    Add({MakeFinding(kDeliveredNothingSeen, step.text)});
    return std::nullopt;
  }

  static std::string DeadText(const ExplainedDeadLetter& dead) {
    return MessageName(dead.message) + " was given up after " + std::to_string(dead.attempts) +
           (dead.attempts == 1 ? " attempt: " : " attempts: ") + dead.reason;
  }

  // A message may come between the looks at the subscription and at the log.
  std::optional<ExplainedMessage> FirstWaiting() const {
    if (its_->behind > 0 && facts_.next) return facts_.next;
    if (facts_.newest && facts_.newest->id > its_->cursor) return facts_.newest;
    return std::nullopt;
  }

  Stop Waiting(ExplanationStep& step, const ExplainedMessage& first) {
    const std::string name = MessageName(first.id);
    for (const Exchange& exchange : facts_.deliveries) {
      if (exchange.message_id != first.id || Succeeded(exchange)) continue;
      Place(step, exchange, name + ": " + AnsweredText(exchange));
      if (its_->retry_at) {
        step.text += ", next attempt at " + FormatRfc3339(*its_->retry_at).substr(0, 19) + "Z";
      }
      return JudgeDelivery(exchange);
    }
    step.at = first.at;
    step.text = name + " has not been delivered yet";
    return {{MakeFinding(
        kDeliveryWaiting,
        name + " waits, the first of " + std::to_string(std::max<std::int64_t>(its_->behind, 1)))}};
  }

  // --- What is worth knowing besides

  void AddBesides() {
    if (its_->state != "active" || !its_->expires_at || !its_->verified_at) return;
    const Duration left = *its_->expires_at - facts_.now;
    const Duration lease = std::chrono::seconds(its_->lease_seconds);
    if (left > Duration(0) && left < lease / 10) {
      Add({MakeFinding(kLeaseShort, "the lease ends at " + FormatRfc3339(*its_->expires_at))});
    }
    const auto& all = facts_.verifications;
    if (!all.empty() && all.front().at > *its_->verified_at) {
      const auto judged = JudgeVerification(all.front());
      if (!judged.empty()) {
        Add({MakeFinding(kRenewalFailed, judged.front().what, all.front())});
        Add(judged);
      }
    }
    if (facts_.dead_letter && facts_.dead_letter->message != its_->cursor &&
        facts_.dead_letter->at > *its_->verified_at) {
      Add({MakeFinding(kDeliveryGivenUp, DeadText(*facts_.dead_letter))});
    }
  }

  const ExplanationFacts& facts_;
  const std::optional<ExplainedSubscription>& its_;
  TopicSteps topic_;
  Explanation result_;
  bool stopped_ = false;
};

}  // namespace

std::string_view Name(StepState state) {
  switch (state) {
    case StepState::kOk:
      return "ok";
    case StepState::kStopped:
      return "stopped";
    case StepState::kNotReached:
      return "not-reached";
  }
  return "not-reached";
}

const ExplanationStep* Explanation::Stopped() const {
  const auto stopped = std::find_if(steps.begin(), steps.end(), [](const ExplanationStep& step) {
    return step.state == StepState::kStopped;
  });
  return stopped == steps.end() ? nullptr : &*stopped;
}

Explanation Explain(const ExplanationFacts& facts) {
  return Walk(facts).Run();
}

}  // namespace websub
