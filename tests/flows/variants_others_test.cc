// EchoStream's settings, Superfeedr, Google's hub, JSON Feed and FHIRcast: what each sends, byte
// for byte, and what it is answered.
#include <doctest/doctest.h>

#include <csignal>

#include "core/base64.h"
#include "core/digest.h"
#include "core/form.h"
#include "tests/support/raw_dialogue.h"

namespace websub::tests {
namespace {

using nlohmann::json;

const std::string kForm = "Content-Type: application/x-www-form-urlencoded\n";
const std::string kCurl = "User-Agent: curl/8.9.1\nAccept: */*\n";

std::string EchoChallenge(const RawMessage& request) {
  return RawAnswer("200 OK", request.Parameter("hub.challenge"));
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the settings of EchoStream have a flag each (HUB-VER-05 HUB-DIS-08)") {
  RawReceiver receiver(EchoChallenge);
  const auto subscribe = [&](HubProcess& hub, const std::string& more) {
    return SendRaw(hub, "POST /hub HTTP/1.1\nuser-agent: axios/1.7.4\n" + kForm,
                   "hub.mode=subscribe&hub.topic=" + PercentEncode(hub.Topic("feed")) +
                       "&hub.callback=" + PercentEncode(receiver.Url("/cb")) + more);
  };
  const std::vector<std::string> flags = {
      "--default-lease-seconds", "864000",    "--max-lease-seconds",   "864000",
      "--delivery-retries",      "unlimited", "--signature-algorithm", "sha1"};
  {
    HubProcess hub(flags);
    REQUIRE(hub.Put("feed", "1").status == 201);
    CHECK(subscribe(hub, "&hub.secret=hush").status() == 202);
    CHECK(hub.WaitForState(receiver.Url("/cb"), "active"));
    CHECK(receiver.Got("GET").back().Parameter("hub.lease_seconds") == "864000");
    CHECK(subscribe(hub, "&hub.secret=hush&hub.lease_seconds=8640000").status() == 202);
    REQUIRE(receiver.WaitFor("GET", 2));
    CHECK(receiver.Got("GET").back().Parameter("hub.lease_seconds") == "864000");
    hub.Put("feed", "what is new");
    REQUIRE(receiver.WaitFor("POST", 1));
    // openssl dgst -sha1 -hmac hush
    CHECK(receiver.Got("POST")[0].Field("X-Hub-Signature") ==
          "sha1=5792bca2f9b6a8c4be02e85c93a188f662d52619");
  }
  struct Security {
    std::string flag;
    int bare;         // http, without a secret
    int with_secret;  // http, with one
  };
  for (const Security& each : {Security{"none", 202, 202}, Security{"secret", 403, 202},
                               Security{"https", 403, 403}, Security{"https,secret", 403, 403}}) {
    CAPTURE(each.flag);
    HubProcess hub({"--subscription-security", each.flag});
    CHECK(subscribe(hub, "").status() == each.bare);
    CHECK(subscribe(hub, "&hub.secret=hush").status() == each.with_secret);
  }
}

TEST_CASE("Superfeedr's subscribers and publishers come with a password (HUB-REQ-04)") {
  TempDir folder;
  const std::string password = "0123456789abcdef0123456789abcdef";
  HubProcess hub({"--auth", WriteFile(folder, "auth.json",
                                      R"({"basic":[{"user":"demo","hash":"sha256:)" +
                                          Sha256Hex(password) + R"("}]})")});
  RawReceiver receiver(EchoChallenge);
  RawReceiver web([](const RawMessage&) { return RawAnswer("200 OK", "<feed/>"); });
  const std::string good = "Authorization: Basic " + EncodeBase64("demo:" + password) + "\n";
  const auto post = [&](const std::string& authorization, const std::string& body) {
    return SendRaw(hub, "POST /hub HTTP/1.1\n" + authorization + kCurl + kForm, body);
  };
  const std::string subscribe = "hub.mode=subscribe&hub.topic=" + PercentEncode(web.Url("/feed")) +
                                "&hub.callback=" + PercentEncode(receiver.Url("/cb?id=1")) +
                                "&hub.secret=hush&format=json&retrieve=true";
  const auto unknown = post("", subscribe);
  CHECK(unknown.status() == 401);
  CHECK(Has(unknown.Field("WWW-Authenticate").value_or(""), "Basic "));
  CHECK(post("Authorization: Basic " + EncodeBase64("demo:wrong") + "\n", subscribe).status() ==
        401);
  CHECK(post(good, subscribe + "&hub.verify=sync").status() == 204);
  CHECK(post(good, subscribe + "&hub.verify=async").status() == 202);
  CHECK(hub.WaitForState(receiver.Url("/cb?id=1"), "active"));

