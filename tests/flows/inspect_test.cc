// `websub inspect` beside a hub that runs: the whole way of a subscription, as a user sees it.
#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/form.h"
#include "tests/support/deadline.h"
#include "tests/support/http_ask.h"
#include "tests/support/http_peer.h"
#include "tests/support/process.h"

namespace websub::tests {
namespace {

using nlohmann::json;

// A hub with a subscriber whose first delivery fails.
class InspectFlow {
 public:
  InspectFlow() {
    callback_.On("GET", "/cb", [](const PeerRequest& request) {
      const auto query = ParseForm(request.query).value();
      return PeerAnswer{200, {}, std::string(FindField(query, "hub.challenge").value_or(""))};
    });
    callback_.On("POST", "/cb", [this](const PeerRequest&) {
      return PeerAnswer{deliveries_.fetch_add(1) == 0 ? 500 : 204, {}, ""};
    });
    REQUIRE(hub_.WaitForOut("Ready"));
    std::ifstream(folder_.File("ready")) >> base_;
    REQUIRE_FALSE(base_.empty());
  }

  std::vector<json> Inspect(std::vector<std::string> args) {
    args.insert(args.begin(), "inspect");
    args.push_back("--json");
    const auto run = RunWebsub(std::move(args), "", {{"WEBSUB_HUB", base_ + "/hub"}});
    CHECK_MESSAGE(run.status == 0, run.err);
    std::vector<json> objects;
    std::istringstream lines(run.out);
    for (std::string line; std::getline(lines, line);) objects.push_back(json::parse(line));
    return objects;
  }
  // Asks again until as many are there.
  std::vector<json> WaitFor(const std::vector<std::string>& args, std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
    for (;;) {
      auto found = Inspect(args);
      if (found.size() >= count || std::chrono::steady_clock::now() > deadline) return found;
    }
  }
  const std::string& base() const { return base_; }
  std::string topic() const { return base_ + "/topics/news"; }
  std::string callback() const { return callback_.Url("/cb"); }
  std::string db() const { return folder_.File("hub.db"); }

 private:
  TempDir folder_;
  std::atomic<int> deliveries_ = 0;
  HttpPeer callback_;
  Process hub_{{.args = {"serve", "--listen", "127.0.0.1:0", "--db", folder_.File("hub.db"),
                         "--ready-file", folder_.File("ready"), "--retry-base", "50ms"},
                .environment = {},
                .directory = ""}};
  std::string base_;
};

std::vector<std::string> Kinds(const std::vector<json>& story) {
  std::vector<std::string> kinds;
  for (const json& step : story) {
    if (step["type"] != "subscription") kinds.push_back(step["kind"]);
  }
  return kinds;
}

}  // namespace

TEST_CASE_FIXTURE(InspectFlow, "inspect tells the whole story of a subscription") {
  const auto subscribed = Ask("POST", base() + "/hub", "application/x-www-form-urlencoded",
                              EncodeForm({{"hub.mode", "subscribe"},
                                          {"hub.topic", topic()},
                                          {"hub.callback", callback()},
                                          {"hub.secret", "tell-nobody"}}));
  REQUIRE(subscribed.status == 202);
  REQUIRE(WaitFor({"subscriptions", "--state", "active"}, 1).size() == 1);
  REQUIRE(WaitFor({"exchanges", "--kind", "verify"}, 1).size() == 1);
  REQUIRE(Ask("PUT", topic(), "text/plain", "hello").status == 201);
  REQUIRE(WaitFor({"exchanges", "--kind", "deliver"}, 2).size() == 2);

  const auto story = Inspect({"timeline", "s1"});
  CHECK(Kinds(story) ==
        std::vector<std::string>{"subscribe", "verify", "publish", "deliver", "deliver"});
  CHECK(story[4]["status"] == 500);
  CHECK(story[5]["status"] == 204);
  CHECK(story[5]["attempt"] == 2);
  CHECK(Inspect({"messages"}).at(0)["delivered"] == 1);
  CHECK(Inspect({"status"}).at(0)["counts"]["subscriptions"]["active"] == 1);

  // The file, while the hub runs, shows the same.
  const auto from_file = Inspect({"timeline", "s1", "--db", db()});
  REQUIRE(from_file.size() == story.size());
  for (std::size_t i = 1; i < story.size(); ++i) CHECK(from_file[i]["id"] == story[i]["id"]);

  const auto shown_of = [&](const json& step) {
    return Inspect({"show", step["id"].get<std::string>()}).at(0);
  };
  for (const json& step : story) {
    CHECK(shown_of(step).dump().find("tell-nobody") == std::string::npos);
  }
  CHECK(shown_of(story[1])["request_body"].get<std::string>().find("hub.secret=***") !=
        std::string::npos);
  CHECK(shown_of(story[5])["request_body"] == "hello");
}

TEST_CASE("inspect says what to do where no hub runs") {
  const auto run = RunWebsub({"inspect", "topics", "--hub", "http://127.0.0.1:1"});
  CHECK(run.status == 3);
  CHECK(run.err.find("start one with websub serve") != std::string::npos);
  CHECK(run.err.find("--db") != std::string::npos);
}

TEST_CASE("inspect tells a hub from another server") {
  HttpPeer other;
  const auto run = RunWebsub({"inspect", "topics", "--hub", other.Url()});
  CHECK(run.status == 5);
  CHECK(run.err.find("does not answer as a websub hub does: 404") != std::string::npos);
}

}  // namespace websub::tests
