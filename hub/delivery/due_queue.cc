#include "hub/delivery/due_queue.h"

#include <algorithm>
#include <utility>

namespace websub::hub {

namespace {

// How much is done before the loop gets its turn again.
constexpr std::size_t kPage = 256;
constexpr int kPagesPerRun = 4;
constexpr int kStartsPerRun = 64;

}  // namespace

DueQueue::DueQueue(const TurnsOptions& options, const Clock& clock, Source source,
                   std::function<void()> wake)
    : clock_(clock), source_(std::move(source)), wake_(std::move(wake)), turns_(options) {}

void DueQueue::Wake() {
  walk_.Expect(Time::min());
  wake_();
}

void DueQueue::Kept(Time at) {
  walk_.GoBack(at);
  wake_();
}

void DueQueue::Add(const Job& job) {
  Admit(job);
  wake_();
}

Time DueQueue::Run(Time now) {
  if (stopped_) return Time::max();
  paused_until_ = std::min(paused_until_, now + kStoreWait);  // the clock may have been set back
  if (paused_until_ > now) return paused_until_;
  bool more = true;
  for (int pages = 0; more && pages < kPagesPerRun; ++pages) more = ReadPage(now);
  int started = 0;
  for (; started < kStartsPerRun; ++started) {
    const auto turn = turns_.Next();
    if (!turn) break;
    source_.start(*turn, now);
  }
  if (more || started > 0) wake_();
  return walk_.next() > now ? walk_.next() : Time::max();  // otherwise an answer wakes us
}

// Tells whether there may be more to read at once.
bool DueQueue::ReadPage(Time now) {
  if (!walk_.HasMore(now, turns_.room())) return false;
  const auto jobs = source_.page(now, walk_.place(), kPage);
  for (const Job& job : jobs) Admit(job);
  if (!jobs.empty()) walk_.MoveTo(jobs.back().place);
  if (jobs.size() == kPage) return true;
  walk_.End(source_.next(now));
  if (source_.has_fault()) walk_.StartAnew(now + kStoreWait);
  return false;
}

void DueQueue::Admit(const Job& job) {
  if (known_.contains(job.about)) return;
  if (!turns_.HasRoomFor(job.origin)) return walk_.PutOff(job.place);
  known_.insert(job.about);
  turns_.Add(job.about, job.origin,
             job.attempts > 0 ? Turns::Trust::kSuspect : Turns::Trust::kFresh);
}

void DueQueue::Done(const Turns::Turn& turn, const Result<void>& kept) {
  turns_.End(turn.ticket);
  // Where it is not gone it is still in the store: it is done once more, but not over and over.
  if (!kept && kept.error().code != ErrorCode::kNotFound) {
    paused_until_ = clock_.Now() + kStoreWait;
  }
  Reconsider(turn.id);
  Wake();
}

void DueQueue::Drop(const Turns::Turn& turn) {
  turns_.End(turn.ticket);
  known_.erase(turn.id);
  if (source_.has_fault()) walk_.StartAnew(clock_.Now() + kStoreWait);
  Wake();
}

void DueQueue::Reconsider(Turns::Id about) {
  known_.erase(about);
  if (stopped_) return;
  const Time now = clock_.Now();
  if (const auto job = source_.find(about, now)) return Add(*job);
  if (source_.has_fault()) walk_.StartAnew(now + kStoreWait);
}

void DueQueue::Postpone(const Turns::Turn& turn, const std::string& origin) {
  turns_.End(turn.ticket);
  turns_.Add(turn.id, origin, Turns::Trust::kSuspect);
}

}  // namespace websub::hub
