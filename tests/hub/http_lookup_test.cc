#include "hub/http/lookup.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <future>
#include <mutex>
#include <optional>

#include "tests/support/http_fixture.h"

namespace websub::hub::http {
namespace {

using tests::RunUntil;

// A resolver whose name "slow" hangs until it is let go.
struct SlowNames {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  std::atomic<int> asked = 0;

  Resolver Make() {
    return [this, wait = gone](const std::string& host) -> LookupAnswer {
      ++asked;
      if (host.starts_with("slow")) wait.wait();
      return {{"192.0.2." + std::to_string(host.size())}, ""};
    };
  }
};

TEST_CASE("a name that hangs holds up no other name") {
  SlowNames names;
  Loop loop;
  Lookup lookup(loop, {.max_threads = 2}, names.Make());
  bool slow = false;
  int quick = 0;
  lookup.Resolve("slow", [&](const LookupAnswer&) { slow = true; });
  for (const char* name : {"a", "bb", "ccc"}) {
    lookup.Resolve(name, [&, name](const LookupAnswer& answer) {
      CHECK(answer.addresses ==
            std::vector<std::string>{"192.0.2." + std::to_string(std::strlen(name))});
      ++quick;
    });
  }
  CHECK(quick == 0);  // never before Resolve returns
  CHECK(RunUntil(loop, [&] { return quick == 3; }));
  CHECK_FALSE(slow);
  names.go.set_value();
  CHECK(RunUntil(loop, [&] { return slow; }));
}

TEST_CASE("those who ask for a name under way share its answer") {
  SlowNames names;
  Loop loop;
  Lookup lookup(loop, {.max_threads = 8}, names.Make());
  int answered = 0;
  for (int i = 0; i < 10; ++i) lookup.Resolve("slow", [&](const LookupAnswer&) { ++answered; });
  names.go.set_value();
  CHECK(RunUntil(loop, [&] { return answered == 10; }));
  CHECK(names.asked == 1);
}

TEST_CASE("beyond max_waiting names a lookup fails") {
  for (const std::size_t waiting : {10, 11}) {
    SlowNames names;
    Loop loop;
    Lookup lookup(loop, {.max_threads = 1, .max_waiting = 10}, names.Make());
    std::size_t failed = 0;
    std::size_t found = 0;
    for (std::size_t i = 0; i < 1 + waiting; ++i) {  // one has the thread
      lookup.Resolve("slow" + std::to_string(i), [&](const LookupAnswer& answer) {
        ++(answer.addresses.empty() ? failed : found);
      });
    }
    if (waiting == 11) CHECK(RunUntil(loop, [&] { return failed == 1; }));
    names.go.set_value();
    CHECK(RunUntil(loop, [&] { return failed + found == 1 + waiting; }));
    CHECK(found == 11);
  }
}

// Names that behave as the test says, on a clock that it sets.
class Names {
 public:
  enum class How { kAnswer, kFail, kHang };

  // Asks for a name; tells whether it was answered well, once it was.
  std::optional<bool> Ask(const std::string& host) {
    const auto good = std::make_shared<std::optional<bool>>();
    lookup->Resolve(host, [good](const LookupAnswer& answer) {
      *good = answer.addresses == std::vector<std::string>{"192.0.2.1"};
    });
    CHECK(RunUntil(loop, [&] { return good->has_value(); }));
    return *good;
  }
  void Hang(const std::string& kind, int count) {
    for (int i = 0; i < count; ++i) {
      lookup->Resolve(kind + std::to_string(i), [this](const LookupAnswer&) { ++ended; });
    }
  }
  bool AreHanging(int count) {
    return RunUntil(loop, [&] { return hanging == count; });
  }
  // Lets go of all that hang, after this long.
  void LetGo(std::chrono::milliseconds took) {
    now_ms += took.count();
    const std::lock_guard lock(mutex_);
    ++let_go_;
    wake_.notify_all();
  }
  void Begin() {
    options.now = [this] {
      return std::chrono::steady_clock::time_point(std::chrono::milliseconds(now_ms));
    };
    lookup.emplace(loop, options, [this](const std::string& host) -> LookupAnswer {
      ++asked;
      if (host.starts_with("bad")) return {{}, "no such name"};
      if (host.starts_with("hang")) {
        std::unique_lock lock(mutex_);
        const int before = let_go_;
        ++hanging;
        wake_.wait(lock, [&] { return over_ || let_go_ != before; });
        --hanging;
      }
      return {{"192.0.2.1"}, ""};
    });
  }
  ~Names() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      wake_.notify_all();
    }
    if (lookup) CHECK(RunUntil(loop, [&] { return hanging == 0; }));
  }

  Loop loop;
  LookupOptions options;
  std::optional<Lookup> lookup;
  std::atomic<std::int64_t> now_ms = 1;
  std::atomic<int> asked = 0;
  std::atomic<int> hanging = 0;
  int ended = 0;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  int let_go_ = 0;     // guarded by mutex_
  bool over_ = false;  // guarded by mutex_
};

