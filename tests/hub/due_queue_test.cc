#include "hub/delivery/due_queue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "tests/support/manual_clock.h"

namespace websub::tests {

using namespace std::chrono_literals;
using hub::DuePlace;
using hub::DueQueue;
using hub::Turns;

namespace {

using Ids = std::vector<Turns::Id>;

// A queue over rows that the test holds.
class Queueing {
 public:
  void Begin() {
    queue.emplace(options, clock, Source(), [this] { woken = true; });
  }
  // Stores one, as due now or then.
  void Store(Turns::Id about, const std::string& origin = "a") {
    StoreAt(clock.Now(), about, origin);
  }
  void StoreAt(Time at, Turns::Id about, const std::string& origin = "a", int attempts = 0) {
    rows.push_back({{at, ++last_id}, about, origin, attempts});
    std::sort(rows.begin(), rows.end(),
              [](const auto& x, const auto& y) { return x.place < y.place; });
  }
  void StoreMany(Turns::Id first, int count, const std::string& origin) {
    for (int i = 0; i < count; ++i) Store(first + i, origin);
    queue->Kept(clock.Now());
  }
  // Runs as often as the queue asks for at once; tells what was started.
  Ids Run() {
    const std::size_t before = started.size();
    do {
      woken = false;
      next = queue->Run(clock.Now());
    } while (woken);
    return {started.begin() + static_cast<std::ptrdiff_t>(before), started.end()};
  }
  Ids RunAt(Time at) {
    clock.Set(at);
    return Run();
  }
  // Takes the first about this out of the store and ends its turn.
  void End(Turns::Id about) {
    rows.erase(First(about, Time::max()));
    Leave(about);
  }
  // Ends its turn and leaves it in the store.
  void Leave(Turns::Id about, const Result<void>& kept = {}) {
    queue->Done(running.extract(about).mapped(), kept);
  }
  void EndAll() {
    while (!running.empty()) {
      while (!running.empty()) End(running.begin()->first);
      Run();
    }
  }
  Turns::Turn Take(Turns::Id about) { return running.extract(about).mapped(); }

  ManualClock clock;
  hub::TurnsOptions options{.pace = {.fewest = 100, .first = 100, .most = 100}};
  std::optional<DueQueue> queue;
  std::vector<DueQueue::Job> rows;
  bool fault = false;
  std::map<std::int64_t, int> reads;  // how often each row was read in a page
  std::size_t most_read = 0;          // in one page
  int finds = 0;
  Ids started;
  std::map<Turns::Id, Turns::Turn> running;
  bool woken = false;
  Time next;

 private:
  std::vector<DueQueue::Job>::iterator First(Turns::Id about, Time now) {
    return std::find_if(rows.begin(), rows.end(),
                        [&](const auto& row) { return row.about == about && row.place.at <= now; });
  }
  DueQueue::Source Source() {
    return {
        .page =
            [this](Time now, DuePlace after, std::size_t limit) {
              std::vector<DueQueue::Job> page;
              if (fault) return page;
              for (const auto& row : rows) {
                if (row.place <= after || row.place.at > now || page.size() == limit) continue;
                page.push_back(row);
                ++reads[row.place.id];
              }
              most_read = std::max(most_read, page.size());
              return page;
            },
        .next = [this](Time now) -> std::optional<Time> {
          for (const auto& row : rows) {
            if (row.place.at > now) return row.place.at;
          }
          return std::nullopt;
        },
        .find = [this](Turns::Id about, Time now) -> std::optional<DueQueue::Job> {
          ++finds;
          const auto found = First(about, now);
          if (fault || found == rows.end()) return std::nullopt;
          return *found;
        },
        .has_fault = [this] { return fault; },
        .start =
            [this](const Turns::Turn& turn, Time) {
              started.push_back(turn.id);
              REQUIRE(running.emplace(turn.id, turn).second);
            },
    };
  }

