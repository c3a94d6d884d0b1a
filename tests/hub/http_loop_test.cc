#include "hub/http/loop.h"

#include <doctest/doctest.h>

#include <csignal>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/http_fixture.h"

namespace websub::hub::http {
namespace {

using std::chrono::milliseconds;
using tests::RunUntil;

TEST_CASE("tasks of a thread run on the loop in the order posted") {
  Loop loop;
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.Post([&, i] { order.push_back(i); });
    loop.Post([&] { loop.Stop(); });
  });
  loop.Run();
  other.join();
  REQUIRE(order.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("a loop can be stopped from another thread and run again") {
  Loop loop;
  for (int i = 0; i < 2; ++i) {
    std::thread other([&] { loop.Stop(); });
    loop.Run();
    other.join();
  }
}

TEST_CASE("an exception leaves the loop and the loop can go on") {
  Loop loop;
  loop.Post([] { throw std::runtime_error("as thrown"); });
  bool later = false;
  loop.Post([&] { later = true; });
  CHECK_THROWS_WITH(loop.Run(), "as thrown");
  CHECK(RunUntil(loop, [&] { return later; }));
}

TEST_CASE("timers run in the order of their waits") {
  Loop loop;
  std::vector<int> order;
  Timer late(loop);
  Timer soon(loop);
  Timer at_once(loop);
  late.Set(milliseconds(20), [&] { order.push_back(3); });
  soon.Set(milliseconds(5), [&] { order.push_back(2); });
  at_once.Set(milliseconds(-5), [&] { order.push_back(1); });
  CHECK(order.empty());
  CHECK(RunUntil(loop, [&] { return order.size() == 3; }));
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("a timer that is set again or cancelled or dropped forgets its task") {
  Loop loop;
  std::vector<int> ran;
  Timer replaced(loop);
  replaced.Set(milliseconds(1), [&] { ran.push_back(1); });
  replaced.Set(milliseconds(2), [&] { ran.push_back(2); });
  Timer cancelled(loop);
  cancelled.Set(milliseconds(1), [&] { ran.push_back(3); });
  cancelled.Cancel();
  std::optional<Timer> dropped(std::in_place, loop);
  dropped->Set(milliseconds(1), [&] { ran.push_back(4); });
  dropped.reset();
  Timer last(loop);
  last.Set(milliseconds(10), [&] { ran.push_back(5); });
  CHECK(RunUntil(loop, [&] { return ran.size() >= 2; }));
  CHECK(ran == std::vector<int>{2, 5});
}

TEST_CASE("a task may set or drop its own timer") {
  Loop loop;
  int turns = 0;
  auto timer = std::make_unique<Timer>(loop);
  std::function<void()> again = [&] {
    if (++turns == 3) return timer.reset();
    timer->Set(milliseconds(0), again);
  };
  timer->Set(milliseconds(0), again);
  CHECK(RunUntil(loop, [&] { return timer == nullptr; }));
  CHECK(turns == 3);
}

TEST_CASE("the longest wait there is does not overflow") {
  Loop loop;
  Timer timer(loop);
  bool ran = false;
  timer.Set(Duration::max(), [&] { ran = true; });
  Timer soon(loop);
  bool passed = false;
  soon.Set(milliseconds(5), [&] { passed = true; });
  CHECK(RunUntil(loop, [&] { return passed; }));
  CHECK_FALSE(ran);
}

TEST_CASE("signals reach their handler each time") {
  Loop loop;
  int got = 0;
  loop.OnSignals({SIGUSR1, SIGUSR2}, [&](int signal) { got += signal == SIGUSR1 ? 1 : 100; });
  std::raise(SIGUSR1);
  CHECK(RunUntil(loop, [&] { return got == 1; }));
  std::raise(SIGUSR1);
  CHECK(RunUntil(loop, [&] { return got == 2; }));
  std::raise(SIGUSR2);
  CHECK(RunUntil(loop, [&] { return got == 102; }));
}

}  // namespace
}  // namespace websub::hub::http
