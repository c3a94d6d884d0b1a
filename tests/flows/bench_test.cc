// `websub bench` against our own hub, and against hubs that lose, repeat and swap on purpose: what
// it counts must be what they did.
#include <doctest/doctest.h>

#include <csignal>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "core/form.h"
#include "tests/support/hub_process.h"
#include "tests/support/raw_peer.h"
#include "tests/support/scripted_hub.h"

namespace websub::tests {
namespace {

using nlohmann::json;

json Last(const Finished& run) {
  CAPTURE(run.err);
  const auto begin = run.out.rfind("{\"ts\"");
  REQUIRE(begin != std::string::npos);
  return json::parse(run.out.substr(begin));
}

// A hub that verifies at once, and does with a message what the test says, before it answers.
class BadHub {
 public:
  struct Delivery {
    std::string callback;
    std::size_t sequence = 0;
  };
  // The deliveries that message `sequence` sets off, in order.
  using Plan = std::function<std::vector<Delivery>(const std::vector<std::string>& callbacks,
                                                   std::size_t sequence)>;

  explicit BadHub(Plan plan) : plan_(std::move(plan)) {
    hub_.peer().On("POST", "/bad",
                   [this](const PeerRequest& request) { return OnRequest(request); });
  }

  std::string url() { return hub_.peer().Url("/bad"); }
  std::vector<Delivery> log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  std::size_t subscribed() {
    const std::lock_guard lock(mutex_);
    return callbacks_.size();
  }
  int content_status = 200;

 private:
  PeerAnswer OnRequest(const PeerRequest& raw) {
    if (raw.query.find("hub.mode=publish") != std::string::npos) {
      if (content_status == 200) Publish(raw.body);
      return {.status = content_status, .fields = {}, .body = {}};
    }
    HubRequest request{{}, raw};
    const auto form = ParseForm(raw.body);
    for (const FormField& field : *form) request.form[field.name] = field.value;
    if (request["hub.mode"] == "publish") {
      Publish(Ask("GET", request["hub.topic"]).body);
      return {.status = 204, .fields = {}, .body = {}};
    }
    const bool joins = request["hub.mode"] == "subscribe";
    if (hub_.Verify(request).status == 200) {
      const std::lock_guard lock(mutex_);
      if (joins) {
        callbacks_.insert(request["hub.callback"]);
      } else {
        callbacks_.erase(request["hub.callback"]);
      }
    }
    return {.status = 202, .fields = {}, .body = {}};
  }

  void Publish(const std::string& body) {
    const std::lock_guard lock(mutex_);
    const std::size_t sequence = bodies_.size();
    bodies_.push_back(body);
    for (const Delivery& delivery : plan_({callbacks_.begin(), callbacks_.end()}, sequence)) {
      // Answered first: what stands in the log has been counted.
      CHECK(Ask("POST", delivery.callback, "text/plain", bodies_[delivery.sequence]).status == 204);
      log_.push_back(delivery);
    }
  }