TEST_CASE_FIXTURE(Names, "forty names that hang hold up no new one") {
  Begin();
  Hang("hang", 40);
  REQUIRE(AreHanging(40));
  CHECK(Ask("new") == true);
  CHECK(hanging == 40);
  CHECK(ended == 0);
}

TEST_CASE_FIXTURE(Names, "a name that resolved before finds a thread however many hang") {
  options.keep = std::chrono::milliseconds(0);
  Begin();
  CHECK(Ask("good") == true);
  Hang("hang", 100);
  REQUIRE(AreHanging(48));  // three quarters of 64
  CHECK(Ask("good") == true);
  CHECK(asked == 50);
}

TEST_CASE_FIXTURE(Names, "names that were slow the last time hold half of the threads at most") {
  options.keep = std::chrono::milliseconds(0);
  options.max_threads = 8;
  Begin();
  Hang("hang", 6);
  REQUIRE(AreHanging(6));
  SUBCASE("longer than a second") {
    LetGo(std::chrono::milliseconds(1001));
    REQUIRE(RunUntil(loop, [&] { return ended == 6; }));
    Hang("hang", 6);
    REQUIRE(AreHanging(4));
    CHECK(Ask("new") == true);  // before the slow ones that wait
    CHECK(hanging == 4);
  }
  SUBCASE("a second") {
    LetGo(std::chrono::milliseconds(1000));
    REQUIRE(RunUntil(loop, [&] { return ended == 6; }));
    Hang("hang", 8);
    REQUIRE(AreHanging(8));  // those that resolved soon: all threads; and two new ones
  }
}

TEST_CASE_FIXTURE(Names, "an answer is remembered for as long as it may be") {
  options.keep = std::chrono::seconds(30);
  Begin();
  CHECK(Ask("good") == true);
  now_ms += 29999;
  CHECK(Ask("good") == true);
  CHECK(asked == 1);
  now_ms += 1;
  CHECK(Ask("good") == true);
  CHECK(asked == 2);
}

TEST_CASE_FIXTURE(Names, "a remembered answer comes after Resolve has returned") {
  Begin();
  CHECK(Ask("good") == true);
  int answered = 0;
  lookup->Resolve("good", [&](const LookupAnswer&) { ++answered; });
  lookup->Resolve("good", [&](const LookupAnswer&) { ++answered; });
  CHECK(answered == 0);
  CHECK(RunUntil(loop, [&] { return answered == 2; }));
  CHECK(asked == 1);
}

TEST_CASE_FIXTURE(Names, "a name that fails is not remembered as good") {
  Begin();
  CHECK(Ask("bad") == false);
  CHECK(Ask("bad") == false);
  CHECK(asked == 2);
}

TEST_CASE_FIXTURE(Names, "of the names remembered those used last stay") {
  options.max_remembered = 2;
  Begin();
  for (const char* name : {"a", "b", "a", "c", "a"}) CHECK(Ask(name) == true);
  CHECK(asked == 3);
  CHECK(Ask("b") == true);
  CHECK(asked == 4);
}

TEST_CASE_FIXTURE(Names, "threads end when they have been idle") {
  options.idle = std::chrono::milliseconds(1);
  Begin();
  CHECK(Ask("good") == true);
  CHECK(RunUntil(loop, [&] { return lookup->threads() == 0; }));
  CHECK(Ask("another") == true);
}

TEST_CASE_FIXTURE(Names, "a thread that is idle takes the next name") {
  Begin();
  for (int i = 0; i < 10; ++i) CHECK(Ask("good" + std::to_string(i)) == true);
  CHECK(lookup->threads() == 1);
}

TEST_CASE("a lookup that hangs does not hold up the end") {
  auto names = std::make_shared<SlowNames>();
  auto over = std::make_shared<std::promise<void>>();
  auto ended = over->get_future();
  {
    Loop loop;
    Lookup lookup(loop, {.max_threads = 2}, [names, over](const std::string&) -> LookupAnswer {
      ++names->asked;
      names->gone.wait();
      over->set_value();
      return {{"192.0.2.1"}, ""};
    });
    lookup.Resolve("slow", [](const LookupAnswer&) { FAIL("called after its end"); });
    CHECK(RunUntil(loop, [&] { return names->asked == 1; }));
  }
  names->go.set_value();
  ended.wait();
}

TEST_CASE("the system resolves localhost to loopback addresses") {
  const LookupAnswer answer = SystemResolver("localhost");
  CHECK(std::find(answer.addresses.begin(), answer.addresses.end(), "127.0.0.1") !=
        answer.addresses.end());
  CHECK_FALSE(SystemResolver("nosuch.invalid").error.empty());
}

}  // namespace
}  // namespace websub::hub::http
