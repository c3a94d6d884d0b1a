// Which addresses the real hub connects to, and what it says of those that it does not.
#include <doctest/doctest.h>

#include "core/base64.h"
#include "tests/support/hub_process.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

using Flags = std::vector<std::string>;

const std::string kTopic = "http://topic.example/a";

PeerAnswer Ping(HubProcess& hub, const std::string& topic) {
  return hub.Post({{"hub.mode", "publish"}, {"hub.url", topic}});
}

// The newest exchange of that kind, once there is one.
nlohmann::json Newest(HubProcess& hub, const std::string& kind) {
  nlohmann::json items;
  CHECK(Eventually([&] {
    items = hub.Get("/exchanges?kind=" + kind)["items"];
    return !items.empty();
  }));
  return items.empty() ? nlohmann::json::object() : items[0];
}

TEST_CASE("callbacks on loopback are refused where private addresses are never called") {
  HubProcess hub(Flags{"--allow-private", "never"});
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const auto refused = hub.Subscribe(kTopic, peer.Url("/cb"));
  CHECK(refused.status == 403);
  CHECK(refused.body.find("hub.callback: 127.0.0.1 is a loopback address, which this hub does not "
                          "call (--allow-callback can allow it)") != std::string::npos);
  const std::string port = std::to_string(peer.port());
  for (const std::string host : {"localhost", "localhost.", "a.localhost", "[::1]", "0.0.0.0",
                                 "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"}) {
    CAPTURE(host);
    CHECK(hub.Subscribe(kTopic, "http://" + host + ":" + port + "/cb").status == 403);
  }
  for (const std::string host : {"127.1", "2130706433", "0x7f.1", "127.0.0.1."}) {
    CAPTURE(host);
    const auto answer = hub.Subscribe(kTopic, "http://" + host + ":" + port + "/cb");
    CHECK(answer.status == 400);
    CHECK(answer.body.find("write it as 127.0.0.1") != std::string::npos);
  }
  CHECK(peer.Requests().empty());
  CHECK(hub.Get("/subscriptions?state=all")["items"].empty());
}

