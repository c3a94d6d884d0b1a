#include "core/explanation_topic.h"

#include <algorithm>
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"

namespace websub {

using enum FindingCode;

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

void Place(ExplanationStep& step, const Exchange& exchange, std::string text) {
  step.text = std::move(text);
  step.at = exchange.at;
  step.exchange = exchange.id;
}

Time TopicSteps::Since() const {
  return its_ && its_->verified_at ? *its_->verified_at : Time::min();
}

// The newest publish that the hub took. One that it refused counts only where there is none.
const Exchange* TopicSteps::NewestPublish() const {
  const auto& all = facts_.publishes;
  const auto taken = std::find_if(all.begin(), all.end(), Succeeded);
  if (taken != all.end()) return &*taken;
  return all.empty() ? nullptr : &all.front();
}

Stop TopicSteps::Published(ExplanationStep& step) const {
  const Exchange* publish = NewestPublish();
  const bool later = facts_.newest && (publish == nullptr || facts_.newest->at > publish->at);
  if (publish == nullptr && !facts_.newest) {
    step.text = "no publish message came";
    auto findings = Almost("a publish came for ", Counts::kPublished);
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
    auto findings = Almost("a publish came for ", Counts::kPublished);
    findings.push_back(MakeFinding(kPublishedBeforeSubscribed,
                                   "the latest publish came at " + FormatRfc3339(newest) +
                                       ", the subscription was verified at " +
                                       FormatRfc3339(Since())));
    return findings;
  }
  return std::nullopt;
}

Stop TopicSteps::Fetched(ExplanationStep& step) const {
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

bool TopicSteps::HasUndelivered() const {
  if (!its_) return false;
  const auto& dead = facts_.dead_letter;
  return its_->behind > 0 || (dead && dead->message == its_->cursor);
}

Stop TopicSteps::FromInbox(ExplanationStep& step, const Exchange& publish) const {
  const bool here = facts_.newest && facts_.newest->at >= publish.at;
  step.text = here ? "its content was fetched" : "its content is not here yet";
  if (here) return std::nullopt;
  return {{MakeFinding(kMessageWaitsForContent, publish.outcome.substr(0, 300), publish)}};
}

Stop TopicSteps::InTheLog(ExplanationStep& step) const {
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

std::vector<Finding> TopicSteps::Almost(const std::string& lead, Counts counts) const {
  std::vector<Finding> findings;
  for (const AlmostTopic& other : facts_.almost) {
    if (counts == Counts::kPublished && !other.published_at) continue;
    auto finding = CompareTopics(other.url, facts_.topic);
    if (!finding) continue;
    finding->what = lead + ShownInSentence(other.url);
    if (other.published_at) finding->what += " at " + FormatRfc3339(*other.published_at);
    finding->what += ", which differs from " + ShownInSentence(facts_.topic) +
                     " in: " + TopicDifference(other.url, facts_.topic);
    if (other.exchange != 0) finding->exchange_id = other.exchange;
    findings.push_back(*std::move(finding));
  }
  return findings;
}

}  // namespace websub
