#include "core/explanation.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"

namespace websub {
namespace {

using enum FindingCode;

// Where a step ends the walk.
using Stop = std::optional<std::vector<Finding>>;

std::string AnsweredText(const Exchange& exchange) {
  return exchange.status == 0 ? std::string(Name(exchange.fault))
                              : "answered " + std::to_string(exchange.status);
}

bool Succeeded(const Exchange& exchange) {
  return exchange.status >= 200 && exchange.status < 300;
}

std::string MessageName(std::int64_t id) {
  return "message m" + std::to_string(id);
}

class Walk {
 public:
  explicit Walk(const ExplanationFacts& facts) : facts_(facts), its_(facts.subscription) {}

  Explanation Run() {
    Take("requested", &Walk::Requested);
    Take("accepted", &Walk::Accepted);
    Take("verified", &Walk::Verified);
    Take("active", &Walk::Active);
    const bool topic_only = !its_;
    if (topic_only) stopped_ = false;
    Take("published", &Walk::Published);
    Take("fetched", &Walk::Fetched);
    Take("message", &Walk::InTheLog);
    if (topic_only) stopped_ = true;
    Take("delivered", &Walk::Delivered);
    if (its_) AddBesides();
    return std::move(result_);
  }

 private:
  void Take(std::string name, Stop (Walk::*judge)(ExplanationStep& step)) {
    ExplanationStep step{.name = std::move(name), .state = StepState::kNotReached};
    if (!stopped_) {
      Stop stop = (this->*judge)(step);
      step.state = stop ? StepState::kStopped : StepState::kOk;
      stopped_ = stop.has_value();
      if (stop) Add(*std::move(stop));
    }
    result_.steps.push_back(std::move(step));
  }

  void Add(std::vector<Finding> findings) {
    for (Finding& finding : findings) result_.findings.push_back(std::move(finding));
  }

  static void Place(ExplanationStep& step, const Exchange& exchange, std::string text) {
    step.text = std::move(text);
    step.at = exchange.at;
    step.exchange = exchange.id;
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
    auto findings = Almost("this hub knows ", Counts::kAll);
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

  // --- The topic

  Time Since() const { return its_ && its_->verified_at ? *its_->verified_at : Time::min(); }

  // The newest publish that the hub took. One that it refused counts only where there is none.
  const Exchange* NewestPublish() const {
    const auto& all = facts_.publishes;
    const auto taken = std::find_if(all.begin(), all.end(), Succeeded);
    if (taken != all.end()) return &*taken;
    return all.empty() ? nullptr : &all.front();
  }

  Stop Published(ExplanationStep& step) {
    const Exchange* publish = NewestPublish();
    const bool later = facts_.newest && (publish == nullptr || facts_.newest->at > publish->at);
    if (publish == nullptr && !facts_.newest) {
      step.text = "no publish message came";
      auto findings = Almost("a publish message came for ", Counts::kPublished);
      findings.push_back(
          MakeFinding(kPublishNeverCame,
                      "no publish message for " + ShownInSentence(facts_.topic) + " has come"));
      return findings;
    }
    if (publish != nullptr && !Succeeded(*publish) && !later) {
      Place(step, *publish, "a publish message was refused, " + AnsweredText(*publish));
      return JudgeRequest(*publish);
    }
    const Time at = later && publish == nullptr ? facts_.newest->at : publish->at;
    if (publish != nullptr) {
      Place(step, *publish, "a publish message came, " + AnsweredText(*publish));
    } else {
      step.at = at;
      step.text = MessageName(facts_.newest->id) + " was published";
    }
    const Time newest = facts_.newest ? std::max(at, facts_.newest->at) : at;
    if (newest < Since()) {
      auto findings = Almost("a publish message came for ", Counts::kPublished);
      findings.push_back(MakeFinding(kPublishedBeforeSubscribed,
                                     "the latest publish came at " + FormatRfc3339(newest) +
                                         ", the subscription was verified at " +
                                         FormatRfc3339(Since())));
      return findings;
    }
    return std::nullopt;
  }

  Stop Fetched(ExplanationStep& step) {
    const Exchange* publish = NewestPublish();
    if (publish == nullptr || !Succeeded(*publish) || publish->message_id) {
      step.text = "the content came with the publish message";
      return std::nullopt;
    }
    if (publish->outcome.find("its content is fetched from") != std::string::npos ||
        publish->outcome.find("behind others of the topic") != std::string::npos) {
      return FromInbox(step, *publish);
    }
    const auto& all = facts_.fetches;
    const auto last = std::find_if(all.begin(), all.end(), [](const Exchange& exchange) {
      return !(IsRedirect(exchange.status) && exchange.outcome.starts_with("redirected to"));
    });
    if (last == all.end() || last->at < publish->at) {
      step.text = "the hub has not fetched the topic since";
      return {{MakeFinding(kFetchWaiting, "no fetch of " + ShownInSentence(facts_.topic) +
                                              " has ended since the publish message")}};
    }
    Place(step, *last, "the hub fetched the topic: " + AnsweredText(*last));
    auto findings = JudgeFetch(*last);
    // What the hub has already, and could not bring to the callback, is the better answer.
    const bool nothing_new = !findings.empty() && (findings.front().code == kFetchNotModified ||
                                                   findings.front().code == kFetchUnchanged);
    if (findings.empty() || (nothing_new && HasUndelivered())) return std::nullopt;
    return findings;
  }

  bool HasUndelivered() const {
    if (!its_) return false;
    const auto& dead = facts_.dead_letter;
    return its_->behind > 0 || (dead && dead->message == its_->cursor);
  }

  Stop FromInbox(ExplanationStep& step, const Exchange& publish) {
    const bool here = facts_.newest && facts_.newest->at >= publish.at;
    step.text = here ? "its content was fetched" : "its content is not here yet";
    if (here) return std::nullopt;
    return {{MakeFinding(kMessageWaitsForContent, publish.outcome.substr(0, 300), publish)}};
  }

  Stop InTheLog(ExplanationStep& step) {
    if (!facts_.newest) {  // it was kept for its time
      step.text = "the message is kept no longer";
      return std::nullopt;
    }
    step.at = facts_.newest->at;
    step.text = MessageName(facts_.newest->id) + " is the newest in the topic's log";
    if (its_) return std::nullopt;
    step.text += ", and nobody is subscribed";
    // The first step has said that there is nobody; here it is seen from the message.
    return {{MakeFinding(kPublishNobodySubscribed,
                         MessageName(facts_.newest->id) + " has no subscriber to go to")}};
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

  enum class Counts { kAll, kPublished };

  std::vector<Finding> Almost(const std::string& lead, Counts counts) const {
    std::vector<Finding> findings;
    for (const AlmostTopic& other : facts_.almost) {
      if (counts == Counts::kPublished && !other.published_at) continue;
      auto finding = CompareTopics(other.url, facts_.topic);
      if (!finding) continue;
      finding->what =
          lead + ShownInSentence(other.url) +
          (other.published_at ? " (latest publish at " + FormatRfc3339(*other.published_at) + ")"
                              : "") +
          ": " + finding->what;
      if (other.exchange != 0) finding->exchange_id = other.exchange;
      findings.push_back(*std::move(finding));
    }
    return findings;
  }

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
