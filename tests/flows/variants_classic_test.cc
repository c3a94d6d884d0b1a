// Subscribers and publishers of PubSubHubbub 0.3 and of the first years, byte for byte.
#include <doctest/doctest.h>

#include "core/form.h"
#include "tests/support/raw_dialogue.h"

namespace websub::tests {
namespace {

const std::string kForm = "Content-Type: application/x-www-form-urlencoded\n";

const std::string kFreshRss =
    "POST /hub HTTP/1.1\n"
    "User-Agent: FreshRSS/1.24.1 (Linux; https://freshrss.org)\n"
    "Accept: */*\n" +
    kForm;
const std::string kProsody =
    "POST /hub HTTP/1.1\n"
    "User-Agent: Prosody XMPP Server\n"
    "Connection: close\n" +
    kForm;

// A plain page that a ping makes the hub fetch.
PeerAnswer Page(const std::string& body) {
  return {.status = 200, .fields = {{"Content-Type", "text/plain"}}, .body = body};
}

std::string EchoChallenge(const RawMessage& request) {
  if (request.method() != "GET") return RawAnswer("200 OK");
  return RawAnswer("200 OK", request.Parameter("hub.challenge"));
}

TEST_CASE("a 0.3 subscriber is verified before the answer or after it as it asks (HUB-VER-01)") {
  HubProcess hub;
  RawReceiver reader(EchoChallenge);
  const std::string topic = "http://t.example/feed";
  const auto body = [&](const std::string& path, const std::string& more) {
    return "hub.mode=subscribe&hub.topic=" + PercentEncode(topic) +
           "&hub.callback=" + PercentEncode(reader.Url(path)) + more;
  };
  // FreshRSS: sync, no lease. It takes the answer for the end of it.
  const auto sync = SendRaw(hub, kFreshRss, body("/sync", "&hub.verify=sync"));
  CHECK(sync.status() == 204);
  CHECK(sync.body.empty());
  auto asked = reader.Got("GET");
  REQUIRE(asked.size() == 1);  // before the answer
  CHECK(asked[0].Parameter("hub.mode") == "subscribe");
  CHECK(asked[0].Parameter("hub.topic") == topic);
  CHECK(asked[0].Parameter("hub.lease_seconds") == "864000");
  CHECK(asked[0].query().find("verify_token") == std::string::npos);
  CHECK(hub.WaitForState(reader.Url("/sync"), "active"));

  // Prosody: in order of preference, with a token, which comes back unchanged.
  const std::string token = "a+b/c==, 100% & more";
  const auto async = SendRaw(
      hub, kProsody,
      body("/async?node=1", "&hub.verify=async&hub.verify=sync&hub.secret=s&hub.verify_token=" +
                                PercentEncode(token)));
  CHECK(async.status() == 202);
  REQUIRE(reader.WaitFor("GET", 2));
  asked = reader.Got("GET");
  CHECK(asked[1].query().starts_with("node=1&"));
  CHECK(asked[1].Parameter("hub.verify_token") == token);
  CHECK(hub.WaitForState(reader.Url("/async?node=1"), "active"));

  // What is not known is passed over, and unsubscribing goes the same way.
  CHECK(SendRaw(hub, kFreshRss, body("/other", "&hub.verify=later&hub.verify=sync")).status() ==
        204);
  const std::string leave = "hub.mode=unsubscribe&hub.topic=" + PercentEncode(topic) +
                            "&hub.callback=" + PercentEncode(reader.Url("/sync")) +
                            "&hub.verify=sync&hub.verify_token=bye";
  CHECK(SendRaw(hub, kFreshRss, leave).status() == 204);
  CHECK(reader.Got("GET").back().Parameter("hub.mode") == "unsubscribe");
  CHECK(reader.Got("GET").back().Parameter("hub.verify_token") == "bye");
  CHECK(hub.WaitForState(reader.Url("/sync"), "unsubscribed"));
}

TEST_CASE("an old reader verifies with its token only and a failed sync is told by 409") {
  HubProcess hub;
  RawReceiver reader([](const RawMessage& request) {
    if (request.Parameter("hub.verify_token") != "tok-1") return RawAnswer("404 Not Found");
    return EchoChallenge(request);
  });
  const auto body = [&](const std::string& path, const std::string& more) {
    return "hub.callback=" + PercentEncode(reader.Url(path)) +
           "&hub.mode=subscribe&hub.topic=http%3A%2F%2Ft.example%2F&hub.verify=sync" + more;
  };
  CHECK(SendRaw(hub, kFreshRss, body("/good", "&hub.verify_token=tok-1")).status() == 204);
  for (const std::string more : {"", "&hub.verify_token=", "&hub.verify_token=tok-2"}) {
    CAPTURE(more);
    const auto refused = SendRaw(hub, kFreshRss, body("/bad", more));
    CHECK(refused.status() == 409);
    CHECK(refused.body.find("404") != std::string::npos);
  }
  CHECK(hub.WaitForState(reader.Url("/good"), "active"));
  CHECK(hub.WaitForState(reader.Url("/bad"), "unverified"));
}

TEST_CASE("callbacks that know sha1 only are signed so by a rule (HUB-SIG-01 HUB-SIG-02)") {
  RawReceiver prosody(EchoChallenge);
  RawReceiver modern(EchoChallenge);
  HubProcess hub({"--signature-algorithm-for", prosody.Url("/pubsub*=sha1")});
  REQUIRE(hub.Put("feed", "1").status == 201);
  const auto subscribe = [&](const std::string& callback, const std::string& more) {
    const std::string body = "hub.mode=subscribe&hub.topic=" + PercentEncode(hub.Topic("feed")) +
                             "&hub.callback=" + PercentEncode(callback) + "&hub.secret=hush" + more;
    CHECK(SendRaw(hub, kProsody, body).status() == 202);
    CHECK(hub.WaitForState(callback, "active"));
  };
  subscribe(prosody.Url("/pubsub?node=1"), "&hub.verify=async");
  subscribe(prosody.Url("/pubsub?node=2"), "&hub.signature_algorithm=sha512");
  subscribe(modern.Url("/pubsub"), "");
  hub.Put("feed", "what is new");
  REQUIRE(prosody.WaitFor("POST", 2));
  REQUIRE(modern.WaitFor("POST", 1));
  // openssl dgst -sha1 -hmac hush, and -sha256, over the body.
  for (const auto& got : prosody.Got("POST")) {
    CHECK(got.body == "what is new");
    const auto signature = got.Field("X-Hub-Signature").value_or("");
    if (got.query() == "node=1") {
      CHECK(signature == "sha1=5792bca2f9b6a8c4be02e85c93a188f662d52619");
    } else {
      CHECK(signature.starts_with("sha512="));
    }
  }
  CHECK(modern.Got("POST")[0].Field("X-Hub-Signature") ==
        "sha256=4f2ae3e2730c4451dcd21a6dfa0dd2829ff4a77c63304a355988e9849b2eac4f");
}

TEST_CASE(
    "a classic ping counts for each of its URLs and is answered 204 and nothing else "
    "(PUB-NOT-01)") {
  HubProcess hub;
  HttpPeer web;
  for (const std::string path : {"/feed/", "/feed/atom/", "/comments/feed/"}) {
    web.On("GET", path, Page(path));
  }
  const auto urls = [&](const std::string& name) {
    return "&" + name + "=" + PercentEncode(web.Url("/feed/")) + "&" + name + "=" +
           PercentEncode(web.Url("/feed/atom/")) + "&" + name + "=" +
           PercentEncode(web.Url("/comments/feed/"));
  };
  const auto fetched = [&](std::size_t count) {
    return Eventually([&] {
      for (const std::string path : {"/feed/", "/feed/atom/", "/comments/feed/"}) {
        if (web.Requests("GET", path).size() < count) return false;
      }
      return true;
    });
  };
  const auto wordpress = SendRaw(hub,
                                 "POST /hub HTTP/1.1\n"
                                 "User-Agent: (PubSubHubbub/WebSub) WordPress/6.6.2; "
                                 "https://blog.example\n"
                                 "Accept: */*\n"
                                 "Accept-Encoding: deflate, gzip, br\n"
                                 "Referer: https://blog.example\n"
                                 "Connection: close\n"
                                 "Content-Type: application/x-www-form-urlencoded\n",
                                 "hub.mode=publish" + urls("hub.url"));
  CHECK(wordpress.start == "HTTP/1.1 204 No Content");
  CHECK(wordpress.body.empty());
  CHECK(fetched(1));

  // The PHP library: by curl, whose form has the mode first and the rest as urlencode writes it.
  const std::string php =
      "POST /hub HTTP/1.1\n"
      "User-Agent: PubSubHubbub-Publisher-PHP/1.0\n"
      "Accept: */*\n" +
      kForm;
  CHECK(SendRaw(hub, php, "hub.mode=publish" + urls("hub.url")).status() == 204);
  CHECK(fetched(2));
  CHECK(Eventually([&] { return hub.Get("/exchanges?kind=publish")["items"].size() == 6; }));
}

TEST_CASE("a long ping waits for the hub to say that it goes on") {
  HubProcess hub;
  HttpPeer web;
  std::string body = "hub.mode=publish";
  for (int i = 0; i < 60; ++i) {
    const std::string path = "/feed/" + std::to_string(i);
    web.On("GET", path, Page(path));
    body += "&hub.url=" + PercentEncode(web.Url(path));
  }
  REQUIRE(body.size() > 1024);
  // As curl sends a body of that size.
  const std::string whole = RawRequest(hub,
                                       "POST /hub HTTP/1.1\n"
                                       "User-Agent: PubSubHubbub-Publisher-PHP/1.0\n"
                                       "Accept: */*\n"
                                       "Expect: 100-continue\n" +
                                           kForm,
                                       body);
  RawConnection connection(
      static_cast<std::uint16_t>(std::stoi(hub.base().substr(hub.base().rfind(':') + 1))));
  connection.Write(whole.substr(0, whole.size() - body.size()));
  CHECK(connection.ReadUntil("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  connection.Write(body);
  CHECK(ReadRaw(connection).status() == 204);
  CHECK(web.WaitForRequests(60).size() == 60);
}

TEST_CASE("a ping may name its topics by hub.topic and mix both names (PUB-NOT-01)") {
  HubProcess hub;
  HttpPeer web;
  web.On("GET", "/a", Page("a"));
  web.On("GET", "/b", Page("b"));
  const std::string head =
      "POST /hub HTTP/1.1\n"
      "User-Agent: node-fetch\n"
      "Accept: */*\n"
      "Content-Type: application/x-www-form-urlencoded;charset=UTF-8\n";
  CHECK(SendRaw(hub, head, "hub.mode=publish&hub.topic=" + PercentEncode(web.Url("/a"))).status() ==
        204);
  CHECK(web.WaitForRequests(1).size() == 1);
  CHECK(SendRaw(hub, head,
                "hub.topic=" + PercentEncode(web.Url("/b")) +
                    "&hub.url=" + PercentEncode(web.Url("/a")) + "&hub.mode=publish")
            .status() == 204);
  CHECK(web.WaitForRequests(3).size() == 3);
  CHECK(web.Requests("GET", "/a").size() == 2);
}

}  // namespace
}  // namespace websub::tests
