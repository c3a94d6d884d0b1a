#include "cli/commands/publish_wait.h"

#include <algorithm>

#include "cli/text.h"

namespace websub::cli {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(20);
constexpr Duration kLongestPause = std::chrono::milliseconds(500);

}  // namespace

bool DeliveryWait::Prepare(const std::vector<PublishTarget>& targets) {
  awaited_.clear();
  for (const PublishTarget& target : targets) {
    for (const std::string& topic : target.topics) {
      auto newest = NewestMessage(api_, target.hub, topic);
      if (!newest) {
        report_.FailBefore(topic, newest.error().status, newest.error().sentence);
        return false;
      }
      awaited_.push_back({target.hub, topic, *std::move(newest), "", {}});
    }
  }
  return true;
}

void DeliveryWait::Made(const std::string& hub, const std::string& topic,
                        const std::string& message) {
  for (Awaited& awaited : awaited_) {
    if (awaited.hub == hub && awaited.topic == topic) awaited.message = message;
  }
}

// Asks how far one delivery is; tells whether it needs no more waiting.
bool DeliveryWait::Ask(Awaited& awaited) {
  if (awaited.message.empty()) {
    // A ping is answered before its fetch makes a message: wait for one that is newer.
    const auto newest = NewestMessage(api_, awaited.hub, awaited.topic);
    if (!newest) {
      if (newest.error().status == ExitStatus::kTimeout) return false;
      report_.FailBefore(awaited.topic, newest.error().status, newest.error().sentence);
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
    report_.FailBefore(awaited.topic, progress.error().status, progress.error().sentence);
    return true;
  }
  awaited.progress = *progress;
  if (progress->delivered < wanted_) return false;
  report_.output().Event("delivered", {{"hub", awaited.hub},
                                       {"topic", awaited.topic},
                                       {"message_id", awaited.message},
                                       {"delivered", progress->delivered},
                                       {"pending", progress->pending},
                                       {"dead", progress->dead}});
  report_.output().Line({{"delivered  ", Style::kGood},
                         {awaited.topic, Style::kStrong},
                         {"  " + awaited.message + "  to " +
                          Plural(static_cast<std::size_t>(progress->delivered), "subscriber")}});
  return true;
}

std::string DeliveryWait::OutOfTime(const Awaited& awaited) const {
  const std::string wanted = Plural(static_cast<std::size_t>(wanted_), "subscriber");
  const DeliveryProgress& got = awaited.progress;
  if (awaited.message.empty()) {
    return "--timeout ran out: no new message of " + awaited.topic +
           " came of the ping (is its content unchanged?); wanted: " + wanted;
  }
  return "--timeout ran out: " + awaited.message + " of " + awaited.topic + " was delivered to " +
         std::to_string(got.delivered) + " of " + wanted + " (" + std::to_string(got.pending) +
         " pending, " + std::to_string(got.dead) + " given up)";
}

void DeliveryWait::Await() {
  const auto start = std::chrono::steady_clock::now();
  for (Awaited& awaited : awaited_) {
    Duration pause = kFirstPause;
    while (!Ask(awaited)) {
      const CallEnd end = api_.caller.Wait(pause);
      pause = std::min(pause * 3 / 2, kLongestPause);
      const bool late = patience_ && std::chrono::steady_clock::now() - start > *patience_;
      if (end == CallEnd::kAnswered && !late) continue;
      if (end == CallEnd::kInterrupted) {
        return report_.FailBefore(awaited.topic, StatusOfSignal(api_.caller.signal()),
                                  "interrupted while waiting for deliveries");
      }
      return report_.FailBefore(awaited.topic, ExitStatus::kTimeout, OutOfTime(awaited));
    }
    if (report_.status() != ExitStatus::kDone) return;
  }
}

}  // namespace websub::cli
