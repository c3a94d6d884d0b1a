#include "hub/http/lookup.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>

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
  Lookup lookup(loop, 2, names.Make());
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
  Lookup lookup(loop, 8, names.Make());
  int answered = 0;
  for (int i = 0; i < 10; ++i) lookup.Resolve("slow", [&](const LookupAnswer&) { ++answered; });
  names.go.set_value();
  CHECK(RunUntil(loop, [&] { return answered == 10; }));
  CHECK(names.asked == 1);
  lookup.Resolve("slow", [&](const LookupAnswer&) { ++answered; });
  CHECK(RunUntil(loop, [&] { return answered == 11; }));
  CHECK(names.asked == 2);  // an answer is not kept
}

TEST_CASE("beyond kMaxWaiting names a lookup fails") {
  SlowNames names;
  Loop loop;
  Lookup lookup(loop, 1, names.Make());
  std::size_t failed = 0;
  std::size_t found = 0;
  const std::size_t all = Lookup::kMaxWaiting + 10;
  for (std::size_t i = 0; i < all; ++i) {
    lookup.Resolve("slow" + std::to_string(i), [&](const LookupAnswer& answer) {
      ++(answer.addresses.empty() ? failed : found);
    });
  }
  CHECK(RunUntil(loop, [&] { return failed >= 9; }));
  names.go.set_value();
  CHECK(RunUntil(loop, [&] { return failed + found == all; }));
  CHECK(failed <= 10);
}

TEST_CASE("a lookup that hangs does not hold up the end") {
  auto names = std::make_shared<SlowNames>();
  auto over = std::make_shared<std::promise<void>>();
  auto ended = over->get_future();
  {
    Loop loop;
    Lookup lookup(loop, 2, [names, over](const std::string&) -> LookupAnswer {
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