  const auto ping = post(good, "hub.mode=publish&hub.url=" + PercentEncode(web.Url("/feed")));
  CHECK(ping.status() == 204);
  REQUIRE(receiver.WaitFor("POST", 1));
  const auto got = receiver.Got("POST")[0];
  CHECK(got.query() == "id=1");
  CHECK(got.body == "<feed/>");  // as it is, whatever the format that was asked for
  CHECK(got.Field("X-Hub-Signature").value_or("").starts_with("sha256="));
  CHECK(post("", "hub.mode=publish&hub.url=" + PercentEncode(web.Url("/feed"))).status() == 401);
}

TEST_CASE("modes of Superfeedr that the hub does not have are refused by their names") {
  HubProcess hub;
  const std::vector<std::pair<std::string, std::string>> modes = {
      {"list", "&by_page=20&page=1"},
      {"retrieve", "&hub.topic=http%3A%2F%2Ft.example%2F&count=5&format=json"},
      {"replay",
       "&hub.topic=http%3A%2F%2Ft.example%2F&hub.callback=http%3A%2F%2F127.0.0.1%3A1%2F&count=5"},
  };
  for (const auto& [mode, more] : modes) {
    CAPTURE(mode);
    const std::string parameters = "hub.mode=" + mode + more;
    const std::string sentence =
        "hub.mode: \"" + mode + "\" is a mode of Superfeedr, which this hub does not have";
    const auto get = SendRaw(hub, "GET /hub?" + parameters + " HTTP/1.1\n" + kCurl);
    CHECK(get.status() == 405);
    CHECK(get.Field("Allow") == "POST");
    CHECK(Has(get.body, sentence));
    const auto post = SendRaw(hub, "POST /hub HTTP/1.1\n" + kCurl + kForm, parameters);
    CHECK(post.status() == 400);
    CHECK(Has(post.body, sentence));
  }
  CHECK(Has(SendRaw(hub, "POST /hub HTTP/1.1\n" + kForm, "hub.mode=lists").body, "neither"));
}

// A topic, and a hub that answers as Google's does.
class Google {
 public:
  std::string topic() const { return server_.Url("/xml/feeds/videos.xml?channel_id=UC1"); }
  std::string hub() const { return server_.Url("/"); }
  // As on the topic and on each delivery.
  std::string Link() const { return "<" + topic() + ">; rel=self, <" + hub() + ">; rel=hub"; }
  const RawReceiver& server() const { return server_; }

  static constexpr char kAgent[] =
      "User-Agent: FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)\r\n"
      "From: googlebot(at)googlebot.com\r\n"
      "Accept-Encoding: gzip, deflate, br\r\n"
      "Cache-Control: no-cache,max-age=0\r\n"
      "Pragma: no-cache\r\n";

 private:
  std::string Answer(const RawMessage& request) const {
    if (request.method() == "POST") {
      return Has(request.body, "hub.mode=publish")
                 ? "HTTP/1.1 204 No Content\r\nCache-Control: no-cache\r\n\r\n"
                 : RawAnswer("202 Accepted");
    }
    const std::string feed = "<feed xmlns=\"http://www.w3.org/2005/Atom\"/>";
    return "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nLink: " + Link() +
           "\r\nContent-Length: " + std::to_string(feed.size()) + "\r\n\r\n" +
           (request.method() == "HEAD" ? "" : feed);
  }

  RawReceiver server_{[this](const RawMessage& request) { return Answer(request); }};
};

TEST_CASE("Google's unquoted Link header with self first is understood (SUB-DISC-01)") {
  Google google;
  const Finished run = RunWebsub({"discover", google.topic(), "--json"});
  CHECK(run.status == 0);
  const auto report = json::parse(run.out);
  CHECK(report["topic"] == google.topic());
  CHECK(report["hubs"] == json{google.hub()});
  CHECK(report["warnings"].empty());
  CHECK(RunWebsub({"publish", google.topic()}).status == 0);
  const auto pings = google.server().Got("POST");
  REQUIRE(pings.size() == 1);
  CHECK(Has(pings[0].body, "hub.mode=publish&hub.url=" + PercentEncode(google.topic())));
}

