// Subscribing to the real hub, over real HTTP (section 5).
#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "core/form.h"
#include "tests/support/hub_process.h"

namespace websub::tests {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string QueryValue(const PeerRequest& request, const std::string& name) {
  const auto query = ParseForm(request.query);
  return query ? std::string(FindField(*query, name).value_or("")) : "";
}

TEST_CASE("a subscribe request is accepted and verified by a challenge (HUB-REQ-01 HUB-VER-01)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const auto answer = hub.Subscribe("http://topic.example/a", peer.Url("/cb"));
  CHECK(answer.status == 202);
  CHECK(hub.WaitForState(peer.Url("/cb"), "active"));
  const auto asked = peer.Requests("GET", "/cb");
  REQUIRE(asked.size() == 1);
  CHECK(QueryValue(asked[0], "hub.mode") == "subscribe");
  CHECK(QueryValue(asked[0], "hub.topic") == "http://topic.example/a");
  CHECK(QueryValue(asked[0], "hub.lease_seconds") == "864000");
  CHECK(QueryValue(asked[0], "hub.challenge").size() >= 16);
}

TEST_CASE("the answer waits neither for a callback that stalls nor for its verdict (HUB-REQ-13)") {
  HubProcess hub;
  HttpPeer peer;
  peer.On("GET", "/stall",
          {.status = 404, .fields = {}, .body = {}, .delay = std::chrono::seconds(30)});
  const auto before = std::chrono::steady_clock::now();
  CHECK(hub.Subscribe("http://topic.example/a", peer.Url("/stall")).status == 202);
  // The callback would answer after 30 s, and a dead one never.
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(20));
  CHECK(hub.Subscribe("http://topic.example/a", "http://127.0.0.1:1/dead").status == 202);
}

TEST_CASE("unknown parameters are ignored (HUB-REQ-04)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  CHECK(hub.SubscribeVerified("http://topic.example/a", peer.Url("/cb"),
                              {{"hub.verify", "async"}, {"foo", "bar"}, {"hub.color", "red"}}));
}

TEST_CASE("a secret of 200 bytes is refused and one of 199 is taken (HUB-REQ-02 HUB-REQ-03)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const auto refused = hub.Subscribe("http://topic.example/a", peer.Url("/cb"),
                                     {{"hub.secret", std::string(200, 'x')}});
  CHECK(refused.status == 400);
  CHECK(refused.body.find("hub.secret") != std::string::npos);
  std::string bytes;  // 100 characters of two bytes
  for (int i = 0; i < 100; ++i) bytes += "\xc3\xa9";
  CHECK(hub.Subscribe("http://topic.example/a", peer.Url("/cb"), {{"hub.secret", bytes}}).status ==
        400);
  CHECK(hub.SubscribeVerified("http://topic.example/a", peer.Url("/cb"),
                              {{"hub.secret", std::string(199, 'x')}}));
}

TEST_CASE(
    "a wrong request gets a 4xx in plain text that names the parameter (HUB-REQ-11 HUB-REQ-12)") {
  HubProcess hub;
  const std::string topic = "http://topic.example/a";
  const std::string callback = "http://127.0.0.1:1/cb";
  const std::pair<Fields, std::string> wrong[] = {
      {{{"hub.topic", topic}, {"hub.callback", callback}}, "hub.mode"},
      {{{"hub.mode", ""}, {"hub.topic", topic}, {"hub.callback", callback}}, "hub.mode"},
      {{{"hub.mode", "dance"}, {"hub.topic", topic}, {"hub.callback", callback}}, "hub.mode"},
      {{{"hub.mode", "subscribe"}, {"hub.callback", callback}}, "hub.topic"},
      {{{"hub.mode", "subscribe"}, {"hub.topic", ""}, {"hub.callback", callback}}, "hub.topic"},
      {{{"hub.mode", "subscribe"}, {"hub.topic", topic}}, "hub.callback"},
      {{{"hub.mode", "subscribe"}, {"hub.topic", topic}, {"hub.callback", "/relative"}},
       "hub.callback"},
      {{{"hub.mode", "subscribe"}, {"hub.topic", topic}, {"hub.callback", "ftp://h/x"}},
       "hub.callback"},
      {{{"hub.mode", "subscribe"},
        {"hub.topic", topic},
        {"hub.callback", callback},
        {"hub.lease_seconds", "soon"}},
       "hub.lease_seconds"},
  };
  for (const auto& [form, name] : wrong) {
    const auto answer = hub.Post(form);
    CAPTURE(FormBody(form));
    CHECK(answer.status == 400);
    CHECK(FieldOf(answer, "Content-Type") == "text/plain; charset=utf-8");
    CHECK(answer.body.find(name) != std::string::npos);
  }
  CHECK(hub.Get("/subscriptions?state=all")["items"].empty());
}