TEST_CASE("a range that is allowed for callbacks is not allowed for topics") {
  HubProcess hub(Flags{"--allow-private", "never", "--allow-callback", "127.0.0.0/8"});
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  peer.On("GET", "/topic", {.status = 200, .fields = {}, .body = "news"});
  CHECK(hub.SubscribeVerified(hub.Topic("own"), peer.Url("/cb")));
  const auto refused = Ping(hub, peer.Url("/topic"));
  CHECK(refused.status == 403);
  CHECK(refused.body.find("hub.url: 127.0.0.1 is a loopback address, which this hub does not call "
                          "(--allow-topic can allow it)") != std::string::npos);
  CHECK(Ping(hub, "http://localhost:" + std::to_string(peer.port()) + "/topic").status == 403);
  CHECK(peer.Requests("GET", "/topic").empty());
  // What the hub hosts itself is no address of somebody else.
  hub.Put("own", "hello");
  CHECK(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
  CHECK(Ping(hub, hub.Topic("own")).status == 204);
  CHECK(Newest(hub, "fetch")["outcome"] != "");
}

TEST_CASE("a topic that redirects to an address that is forbidden is not fetched") {
  HubProcess hub(Flags{"--allow-private", "never", "--allow-topic", "127.0.0.1"});
  HttpPeer peer;
  RawServer secret([](RawConnection&, int) {}, "127.0.0.2");
  const std::string to = "http://127.0.0.2:" + std::to_string(secret.port()) + "/secret";
  peer.On("GET", "/topic", {.status = 302, .fields = {{"Location", to}}, .body = {}});
  CHECK(Ping(hub, peer.Url("/topic")).status == 204);
  REQUIRE(peer.WaitForRequests(1).size() == 1);
  REQUIRE(Eventually([&] { return hub.Get("/exchanges?kind=fetch")["items"].size() == 2; }));
  const auto last = Newest(hub, "fetch");
  CHECK(last["url"] == to);
  CHECK(last["fault"] == "forbidden-address");
  CHECK(last["outcome"] ==
        "given up: 127.0.0.2 is a loopback address, which this hub does not call (--allow-topic "
        "can allow it)");
  CHECK(secret.accepted() == 0);
}

TEST_CASE("only the ports that are listed are called") {
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const std::string port = std::to_string(peer.port());
  HubProcess hub(Flags{"--allow-ports", "1," + port});
  CHECK(hub.SubscribeVerified(kTopic, peer.Url("/cb")));
  const auto refused = hub.Subscribe(kTopic, "http://127.0.0.1:2/cb");
  CHECK(refused.status == 403);
  CHECK(refused.body.find("port 2 is none that this hub calls") != std::string::npos);
}

TEST_CASE("a password in a URL is refused unless it is allowed") {
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  std::string callback = peer.Url("/cb");
  callback.insert(callback.find("//") + 2, "me:s3cret@");
  {
    HubProcess hub;
    const auto refused = hub.Subscribe(kTopic, callback);
    CHECK(refused.status == 400);
    CHECK(refused.body.find("user name or password") != std::string::npos);
    CHECK(refused.body.find("--allow-credentials-in-urls") != std::string::npos);
    CHECK(Ping(hub, "http://me:s3cret@topic.example/").status == 400);
    CHECK(hub.Subscribe("http://me:s3cret@topic.example/", peer.Url("/cb")).status == 400);
    CHECK(peer.Requests().empty());
    REQUIRE(Eventually([&] { return hub.Get("/exchanges")["items"].size() == 3; }));
    CHECK(hub.Get("/exchanges").dump().find("s3cret") == std::string::npos);
  }
  HubProcess hub(Flags{"--allow-credentials-in-urls"});
  CHECK(hub.Subscribe(hub.Topic("a"), callback).status == 202);
  REQUIRE(Eventually([&] {
    const auto items = hub.Get("/subscriptions")["items"];
    return items.size() == 1 && items[0]["state"] == "active";
  }));
  hub.Put("a", "hello");
  REQUIRE(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
  const std::string basic = "Basic " + EncodeBase64("me:s3cret");
  CHECK(peer.Requests("GET", "/cb")[0].Field("Authorization") == basic);
  CHECK(peer.Requests("POST", "/cb")[0].Field("Authorization") == basic);
  // Shown to nobody: neither in lists nor in any exchange as a whole.
  nlohmann::json exchanges;
  REQUIRE(Eventually([&] {
    exchanges = hub.Get("/exchanges")["items"];
    return exchanges.size() >= 4;
  }));
  std::string shown = hub.Get("/subscriptions").dump() + exchanges.dump();
  for (const auto& exchange : exchanges) {
    shown += hub.Get("/exchanges/" + exchange["id"].get<std::string>()).dump();
  }
  CHECK(shown.find("me:***@127.0.0.1") != std::string::npos);
  CHECK(shown.find("me%3A***%40127.0.0.1") != std::string::npos);
  CHECK(shown.find("s3cret") == std::string::npos);
  CHECK(shown.find(basic) == std::string::npos);
}

TEST_CASE("a wrong value of a flag about addresses is a usage error that says what to write") {
  const std::pair<Flags, std::string> wrong[] = {
      {{"--allow-callback", "10.0.0.1/8"}, "write the first address of the range"},
      {{"--allow-callback", "*"}, "write 10.0.0.0/8"},
      {{"--allow-topic", "http://h/"}, "write 10.0.0.0/8"},
      {{"--allow-ports", "http"}, "write ports from 1 to 65535"},
      {{"--allow-private", "sometimes"}, "auto, always or never"},
  };
  for (const auto& [flags, sentence] : wrong) {
    CAPTURE(flags[1]);
    Flags args = {"serve", "--db", ":memory:"};
    args.insert(args.end(), flags.begin(), flags.end());
    const auto finished = RunWebsub(args);
    CHECK(finished.status == 2);
    CHECK(finished.err.find(flags[0]) != std::string::npos);
    CHECK(finished.err.find(sentence) != std::string::npos);
  }
}

}  // namespace
}  // namespace websub::tests
