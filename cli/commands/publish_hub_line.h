// The line to one hub of `websub publish --host`: what it is still to be told, one request at a
// time, and when it is tried again. A hub that hangs keeps nobody else from being told.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cli/commands/publish_report.h"
#include "cli/commands/publish_targets.h"
#include "cli/http_call.h"

namespace websub::cli {

class HubLine {
 public:
  using Clock = std::chrono::steady_clock;

  // `caller` is woken when an answer has come.
  HubLine(HttpCaller& caller, const PublishOptions& options, PublishReport& report,
          std::string hub);
  ~HubLine();  // waits for the call under way: stop the caller first

  // That the topic has other content than before.
  void Tell(const std::string& topic);

  // What became of a topic at this hub: it took it, or refused and is not asked again. Nothing is
  // settled where the topic has changed once more.
  struct Settled {
    std::string topic;
    bool taken = false;
  };
  // Takes the answer that has come, sends what is due, and tells what is settled.
  std::vector<Settled> Step(Clock::time_point now);
  // When Step has to be called although no answer comes; nothing: never.
  std::optional<Clock::time_point> Due() const;

  bool idle() const { return !under_way_ && calls_.empty() && topics_.empty(); }
  bool away() const { return failures_ > 0; }
  const std::string& hub() const { return hub_; }
  const std::string& why() const { return why_; }  // it is away

 private:
  struct UnderWay;

  void TakeAnswer(Clock::time_point now, std::vector<Settled>& settled);
  Duration Pause() const;

  HttpCaller& caller_;
  const PublishOptions& options_;
  PublishReport& report_;
  std::string hub_;
  std::set<std::string> topics_;   // to be told
  std::deque<PublishCall> calls_;  // of those
  std::unique_ptr<UnderWay> under_way_;
  int failures_ = 0;  // in a row
  std::string why_;
  Clock::time_point not_before_{};
};

}  // namespace websub::cli
