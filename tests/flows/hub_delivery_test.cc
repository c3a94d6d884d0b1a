// Publishing and delivering through the real hub, over real HTTP (sections 6 to 8).
#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <mutex>

#include "core/form.h"
#include "tests/support/cases.h"
#include "tests/support/hub_process.h"

namespace websub::tests {
namespace {

std::vector<std::string> Bodies(const HttpPeer& peer, const std::string& path) {
  std::vector<std::string> bodies;
  for (const auto& request : peer.Requests("POST", path)) bodies.push_back(request.body);
  return bodies;
}

TEST_CASE(
    "a hosted topic reaches its subscriber byte for byte with type links and signature "
    "(HUB-DIS-01 HUB-DIS-02 HUB-DIS-03 HUB-DIS-04 HUB-SIG-01 HUB-SIG-02)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  REQUIRE(hub.SubscribeVerified(hub.Topic("news/all"), peer.Url("/cb?a=%2F&b"),
                                {{"hub.secret", "key"}}));
  std::string body;
  for (int i = 0; i < 60000; ++i) body += static_cast<char>(i % 256);
  const auto put = hub.Put("news/all", body, "application/atom+xml; charset=\"utf-8\"; type=feed");
  CHECK(put.status == 201);
  REQUIRE(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
  const auto got = peer.Requests("POST", "/cb")[0];
  CHECK(got.target == "/cb?a=%2F&b");
  CHECK((got.body == body));
  CHECK(got.Field("Content-Type") == "application/atom+xml; charset=\"utf-8\"; type=feed");
  CHECK(got.Field("Link") ==
        "<" + hub.Hub() + ">; rel=\"hub\", <" + hub.Topic("news/all") + ">; rel=\"self\"");
  CHECK(got.Field("Websub-Message-Id") == FieldOf(put, "Websub-Message-Id"));
  CHECK(got.Field("Websub-Attempt") == "1");
  // python3: hmac.new(b'key', bytes(i % 256 for i in range(60000)), 'sha256').hexdigest()
  CHECK(got.Field("X-Hub-Signature") ==
        "sha256=72af1dd569660679aeaf5bb6eaaae9923442768d1c1fa4780bf67668d627e61d");
  const auto page = Ask("GET", hub.Topic("news/all"));
  CHECK(page.status == 200);
  CHECK((page.body == body));
  CHECK(FieldOf(page, "Link") == got.Field("Link"));
}

TEST_CASE(
    "the signature algorithm is the one asked for and absent without a secret (HUB-SIG-02 "
    "HUB-SIG-03)") {
  // printf hello | openssl dgst -ALGORITHM -hmac key
  const std::pair<std::string, std::string> algorithms[] = {
      {"sha1", "b34ceac4516ff23a143e61d79d0fa7a4fbe5f266"},
      {"sha384",
       "eacbad575c301fa68afb26dae48b25bf5cd42fd08ed28c08c274ce62df7928f01249976cd8aaf1ab0681d3acced"
       "c9543"},
      {"sha512",
       "ff06ab36757777815c008d32c8e14a705b4e7bf310351a06a23b612dc4c7433e7757d20525a5593b71020ea2ee1"
       "62d2311b247e9855862b270122419652c0c92"},
  };
  for (const auto& [name, digest] : algorithms) {
    CAPTURE(name);
    HubProcess hub({"--signature-algorithm", name});
    HttpPeer peer;
    PlaySubscriber(peer, "/signed");
    PlaySubscriber(peer, "/plain");
    REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/signed"), {{"hub.secret", "key"}}));
    REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/plain")));
    hub.Put("t", "hello");
    REQUIRE(Eventually([&] {
      return peer.Requests("POST", "/signed").size() + peer.Requests("POST", "/plain").size() == 2;
    }));
    CHECK(peer.Requests("POST", "/signed")[0].Field("X-Hub-Signature") == name + "=" + digest);
    CHECK_FALSE(peer.Requests("POST", "/plain")[0].Field("X-Hub-Signature"));
  }
}

TEST_CASE(
    "nineteen get every message in order while one fails and that one catches up in order "
    "(HUB-DIS-07 HUB-DIS-08)") {
  HubProcess hub(
      {"--retry-base", "20ms", "--retry-max", "50ms", "--delivery-retries", "unlimited"});
  HttpPeer peer;
  constexpr int kSubscribers = 20;
  constexpr int kMessages = 10;
  std::atomic<bool> recovered = false;
  std::mutex mutex;
  std::vector<std::string> taken;  // what the failing one acknowledged
  const std::string topic = hub.Topic("t");
  for (int i = 0; i < kSubscribers; ++i) {
    const std::string path = "/cb" + std::to_string(i);
    PlaySubscriber(peer, path);
    if (i == 7) {
      peer.On("POST", path, [&](const PeerRequest& request) {
        PeerAnswer answer;
        answer.status = recovered ? 200 : 500;
        const std::lock_guard lock(mutex);
        if (recovered) taken.push_back(request.body);
        return answer;
      });
    }
    hub.Subscribe(topic, peer.Url(path), {{"hub.secret", "s" + std::to_string(i)}});
  }
  REQUIRE(Eventually(
      [&] { return hub.Get("/status")["counts"]["subscriptions"]["active"] == kSubscribers; }));
  std::vector<std::string> sent;
  for (int n = 0; n < kMessages; ++n) {
    sent.push_back("message " + std::to_string(n));
    hub.Put("t", sent.back());
  }
  for (int i = 0; i < kSubscribers; ++i) {
    if (i == 7) continue;
    const std::string path = "/cb" + std::to_string(i);
    REQUIRE(Eventually([&] { return Bodies(peer, path).size() >= kMessages; }));
    CHECK(Bodies(peer, path) == sent);
  }
  for (const auto& body : Bodies(peer, "/cb7")) CHECK(body == sent[0]);
  recovered = true;
  REQUIRE(Eventually([&] {
    const std::lock_guard lock(mutex);
    return taken.size() >= kMessages;
  }));
  const std::lock_guard lock(mutex);
  CHECK(taken == sent);
}

TEST_CASE("any 2xx is success and 410 ends the subscription (HUB-DIS-05 HUB-DIS-06)") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/ok", 299);
  PlaySubscriber(peer, "/gone", 410);
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/ok")));
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/gone")));
  hub.Put("t", "one");
  CHECK(hub.WaitForState(peer.Url("/gone"), "gone"));
  hub.Put("t", "two");
  REQUIRE(Eventually([&] { return Bodies(peer, "/ok").size() == 2; }));
  CHECK(Bodies(peer, "/gone").size() == 1);
}