TEST_CASE(
    "a second request replaces the first only once it is verified (HUB-REQ-05 HUB-REQ-06 "
    "HUB-REQ-07)") {
  HubProcess hub;
  HttpPeer peer;
  std::atomic<bool> confirm = true;
  peer.On("GET", "/cb", [&](const PeerRequest& request) {
    PeerAnswer answer;
    answer.status = confirm ? 200 : 404;
    answer.body = confirm ? QueryValue(request, "hub.challenge") : "no";
    return answer;
  });
  peer.On("POST", "/cb", {.status = 204, .fields = {}, .body = {}});
  const std::string topic = hub.Topic("news");
  REQUIRE(hub.SubscribeVerified(topic, peer.Url("/cb"), {{"hub.secret", "first"}}));
  const auto before = hub.Get("/subscriptions")["items"];
  REQUIRE(before.size() == 1);

  confirm = false;  // refused: all stays as it was
  hub.Subscribe(topic, peer.Url("/cb"), {{"hub.secret", "second"}, {"hub.lease_seconds", "60"}});
  REQUIRE(Eventually([&] { return peer.Requests("GET", "/cb").size() == 2; }));
  REQUIRE(
      Eventually([&] { return hub.Get("/subscriptions")["items"][0]["verification"].is_null(); }));
  CHECK(hub.Get("/subscriptions")["items"] == before);
  hub.Put("news", "hello");
  REQUIRE(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
  // printf hello | openssl dgst -sha256 -hmac first
  CHECK(peer.Requests("POST", "/cb")[0].Field("X-Hub-Signature") ==
        "sha256=b497d95e534923473044f2d6e1d5e802a3d41b57b20f99f8876adf94e44adef9");

  confirm = true;  // verified: one subscription still, without a secret now
  hub.Subscribe(topic, peer.Url("/cb"), {{"hub.lease_seconds", "60"}});
  REQUIRE(Eventually([&] { return hub.Get("/subscriptions")["items"][0]["lease_seconds"] == 60; }));
  const auto after = hub.Get("/subscriptions")["items"];
  REQUIRE(after.size() == 1);
  CHECK(after[0]["id"] == before[0]["id"]);
  hub.Put("news", "again");
  REQUIRE(Eventually([&] { return peer.Requests("POST", "/cb").size() == 2; }));
  CHECK_FALSE(peer.Requests("POST", "/cb")[1].Field("X-Hub-Signature"));
}

TEST_CASE("parallel subscribe requests are all kept (HUB-REQ-05)") {
  HubProcess hub;
  HttpPeer peer;
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  PlaySubscriber(peer, "/cb");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        hub.Subscribe("http://topic.example/a", peer.Url("/cb?n=" + std::to_string(t * kEach + i)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(Eventually([&] { return hub.Get("/status")["counts"]["subscriptions"]["active"] == 200; }));
}

TEST_CASE("unsubscribe is verified like subscribe and its lease is ignored (HUB-REQ-08)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/cb")));
  const auto answer = hub.Post({{"hub.mode", "unsubscribe"},
                                {"hub.topic", hub.Topic("t")},
                                {"hub.callback", peer.Url("/cb")},
                                {"hub.lease_seconds", "nonsense"}});
  CHECK(answer.status == 202);
  CHECK(hub.WaitForState(peer.Url("/cb"), "unsubscribed"));
  const auto asked = peer.Requests("GET", "/cb");
  REQUIRE(asked.size() == 2);
  CHECK(QueryValue(asked[1], "hub.mode") == "unsubscribe");
  CHECK(QueryValue(asked[1], "hub.lease_seconds").empty());
  CHECK(hub.Get("/subscriptions")["items"].empty());
}