  std::int64_t last_id = 0;
};

Result<void> Unkept(ErrorCode code = ErrorCode::kUnavailable) {
  return Fail(code, "not kept");
}

}  // namespace

TEST_CASE_FIXTURE(Queueing, "each job that is due is read once") {
  options.max_running = 4;
  Begin();
  StoreMany(1, 3000, "a");
  Run();
  CHECK(queue->running() == 3);  // a quarter is left to those known to answer
  EndAll();
  CHECK(started.size() == 3000);
  CHECK(std::is_sorted(started.begin(), started.end()));
  CHECK(reads.size() == 3000);
  CHECK(std::all_of(reads.begin(), reads.end(), [](const auto& read) { return read.second == 1; }));
  CHECK(most_read == 256);
}

TEST_CASE_FIXTURE(Queueing, "one run does a part and asks to be run again") {
  options.pace = {.fewest = 500, .first = 500, .most = 500};
  std::size_t starts = 64;
  SUBCASE("where it may start many") {}
  SUBCASE("where nothing may start") {
    options.max_running = 0;
    starts = 0;
  }
  Begin();
  StoreMany(1, 3000, "a");
  woken = false;
  queue->Run(clock.Now());
  CHECK(started.size() == starts);
  CHECK(reads.size() == 1024);
  CHECK(woken);
  Run();
  CHECK(started.size() == (starts == 0 ? 0 : 500));
  CHECK(reads.size() == 3000);
}

TEST_CASE_FIXTURE(Queueing, "a run says when the next is due") {
  Begin();
  const Time now = clock.Now();
  CHECK(Run().empty());
  CHECK(next == Time::max());
  StoreAt(now + 10s, 1);
  queue->Wake();
  CHECK(Run().empty());
  CHECK(next == now + 10s);
  CHECK(RunAt(now + 10s - 1us).empty());
  CHECK(RunAt(now + 10s) == Ids{1});
  CHECK(next == Time::max());
}

TEST_CASE_FIXTURE(Queueing, "what is put off is read again when there is much room") {
  options.max_waiting = 8;
  options.max_waiting_per_origin = 2;
  options.max_running = 4;
  Begin();
  StoreMany(1, 100, "many");
  Run();
  CHECK(queue->turns().waiting() <= 8);
  StoreMany(201, 1, "one");
  Run();
  EndAll();
  CHECK(started.size() == 101);
  // The other origin did not wait for all of the first.
  CHECK(std::find(started.begin(), started.end(), 201) - started.begin() < 20);
  CHECK(rows.empty());
}

TEST_CASE_FIXTURE(Queueing, "of the jobs about one thing one runs at a time") {
  Begin();
  Store(1);
  Store(2);
  Store(1);
  CHECK(Run() == Ids{1, 2});
  End(2);
  CHECK(Run().empty());
  End(1);
  CHECK(Run() == Ids{1});
  End(1);
  CHECK(Run().empty());
}

TEST_CASE_FIXTURE(Queueing, "what comes while one about the same runs starts after it") {
  Begin();
  Store(1);
  CHECK(Run() == Ids{1});
  clock.Advance(1s);
  SUBCASE("as it was kept") {
    Store(1);
    queue->Kept(clock.Now());
  }
  SUBCASE("as it was handed over") {
    Store(1);
    queue->Add(rows.back());
  }
  SUBCASE("and found by its end") {
    Store(1);
  }
  SUBCASE("due later") {
    StoreAt(clock.Now() + 10s, 1);
  }
  CHECK(Run().empty());
  End(1);
  const Time due = rows.front().place.at;
  if (due > clock.Now()) {
    CHECK(Run().empty());
    CHECK(next == due);
  }
  CHECK(RunAt(due) == Ids{1});
}

TEST_CASE_FIXTURE(Queueing, "what was kept late is not passed over") {
  Begin();
  const Time before = clock.Now();
  clock.Advance(1s);
  Store(1);
  CHECK(Run() == Ids{1});
  StoreAt(before, 2);
  queue->Kept(before);
  CHECK(Run() == Ids{2});
}

TEST_CASE_FIXTURE(Queueing, "nothing starts for a while after the store took no write") {
  Begin();
  Store(1);
  CHECK(Run() == Ids{1});
  const Time failed = clock.Now();
  Store(2);
  queue->Wake();
  SUBCASE("whatever the reason") {
    for (const auto code : {ErrorCode::kUnavailable, ErrorCode::kTooLarge, ErrorCode::kInvalid,
                            ErrorCode::kInternal}) {
      Leave(1, Unkept(code));
      CHECK(Run().empty());
      CHECK(next == clock.Now() + DueQueue::kStoreWait);
      CHECK(RunAt(next - 1us).empty());
      CHECK(RunAt(next + 1us).front() == 1);
      if (!running.contains(2)) continue;
      End(2);
    }
    CHECK(clock.Now() > failed + 4 * DueQueue::kStoreWait);
  }
  SUBCASE("but for a job that is gone there was nothing to keep") {
    rows.erase(rows.begin());
    Leave(1, Unkept(ErrorCode::kNotFound));
    CHECK(Run() == Ids{2});
  }
  SUBCASE("and no longer where the clock is set back") {
    Leave(1, Unkept());
    CHECK(RunAt(failed - 1h).empty());
    CHECK(next == failed - 1h + DueQueue::kStoreWait);
  }
}

TEST_CASE_FIXTURE(Queueing, "what the store tells while it fails is not all") {
  Begin();
  fault = true;
  Store(1);
  CHECK(Run().empty());
  CHECK(next == clock.Now() + DueQueue::kStoreWait);
  fault = false;
  CHECK(RunAt(next) == Ids{1});
  fault = true;
  SUBCASE("of a job whose turn has come") {
    queue->Drop(Take(1));
  }
  SUBCASE("of a job that has ended") {
    Leave(1);
  }
  SUBCASE("of a job that was parked") {
    queue->Park(Take(1));
    queue->Reconsider(1);
    queue->Wake();
  }
  fault = false;
  CHECK(Run() == Ids{1});
}

TEST_CASE_FIXTURE(Queueing, "a clock that is set back loses no job") {
  Begin();
  Store(1);
  CHECK(Run() == Ids{1});
  const Time before = clock.Now();
  clock.Set(before - 1h);
  Store(2);
  CHECK(Run() == Ids{2});
  End(1);
  StoreAt(before, 3);
  queue->Wake();
  CHECK(Run().empty());
  CHECK(next == before);
  CHECK(RunAt(before) == Ids{3});
}

TEST_CASE_FIXTURE(Queueing, "nothing starts after the stop") {
  options.max_running = 1;
  Begin();
  Store(1);
  Store(2);
  CHECK(Run() == Ids{1});
  queue->Stop();
  Store(1);
  End(1);
  CHECK(Run().empty());
  CHECK(next == Time::max());
  CHECK(queue->running() == 0);
  CHECK(finds == 0);
}

TEST_CASE_FIXTURE(Queueing, "a turn that found nothing to do leaves its place to others") {
  options.max_running = 1;
  Begin();
  Store(1);
  Store(2);
  CHECK(Run() == Ids{1});
  rows.erase(rows.begin());
  queue->Drop(Take(1));
  CHECK(Run() == Ids{2});
  Store(1);
  queue->Kept(clock.Now());
  End(2);
  CHECK(Run() == Ids{1});
}

TEST_CASE_FIXTURE(Queueing, "what is parked leaves its place and waits to be reconsidered") {
  options.max_running = 1;
  Begin();
  Store(1);
  Store(2);
  CHECK(Run() == Ids{1});
  queue->Park(Take(1));
  queue->Kept(clock.Now());
  CHECK(Run() == Ids{2});
  End(2);
  CHECK(Run().empty());
  queue->Reconsider(1);
  CHECK(Run() == Ids{1});
}

TEST_CASE_FIXTURE(Queueing, "jobs that failed before share a quarter of what may run") {
  options.max_running = 16;
  Begin();
  SUBCASE("as the store tells") {
    for (int i = 1; i <= 12; ++i) StoreAt(clock.Now(), i, "origin" + std::to_string(i), 1);
    Run();
  }
  SUBCASE("as they turn out when their turn has come") {
    for (int i = 1; i <= 12; ++i) Store(i, "origin" + std::to_string(i));
    Run();
    REQUIRE(queue->running() == 12);
    for (int i = 1; i <= 12; ++i) queue->Postpone(Take(i), "origin" + std::to_string(i));
    queue->Wake();
    Run();
  }
  CHECK(queue->running() == 4);
  for (const auto& [about, turn] : running) CHECK(turn.ticket.trust == Turns::Trust::kSuspect);
}

}  // namespace websub::tests