  const Plan plan_;
  std::mutex mutex_;
  std::set<std::string> callbacks_;  // guarded by mutex_
  std::vector<std::string> bodies_;  // guarded by mutex_
  std::vector<Delivery> log_;        // guarded by mutex_
  ScriptedHub hub_;                  // last: it ends first
};

struct Counted {
  std::size_t delivered = 0;
  std::size_t duplicated = 0;
  std::size_t out_of_order = 0;
};

Counted Count(const std::vector<BadHub::Delivery>& log) {
  Counted counted;
  std::map<std::string, std::vector<std::size_t>> had;
  for (const auto& [callback, sequence] : log) {
    auto& mine = had[callback];
    if (std::find(mine.begin(), mine.end(), sequence) != mine.end()) {
      ++counted.duplicated;
      continue;
    }
    if (std::any_of(mine.begin(), mine.end(), [&](std::size_t one) { return one > sequence; })) {
      ++counted.out_of_order;
    }
    mine.push_back(sequence);
    ++counted.delivered;
  }
  return counted;
}

std::vector<BadHub::Delivery> ToAll(const std::vector<std::string>& callbacks,
                                    std::size_t sequence) {
  std::vector<BadHub::Delivery> all;
  for (const std::string& callback : callbacks) all.push_back({callback, sequence});
  return all;
}

TEST_CASE("bench agrees with a hub that loses and repeats and swaps") {
  constexpr std::size_t kMessages = 30;
  std::vector<BadHub::Delivery> held;
  BadHub hub([&](const std::vector<std::string>& callbacks, std::size_t sequence) {
    std::vector<BadHub::Delivery> plan;
    std::vector<BadHub::Delivery> late;
    late.swap(held);
    for (std::size_t each = 0; each < callbacks.size(); ++each) {
      const BadHub::Delivery delivery{callbacks[each], sequence};
      if ((sequence * 7 + each) % 11 == 0) continue;
      if ((sequence * 3 + each) % 13 == 0 && sequence + 1 < kMessages) {
        held.push_back(delivery);
        continue;
      }
      plan.push_back(delivery);
      if ((sequence + each) % 5 == 0) plan.push_back(delivery);
    }
    plan.insert(plan.end(), late.begin(), late.end());
    return plan;
  });
  const Finished run = RunWebsub({"bench", hub.url(), "--subscribers=9", "--messages=30", "--json",
                                  "--no-secret", "--idle=300ms", "--settle=0", "--linger=200ms"});
  CHECK(run.status == 124);
  const json numbers = Last(run);
  const Counted counted = Count(hub.log());
  REQUIRE(counted.duplicated > 0);
  REQUIRE(counted.out_of_order > 0);
  REQUIRE(counted.delivered < 270);
  CHECK(numbers["expected"] == 270);
  CHECK(numbers["delivered"] == counted.delivered);
  CHECK(numbers["lost"] == 270 - counted.delivered);
  CHECK(numbers["duplicated"] == counted.duplicated);
  CHECK(numbers["out_of_order"] == counted.out_of_order);
  CHECK(numbers["foreign"] == 0);
  CHECK(numbers["damaged"] == 0);
  CHECK(numbers["ended"] == "idle");
  CHECK(numbers["left_subscriptions"] == 0);
  CHECK(hub.subscribed() == 0);
}

TEST_CASE("bench goes on waiting past a message that some never get") {
  BadHub hub([](const std::vector<std::string>& callbacks, std::size_t sequence) {
    auto plan = ToAll(callbacks, sequence);
    if (sequence == 1) plan.pop_back();
    return plan;
  });
  const Finished run = RunWebsub({"bench", hub.url(), "--subscribers=3", "--messages=4", "--json",
                                  "--wait", "--idle=200ms", "--settle=0", "--linger=0",
                                  "--no-secret", "--fail-if=lost>0", "--fail-if=duplicated>0"});
  CHECK(run.status == 4);
  const json numbers = Last(run);
  CHECK(numbers["published"] == 4);
  CHECK(numbers["lost"] == 1);
  CHECK(numbers["failed_checks"] == json::array({"lost>0: lost is 1"}));
  CHECK(run.err.find("failed: lost>0: lost is 1") != std::string::npos);
}

TEST_CASE("bench pings where a hub takes no content") {
  BadHub hub(ToAll);
  hub.content_status = 400;
  const Finished run = RunWebsub({"bench", hub.url(), "--subscribers=3", "--messages=5", "--json",
                                  "--no-secret", "--settle=0", "--linger=0", "--topics=1"});
  CHECK(run.status == 0);
  const json numbers = Last(run);
  CHECK(numbers["publish"] == "ping");
  CHECK(numbers["waited"] == true);
  CHECK(numbers["accepted"] == 5);
  CHECK(numbers["refused"] == 0);
  CHECK(numbers["delivered"] == 15);
}

TEST_CASE("bench finds out that a hub does not sign") {
  BadHub hub(ToAll);
  const Finished run = RunWebsub({"bench", hub.url(), "--subscribers=2", "--messages=2", "--json",
                                  "--settle=0", "--linger=0"});
  CHECK(run.status == 4);
  CHECK(Last(run)["signatures_checked"] == 2);
  CHECK(Last(run)["signatures_wrong"] == 2);
  CHECK(RunWebsub({"bench", hub.url(), "--subscribers=2", "--messages=2", "--no-secret",
                   "--settle=0", "--linger=0"})
            .status == 0);
}

TEST_CASE("bench measures our hub and leaves nothing behind") {
  HubProcess hub;
  const Finished run = RunWebsub({"bench", hub.Hub(), "--subscribers=40", "--messages=20",
                                  "--topics=4", "--json", "--verify-signatures", "--timeout=60s"});
  CHECK(run.status == 0);
  const json numbers = Last(run);
  CHECK(numbers["type"] == "bench");
  CHECK(numbers["publish"] == "content");
  CHECK(numbers["verified"] == 40);
  CHECK(numbers["published"] == 80);
  CHECK(numbers["accepted"] == 80);
  CHECK(numbers["expected"] == 800);
  CHECK(numbers["delivered"] == 800);
  CHECK(numbers["lost"] == 0);
  CHECK(numbers["duplicated"] == 0);
  CHECK(numbers["out_of_order"] == 0);
  CHECK(numbers["signatures_checked"] == 800);
  CHECK(numbers["signatures_wrong"] == 0);
  CHECK(numbers["left_subscriptions"] == 0);
  CHECK(numbers["deliveries_per_second"] > 0);
  CHECK(numbers["p50_ms"] <= numbers["p95_ms"]);
  CHECK(numbers["p95_ms"] <= numbers["p99_ms"]);
  CHECK(numbers["p99_ms"] <= numbers["max_ms"]);
  // The hub takes the last of them off after its challenge was echoed.
  CHECK(Eventually([&] { return hub.Get("/subscriptions?state=active")["items"].empty(); }));
}

TEST_CASE("bench counts stalled subscribers apart from the others") {
  HubProcess hub;
  const Finished run = RunWebsub({"bench", hub.Hub(), "--subscribers=20", "--stalled=4",
                                  "--messages=5", "--json", "--wait", "--timeout=60s"});
  CHECK(run.status == 0);
  const json numbers = Last(run);
  CHECK(numbers["expected"] == 80);
  CHECK(numbers["delivered"] == 80);
  CHECK(numbers["stalled_attempts"] == 4);
  CHECK(numbers["burst_max_ms"] < 9000);  // the hub waits ten seconds for those that stall
}

TEST_CASE("bench pings our hub and is fetched from") {
  HubProcess hub;
  const Finished run = RunWebsub({"bench", hub.Hub(), "--subscribers=6", "--messages=4", "--json",
                                  "--publish=ping", "--topics=2", "--timeout=60s"});
  CHECK(run.status == 0);
  CHECK(Last(run)["delivered"] == 24);
  CHECK(Last(run)["publish"] == "ping");
}

TEST_CASE("bench without subscribers measures what a hub accepts") {
  HubProcess hub;
  const Finished run = RunWebsub({"bench", hub.Hub(), "--subscribers=0", "--messages=10",
                                  "--topics=8", "--json", "--fail-if=accepts_per_second<1"});
  CHECK(run.status == 0);
  CHECK(Last(run)["accepted"] == 80);
  CHECK(Last(run)["expected"] == 0);
}

TEST_CASE("bench prints a table and can keep its subscriptions") {
  HubProcess hub;
  const Finished run =
      RunWebsub({"bench", hub.Hub(), "--subscribers=5", "--messages=3", "--keep", "--lease=10m"});
  CHECK(run.status == 0);
  CHECK(run.out.find("deliveries/s") != std::string::npos);
  CHECK(run.out.find("15 of 15") != std::string::npos);
  CHECK(run.err.find("5 subscriptions stay at the hub, for at most 10m") != std::string::npos);
  CHECK(hub.Get("/subscriptions?state=active")["items"].size() == 5);
}

TEST_CASE("bench says which of its ends it came to") {
  ScriptedHub hub;
  const std::vector<std::string> few = {"--subscribers=3",  "--messages=2", "--json",
                                        "--settle=0",       "--linger=0",   "--no-secret",
                                        "--publish=content"};
  const auto bench = [&](const std::string& url, std::vector<std::string> more = {"--idle=200ms"}) {
    std::vector<std::string> args = {"bench", url};
    args.insert(args.end(), few.begin(), few.end());
    args.insert(args.end(), more.begin(), more.end());
    return RunWebsub(args);
  };
  SUBCASE("3 where the hub cannot be reached") {
    const Finished run = bench("http://127.0.0.1:" + std::to_string(UnusedPort()) + "/hub");
    CHECK(run.status == 3);
    CHECK(run.err.find("connection refused") != std::string::npos);
    CHECK(Last(run).count("delivered") == 0);
  }
  SUBCASE("5 where the hub refuses to subscribe") {
    hub.Play({.status = 403, .fields = {}, .body = "not you"});
    const Finished run = bench(hub.hub());
    CHECK(run.status == 5);
    CHECK(run.err.find("403: not you") != std::string::npos);
    CHECK(hub.Requests().size() == 1);
  }
  SUBCASE("5 where the hub refuses to publish") {
    BadHub bad(ToAll);
    bad.content_status = 503;
    const Finished run = bench(bad.url());
    CHECK(run.status == 5);
    CHECK(Last(run)["refused"] == 1);
    CHECK(Last(run)["expected"] == 0);
    CHECK(bad.subscribed() == 0);
  }
  SUBCASE("7 where no verification comes") {
    hub.Play({.fields = {}, .body = {}, .verify = HubScript::Verify::kNever});
    const Finished run = bench(hub.hub());
    CHECK(run.status == 7);
    CHECK(run.err.find("only 0 of 3 subscriptions were verified") != std::string::npos);
  }
  SUBCASE("6 where the hub denies") {
    hub.peer().On("POST", "/denying", [&](const PeerRequest& raw) {
      HubRequest request{{}, raw};
      const auto form = ParseForm(raw.body);
      for (const FormField& field : *form) request.form[field.name] = field.value;
      hub.Deny(request, "full");
      return PeerAnswer{.status = 202, .fields = {}, .body = {}};
    });
    const Finished run = bench(hub.peer().Url("/denying"));
    CHECK(run.status == 6);
    CHECK(run.err.find("denied 3 subscriptions: full") != std::string::npos);
  }
  SUBCASE("124 where the time is over") {
    BadHub silent([](const auto&, std::size_t) { return std::vector<BadHub::Delivery>(); });
    const Finished run = bench(silent.url(), {"--timeout=500ms", "--idle=1m"});
    CHECK(run.status == 124);
    CHECK(run.err.find("--timeout 500ms ran out") != std::string::npos);
    CHECK(Last(run)["lost"] == 6);
    CHECK(Last(run)["ended"] == "timeout");
  }
}

TEST_CASE("bench tells a usage error from the rest") {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"bench"},
           {"bench", "ftp://x/"},
           {"bench", ":1/hub", "--fail-if", "p96>1s"},
           {"bench", ":1/hub", "--publish", "fax"},
           {"bench", ":1/hub", "--stalled", "101"},
           {"bench", ":1/hub", "--size", "63"},
           {"bench", ":1/hub", "--subscribers=2000000", "--messages=1000000"},
           {"bench", ":1/hub", "--listen", "203.0.113.1:0"},
           {"bench", ":1/hub", "--callback-url", "http://x:80/"},
           {"bench", ":1/hub", "--callback-url", "nonsense"}}) {
    CAPTURE(args.back());
    const Finished run = RunWebsub(args);
    CHECK(run.status == (args.back() == "203.0.113.1:0" ? 3 : 2));
    CHECK_FALSE(run.err.empty());
    CHECK(run.out.empty());
  }
  CHECK(RunWebsub({"bench", ":1/hub", "--fail-if", "p96>1s"}).err.find("out_of_order") !=
        std::string::npos);
}

TEST_CASE("bench ends at a signal with the numbers so far") {
  BadHub half([](const std::vector<std::string>& callbacks, std::size_t sequence) {
    return sequence < 2 ? ToAll(callbacks, sequence) : std::vector<BadHub::Delivery>();
  });
  Process bench({.args = {"bench", half.url(), "--subscribers=3", "--messages=5", "--json",
                          "--idle=1m", "--settle=0", "--no-secret"},
                 .environment = {},
                 .directory = {}});
  REQUIRE(Eventually([&] { return half.log().size() == 6; }));
  REQUIRE(Eventually([&] { return half.subscribed() == 3; }));
  bench.Signal(SIGINT);
  const Finished run = bench.Wait();
  CHECK(run.status == 130);
  const json numbers = Last(run);
  CHECK(numbers["ended"] == "interrupted");
  CHECK(numbers["delivered"] == 6);
  CHECK(numbers["left_subscriptions"] == 3);
}

}  // namespace
}  // namespace websub::tests