TEST_CASE("retries that are used up end the message and not the subscription (HUB-DIS-09)") {
  HubProcess hub({"--delivery-retries", "2", "--retry-base", "10ms"});
  HttpPeer peer;
  PlaySubscriber(peer, "/cb", 500);
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/cb")));
  hub.Put("t", "one");
  REQUIRE(Eventually([&] { return hub.Get("/dead-letters")["items"].size() == 1; }));
  CHECK(Bodies(peer, "/cb") == std::vector<std::string>(3, "one"));
  peer.On("POST", "/cb", {.status = 200, .fields = {}, .body = {}});
  hub.Put("t", "two");
  REQUIRE(Eventually([&] { return Bodies(peer, "/cb").size() == 4; }));
  CHECK(Bodies(peer, "/cb")[3] == "two");
  CHECK(hub.Get("/subscriptions")["items"][0]["state"] == "active");
}

TEST_CASE("a redirect of a callback is a failure and is not followed (HUB-DIS-07)") {
  HubProcess hub({"--delivery-retries", "0"});
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  peer.On("POST", "/cb", {.status = 307, .fields = {{"Location", peer.Url("/other")}}, .body = {}});
  PlaySubscriber(peer, "/other");
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/cb")));
  hub.Put("t", "one");
  REQUIRE(Eventually([&] { return hub.Get("/dead-letters")["items"].size() == 1; }));
  CHECK(peer.Requests("POST", "/other").empty());
}

TEST_CASE("what was accepted before kill -9 goes on by itself after the restart") {
  HubProcess hub(
      {"--retry-base", "10ms", "--retry-max", "20ms", "--delivery-retries", "unlimited"});
  HttpPeer peer;
  std::atomic<bool> up = false;
  PlaySubscriber(peer, "/cb");
  peer.On("POST", "/cb", [&](const PeerRequest&) {
    PeerAnswer answer;
    answer.status = up ? 200 : 503;
    return answer;
  });
  // A verification that is waiting for its callback, a ping whose topic is down, two messages.
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/cb")));
  peer.On("GET", "/late", {.status = 503, .fields = {}, .body = {}});
  hub.Subscribe(hub.Topic("t"), peer.Url("/late"));
  peer.On("GET", "/feed", {.status = 503, .fields = {}, .body = {}});
  REQUIRE(hub.SubscribeVerified(peer.Url("/feed"), peer.Url("/cb")));
  hub.Post({{"hub.mode", "publish"}, {"hub.url", peer.Url("/feed")}});
  hub.Put("t", "one");
  hub.Put("t", "two");
  REQUIRE(Eventually([&] { return !peer.Requests("GET", "/feed").empty(); }));
  hub.End(SIGKILL);

  up = true;
  PlaySubscriber(peer, "/late");
  peer.On("GET", "/feed",
          {.status = 200, .fields = {{"Content-Type", "text/x"}}, .body = "fetched"});
  const auto before = Bodies(peer, "/cb").size();
  hub.Start();
  REQUIRE(Eventually([&] { return Bodies(peer, "/cb").size() >= before + 3; }));
  CHECK(hub.WaitForState(peer.Url("/late"), "active"));
  auto after = Bodies(peer, "/cb");
  after.erase(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(before));
  const auto one = std::find(after.begin(), after.end(), "one");
  const auto two = std::find(after.begin(), after.end(), "two");
  CHECK(std::count(after.begin(), after.end(), "fetched") == 1);
  REQUIRE(one != after.end());
  REQUIRE(two != after.end());
  CHECK(one < two);
}

