#include "cli/commands/publish_report.h"

#include "core/mask_urls.h"

namespace websub::cli {
namespace {

// How an act is told of.
struct Spoken {
  std::string event;
  std::string kind;  // of a publish
  std::string done;
};

Spoken Words(const PublishOptions& options) {
  if (options.register_) return {"registered", "", "registered"};
  if (options.deregister) return {"deregistered", "", "deregistered"};
  if (options.content || options.replay) return {"published", "content", "published"};
  return {"published", "ping", "pinged"};
}

// "connect 0.2 ms, first byte 3.1 ms": the phases that happened.
std::string Phases(const PhaseTimings& timings) {
  std::string text;
  const auto add = [&](const char* name, const std::optional<Duration>& phase) {
    if (phase) text += std::string(text.empty() ? "" : ", ") + name + " " + FormatDuration(*phase);
  };
  add("resolve", timings.resolve);
  add("connect", timings.connect);
  add("tls", timings.tls);
  add("first byte", timings.first_byte);
  return text;
}

bool MayPass(int status) {
  return status == 408 || status == 429 || status >= 500;
}

PublishAnswer Why(const std::string& hub, const FollowedResult& followed,
                  const PublishVerdict& verdict) {
  const CallResult& last = followed.last;
  PublishAnswer answer;
  if (!last.Answered()) {
    answer.status = StatusOf(last);
    answer.may_pass = answer.status == ExitStatus::kNetwork;
    answer.sentence = Explain(followed.last_call, last);
    return answer;
  }
  answer.status = ExitStatus::kHubRefused;
  if (!followed.stopped.empty()) {
    answer.sentence = followed.stopped;
    return answer;
  }
  const int status = last.answer.status;
  answer.may_pass = MayPass(status);
  answer.sentence = "the hub " + hub + (last.answer.Ok2xx() ? " answered " : " refused with ") +
                    std::to_string(status) +
                    (verdict.sentence.empty() ? "" : ": " + verdict.sentence);
  return answer;
}

}  // namespace

PublishAnswer PublishReport::Answered(const std::string& hub, const PublishCall& call,
                                      const FollowedResult& followed,
                                      std::optional<long long> round,
                                      std::optional<Duration> again) {
  const CallResult& last = followed.last;
  PublishVerdict verdict;
  if (last.Answered()) {
    verdict =
        Judge(call.expected, last.answer.status, last.Field("Content-Type"), last.answer.body);
  }
  PublishAnswer answer;
  answer.taken = verdict.taken && followed.stopped.empty();
  if (!answer.taken) answer = Why(hub, followed, verdict);
  answer.message = last.Field("Websub-Message-Id");
  const Spoken spoken = Words(options_);
  const bool verbose = output_.verbose() > 0;
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(last.answer.timings.total).count();
  for (const std::string& topic : call.topics) {
    Json event{{"hub", MaskUrls(hub)}, {"topic", MaskUrls(topic)}};
    if (!spoken.kind.empty()) event["kind"] = spoken.kind;
    if (round) event["n"] = *round;
    event["accepted"] = answer.taken;
    event["status"] = last.answer.status;
    if (!verdict.sentence.empty()) event["answer"] = MaskUrls(verdict.sentence);
    if (!last.Answered()) event["error"] = MaskUrls(answer.sentence);
    if (!answer.message.empty()) event["message_id"] = answer.message;
    event["duration_ms"] = static_cast<double>(last.answer.timings.total.count()) / 1000.0;
    if (again && answer.may_pass) {
      event["retry_in_ms"] = std::chrono::ceil<std::chrono::milliseconds>(*again).count();
    }
    output_.Event(spoken.event, event);
    if (!answer.taken) continue;
    output_.Wrapped(
        {{spoken.done + "  ", Style::kGood},
         {MaskUrls(topic), Style::kStrong},
         {"  at " + MaskUrls(hub) + "  "},
         {std::to_string(last.answer.status)},
         {"  " + std::to_string(milliseconds) + " ms", Style::kDim},
         {answer.message.empty() ? "" : "  " + answer.message, Style::kDim},
         {verbose ? "  " + Phases(last.answer.timings) : "", Style::kDim},
         {verbose && !verdict.sentence.empty() ? "  " + verdict.sentence : "", Style::kDim}},
        8);
  }
  return answer;
}

void PublishReport::Fail(ExitStatus status, const std::string& sentence) {
  output_.Diagnose(sentence);
  if (status_ == ExitStatus::kDone) status_ = status;
}

void PublishReport::FailBefore(const std::string& topic, ExitStatus status,
                               const std::string& sentence) {
  output_.Event("error", {{"topic", MaskUrls(topic)}, {"message", MaskUrls(sentence)}});
  Fail(status, sentence);
}

void PublishReport::FailUsage(const Environment& environment, const std::string& sentence) {
  const ExitStatus status = UsageError(environment, kPublish, sentence);
  if (status_ == ExitStatus::kDone) status_ = status;
}

}  // namespace websub::cli
