// The operator's own code has its say at the real hub (--hook, --hook-command).
#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/hub_process.h"

namespace websub::tests {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// As docs/hub.md shows it: a list of topics.
std::string ListHook(const TempDir& folder) {
  WriteFile(folder, "topics.txt", "http://topic.example/known\n");
  return "sh " + WriteFile(folder, "check.sh",
                           "[ \"$WEBSUB_EVENT\" = subscription ] || exit 0\n"
                           "grep -qxF -- \"$WEBSUB_TOPIC\" " +
                               folder.File("topics.txt") +
                               " && exit 0\n"
                               "echo \"nobody publishes $WEBSUB_TOPIC here\" >&2\n"
                               "exit 1\n");
}

// Alive, and not only a zombie.
bool IsRunning(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string stat;
  return std::getline(file, stat) && stat.find(") Z") == stat.npos;
}

std::string LineOf(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) && !file.eof() ? line : "";
}

TEST_CASE("a program refuses a subscription before anything happens") {
  TempDir folder;
  HubProcess hub({"--hook-command", ListHook(folder)});
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const auto refused = hub.Subscribe("http://topic.example/other", peer.Url("/cb"));
  CHECK(refused.status == 403);
  CHECK(refused.body.find("nobody publishes http://topic.example/other here") != std::string::npos);
  CHECK(hub.SubscribeVerified("http://topic.example/known", peer.Url("/cb")));
  CHECK(peer.Requests().size() == 1);
  CHECK(Eventually([&hub] {
    return hub.Get("/exchanges?kind=hook")
               .dump()
               .find("subscription: refused with 403: nobody publishes") != std::string::npos;
  }));
}

TEST_CASE("a URL is told of a subscription without its secret and says who asks") {
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  peer.On("POST", "/ask", {.status = 200, .fields = {}, .body = R"({"identity":"alice"})"});
  HubProcess hub({"--hook", peer.Url("/ask"), "--hook-events", "subscription"});
  CHECK(hub.SubscribeVerified("http://topic.example/a", peer.Url("/cb"),
                              {{"hub.secret", "OPEN-SESAME"}, {"hub.lease_seconds", "600"}}));
  const auto told = peer.Requests("POST", "/ask");
  REQUIRE(told.size() == 1);
  const json question = json::parse(told[0].body);
  CHECK(question["event"] == "subscription");
  CHECK(question["topic"] == "http://topic.example/a");
  CHECK(question["callback"] == peer.Url("/cb"));
  CHECK(told[0].body.find("OPEN-SESAME") == std::string::npos);
  CHECK(Eventually([&hub] {
    return hub.Get("/exchanges?kind=hook").dump().find("accepted as alice") != std::string::npos;
  }));
}

TEST_CASE("a hook that cannot be asked lets nothing happen") {
  HubProcess hub({"--hook", "http://127.0.0.1:1/ask"});
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  CHECK(hub.Subscribe("http://topic.example/a", peer.Url("/cb")).status == 500);
  CHECK(peer.Requests().empty());
}

TEST_CASE("programs that hang hold up no other request") {
  HubProcess hub({"--hook-command", "sleep 60", "--hook-timeout", "6s", "--hook-events",
                  "subscription", "--hook-concurrency", "8"});
  HttpPeer peer;
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<int> failed = 0;
  std::vector<std::thread> asking;
  for (int i = 0; i < 20; ++i) {
    asking.emplace_back([&] {
      if (hub.Subscribe("http://topic.example/a", peer.Url("/cb")).status == 500) ++failed;
    });
  }
  CHECK(Ask("GET", hub.base() + "/livez").status == 200);
  CHECK(hub.Put("page", "content").status < 300);
  CHECK(std::chrono::steady_clock::now() - begin < seconds(6));
  for (auto& each : asking) each.join();
  CHECK(failed == 20);
  CHECK(std::chrono::steady_clock::now() - begin < seconds(18));  // of their own 6 s, not in turn
}

TEST_CASE("the hub ends the programs that it runs when it ends") {
  TempDir folder;
  const std::string file = folder.File("pid");
  HubProcess hub(
      {"--hook-command", "echo $$ > " + file + "; exec sleep 60", "--hook-timeout", "50s"});
  std::thread asking([&hub] { hub.Subscribe("http://topic.example/a", "http://127.0.0.1:1/"); });
  CHECK(Eventually([&file] { return !LineOf(file).empty(); }));
  const std::string pid = LineOf(file);
  CHECK(IsRunning(pid));
  const auto ended = hub.End(SIGTERM);
  asking.join();
  CHECK(ended.status == 143);
  CHECK_FALSE(IsRunning(pid));
}

TEST_CASE("flags of hooks that cannot be meant are refused") {
  const auto status = [](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"serve", "--listen", ":0", "--db", ":memory:"});
    flags.insert(flags.end(), {"--", "true"});
    return RunWebsub(std::move(flags)).status;
  };
  CHECK(status({"--hook", ":9/ask"}) == 0);
  CHECK(status({"--hook-command", "true", "--hook-events", "subscription,update_message"}) == 0);
  CHECK(status({"--hook", ":9/ask", "--hook-command", "true"}) == 2);
  CHECK(status({"--hook", "ask"}) == 2);
  CHECK(status({"--hook-command", " "}) == 2);
  CHECK(status({"--hook-events", "subscribe"}) == 2);
  CHECK(status({"--hook-timeout", "0"}) == 2);
  CHECK(status({"--hook-concurrency", "0"}) == 2);
}

}  // namespace
}  // namespace websub::tests
