// Registered topics, and what the API and the page answer to whom.
#include <doctest/doctest.h>

#include "core/form.h"
#include "tests/support/http_ask.h"
#include "tests/support/hub_process.h"

namespace websub::tests {
namespace {

constexpr const char* kForm = "application/x-www-form-urlencoded";
const std::string kTopic = "orders/eu, west";  // a plain name

PeerAnswer Register(HubProcess& hub, const std::string& mode, const std::string& topic = kTopic) {
  return hub.Post({{"hub.mode", mode}, {"hub.topic", topic}});
}

TEST_CASE("a topic is registered once and deregistered once") {
  HubProcess hub;
  const auto first = Register(hub, "register");
  CHECK(first.status == 200);
  CHECK(first.body == "hub.mode=accepted");
  const auto second = Register(hub, "register");
  CHECK(second.status == 409);
  CHECK(second.body == "hub.mode=denied&hub.reason=the%20topic%20is%20registered%20already");
  const auto topic = hub.Get("/topics?topic=" + PercentEncode(kTopic))["items"][0];
  CHECK(topic["registered_at"].is_string());
  CHECK(Register(hub, "deregister").status == 200);
  const auto gone = Register(hub, "deregister");
  CHECK(gone.status == 404);
  CHECK(gone.body == "hub.mode=denied&hub.reason=the%20topic%20is%20not%20registered");
  CHECK(Register(hub, "register").status == 200);
  CHECK(Register(hub, "register", "").status == 400);
}

TEST_CASE("with --require-registration only registered topics are subscribed and published to") {
  HubProcess hub({"--require-registration"});
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const std::string content = hub.Hub() + "?hub.mode=publish&hub.topic=" + PercentEncode(kTopic);
  CHECK(hub.Subscribe(kTopic, peer.Url("/cb")).status == 404);
  CHECK(Ask("POST", content, "text/plain", "news").status == 404);
  CHECK(hub.Post({{"hub.mode", "publish"}, {"hub.url", "http://t.example/"}}).status == 404);
  REQUIRE(Register(hub, "register").status == 200);
  CHECK(hub.SubscribeVerified(kTopic, peer.Url("/cb")));
  CHECK(Ask("POST", content, "text/plain", "news").status == 200);
  CHECK(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
  // What the hub itself hosts needs no registration.
  CHECK(hub.Put("hosted", "x").status == 201);
  CHECK(hub.SubscribeVerified(hub.Topic("hosted"), peer.Url("/cb")));
}

TEST_CASE("a topic with subscribers is deregistered by force only and they are told (HUB-VAL-01)") {
  for (const bool forced : {false, true}) {
    CAPTURE(forced);
    HubProcess hub(forced ? std::vector<std::string>{"--force-deregister"}
                          : std::vector<std::string>{});
    HttpPeer peer;
    PlaySubscriber(peer, "/a");
    PlaySubscriber(peer, "/b");
    REQUIRE(Register(hub, "register").status == 200);
    REQUIRE(hub.SubscribeVerified(kTopic, peer.Url("/a")));
    REQUIRE(hub.SubscribeVerified(kTopic, peer.Url("/b")));
    const auto answer = Register(hub, "deregister");
    if (!forced) {
      CHECK(answer.status == 409);
      CHECK(answer.body == "hub.mode=denied&hub.reason=the%20topic%20has%20subscriptions");
      CHECK(hub.WaitForState(peer.Url("/a"), "active"));
      continue;
    }
    CHECK(answer.status == 200);
    for (const std::string path : {"/a", "/b"}) {
      CHECK(Eventually([&] { return peer.Requests("GET", path).size() == 2; }));
      const auto query = ParseForm(peer.Requests("GET", path).back().query);
      REQUIRE(query.has_value());
      CHECK(FindField(*query, "hub.mode") == "denied");
      CHECK(FindField(*query, "hub.topic") == kTopic);
      CHECK(FindField(*query, "hub.reason") == "the topic was deregistered");
      CHECK(hub.WaitForState(peer.Url(path), "denied"));
    }
  }
}

TEST_CASE("each topic of a ping has a fate of its own and the answer is one") {
  HubProcess hub;
  HttpPeer peer;
  peer.On("GET", "/t", {.status = 200, .fields = {{"Content-Type", "text/plain"}}, .body = "1"});
  const std::string good = peer.Url("/t");
  const auto answer = hub.Post({{"hub.mode", "publish"},
                                {"hub.url", good},
                                {"hub.url", "no URL"},
                                {"hub.topic", "http://127.0.0.1:1/dead"}});
  CHECK(answer.status == 204);
  CHECK(Eventually([&] { return hub.Get("/exchanges?kind=publish")["items"].size() == 3; }));
  const auto fate = [&](const std::string& topic) {
    return hub.Get("/exchanges?kind=publish&topic=" + PercentEncode(topic))["items"][0];
  };
  CHECK(fate(good)["status"] == 204);
  CHECK(fate("http://127.0.0.1:1/dead")["status"] == 204);
  CHECK(fate("no URL")["status"] == 400);
  CHECK(fate("no URL")["outcome"].get<std::string>().find("hub.url: ") != std::string::npos);
  CHECK(peer.WaitForRequests(1).size() == 1);
}

TEST_CASE("a host may have so many subscriptions and no more") {
  HubProcess hub({"--max-subscriptions-per-host", "2"});
  HttpPeer peer;
  HttpPeer other;  // the same host, another port
  for (const char* path : {"/a", "/b", "/c"}) PlaySubscriber(peer, path);
  PlaySubscriber(other, "/a");
  CHECK(hub.SubscribeVerified("t", peer.Url("/a")));
  CHECK(hub.SubscribeVerified("t", peer.Url("/b")));
  const auto refused = hub.Subscribe("t", other.Url("/a"));
  CHECK(refused.status == 429);
  CHECK(refused.body.find("2 subscriptions") != std::string::npos);
  CHECK(std::any_of(refused.fields.begin(), refused.fields.end(),
                    [](const auto& field) { return field.first == "Retry-After"; }));
  CHECK(hub.Subscribe("t", peer.Url("/a")).status == 202);  // a renewal is no new one
}

TEST_CASE("a web page of somebody else's cannot drive the hub or read what it recorded") {
  HubProcess hub;
  const PeerFields page = {{"Origin", "https://evil.example"}};
  const PeerFields rebound = {{"Host", "evil.example"}};
  const std::string form = "hub.mode=publish&hub.url=http%3A%2F%2Ft.example%2F";
  CHECK(Ask("POST", hub.Hub(), kForm, form, page).status == 403);
  CHECK(Ask("PUT", hub.Topic("a"), "text/plain", "x", page).status == 403);
  CHECK(Ask("PUT", hub.Topic("a"), "text/plain", "x", rebound).status == 403);
  CHECK(Ask("GET", hub.base() + "/api/v1/exchanges", "", "", page).status == 403);
  CHECK(Ask("GET", hub.base() + "/api/v1/exchanges", "", "", rebound).status == 403);
  CHECK(Ask("GET", hub.base() + "/api/v1/exchanges").status == 200);
  CHECK(Ask("GET", hub.base() + "/api/v1/exchanges", "", "", {{"Origin", hub.base()}}).status ==
        200);
}

TEST_CASE("the API wants its token where there is one and else a peer on the same machine") {
  HubProcess hub({"--api-token", "open sesame"});
  const std::string url = hub.base() + "/api/v1/status";
  CHECK(Ask("GET", url).status == 403);
  CHECK(Ask("GET", url, "", "", {{"Authorization", "Bearer open"}}).status == 403);
  CHECK(Ask("GET", url, "", "", {{"Authorization", "Bearer open sesame"}}).status == 200);
  HubProcess open;
  CHECK(Ask("GET", open.base() + "/api/v1/status").status == 200);
  CHECK(Ask("GET", open.base() + "/api/v1/status", "", "", {{"X-Forwarded-For", "192.0.2.1"}})
            .status == 403);
}

}  // namespace
}  // namespace websub::tests
