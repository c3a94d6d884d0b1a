#include "cli/commands/publish_hub_line.h"

#include <algorithm>
#include <atomic>

namespace websub::cli {
namespace {

constexpr std::size_t kTopicsAtOnce = 100;
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(60);
constexpr Duration kCallTimeout = std::chrono::seconds(10);

}  // namespace

struct HubLine::UnderWay {
  PublishCall call;
  FollowedResult followed;  // once done
  std::atomic<bool> done = false;
  std::thread thread;
};

HubLine::HubLine(HttpCaller& caller, const PublishOptions& options, PublishReport& report,
                 std::string hub)
    : caller_(caller), options_(options), report_(report), hub_(std::move(hub)) {}

HubLine::~HubLine() {
  if (under_way_) under_way_->thread.join();
}

void HubLine::Tell(const std::string& topic) {
  topics_.insert(topic);
}

Duration HubLine::Pause() const {
  Duration pause = kFirstPause;
  for (int i = 1; i < failures_ && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

void HubLine::TakeAnswer(Clock::time_point now, std::vector<Settled>& settled) {
  if (!under_way_ || !under_way_->done) return;
  under_way_->thread.join();
  const std::unique_ptr<UnderWay> over = std::move(under_way_);
  const CallEnd end = over->followed.last.end;
  // Where the run ends, that is not the hub's fault.
  if (end == CallEnd::kInterrupted || end == CallEnd::kOutOfTime) return;
  ++failures_;  // unless it is none
  const PublishAnswer answer = report_.Answered(hub_, over->call, over->followed, {}, Pause());
  if (answer.may_pass) {
    why_ = answer.sentence;
    not_before_ = now + Pause();
    report_.output().Note(answer.sentence + "; trying again in " + FormatDuration(Pause()));
    // What changed meanwhile is told with it.
    for (const std::string& topic : over->call.topics) Tell(topic);
    for (const PublishCall& call : calls_) {
      for (const std::string& topic : call.topics) Tell(topic);
    }
    calls_.clear();
    return;
  }
  failures_ = 0;
  if (!answer.taken) report_.Fail(answer.status, answer.sentence);
  for (const std::string& topic : over->call.topics) {
    if (!topics_.contains(topic)) settled.push_back({topic, answer.taken});
  }
}

std::vector<HubLine::Settled> HubLine::Step(Clock::time_point now) {
  std::vector<Settled> settled;
  TakeAnswer(now, settled);
  if (under_way_ || now < not_before_) return settled;
  if (calls_.empty() && !topics_.empty()) {
    std::vector<std::string> some;
    while (!topics_.empty() && some.size() < kTopicsAtOnce) {
      some.push_back(std::move(topics_.extract(topics_.begin()).value()));
    }
    for (PublishCall& call : CallsFor(options_, {hub_, some}, {some})) {
      calls_.push_back(std::move(call));
    }
  }
  if (calls_.empty()) return settled;
  under_way_ = std::make_unique<UnderWay>();
  under_way_->call = std::move(calls_.front());
  calls_.pop_front();
  Call call = HttpCallOf(under_way_->call, options_.headers);
  call.timeout = kCallTimeout;
  under_way_->thread = std::thread([this, call = std::move(call), mine = under_way_.get()] {
    mine->followed = caller_.Follow(call);
    mine->done = true;
    caller_.Wake();
  });
  return settled;
}

std::optional<HubLine::Clock::time_point> HubLine::Due() const {
  if (under_way_ || (calls_.empty() && topics_.empty())) return std::nullopt;
  return not_before_;
}

}  // namespace websub::cli
