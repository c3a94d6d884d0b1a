// Publish messages of EchoStream at the real hub: POST /api/v1/messages.
#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>

#include "core/form.h"
#include "tests/support/http_ask.h"
#include "tests/support/hub_process.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

using nlohmann::json;
using std::chrono::seconds;

const std::string kTopic = "orders/eu";

PeerAnswer Send(HubProcess& hub, const std::string& body,
                const std::string& type = "application/json", const PeerFields& fields = {}) {
  return Ask("POST", hub.base() + "/api/v1/messages", type, body, fields);
}

std::vector<std::string> Bodies(const HttpPeer& peer, const std::string& path = "/cb") {
  std::vector<std::string> bodies;
  for (const auto& request : peer.Requests("POST", path)) bodies.push_back(request.body);
  return bodies;
}

// A hub and a subscriber of kTopic, who also has the content.
struct Scene {
  explicit Scene(std::vector<std::string> flags = {}) : hub(std::move(flags)) {
    PlaySubscriber(peer, "/cb");
    CHECK(hub.SubscribeVerified(kTopic, peer.Url("/cb")));
  }
  std::string Named(const std::string& path, json more = json::object()) {
    more["topic"] = kTopic;
    more["contentUrl"] = peer.Url(path);
    return more.dump();
  }
  bool Got(std::size_t count) {
    return Eventually([&] { return peer.Requests("POST", "/cb").size() >= count; });
  }
  HttpPeer peer;
  HubProcess hub;
};

