#include "hub/delivery/turns.h"

#include <doctest/doctest.h>

#include <set>

#include "hub/delivery/due_walk.h"
#include "hub/transport.h"

namespace websub::tests {

using namespace std::chrono_literals;
using hub::DuePlace;
using hub::DueWalk;
using hub::Turns;

namespace {

class Taking {
 public:
  Taking() { options.max_running = 16; }

  void Begin() { turns.emplace(options); }
  // Adds jobs of the origin, with numbers that follow each other.
  void Add(const std::string& origin, int jobs, Turns::Trust trust = Turns::Trust::kFresh) {
    for (int i = 0; i < jobs; ++i) turns->Add(++last_id, origin, trust);
  }
  // Starts all that may start; tells their numbers.
  std::vector<Turns::Id> Take() {
    std::vector<Turns::Id> ids;
    while (const auto turn = turns->Next()) {
      ids.push_back(turn->id);
      running.push_back(*turn);
    }
    return ids;
  }
  // What was started first ends.
  Turns::Ticket Pop() {
    const auto ticket = running.front().ticket;
    running.pop_front();
    return ticket;
  }
  void Answer(Duration took = 1ms) {
    const auto ticket = Pop();
    turns->Answered(ticket, took);
    turns->End(ticket);
  }
  void Fail() {
    const auto ticket = Pop();
    turns->Failed(ticket);
    turns->End(ticket);
  }
  // An origin that has answered, or failed, once.
  void Learn(const std::string& origin, bool answers, Duration took = 1ms) {
    Add(origin, 1);
    REQUIRE(Take().size() == 1);
    std::swap(running.front(), running.back());
    if (answers) {
      Answer(took);
    } else {
      Fail();
    }
  }
  std::string Name(const std::string& kind, int i) { return kind + std::to_string(i); }

