#include "cli/commands/publish.h"

#include <algorithm>

#include "cli/delivered_wait.h"
#include "cli/files.h"
#include "cli/http_call.h"
#include "cli/text.h"
#include "cli/topic_discovery.h"
#include "core/publish_request.h"

namespace websub::cli {
namespace {

constexpr Duration kDefaultWait = std::chrono::seconds(30);
constexpr Duration kFirstPause = std::chrono::milliseconds(20);
constexpr Duration kLongestPause = std::chrono::milliseconds(500);

struct Target {
  std::string hub;
  std::vector<std::string> topics;
};

// A topic at a hub that is to be delivered.
struct Awaited {
  std::string hub;
  std::string topic;
  std::string before;   // the newest message ahead of the publish; empty: none
  std::string message;  // the one to wait for, once it is known
  DeliveryProgress progress;
};

BodyStyle StyleOf(const PublishOptions& options) {
  if (options.body_style == "echostream") return BodyStyle::kEchoStream;
  return options.body_style == "ballerina" ? BodyStyle::kBallerina : BodyStyle::kPing;
}

// How an act is told of.
struct Spoken {
  std::string event;
  std::string kind;  // of a publish
  std::string done;
};

Spoken Words(const PublishOptions& options) {
  if (options.register_) return {"registered", "", "registered"};
  if (options.deregister) return {"deregistered", "", "deregistered"};
  if (options.content) return {"published", "content", "published"};
  return {"published", "ping", "pinged"};
}

class Publisher {
 public:
  Publisher(Environment& environment, const PublishOptions& options, HttpCaller& caller,
            const std::string& api_token)
      : environment_(environment),
        options_(options),
        caller_(caller),
        api_{caller, api_token},
        output_(environment, options.output) {}

  ExitStatus Run(const std::optional<std::string>& content);

 private:
  bool FindTargets();
  bool Discover(const std::string& topic);
  void AddTarget(const std::string& hub, const std::string& topic);
  bool PrepareWait();
  void Serve(const Target& target, const std::optional<std::string>& content);
  bool Send(const std::string& hub, PublishCall request);
  bool Report(const std::string& hub, const std::vector<std::string>& topics, Expected expected,
              const FollowedResult& followed);
  void Await();
  bool Ask(Awaited& awaited);
  void Fail(ExitStatus status, const std::string& sentence);
  void FailBefore(const std::string& topic, ExitStatus status, const std::string& sentence);