TEST_CASE("a subscription at Google's hub is verified and its sha1 is checked (SUB-DIS-04)") {
  Google google;
  Process subscriber({.args = {"subscribe", google.topic(), "--secret", "hush", "--count", "1",
                               "--keep", "--json"},
                      .environment = {},
                      .directory = {}});
  REQUIRE(google.server().WaitFor("POST", 1));
  const auto form = ParseForm(google.server().Got("POST")[0].body);
  REQUIRE(form.has_value());
  const std::string callback(FindField(*form, "hub.callback").value_or(""));
  CHECK(FindField(*form, "hub.topic") == google.topic());
  const auto slash = callback.find('/', 7);
  const std::string host = callback.substr(7, slash - 7);
  const auto send = [&](const std::string& start, const std::string& lines,
                        const std::string& body) {
    RawConnection connection(
        static_cast<std::uint16_t>(std::stoi(host.substr(host.find(':') + 1))));
    connection.Write(start + " HTTP/1.1\r\nHost: " + host + "\r\n" + lines + Google::kAgent +
                     "\r\n" + body);
    return ReadRaw(connection);
  };
  const std::string target = callback.substr(slash);
  const auto verified =
      send("GET " + target + (Has(target, "?") ? "&" : "?") +
               "hub.topic=" + PercentEncode(google.topic()) +
               "&hub.challenge=10367815473950193453&hub.mode=subscribe&hub.lease_seconds=432000",
           "", "");
  CHECK(verified.status() == 200);
  CHECK(verified.body == "10367815473950193453");
  CHECK(subscriber.WaitForOut("\"verified\""));
  // openssl dgst -sha1 -hmac hush
  const auto taken =
      send("POST " + target,
           "Content-Type: application/atom+xml\r\nContent-Length: 11\r\nLink: " + google.Link() +
               "\r\nX-Hub-Signature: sha1=5792bca2f9b6a8c4be02e85c93a188f662d52619\r\n",
           "what is new");
  CHECK(taken.status() / 100 == 2);
  const Finished ended = subscriber.Wait();
  CHECK(ended.status == 0);
  const auto at = ended.out.find("\"type\":\"notification\"");
  REQUIRE(at != ended.out.npos);
  const auto begin = ended.out.rfind('\n', at) + 1;
  const auto event = json::parse(ended.out.substr(begin, ended.out.find('\n', at) - begin));
  CHECK(event["signature"] == "valid");
  CHECK(event["algorithm"] == "sha1");
  CHECK(event["topic"] == google.topic());
}

TEST_CASE("the hubs of a JSON Feed are reported as an extension (SUB-DISC-05)") {
  HttpPeer web;
  web.On("GET", "/feed.json",
         {.status = 200,
          .fields = {{"Content-Type", "application/feed+json"}},
          .body = R"({"version":"https://jsonfeed.org/version/1.1","title":"t","feed_url":")" +
                  web.Url("/feed.json") +
                  R"(","hubs":[{"type":"rssCloud","url":"http://c.example/"},)"
                  R"({"type":"WebSub","url":")" +
                  web.Url("/hub") + R"("}],"items":[]})"});
  const Finished run = RunWebsub({"discover", web.Url("/feed.json"), "--json"});
  CHECK(run.status == 0);
  const auto report = json::parse(run.out);
  CHECK(report["document"] == "json-feed");
  CHECK(report["topic"] == web.Url("/feed.json"));
  CHECK(report["hubs"] == json{web.Url("/hub")});
  REQUIRE(report["candidates"].size() == 2);
  for (const auto& candidate : report["candidates"]) CHECK(candidate["source"] == "extension");
  CHECK(report["warnings"][0]["code"] == "json-hub-type");
}

TEST_CASE("what FHIRcast asks for is recognised and said not to be there (HUB-REQ-11 HUB-REQ-12)") {
  HubProcess hub;
  const std::string fhircast =
      "POST /hub HTTP/1.1\n"
      "Authorization: Bearer i8hweunweunweofiwweoijewiwe\n" +
      kForm;
  const std::string topic = "&hub.topic=fdb2f928-5546-4f52-87a0-0648e9ded065";
  const std::string events = "&hub.events=Patient-open%2CPatient-close";
  const std::string webhook = "&hub.callback=http%3A%2F%2F127.0.0.1%3A1%2Fv7%2Fendpoint";
  const auto refused = [&](const std::string& body, const std::string& parameter) {
    const auto answer = SendRaw(hub, fhircast, body);
    CAPTURE(answer.body);
    CHECK(answer.status() == 400);
    CHECK(answer.body.starts_with(parameter + ": this is a request of FHIRcast"));
  };
  refused("hub.channel.type=websocket&hub.mode=subscribe" + topic + events, "hub.channel.type");
  refused("hub.mode=subscribe&hub.channel.type=webhook" + topic + webhook + events,
          "hub.channel.type");
  refused("hub.mode=subscribe" + topic + webhook + events, "hub.events");
  refused("hub.channel.type=websocket&hub.mode=unsubscribe" + topic, "hub.channel.type");
  CHECK(SendRaw(hub, fhircast, "hub.mode=subscribe" + topic + webhook).status() == 202);

  HttpPeer web;
  web.On("GET", "/.well-known/fhircast-configuration",
         {.status = 200,
          .fields = {{"Content-Type", "application/json"}},
          .body = R"({"eventsSupported":["Patient-open"],"websocketSupport":true,)"
                  R"("fhircastVersion":"STU3"})"});
  const Finished run =
      RunWebsub({"discover", web.Url("/.well-known/fhircast-configuration"), "--json"});
  CHECK(run.status == 8);
  const auto report = json::parse(run.out);
  REQUIRE(report["warnings"].size() >= 1);
  CHECK(report["warnings"][0]["code"] == "fhircast");
  CHECK(Has(report["warnings"][0]["message"], "not implemented"));
}

}  // namespace
}  // namespace websub::tests
