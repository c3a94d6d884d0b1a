// Jobs that are due in the store, each a request to some origin: they are read once, page by page,
// wait in memory for their turn (turns.h), and start when it has come. Verifications, fetches and
// messages of publishers use it.
//
// Of the jobs about the same thing one waits or runs at a time; when it has ended, the store is
// asked for the next. What there is no room for is read again once there is much (due_walk.h).
// While the store takes no writes nothing starts: what became of it could not be kept, and it would
// be done over and over.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/result.h"
#include "hub/clock.h"
#include "hub/delivery/due_walk.h"
#include "hub/delivery/turns.h"
#include "hub/store/types.h"

namespace websub::hub {

// Used on the loop's thread only.
class DueQueue {
 public:
  struct Job {
    DuePlace place;
    Turns::Id about = 0;
    std::string origin;
    int attempts = 0;  // that failed already
  };
  struct Source {
    // Those due by `now` that come after this place, in the order of their places.
    std::function<std::vector<Job>(Time now, DuePlace after, std::size_t limit)> page;
    // When the next after `now` will be due.
    std::function<std::optional<Time>(Time now)> next;
    // The first about this that is due by `now`.
    std::function<std::optional<Job>(Turns::Id about, Time now)> find;
    // Whether the store failed lately: then it may not have told of all that it holds.
    std::function<bool()> has_fault;
    // Its turn has come. It runs until one of Done, Park, Postpone and Drop is called.
    std::function<void(const Turns::Turn& turn, Time now)> start;
  };

  // For Source::page.
  template <typename Row>
  static std::vector<Job> JobsOf(const std::vector<Row>& rows, Job (*job_of)(const Row&)) {
    std::vector<Job> jobs;
    jobs.reserve(rows.size());
    for (const Row& row : rows) jobs.push_back(job_of(row));
    return jobs;
  }

  // How long nothing starts after the store took no write.
  static constexpr Duration kStoreWait = std::chrono::seconds(5);

  // `wake` is called when Run should be called earlier than it last said.
  DueQueue(const TurnsOptions& options, const Clock& clock, Source source,
           std::function<void()> wake);

  // Something may be due.
  void Wake();
  // Something that is due since then was kept: the walk may have passed its place.
  void Kept(Time at);
  // This is due.
  void Add(const Job& job);
  // Starts nothing more; what runs goes on.
  void Stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }

  // Starts what may start; says when to be called next.
  Time Run(Time now);

  // How a turn ends; `kept` says whether the store has kept what became of it.
  void Done(const Turns::Turn& turn, const Result<void>& kept);
  // There was nothing to do.
  void Drop(const Turns::Turn& turn);
  // Waits for something else: nothing about it starts until Reconsider.
  void Park(const Turns::Turn& turn) { turns_.End(turn.ticket); }
  void Reconsider(Turns::Id about);
  // Queues again, as one that failed before.
  void Postpone(const Turns::Turn& turn, const std::string& origin);

  Turns& turns() { return turns_; }  // to be told what is learned of an origin
  std::size_t running() const { return turns_.running(); }

 private:
  bool ReadPage(Time now);
  void Admit(const Job& job);

  const Clock& clock_;
  const Source source_;
  const std::function<void()> wake_;
  Turns turns_;
  DueWalk walk_;
  std::unordered_set<Turns::Id> known_;  // what those that wait, run or are parked are about
  Time paused_until_ = Time::min();
  bool stopped_ = false;
};

}  // namespace websub::hub