TEST_CASE(
    "a ping brings the new content with its own type and links and an unchanged one nothing") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const std::string feed = peer.Url("/feed.xml");
  const auto document = [&](const std::string& title) {
    return "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><title>" + title +
           "</title><link rel=\"hub\" href=\"" + hub.Hub() + "\"/><link rel=\"self\" href=\"" +
           feed + "\"/></feed>";
  };
  peer.On(
      "GET", "/feed.xml",
      {.status = 200, .fields = {{"Content-Type", "application/atom+xml"}}, .body = document("1")});
  REQUIRE(hub.SubscribeVerified(feed, peer.Url("/cb")));
  const auto ping = [&] { return hub.Post({{"hub.mode", "publish"}, {"hub.url", feed}}).status; };
  CHECK(ping() == 204);
  REQUIRE(Eventually([&] { return Bodies(peer, "/cb").size() == 1; }));
  const auto got = peer.Requests("POST", "/cb")[0];
  CHECK(got.body == document("1"));
  CHECK(got.Field("Content-Type") == "application/atom+xml");
  CHECK(got.Field("Link") == "<" + hub.Hub() + ">; rel=\"hub\", <" + feed + ">; rel=\"self\"");
  CHECK(ping() == 204);
  REQUIRE(Eventually([&] { return peer.Requests("GET", "/feed.xml").size() == 2; }));
  REQUIRE(Eventually([&] { return hub.Get("/exchanges?kind=fetch")["items"].size() == 2; }));
  peer.On(
      "GET", "/feed.xml",
      {.status = 200, .fields = {{"Content-Type", "application/atom+xml"}}, .body = document("2")});
  CHECK(ping() == 204);
  REQUIRE(Eventually([&] { return Bodies(peer, "/cb").size() == 2; }));
  CHECK(Bodies(peer, "/cb")[1] == document("2"));
}

TEST_CASE(
    "content published to a hosted topic is what the topic shows and no ping brings back older") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const std::string topic = hub.Topic("t");
  REQUIRE(hub.Put("t", "old").status == 201);
  REQUIRE(hub.SubscribeVerified(topic, peer.Url("/cb")));
  CHECK(Ask("POST", hub.Hub() + "?hub.mode=publish&hub.topic=" + PercentEncode(topic), "text/x",
            "new")
            .status == 200);
  CHECK(Ask("GET", topic).body == "new");
  CHECK(FieldOf(Ask("GET", topic), "Content-Type") == "text/x");
  CHECK(hub.Post({{"hub.mode", "publish"}, {"hub.url", topic}}).status == 204);
  REQUIRE(Eventually([&] { return hub.Get("/exchanges?kind=fetch")["items"].size() == 1; }));
  CHECK(hub.Get("/messages")["items"].size() == 2);
  REQUIRE(Eventually([&] { return !Bodies(peer, "/cb").empty(); }));
  CHECK(Bodies(peer, "/cb") == std::vector<std::string>{"new"});
}

TEST_CASE("content published to the hub is delivered with its type whatever it is") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  const std::string topic = "http://topic.example/t";
  REQUIRE(hub.SubscribeVerified(topic, peer.Url("/cb")));
  const std::string url = hub.Hub() + "?hub.mode=publish&hub.topic=" + PercentEncode(topic);
  const auto answer = Ask("POST", url, "application/x-www-form-urlencoded", "a=1&b=%20");
  CHECK(answer.status == 200);
  CHECK(answer.body == "hub.mode=accepted");
  REQUIRE(Eventually([&] { return Bodies(peer, "/cb").size() == 1; }));
  CHECK(Bodies(peer, "/cb")[0] == "a=1&b=%20");
  CHECK(peer.Requests("POST", "/cb")[0].Field("Content-Type") ==
        "application/x-www-form-urlencoded");
  CHECK(Ask("POST", url, "text/plain", "").status == 400);
}

}  // namespace
}  // namespace websub::tests