TEST_CASE("the query and the reserved characters of a callback survive (HUB-REQ-09 HUB-REQ-10)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const std::string query = "a=%2526&b=1+2&c=(x),$y'&hub.mode=mine";
  const std::string topic = "http://topic.example/?q=%2526&a=b+c&d=(e),$f%20g";
  REQUIRE(hub.SubscribeVerified(topic, peer.Url("/cb?" + query)));
  const auto asked = peer.Requests("GET", "/cb");
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].query.starts_with(query + "&hub."));
  const auto read = ParseForm(asked[0].query.substr(query.size() + 1));
  REQUIRE(read);
  CHECK(FindField(*read, "hub.topic") == topic);
  hub.Post({{"hub.mode", "publish"}, {"hub.topic", topic}});
  const auto published = Ask(
      "POST", hub.Hub() + "?hub.mode=publish&hub.topic=" + PercentEncode(topic), "text/plain", "x");
  CHECK(published.status == 200);
  REQUIRE(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
  CHECK(peer.Requests("POST", "/cb")[0].query == query);
}

TEST_CASE("only 2xx with exactly the challenge verifies (HUB-VER-03)") {
  HubProcess hub;
  HttpPeer peer;
  peer.On("GET", "/newline", [](const PeerRequest& request) {
    PeerAnswer answer;
    answer.body = QueryValue(request, "hub.challenge") + "\n";
    return answer;
  });
  peer.On("GET", "/redirect", [&](const PeerRequest& request) {
    PeerAnswer answer;
    answer.status = 302;
    answer.fields = {{"Location", peer.Url("/good?" + request.query)}};
    answer.body = QueryValue(request, "hub.challenge");
    return answer;
  });
  PlaySubscriber(peer, "/good");
  for (const std::string path : {"/newline", "/redirect", "/missing"}) {
    CAPTURE(path);
    hub.Subscribe("http://topic.example/a", peer.Url(path));
    CHECK(hub.WaitForState(peer.Url(path), "unverified"));
  }
  CHECK(peer.Requests("GET", "/good").empty());
}

TEST_CASE(
    "a lease ends when it was said to end and nothing is delivered after (HUB-VER-04 HUB-VER-05)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/short");
  PlaySubscriber(peer, "/long");
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/short"), {{"hub.lease_seconds", "1"}}));
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/long")));
  CHECK(QueryValue(peer.Requests("GET", "/short")[0], "hub.lease_seconds") == "1");
  REQUIRE(hub.WaitForState(peer.Url("/short"), "expired"));
  hub.Put("t", "x");
  REQUIRE(Eventually([&] { return peer.Requests("POST", "/long").size() == 1; }));
  CHECK(peer.Requests("POST", "/short").empty());
}

TEST_CASE("a denial is told to the callback with topic and reason (HUB-VAL-01 HUB-VAL-02)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  REQUIRE(hub.SubscribeVerified("http://topic.example/a", peer.Url("/cb?x=1")));
  const std::string id = hub.Get("/subscriptions")["items"][0]["id"];
  CHECK(Ask("POST", hub.base() + "/api/v1/subscriptions/" + id + "/deny?reason=no%20more").status ==
        204);
  REQUIRE(Eventually([&] { return peer.Requests("GET", "/cb").size() == 2; }));
  const auto denial = peer.Requests("GET", "/cb")[1];
  CHECK(denial.query.starts_with("x=1&hub."));
  CHECK(QueryValue(denial, "hub.mode") == "denied");
  CHECK(QueryValue(denial, "hub.topic") == "http://topic.example/a");
  CHECK(QueryValue(denial, "hub.reason") == "no more");
  CHECK(hub.WaitForState(peer.Url("/cb?x=1"), "denied"));
}

TEST_CASE("the API cannot be driven by a foreign page or a rebound name") {
  HubProcess hub;
  const std::string act = hub.base() + "/api/v1/subscriptions/1/deny";
  CHECK(Ask("POST", act, "", "", {{"Origin", "http://evil.example"}}).status == 403);
  CHECK(Ask("POST", act, "", "", {{"Host", "evil.example:4820"}}).status == 403);
  CHECK(Ask("PUT", hub.Topic("t"), "text/plain", "x", {{"Origin", "null"}}).status == 403);
  CHECK(Ask("POST", act, "", "", {{"Origin", hub.base()}}).status ==
        404);  // allowed, but there is no subscription 1
}

}  // namespace
}  // namespace websub::tests