  hub::TurnsOptions options;
  std::optional<Turns> turns;
  std::deque<Turns::Turn> running;
  Turns::Id last_id = 0;
};

using Ids = std::vector<Turns::Id>;

}  // namespace

TEST_CASE_FIXTURE(Taking, "origins take turns and each keeps its order") {
  Begin();
  Add("a", 3);
  Add("b", 2);
  Add("c", 1);
  CHECK(turns->waiting() == 6);
  CHECK(Take() == Ids{1, 4, 6, 2, 5, 3});
  CHECK(turns->waiting() == 0);
  CHECK(turns->running() == 6);
  while (!running.empty()) Answer();
  CHECK(turns->running() == 0);
}

TEST_CASE_FIXTURE(Taking, "an origin runs no more than its pace allows") {
  options.pace = {.fewest = 2, .first = 4, .most = 5, .unhurried = 20ms};
  options.max_running = 1000;
  Begin();
  Add("a", 100);
  CHECK(Take().size() == 4);
  SUBCASE("more once it answers and takes its time") {
    Answer(20ms);
    CHECK(Take().size() == 2);
    Answer(20ms);
    CHECK(Take().size() == 1);  // 5 are the most
  }
  SUBCASE("as many where more would not help") {
    Answer(19ms);
    CHECK(Take().size() == 1);
  }
  SUBCASE("fewer once it fails") {
    Fail();
    CHECK(Take().empty());
    Fail();
    CHECK(Take().empty());  // 2 are the fewest
    Fail();
    CHECK(Take().size() == 1);
  }
}

TEST_CASE_FIXTURE(Taking, "those known not to answer share a quarter of all") {
  Begin();
  for (int i = 0; i < 6; ++i) Learn(Name("bad", i), false);
  for (int i = 0; i < 6; ++i) Add(Name("bad", i), 1);
  CHECK(Take().size() == 4);
  // Beside them those that failed before find no room, wherever they go.
  Add("new", 1, Turns::Trust::kSuspect);
  CHECK(Take().empty());
  Answer();
  CHECK(Take().size() == 1);
}

TEST_CASE_FIXTURE(Taking, "jobs that failed before share a quarter of all") {
  Begin();
  for (int i = 0; i < 6; ++i) Add(Name("new", i), 1, Turns::Trust::kSuspect);
  CHECK(Take().size() == 4);
}

TEST_CASE_FIXTURE(Taking, "those not known to answer soon leave a quarter to those that do") {
  Begin();
  Learn("good", true);
  Learn("slow", true, 1001ms);
  Learn("patient", true, 1000ms);
  Learn("bad", false);
  Add("bad", 1);
  CHECK(Take().size() == 1);
  for (int i = 0; i < 20; ++i) Add(Name("new", i), 1);
  CHECK(Take().size() == 11);  // 12 of 16 with the bad one
  Add("slow", 1);
  CHECK(Take().empty());
  Add("patient", 2);
  CHECK(Take().size() == 2);
  Add("good", 3);
  CHECK(Take().size() == 2);  // all 16
  CHECK(turns->running() == 16);
}

TEST_CASE_FIXTURE(Taking, "those of every kind have their turn beside the others") {
  options.max_running = 4;
  Begin();
  Learn("good", true);
  Learn("bad", false);
  Add("good", 100);
  Add("bad", 1);
  Add("new", 1);
  const Turns::Id last = last_id;
  std::set<Turns::Id> started;
  for (int i = 0; i < 8; ++i) {
    for (const auto id : Take()) started.insert(id);
    Answer();
  }
  CHECK(started.contains(last));
  CHECK(started.contains(last - 1));
}

TEST_CASE_FIXTURE(Taking, "jobs of an origin that failed before have a share of their own") {
  options.pace = {.fewest = 2, .first = 8, .most = 8};
  options.max_running = 1000;
  Begin();
  Add("a", 10, Turns::Trust::kSuspect);
  CHECK(Take().size() == 2);  // a quarter of 8
  Add("a", 10);
  CHECK(Take().size() == 8);
}

TEST_CASE_FIXTURE(Taking,
                  "jobs that failed before and others of their origin do not wait for each other") {
  options.max_running = 16;
  Begin();
  Learn("good", true);
  for (int i = 0; i < 4; ++i) Add(Name("bad", i), 1, Turns::Trust::kSuspect);
  REQUIRE(Take().size() == 4);
  Add("good", 1, Turns::Trust::kSuspect);
  Add("good", 1);
  CHECK(Take() == Ids{last_id});  // the other has no room
  for (int i = 0; i < 20; ++i) Add(Name("new", i), 1);
  Take();
  Answer();
  CHECK(Take() == Ids{6});  // before the new ones, which had their turn
}

TEST_CASE_FIXTURE(Taking, "what waits follows its origin when more is learned of it") {
  Begin();
  Add("turned", 1);
  REQUIRE(Take().size() == 1);
  for (int i = 0; i < 11; ++i) Add(Name("new", i), 1);
  REQUIRE(Take().size() == 11);
  Add("turned", 2);
  REQUIRE(Take().empty());  // three quarters are taken
  const auto ticket = running.front().ticket;
  SUBCASE("it answers") {
    turns->Answered(ticket, 1ms);
    CHECK(Take().size() == 2);
  }
  SUBCASE("it fails") {
    turns->Failed(ticket);
    turns->End(Pop());
    Add("another", 1);
    CHECK(Take() == Ids{13});  // there is room for one and it is a failing one's turn
  }
}

TEST_CASE_FIXTURE(Taking, "only an answer that is whole counts as one") {
  options.max_running = 4;
  options.pace = {.fewest = 1, .first = 4, .most = 4};
  Begin();
  Add("a", 1);
  REQUIRE(Take().size() == 1);
  const auto ticket = Pop();
  hub::OutgoingResult result;
  result.timings.total = 1ms;
  std::size_t may_run = 0;
  SUBCASE("whole") {
    result.status = 500;
    may_run = 4;  // it is proven
  }
  SUBCASE("none") {
    result.fault = Fault::kResponseTimeout;
    may_run = 1;  // it is failing
  }
  SUBCASE("broken off") {
    result.status = 200;
    result.fault = Fault::kReset;
    may_run = 1;
  }
  SUBCASE("cancelled") {
    result.fault = Fault::kCancelled;
    may_run = 3;  // as before
  }
  turns->Learn(ticket, result);
  turns->End(ticket);
  Add("a", 4);
  CHECK(Take().size() == may_run);
}

TEST_CASE_FIXTURE(Taking, "an origin with many that wait leaves the second half to others") {
  options.max_waiting = 8;
  options.max_waiting_per_origin = 2;
  options.max_running = 0;
  Begin();
  Add("a", 3);
  CHECK(turns->HasRoomFor("a"));
  Add("b", 1);
  CHECK_FALSE(turns->HasRoomFor("a"));
  CHECK(turns->HasRoomFor("b"));
  CHECK(turns->HasRoomFor("new"));
  Add("b", 1);
  CHECK_FALSE(turns->HasRoomFor("b"));
  CHECK(turns->room() == Turns::Room::kSome);
  Add("c", 2);
  Add("d", 1);
  CHECK(turns->room() == Turns::Room::kNone);
  CHECK_FALSE(turns->HasRoomFor("new"));
}

TEST_CASE_FIXTURE(Taking, "there is much room when a quarter or less waits") {
  options.max_waiting = 8;
  Begin();
  Add("a", 2);
  CHECK(turns->room() == Turns::Room::kMuch);
  Add("a", 1);
  CHECK(turns->room() == Turns::Room::kSome);
}

TEST_CASE_FIXTURE(Taking, "of idle origins those idle for longest are forgotten") {
  options.max_running = 8;
  Begin();
  Learn("first", true);
  for (int i = 0; i < 4096; ++i) Learn(Name("bad", i), false);
  // Known to answer: three quarters that others have taken do not count.
  for (int i = 0; i < 10; ++i) Add(Name("new", i), 1);
  CHECK(Take().size() == 6);
  Add("first", 1);
  CHECK(Take().empty());  // forgotten
  Add("bad4095", 1);
  CHECK(Take().empty());  // remembered: a failing one
  while (!running.empty()) Answer();
  Take();
  CHECK(turns->waiting() == 0);
}

TEST_CASE("a walk goes back to what was put off once there is much room") {
  const Time now = Time(1000s);
  DueWalk walk;
  CHECK(walk.HasMore(now, Turns::Room::kSome));
  walk.PutOff({now - 5s, 7});
  walk.PutOff({now - 4s, 3});
  walk.MoveTo({now, 9});
  walk.End(now + 10s);
  CHECK_FALSE(walk.HasMore(now, Turns::Room::kSome));
  CHECK(walk.HasMore(now, Turns::Room::kMuch));
  CHECK(walk.place() == DuePlace{now - 5s, 6});
  walk.MoveTo({now, 9});
  walk.End(now + 10s);
  CHECK_FALSE(walk.HasMore(now, Turns::Room::kMuch));
}

TEST_CASE("a walk goes on when something is due and there is room") {
  const Time now = Time(1000s);
  DueWalk walk;
  walk.MoveTo({now, 9});
  walk.End(now + 10s);
  CHECK_FALSE(walk.HasMore(now + 10s - 1us, Turns::Room::kMuch));
  CHECK(walk.HasMore(now + 10s, Turns::Room::kMuch));
  CHECK_FALSE(walk.HasMore(now + 10s, Turns::Room::kNone));
  walk.Expect(now + 5s);
  CHECK(walk.HasMore(now + 5s, Turns::Room::kSome));
  walk.End(std::nullopt);
  CHECK(walk.next() == Time::max());
}

TEST_CASE("a walk goes back to what was kept after it had passed") {
  const Time now = Time(1000s);
  DueWalk walk;
  walk.MoveTo({now, 9});
  walk.End(std::nullopt);
  walk.GoBack(now - 5s);
  CHECK(walk.HasMore(now, Turns::Room::kSome));
  CHECK(walk.place() == DuePlace{now - 5s, 0});
  walk.GoBack(now);
  CHECK(walk.place() == DuePlace{now - 5s, 0});
}

TEST_CASE("a walk starts anew when the clock was set back") {
  const Time now = Time(1000s);
  DueWalk walk;
  walk.MoveTo({now, 9});
  walk.End(std::nullopt);
  CHECK_FALSE(walk.HasMore(now, Turns::Room::kMuch));
  CHECK(walk.HasMore(now - 1us, Turns::Room::kMuch));
  CHECK(walk.place() == DuePlace{});
}

}  // namespace websub::tests