  Environment& environment_;
  const PublishOptions& options_;
  HttpCaller& caller_;
  HubApi api_;
  Output output_;
  std::vector<Target> targets_;
  std::vector<Awaited> awaited_;
  ExitStatus status_ = ExitStatus::kDone;  // of the first thing that failed
};

void Publisher::Fail(ExitStatus status, const std::string& sentence) {
  output_.Diagnose(sentence);
  if (status_ == ExitStatus::kDone) status_ = status;
}

// The same where no "published" tells of it.
void Publisher::FailBefore(const std::string& topic, ExitStatus status,
                           const std::string& sentence) {
  output_.Event("error", {{"topic", topic}, {"message", sentence}});
  Fail(status, sentence);
}

ExitStatus Publisher::Run(const std::optional<std::string>& content) {
  if (!FindTargets() || !PrepareWait()) return status_;
  for (const Target& target : targets_) Serve(target, content);
  if (status_ == ExitStatus::kDone && options_.wait_delivered) Await();
  return status_;
}

// --hub, then what `websub serve -- COMMAND` tells, then discovery.
bool Publisher::FindTargets() {
  std::vector<std::string> hubs = options_.hubs;
  if (hubs.empty()) {
    if (const auto hub = Variable(environment_, "WEBSUB_HUB_URL")) hubs.push_back(*hub);
  }
  for (const std::string& given : options_.topics) {
    const std::string topic = ExpandShorthand(given);
    if (hubs.empty() && !Discover(topic)) return false;
    for (const std::string& hub : hubs) AddTarget(ExpandShorthand(hub), topic);
  }
  for (const Target& target : targets_) {
    if (const auto url = Url::Parse(target.hub); !url) {
      status_ =
          UsageError(environment_, kPublish, "the hub " + target.hub + ": " + url.error().message);
      return false;
    }
  }
  return true;
}

bool Publisher::Discover(const std::string& topic) {
  if (const auto url = Url::Parse(topic); !url) {
    status_ = UsageError(environment_, kPublish,
                         url.error().message + "; a topic that is no URL needs --hub");
    return false;
  }
  const TopicLookup lookup = LookUpTopic(caller_, topic);
  for (const std::string& remark : Remarks(lookup)) output_.Note("warning: " + remark);
  if (const ExitStatus status = StatusOf(lookup); status != ExitStatus::kDone) {
    FailBefore(topic, status, Explain(lookup));
    return false;
  }
  // Subscribers know the topic by its self link.
  for (const std::string& hub : lookup.discovery.hubs)
    AddTarget(hub, lookup.discovery.self.value_or(topic));
  return true;
}

void Publisher::AddTarget(const std::string& hub, const std::string& topic) {
  auto found = std::find_if(targets_.begin(), targets_.end(),
                            [&](const Target& target) { return target.hub == hub; });
  if (found == targets_.end()) found = targets_.insert(found, {hub, {}});
  if (std::find(found->topics.begin(), found->topics.end(), topic) == found->topics.end()) {
    found->topics.push_back(topic);
  }
}

bool Publisher::PrepareWait() {
  if (!options_.wait_delivered) return true;
  for (const Target& target : targets_) {
    for (const std::string& topic : target.topics) {
      auto newest = NewestMessage(api_, target.hub, topic);
      if (!newest) {
        FailBefore(topic, newest.error().status, newest.error().sentence);
        return false;
      }
      awaited_.push_back({target.hub, topic, *std::move(newest), "", {}});
    }
  }
  return true;
}

// Sends it and says what came of it; tells whether the hub took it.
bool Publisher::Send(const std::string& hub, PublishCall request) {
  Call call;
  call.method = "POST";
  call.url = std::move(request.url);
  call.fields = std::move(request.fields);
  call.hub_fields = options_.headers;
  call.body = std::move(request.body);
  call.max_body = 64 * 1024;
  call.redirects = Redirects::kSameMethod;
  const FollowedResult followed = caller_.Follow(std::move(call));
  if (!Report(hub, request.topics, request.expected, followed)) return false;
  if (!options_.content) return true;
  for (Awaited& awaited : awaited_) {
    if (awaited.hub == hub && awaited.topic == request.topics.front()) {
      awaited.message = followed.last.Field("Websub-Message-Id");
    }
  }
  return true;
}

void Publisher::Serve(const Target& target, const std::optional<std::string>& content) {
  const auto act = ActOf(options_);
  const BodyStyle style = StyleOf(options_);
  if (act == PublishAct::kPublish && !content) {
    for (auto& call : PingCalls(style, target.hub, target.topics, options_.parameter)) {
      Send(target.hub, std::move(call));
    }
    return;
  }
  for (const std::string& topic : target.topics) {
    if (act != PublishAct::kPublish) {
      Send(target.hub, RegisterCall(act, target.hub, topic));
      continue;
    }
    const std::string type = options_.type.empty()
                                 ? std::string(TypeOfFile(options_.content.value_or("-")))
                                 : options_.type;
    Send(target.hub, ContentCall(style, target.hub, topic, *content, type));
  }
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

// Says what a hub answered, a line for each topic; tells whether it took them.
bool Publisher::Report(const std::string& hub, const std::vector<std::string>& topics,
                       Expected expected, const FollowedResult& followed) {
  const CallResult& last = followed.last;
  PublishVerdict verdict;
  if (last.Answered()) {
    verdict = Judge(expected, last.answer.status, last.Field("Content-Type"), last.answer.body);
  }
  const bool taken = verdict.taken && followed.stopped.empty();
  const Spoken spoken = Words(options_);
  const std::string message = last.Field("Websub-Message-Id");
  const bool verbose = output_.verbose() > 0;
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(last.answer.timings.total).count();
  for (const std::string& topic : topics) {
    Json event{{"hub", hub}, {"topic", topic}};
    if (!spoken.kind.empty()) event["kind"] = spoken.kind;
    event["accepted"] = taken;
    event["status"] = last.answer.status;
    if (!verdict.sentence.empty()) event["answer"] = verdict.sentence;
    if (!message.empty()) event["message_id"] = message;
    event["duration_ms"] = static_cast<double>(last.answer.timings.total.count()) / 1000.0;
    output_.Event(spoken.event, event);
    if (!taken) continue;
    output_.Wrapped(
        {{spoken.done + "  ", Style::kGood},
         {topic, Style::kStrong},
         {"  at " + hub + "  "},
         {std::to_string(last.answer.status)},
         {"  " + std::to_string(milliseconds) + " ms", Style::kDim},
         {message.empty() ? "" : "  " + message, Style::kDim},
         {verbose ? "  " + Phases(last.answer.timings) : "", Style::kDim},
         {verbose && !verdict.sentence.empty() ? "  " + verdict.sentence : "", Style::kDim}},
        8);
  }
  if (taken) return true;
  if (!last.Answered()) {
    Fail(StatusOf(last), Explain(followed.last_call, last));
  } else if (!followed.stopped.empty()) {
    Fail(ExitStatus::kHubRefused, followed.stopped);
  } else {
    const bool ok = last.answer.Ok2xx();
    Fail(ExitStatus::kHubRefused, "the hub " + hub + (ok ? " answered " : " refused with ") +
                                      std::to_string(last.answer.status) +
                                      (verdict.sentence.empty() ? "" : ": " + verdict.sentence));
  }
  return false;
}

// Asks how far one delivery is; tells whether it needs no more waiting.
bool Publisher::Ask(Awaited& awaited) {
  if (awaited.message.empty()) {
    // A ping is answered before its fetch makes a message: wait for one that is newer.
    const auto newest = NewestMessage(api_, awaited.hub, awaited.topic);
    if (!newest) {
      if (newest.error().status == ExitStatus::kTimeout) return false;
      FailBefore(awaited.topic, newest.error().status, newest.error().sentence);
      return true;
    }
    if (MessageNumber(*newest).value_or(0) <= MessageNumber(awaited.before).value_or(0)) {
      return false;
    }
    awaited.message = *newest;
  }
  const auto progress = AskProgress(api_, awaited.hub, awaited.message);
  if (!progress) {
    // What the hub said last tells more than that it was asked again when the time ran out.
    if (progress.error().status == ExitStatus::kTimeout) return false;
    FailBefore(awaited.topic, progress.error().status, progress.error().sentence);
    return true;
  }
  awaited.progress = *progress;
  if (progress->delivered < options_.wait_delivered.value_or(0)) return false;
  output_.Event("delivered", {{"hub", awaited.hub},
                              {"topic", awaited.topic},
                              {"message_id", awaited.message},
                              {"delivered", progress->delivered},
                              {"pending", progress->pending},
                              {"dead", progress->dead}});
  output_.Line({{"delivered  ", Style::kGood},
                {awaited.topic, Style::kStrong},
                {"  " + awaited.message + "  to " +
                 Plural(static_cast<std::size_t>(progress->delivered), "subscriber")}});
  return true;
}

void Publisher::Await() {
  for (Awaited& awaited : awaited_) {
    Duration pause = kFirstPause;
    while (!Ask(awaited)) {
      const CallEnd end = caller_.Wait(pause);
      pause = std::min(pause * 3 / 2, kLongestPause);
      if (end == CallEnd::kInterrupted) {
        return FailBefore(awaited.topic, StatusOfSignal(caller_.signal()),
                          "interrupted while waiting for deliveries");
      }
      if (end == CallEnd::kAnswered) continue;
      const std::string wanted =
          Plural(static_cast<std::size_t>(options_.wait_delivered.value_or(0)), "subscriber");
      const DeliveryProgress& got = awaited.progress;
      return FailBefore(awaited.topic, ExitStatus::kTimeout,
                        awaited.message.empty()
                            ? "--timeout ran out: no new message of " + awaited.topic +
                                  " came of the ping (is its content unchanged?); wanted: " + wanted
                            : "--timeout ran out: " + awaited.message + " of " + awaited.topic +
                                  " was delivered to " + std::to_string(got.delivered) + " of " +
                                  wanted + " (" + std::to_string(got.pending) + " pending, " +
                                  std::to_string(got.dead) + " given up)");
    }
    if (status_ != ExitStatus::kDone) return;
  }
}

}  // namespace

ExitStatus Run(Environment& environment, const PublishOptions& options) {
  Output output(environment, options.output);
  if (const auto good = CheckOptions(options); !good) {
    return UsageError(environment, kPublish, good.error().message);
  }
  const auto token = ReadApiToken(environment, options.api_token);
  if (!token) return UsageError(environment, kPublish, token.error().message);
  std::optional<std::string> content;
  if (options.content) {
    auto bytes = ReadInput(environment, *options.content);
    if (!bytes) return output.Fail(bytes.error());
    content = *std::move(bytes);
  }
  auto time_left = options.timeout;
  if (!time_left && options.wait_delivered) time_left = kDefaultWait;
  const auto caller = HttpCaller::Make(environment, options.tls, time_left);
  if (!caller) return output.Fail(caller.error());
  return Publisher(environment, options, **caller, *token).Run(content);
}

}  // namespace websub::cli
