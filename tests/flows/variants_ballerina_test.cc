// The publishers and subscribers of Ballerina's libraries and of WSO2's hub, byte for byte.
#include <doctest/doctest.h>

#include <map>

#include "core/form.h"
#include "tests/support/raw_dialogue.h"

namespace websub::tests {
namespace {

// Their client asks every server for HTTP/2 on its first request.
const std::string kUpgrade =
    "user-agent: ballerina\n"
    "connection: Upgrade, HTTP2-Settings\n"
    "upgrade: h2c\n"
    "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\n";
const std::string kForm = "content-type: application/x-www-form-urlencoded\n";
// A URL as they write it into a form and into a query: not encoded.
const std::string kTopic = "https://t.example/orders?region=eu%20west&kind=a,b&c";
const std::string kAccepted = "hub.mode=accepted";

// As their subscriber asks; waits until it is verified.
void Subscribe(HubProcess& hub, const std::string& topic, const std::string& callback,
               const std::string& more = "") {
  const auto answer = SendRaw(hub, "POST /hub HTTP/1.1\n" + kUpgrade + kForm,
                              "hub.mode=subscribe&hub.topic=" + PercentEncode(topic) +
                                  "&hub.callback=" + PercentEncode(callback) + more);
  CHECK(answer.start == "HTTP/1.1 202 Accepted");  // not 101
  CHECK(hub.WaitForState(callback, "active"));
}

std::string EchoChallenge(const RawMessage& request) {
  if (request.method() != "GET") return RawAnswer("202 Accepted");
  return RawAnswer("200 OK", request.Parameter("hub.challenge"));
}

TEST_CASE("a Ballerina publisher registers and deregisters a topic that it does not encode") {
  HubProcess hub({"--require-registration"});
  const auto send = [&](const std::string& mode, const std::string& topic) {
    return SendRaw(hub, "POST /hub HTTP/1.1\n" + kUpgrade + kForm,
                   "hub.mode=" + mode + "&hub.topic=" + topic);
  };
  // It takes 200 and this body for success, and nothing else.
  const auto first = send("register", kTopic);
  CHECK(first.start == "HTTP/1.1 200 OK");
  CHECK(first.body == kAccepted);
  CHECK(first.Field("Content-Type") == "application/x-www-form-urlencoded");
  CHECK(hub.Get("/topics?topic=" + PercentEncode(kTopic))["items"].size() == 1);
  const auto again = send("register", kTopic);
  CHECK(again.status() == 409);
  CHECK(again.body.starts_with("hub.mode=denied&hub.reason="));
  // What is registered is what is published to.
  const auto published = SendRaw(hub,
                                 "POST /hub?hub.mode=publish&hub.topic=" + kTopic + " HTTP/1.1\n" +
                                     "content-type: text/plain\n",
                                 "x");
  CHECK(published.status() == 200);

  CHECK(send("deregister", kTopic).body == kAccepted);
  const auto unknown = send("deregister", kTopic);
  CHECK(unknown.status() == 404);
  CHECK(unknown.body.starts_with("hub.mode=denied&hub.reason="));
  CHECK(send("register", "").status() == 400);
  CHECK(send("register", "").body.starts_with("hub.mode=denied&hub.reason="));
  // Plain names, and encoded ones as others write them.
  CHECK(send("register", "orders").body == kAccepted);
  CHECK(send("register", PercentEncode(kTopic)).body == kAccepted);
  CHECK(send("register", kTopic).status() == 409);
}

TEST_CASE("what a Ballerina publisher sends is delivered as it came (HUB-DIS-01 HUB-DIS-02)") {
  struct Content {
    std::string topic;
    std::string lines;
    std::string body;
  };
  const std::vector<Content> contents = {
      {kTopic, "content-type: application/json\n", "{\"id\": 1,\r\n \"a\": \"\xc3\xa9\"}"},
      {kTopic, "content-type: application/xml; charset=UTF-8\n", "<order id='1'/>"},
      {kTopic, "content-type: application/octet-stream\n", std::string("\0\xff\n", 3)},
      {kTopic, "content-type: text/plain\n", "hub.mode=publish&hub.topic=other"},
      {kTopic, kForm + "x-ballerina-publisher: publish\n", "order=1&note=a+b%26c"},
      {"orders", "content-type: application/json\n", "[]"},
  };
  HubProcess hub;
  RawReceiver receiver(EchoChallenge);
  Subscribe(hub, kTopic, receiver.Url("/url"));
  Subscribe(hub, "orders", receiver.Url("/name"));
  for (const Content& content : contents) {
    const auto answer = SendRaw(hub,
                                "POST /hub?hub.mode=publish&hub.topic=" + content.topic +
                                    " HTTP/1.1\n" + kUpgrade + content.lines,
                                content.body);
    CHECK(answer.start == "HTTP/1.1 200 OK");
    CHECK(answer.body == kAccepted);
    CHECK(answer.Field("Content-Type") == "application/x-www-form-urlencoded");
  }
  REQUIRE(receiver.WaitFor("POST", contents.size()));
  std::size_t next = 0;
  for (const auto& got : receiver.Got("POST")) {
    if (got.path() == "/name") {
      CHECK(got.body == "[]");
      continue;
    }
    const Content& sent = contents[next++];
    CHECK(got.body == sent.body);
    const std::string type = got.Field("Content-Type").value_or("");
    CHECK(sent.lines.starts_with("content-type: " + type + "\n"));
    CHECK(got.Field("Link").value_or("").find("<" + kTopic + ">; rel=\"self\"") !=
          std::string::npos);
    CHECK_FALSE(got.Field("x-ballerina-publisher").has_value());
  }
  CHECK(next == contents.size() - 1);
}

TEST_CASE("a Ballerina notification makes the hub fetch the topic (PUB-NOT-01)") {
  HubProcess hub;
  RawReceiver receiver(EchoChallenge);
  HttpPeer web;
  web.On("GET", "/feed",
         {.status = 200, .fields = {{"Content-Type", "application/json"}}, .body = "{}"});
  const std::string topic = web.Url("/feed?a=1&b=2");
  Subscribe(hub, topic, receiver.Url());
  const auto notify = [&](const std::string& text) {
    return SendRaw(hub,
                   "POST /hub HTTP/1.1\n" + kUpgrade + kForm + "x-ballerina-publisher: event\n",
                   "hub.mode=publish&hub.topic=" + text);
  };
  const auto answer = notify(topic);
  CHECK(answer.start == "HTTP/1.1 200 OK");
  CHECK(answer.body == kAccepted);
  REQUIRE(receiver.WaitFor("POST", 1));
  CHECK(receiver.Got("POST")[0].body == "{}");
  CHECK(receiver.Got("POST")[0].Field("Content-Type") == "application/json");
  REQUIRE(web.Requests().size() == 1);
  CHECK(web.Requests()[0].target == "/feed?a=1&b=2");
  CHECK(notify("orders").status() == 400);
  CHECK(notify("orders").body.starts_with("hub.mode=denied&hub.reason=hub."));
}

std::string DecodeOnce(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// As their listener reads a query: a comma begins another value, of which only the first is looked
// at, and each value is decoded by the server and by the library.
std::map<std::string, std::string> ReadQuery(const std::string& query) {
  std::map<std::string, std::string> read;
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string pair = query.substr(at, end - at);
    const auto equals = pair.find('=');
    const std::string value = equals == pair.npos ? "" : pair.substr(equals + 1);
    read.emplace(pair.substr(0, equals), DecodeOnce(DecodeOnce(value.substr(0, value.find(',')))));
    at = end + 1;
  }
  return read;
}

// Their listener: echoes what it wants, and takes no denial without a reason.
std::string PlayListener(const RawMessage& request) {
  if (request.method() == "POST") {
    const std::string type = request.Field("Content-Type").value_or("");
    for (const std::string known :
         {"application/json", "application/xml", "text/plain", "application/octet-stream",
          "application/x-www-form-urlencoded"}) {
      if (type.substr(0, type.find(';')) == known) return RawAnswer("202 Accepted");
    }
    return RawAnswer("400 Bad Request");
  }
  const auto query = ReadQuery(request.query());
  const auto value = [&](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? "" : found->second;
  };
  if (value("hub.topic").empty() || value("hub.topic") == "unwanted") {
    return RawAnswer("404 Not Found");
  }
  if (value("hub.mode") == "denied") {
    return RawAnswer(value("hub.reason").empty() ? "400 Bad Request" : "200 OK");
  }
  return RawAnswer("200 OK", value("hub.challenge"));
}

TEST_CASE("a Ballerina listener that splits at commas reads its topic whole (HUB-VER-01)") {
  HubProcess hub;
  RawReceiver listener(PlayListener);
  const std::string topic = "orders/eu, west & \"north\" = 1/2;\xc3\xa9";
  Subscribe(hub, topic, listener.Url("/cb"), "&hub.secret=hush&hub.lease_seconds=3600");
  const auto asked = listener.Got("GET");
  REQUIRE(asked.size() == 1);
  const auto query = ReadQuery(asked[0].query());
  CHECK(query.at("hub.mode") == "subscribe");
  CHECK(query.at("hub.topic") == topic);
  CHECK(query.at("hub.lease_seconds") == "3600");
  CHECK(query.at("hub.challenge").size() >= 20);
  CHECK(asked[0].query().find_first_of(", +\"") == std::string::npos);
  // It refuses what it does not want by 404 (HUB-VER-03).
  SendRaw(
      hub, "POST /hub HTTP/1.1\n" + kUpgrade + kForm,
      "hub.mode=subscribe&hub.topic=unwanted&hub.callback=" + PercentEncode(listener.Url("/no")));
  CHECK(hub.WaitForState(listener.Url("/no"), "unverified"));

  // openssl dgst -sha256 -hmac hush, over the body.
  SendRaw(hub,
          "POST /hub?hub.mode=publish&hub.topic=" + PercentEncode(topic) + " HTTP/1.1\n" +
              "content-type: application/json\n",
          "{\"order\":1}");
  REQUIRE(listener.WaitFor("POST", 1));
  CHECK(listener.Got("POST")[0].Field("X-Hub-Signature") ==
        "sha256=983f843969548af960fcc811b7ac7c1443bfbd180201a9f079dfbab3686f2fb0");
}

TEST_CASE("a Ballerina listener is never denied without a reason (HUB-VAL-01)") {
  HubProcess hub({"--force-deregister"});
  RawReceiver listener(PlayListener);
  const std::string topic = "orders, west";
  CHECK(SendRaw(hub, "POST /hub HTTP/1.1\n" + kForm, "hub.mode=register&hub.topic=" + topic).body ==
        kAccepted);
  Subscribe(hub, topic, listener.Url("/a"));
  Subscribe(hub, topic, listener.Url("/b"));
  const auto found = hub.Get("/subscriptions?callback=" + PercentEncode(listener.Url("/a")));
  const std::string id = found["items"][0]["id"];
  CHECK(Ask("POST", hub.base() + "/api/v1/subscriptions/" + id + "/deny?reason=").status == 204);
  CHECK(
      SendRaw(hub, "POST /hub HTTP/1.1\n" + kForm, "hub.mode=deregister&hub.topic=" + topic).body ==
      kAccepted);
  REQUIRE(listener.WaitFor("GET", 4));  // two verifications before
  const auto asked = listener.Got("GET");
  for (std::size_t i = 2; i < asked.size(); ++i) {
    const auto query = ReadQuery(asked[i].query());
    CHECK(query.at("hub.mode") == "denied");
    CHECK(query.at("hub.topic") == topic);
    CHECK_FALSE(query.at("hub.reason").empty());
  }
}

TEST_CASE("a rule gives a Ballerina listener a content type that it takes (HUB-DIS-07)") {
  RawReceiver listener(PlayListener);
  HubProcess hub({"--content-type-for", listener.Url("/xml*=application/xml"), "--content-type-for",
                  listener.Url("/xml/late=text/plain"), "--delivery-retries", "0"});
  REQUIRE(hub.Put("feed", "<feed/>", "application/atom+xml; charset=utf-8").status == 201);
  for (const std::string path : {"/xml", "/xml/late", "/own"}) {
    Subscribe(hub, hub.Topic("feed"), listener.Url(path), "&hub.secret=hush");
  }
  hub.Put("feed", "<feed>2</feed>", "application/atom+xml; charset=utf-8");
  REQUIRE(listener.WaitFor("POST", 3));
  for (const auto& got : listener.Got("POST")) {
    CHECK(got.body == "<feed>2</feed>");
    CHECK(got.Field("Content-Type") ==
          (got.path() == "/own" ? "application/atom+xml; charset=utf-8" : "application/xml"));
  }
  // Where nothing is said it is the topic's own, and this one refuses that.
  CHECK(Eventually([&] { return hub.Get("/dead-letters")["items"].size() == 1; }));
  CHECK(hub.Get("/dead-letters")["items"][0]["callback"] == listener.Url("/own"));
}

TEST_CASE("a request that offers HTTP/2 is answered by HTTP/1.1 on the same connection") {
  HubProcess hub;
  RawReceiver listener(EchoChallenge);
  RawConnection connection(
      static_cast<std::uint16_t>(std::stoi(hub.base().substr(hub.base().rfind(':') + 1))));
  for (int i = 0; i < 3; ++i) {
    connection.Write(RawRequest(hub, "POST /hub HTTP/1.1\n" + kUpgrade + kForm,
                                "hub.mode=subscribe&hub.topic=t&hub.callback=" +
                                    PercentEncode(listener.Url("/" + std::to_string(i)))));
    const auto answer = ReadRaw(connection);
    CHECK(answer.start == "HTTP/1.1 202 Accepted");
    CHECK_FALSE(answer.Field("Upgrade").has_value());
  }
}

}  // namespace
}  // namespace websub::tests