TEST_CASE("an EchoStream publish message as its publisher sends it is delivered") {
  Scene scene;
  scene.peer.On("GET", "/content",
                {.status = 200, .fields = {{"Content-Type", "application/json"}}, .body = "{}"});
  const std::string body = R"({"type": "echo.websub", "topic": "orders/eu", "contentUrl": ")" +
                           scene.peer.Url("/content") +
                           R"(", "contentBase64": "c3RhbmQgaW4=", "contentType": null})";
  const std::string port = scene.hub.base().substr(scene.hub.base().rfind(':') + 1);
  RawConnection publisher(static_cast<std::uint16_t>(std::stoi(port)));
  REQUIRE(
      publisher.Write("POST /api/v1/messages HTTP/1.1\r\n"
                      "host: 127.0.0.1:" +
                      port +
                      "\r\n"
                      "accept: */*\r\n"
                      "accept-language: *\r\n"
                      "sec-fetch-mode: cors\r\n"
                      "user-agent: node\r\n"
                      "content-type: application/json\r\n"
                      "accept-encoding: gzip, deflate\r\n"
                      "connection: keep-alive\r\n"
                      "content-length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body));
  const std::string answer = publisher.ReadMessage();
  CHECK(answer.starts_with("HTTP/1.1 202 "));
  const json told = json::parse(answer.substr(answer.find("\r\n\r\n")));
  CHECK(told["accepted"] == 1);
  CHECK(told["ids"] == json::array({"i1"}));
  REQUIRE(scene.Got(1));
  const auto delivered = scene.peer.Requests("POST", "/cb").front();
  CHECK(delivered.body == "{}");
  CHECK(delivered.Field("Content-Type") == "application/json");
  CHECK(delivered.Field("Link") ==
        "<" + scene.hub.Hub() + ">; rel=\"hub\", <" + kTopic + ">; rel=\"self\"");
  // Both exchanges are part of the subscription's story.
  json steps;
  CHECK(Eventually([&] {
    steps = json::array();
    const auto whole = scene.hub.Get("/subscriptions/s1/timeline");
    for (const auto& step : whole["steps"]) steps.push_back(step["kind"]);
    return steps == json::array({"subscribe", "verify", "publish", "fetch", "deliver"});
  }));
  INFO(steps.dump());
  const auto fetch = scene.hub.Get("/exchanges?kind=fetch")["items"][0];
  CHECK(fetch["topic"] == kTopic);
  CHECK(fetch["message"] == "m1");
  CHECK(fetch["outcome"] == "fetched: message m1");
  CHECK(scene.hub.Get("/messages/m1")["content_type"] == "application/json");
  const auto publish = scene.hub.Get("/exchanges?kind=publish")["items"][0];
  CHECK(publish["status"] == 202);
  CHECK(scene.hub.Get("/exchanges/" + publish["id"].get<std::string>())["request_body"] == body);
}

TEST_CASE("where the named content cannot be had the content that came along is delivered") {
  Scene scene;
  scene.peer.On("GET", "/ok",
                {.status = 200, .fields = {{"Content-Type", "text/html"}}, .body = "there"});
  const json here = {{"contentBase64", "aGVyZQ=="}};
  const json typed = {{"contentBase64", "aGVyZQ=="}, {"contentType", "text/x"}};
  CHECK(Send(scene.hub, scene.Named("/ok", typed)).status == 202);
  CHECK(Send(scene.hub, scene.Named("/missing", typed)).status == 202);
  CHECK(Send(scene.hub, scene.Named("/missing", here)).status == 202);
  CHECK(Send(scene.hub, scene.Named("/ok", here)).status == 202);
  REQUIRE(scene.Got(4));
  std::vector<std::string> got;
  for (const auto& request : scene.peer.Requests("POST", "/cb")) {
    got.push_back(*request.Field("Content-Type") + " " + request.body);
  }
  CHECK(got == std::vector<std::string>{"text/x there", "text/x here", "text/plain here",
                                        "text/html there"});
}

TEST_CASE("content that came along goes into the log at once and is told by its message") {
  Scene scene;
  const auto answer = Send(scene.hub, R"({"topic":"orders/eu","contentBase64":"AGE="})");
  CHECK(answer.status == 202);
  CHECK(json::parse(answer.body) == json{{"accepted", 1}, {"ids", {"m1"}}});
  REQUIRE(scene.Got(1));
  CHECK(Bodies(scene.peer).front() == std::string("\0a", 2));
  // A topic that the hub hosts shows it, too; the address may be read as ever.
  CHECK(scene.hub.Put("a", "old").status == 201);
  const std::string body = json{{"topic", scene.hub.Topic("a")}, {"contentBase64", "bmV3"}}.dump();
  CHECK(Send(scene.hub, body).status == 202);
  CHECK(Ask("GET", scene.hub.Topic("a")).body == "new");
  CHECK(scene.hub.Get("/messages")["items"].size() == 3);
}

TEST_CASE("messages of a topic stay in order behind a slow one and other topics go on") {
  Scene scene;
  std::atomic<bool> open = false;
  scene.peer.On("GET", "/slow", [&](const PeerRequest&) -> PeerAnswer {
    Eventually([&] { return open.load(); });
    return {.status = 200, .fields = {}, .body = "1"};
  });
  PlaySubscriber(scene.peer, "/other");
  CHECK(scene.hub.SubscribeVerified("other", scene.peer.Url("/other")));
  CHECK(Send(scene.hub, scene.Named("/slow")).status == 202);
  const std::string direct = R"({"topic":"orders/eu","contentBase64":"Mg=="})";
  const auto behind =
      Send(scene.hub, "[" + direct + R"(,{"topic":"other","contentBase64":"MQ=="}])");
  CHECK(behind.status == 202);
  CHECK(json::parse(behind.body)["ids"] == json::array({"i2", "m1"}));
  CHECK(Eventually([&] { return Bodies(scene.peer, "/other").size() == 1; }));
  CHECK(scene.hub.Get("/status")["counts"]["inbox"] == 2);
  CHECK(Bodies(scene.peer).empty());
  open = true;
  REQUIRE(scene.Got(2));
  CHECK(Bodies(scene.peer) == std::vector<std::string>{"1", "2"});
}

TEST_CASE("a hub that is killed between its answer and the fetch loses nothing") {
  Scene scene;
  std::atomic<int> asked = 0;
  scene.peer.On("GET", "/content", [&](const PeerRequest&) -> PeerAnswer {
    if (++asked == 1) return {.status = 200, .fields = {}, .body = "late", .delay = seconds(60)};
    return {.status = 200, .fields = {}, .body = "1"};
  });
  CHECK(Send(scene.hub, scene.Named("/content")).status == 202);
  CHECK(Send(scene.hub, R"({"topic":"orders/eu","contentBase64":"Mg=="})").status == 202);
  CHECK(Eventually([&] { return asked == 1; }));
  scene.hub.Restart(SIGKILL);
  REQUIRE(scene.Got(2));
  CHECK(Bodies(scene.peer) == std::vector<std::string>{"1", "2"});
}

TEST_CASE("a message that cannot be read is refused by the name of its member") {
  HubProcess hub;
  for (const auto& [body, beginning] : std::vector<std::pair<std::string, std::string>>{
           {"", "body: "},
           {R"({"contentBase64":"YQ=="})", "topic: missing"},
           {R"({"topic":"t"})", "contentBase64: missing"},
           {R"({"topic":"t","contentBase64":"a"})", "contentBase64: "},
           {R"({"topic":"t","contentUrl":"ftp://c.example/"})", "contentUrl: "},
           {R"({"topic":"t","contentBase64":"YQ==","contentType":"a\nb"})", "contentType: "},
           {R"([{"topic":"t","contentBase64":"YQ=="},{"topic":1}])", "message 2: topic: "},
           {R"({"topic":"http://u:p@t.example/","contentBase64":"YQ=="})", "topic: "},
       }) {
    CAPTURE(body);
    const auto answer = Send(hub, body);
    CHECK(answer.status == 400);
    CHECK(answer.body.starts_with(beginning));
  }
  CHECK(Send(hub, "hub.mode=publish", "application/x-www-form-urlencoded").status == 415);
  CHECK(hub.Get("/messages")["items"].empty());
  CHECK(hub.Get("/topics")["items"].empty());
}

TEST_CASE("whoever may not publish to a topic cannot hand over a message for it") {
  TempDir folder;
  // The SHA-256 of a-long-token, by openssl.
  const std::string auth =
      WriteFile(folder, "auth.json",
                R"({"tokens": [{"hash": "sha256:)"
                "2d55ed1a231bcde62afc4313f6afa0ef8ca8a8941935de391ec1f6b3bd77f18d"
                R"(", "identity": "alice", "modes": ["publish"], "topics": ["mine"]}]})");
  HubProcess hub({"--auth", auth, "--api-token", "for the API alone"});
  const std::string mine = R"({"topic":"mine","contentBase64":"YQ=="})";
  const std::string other = R"({"topic":"other","contentBase64":"YQ=="})";
  const PeerFields alice = {{"Authorization", "Bearer a-long-token"}};
  const auto unknown = Send(hub, mine);
  CHECK(unknown.status == 401);
  CHECK(FieldOf(unknown, "WWW-Authenticate").has_value());
  CHECK(
      Send(hub, mine, "application/json", {{"Authorization", "Bearer for the API alone"}}).status ==
      401);
  CHECK(Send(hub, other, "application/json", alice).status == 403);
  CHECK(Send(hub, "[" + mine + "," + other + "]", "application/json", alice).status == 403);
  const PeerFields page = {{"Origin", "https://evil.example"}, alice[0]};
  CHECK(Send(hub, mine, "application/json", page).status == 403);
  const auto taken = Send(hub, mine, "application/json", alice);
  CHECK(taken.status == 202);
  CHECK(json::parse(taken.body)["ids"] == json::array({"m1"}));  // nothing was kept before
}

TEST_CASE("content on an address that the hub may not call is refused at once or when it shows") {
  HubProcess hub({"--allow-private", "never"});
  HttpPeer peer;
  peer.On("GET", "/", {.status = 200, .fields = {}, .body = "secret"});
  const auto refused = Send(hub, json{{"topic", "t"}, {"contentUrl", peer.Url("/")}}.dump());
  CHECK(refused.status == 403);
  CHECK(refused.body.starts_with("contentUrl: 127.0.0.1 is a loopback address"));
  CHECK(peer.Requests().empty());
  CHECK(Send(hub, json{{"topic", "t"}, {"contentUrl", hub.base() + "/api/v1/exchanges"}}.dump())
            .status == 403);
}

TEST_CASE("with --require-registration a message needs a registered topic") {
  HubProcess hub({"--require-registration"});
  const std::string body = R"({"topic":"t","contentBase64":"YQ=="})";
  const auto refused = Send(hub, body);
  CHECK(refused.status == 404);
  CHECK(refused.body == "topic: it is not registered with this hub\n");
  CHECK(hub.Post({{"hub.mode", "register"}, {"hub.topic", "t"}}).status == 200);
  CHECK(Send(hub, body).status == 202);
}

}  // namespace
}  // namespace websub::tests
