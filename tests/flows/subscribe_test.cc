// `websub subscribe` as a user runs it, against a hub that is not our own code.
#include <doctest/doctest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/support/http_ask.h"
#include "tests/support/process.h"
#include "tests/support/raw_peer.h"
#include "tests/support/scripted_hub.h"

namespace websub::tests {
namespace {

using Json = nlohmann::json;
using Verify = HubScript::Verify;

// openssl dgst -ALGORITHM -hmac s3cret of "hello"
constexpr char kSha1[] = "sha1=f875ad165d97aba6b68e2c2f7ea314aeb2a0082f";
constexpr char kSha256[] =
    "sha256=e5a01537481fa0b2c697f787c7aff885412cf0760d08e08502259b39d2d6ae68";
constexpr char kSha384[] =
    "sha384=4e54e8d2fa73a522418b3694e640f59d4b7046b6682e18c61d9e63797d3326b125bf09a7b89ae4486179d71"
    "088ad85a6";
constexpr char kSha512[] =
    "sha512=19be28bc1a54a07419829bba0df0daa580fbde5ddb89cece850074c504f31a6ef53a80a865448982fca5ae9"
    "9dffccc99e7115275c721eaefe1c13506b29a7286";

std::vector<Json> Events(const std::string& out, const std::string& type = "") {
  std::vector<Json> events;
  std::size_t begin = 0;
  for (auto end = out.find('\n'); end != std::string::npos; end = out.find('\n', begin)) {
    Json event = Json::parse(out.substr(begin, end - begin));
    if (type.empty() || event["type"] == type) events.push_back(std::move(event));
    begin = end + 1;
  }
  return events;
}

Json Only(const std::string& out, const std::string& type) {
  const auto events = Events(out, type);
  CAPTURE(out);
  REQUIRE(events.size() == 1);
  return events.front();
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A running `websub subscribe --json` and the request that it made.
struct Running {
  Process process;
  HubRequest request;

  Running(ScriptedHub& hub, std::vector<std::string> more,
          std::vector<std::string> first = {"--secret", "s3cret"})
      : process({.args = Args(hub, std::move(first), std::move(more)),
                 .environment = {},
                 .directory = {}}) {
    const auto requests = hub.WaitForRequests(1);
    REQUIRE(!requests.empty());
    request = requests.front();
  }

  static std::vector<std::string> Args(const ScriptedHub& hub, std::vector<std::string> first,
                                       std::vector<std::string> more) {
    std::vector<std::string> args = {"subscribe", hub.topic(), "--json"};
    args.insert(args.end(), first.begin(), first.end());
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }

  bool Verified() { return process.WaitForOut("\"type\":\"verified\""); }
};

TEST_CASE("subscribe prints one notification and unsubscribes") {
  ScriptedHub hub;
  Running running(hub, {"--once"});
  REQUIRE(running.Verified());
  CHECK(hub.Deliver(running.request, "hello", kSha256,
                    {{"Content-Type", "text/plain; charset=utf-8"},
                     {"Websub-Message-Id", "m1"},
                     {"Websub-Attempt", "2"}})
            .status == 204);
  const auto ended = running.process.Wait();
  CAPTURE(ended.err);
  CHECK(ended.status == 0);
  const Json event = Only(ended.out, "notification");
  CHECK(event["topic"] == hub.topic());
  CHECK(event["content_type"] == "text/plain; charset=utf-8");
  CHECK(event["signature"] == "valid");
  CHECK(event["algorithm"] == "sha256");
  CHECK(event["bytes"] == 5);
  CHECK(event["body"] == "hello");
  CHECK(event["message_id"] == "m1");
  CHECK(event["attempt"] == 2);
  for (const char* type : {"discovered", "verified", "unsubscribed"}) Only(ended.out, type);
  CHECK(Events(ended.out, "requested").size() == 2);
  CHECK(Events(ended.out, "accepted").size() == 2);
  CHECK(Events(ended.out, "error").empty());
  const auto requests = hub.Requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[1]["hub.mode"] == "unsubscribe");
  CHECK(requests[1]["hub.callback"] == requests[0]["hub.callback"]);
}

TEST_CASE("hub.topic is the self link and not the URL given (SUB-REQ-01)") {
  ScriptedHub hub;
  const std::string self = hub.peer().Url("/canonical?a=1&b=%2F");
  hub.peer().On(
      "GET", "/page",
      {.status = 200,
       .fields = {{"Link", "<" + hub.hub() + ">; rel=hub"}, {"Link", "<" + self + ">; rel=self"}},
       .body = ""});
  const auto ended = RunWebsub({"subscribe", hub.peer().Url("/page"), "--exit-on-verified"});
  CHECK(ended.status == 0);
  REQUIRE(hub.Requests().size() == 2);
  CHECK(hub.Requests()[0]["hub.topic"] == self);
  CHECK(hub.Requests()[1]["hub.topic"] == self);
}

TEST_CASE("redirects of the topic are followed to the self at their end (SUB-REQ-02)") {
  for (const int status : {301, 302}) {
    CAPTURE(status);
    ScriptedHub hub;
    hub.peer().On("GET", "/old", {.status = status, .fields = {{"Location", "/feed"}}, .body = ""});
    CHECK(RunWebsub({"subscribe", hub.peer().Url("/old"), "--exit-on-verified"}).status == 0);
    REQUIRE(!hub.Requests().empty());
    CHECK(hub.Requests()[0]["hub.topic"] == hub.topic());
  }
}

TEST_CASE("307 and 308 of the hub repeat the POST with its body (SUB-REQ-03)") {
  for (const int status : {307, 308}) {
    CAPTURE(status);
    ScriptedHub hub;
    HttpPeer old;
    old.On("POST", "/", {.status = status, .fields = {{"Location", hub.hub()}}, .body = ""});
    const auto ended = RunWebsub(
        {"subscribe", hub.topic(), "--hub", old.Url("/"), "--exit-on-verified", "--lease", "60"});
    CHECK(ended.status == 0);
    REQUIRE(hub.Requests().size() == 2);
    REQUIRE(!old.Requests().empty());
    CHECK(hub.Requests()[0].raw.method == "POST");
    CHECK(hub.Requests()[0].raw.body == old.Requests()[0].body);
    CHECK(hub.Requests()[0]["hub.topic"] == hub.topic());
    // What moved for good is asked at its new place from then on.
    CHECK(old.Requests().size() == (status == 308 ? 1 : 2));
  }
}

TEST_CASE("a hub that redirects otherwise or without end has refused") {
  HttpPeer hub;
  hub.On("POST", "/302", {.status = 302, .fields = {{"Location", "/ok"}}, .body = ""});
  hub.On("POST", "/ok", {.status = 202, .fields = {}, .body = ""});
  hub.On("POST", "/circle", {.status = 307, .fields = {{"Location", "/circle"}}, .body = ""});
  hub.On("POST", "/nowhere", {.status = 307, .fields = {}, .body = ""});
  for (const char* path : {"/302", "/circle", "/nowhere"}) {
    CAPTURE(path);
    CHECK(RunWebsub({"subscribe", "topic", "--hub", hub.Url(path)}).status == 5);
  }
  CHECK(hub.Requests("POST", "/ok").empty());
}

TEST_CASE("the request is a form in the body (SUB-REQ-04)") {
  ScriptedHub hub;
  Running running(hub, {"--lease", "2m", "--exit-on-verified"});
  CHECK(running.request.raw.method == "POST");
  CHECK(running.request.raw.query.empty());
  CHECK(running.request.raw.Field("Content-Type") == "application/x-www-form-urlencoded");
  CHECK(running.request["hub.mode"] == "subscribe");
  CHECK(running.request["hub.topic"] == hub.topic());
  CHECK(running.request["hub.lease_seconds"] == "120");
  CHECK(running.request["hub.secret"] == "s3cret");
  CHECK(running.request["hub.callback"].starts_with("http://127.0.0.1:"));
  CHECK(running.request.form.size() == 5);
  CHECK(running.process.Wait().status == 0);
}

TEST_CASE("a topic that is no URL reaches the hub byte for byte") {
  ScriptedHub hub;
  const std::string topic = "stock prices, é+%2F&=";
  CHECK(RunWebsub({"subscribe", topic, "--hub", hub.hub(), "--exit-on-verified"}).status == 0);
  REQUIRE(!hub.Requests().empty());
  CHECK(hub.Requests()[0]["hub.topic"] == topic);
}

TEST_CASE("each subscription has an unguessable callback of its own (SUB-REQ-05)") {
  ScriptedHub hub;
  hub.peer().On("GET", "/other",
                {.status = 200,
                 .fields = {{"Link", "<" + hub.hub() + ">; rel=hub, <" + hub.peer().Url("/other") +
                                         ">; rel=self"}},
                 .body = ""});
  const auto ended = RunWebsub(
      {"subscribe", hub.topic(), hub.peer().Url("/other"), "--exit-on-verified", "--keep"});
  CHECK(ended.status == 0);
  REQUIRE(hub.Requests().size() == 2);
  std::vector<std::string> paths;
  for (const auto& request : hub.Requests()) {
    const std::string callback = request["hub.callback"];
    paths.push_back(callback.substr(callback.rfind('/') + 1));
    CHECK(paths.back().size() == 32);
    CHECK(paths.back().find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  CHECK(paths[0] != paths[1]);
}

TEST_CASE("the secret is random and unique unless one is given (SUB-REQ-06)") {
  std::vector<std::string> secrets;
  for (int i = 0; i < 2; ++i) {
    ScriptedHub hub;
    CHECK(RunWebsub({"subscribe", hub.topic(), "--exit-on-verified"}).status == 0);
    secrets.push_back(hub.Requests().at(0)["hub.secret"]);
    CHECK(secrets.back().size() == 32);
    CHECK(secrets.back().find_first_not_of("0123456789abcdef") == std::string::npos);
  }
  CHECK(secrets[0] != secrets[1]);
  ScriptedHub hub;
  CHECK(RunWebsub({"subscribe", hub.topic(), "--exit-on-verified", "--no-secret"}).status == 0);
  CHECK(!hub.Requests().at(0).form.contains("hub.secret"));
}

TEST_CASE("a secret of 200 bytes is refused and one of 199 is sent (SUB-REQ-06)") {
  ScriptedHub hub;
  const auto refused = RunWebsub({"subscribe", hub.topic(), "--secret", std::string(200, 's')});
  CHECK(refused.status == 2);
  CHECK(hub.Requests().empty());
  CHECK(
      RunWebsub({"subscribe", hub.topic(), "--exit-on-verified", "--secret", std::string(199, 's')})
          .status == 0);
  CHECK(hub.Requests().at(0)["hub.secret"].size() == 199);
}

TEST_CASE("a secret over http to another machine is warned of (SUB-REQ-06)") {
  HttpPeer proxy;  // stands for another machine: the name is never looked up
  for (const bool secret : {true, false}) {
    std::vector<std::string> args = {"subscribe", "topic", "--hub", "http://hub.example/"};
    if (!secret) args.emplace_back("--no-secret");
    const auto ended = RunWebsub(args, "", {{"HTTP_PROXY", proxy.Url("")}});
    CHECK(ended.status == 5);
    CHECK(Contains(ended.err, "the secret travels in the open") == secret);
  }
}

TEST_CASE("the verification is answered with the challenge and not a byte more (SUB-VER-01)") {
  ScriptedHub hub;
  Running running(hub, {"--exit-on-verified"});
  const auto answers = hub.WaitForVerifications(1);
  REQUIRE(!answers.empty());
  CHECK(answers[0].status == 200);
  CHECK(answers[0].body == "c-~._0 ");
  bool plain = false;
  for (const auto& [name, value] : answers[0].fields) {
    plain = plain || (name == "Content-Type" && value.starts_with("text/plain"));
  }
  CHECK(plain);
  CHECK(running.process.Wait().status == 0);
}

TEST_CASE("a hub that verifies before it answers is understood") {
  ScriptedHub hub;
  hub.Play({.status = 204, .fields = {}, .body = "", .verify = Verify::kBeforeItAnswers});
  const auto ended = RunWebsub({"subscribe", hub.topic(), "--exit-on-verified", "--json"});
  CHECK(ended.status == 0);
  Only(ended.out, "verified");
  Only(ended.out, "unsubscribed");
}

TEST_CASE("a verification of another topic or mode gets 404 and is told (SUB-VER-02)") {
  ScriptedHub hub;
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
  Running running(hub, {"--exit-on-verified", "--keep"});
  CHECK(hub.Verify(running.request, "600", "", hub.topic() + "/").status == 404);
  CHECK(running.process.WaitForErr("trailing slash"));
  CHECK(hub.Verify(running.request, "600", "unsubscribe").status == 404);
  CHECK(running.process.WaitForErr("asked to verify unsubscribe"));
  CHECK(Ask("GET", running.request["hub.callback"]).status == 404);
  CHECK(Ask("GET", running.request["hub.callback"] + "x?hub.mode=subscribe").status == 404);
  CHECK(Ask("PUT", running.request["hub.callback"]).status == 405);
  CHECK(Events(running.process.Out(), "verified").empty());
  CHECK(hub.Verify(running.request).status == 200);
  CHECK(running.process.Wait().status == 0);
}

TEST_CASE("a denial ends the command with status 6 and its reason (SUB-VER-03)") {
  for (const bool verified : {false, true}) {
    CAPTURE(verified);
    ScriptedHub hub;
    hub.Play({.status = 202,
              .fields = {},
              .body = "",
              .verify = verified ? Verify::kAfterwards : Verify::kNever});
    Running running(hub, {});
    if (verified) REQUIRE(running.Verified());
    CHECK(hub.Deny(running.request, "not for you").status == 200);
    const auto ended = running.process.Wait();
    CHECK(ended.status == 6);
    CHECK(Only(ended.out, "denied")["reason"] == "not for you");
    CHECK(Contains(ended.err, "not for you"));
    CHECK(hub.Requests().size() == 1);  // there is nothing to unsubscribe from
  }
}

TEST_CASE("the subscription is renewed before its lease ends (SUB-VER-04)") {
  ScriptedHub hub;
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kAfterwards, .lease = "2"});
  Running running(hub, {"--lease", "2"});
  REQUIRE(running.process.WaitForOut("\"type\":\"renewed\""));
  const auto requests = hub.WaitForRequests(3);
  REQUIRE(requests.size() >= 3);
  for (const auto& request : requests) {
    CHECK(request["hub.mode"] == "subscribe");
    CHECK(request["hub.callback"] == running.request["hub.callback"]);
    CHECK(request["hub.secret"] == "s3cret");
    CHECK(request["hub.lease_seconds"] == "2");
  }
  CHECK(hub.Deliver(running.request, "hello", kSha256).status == 204);
  CHECK(running.process.WaitForOut("\"type\":\"notification\""));
  running.process.Signal(SIGTERM);
  const auto ended = running.process.Wait();
  CHECK(ended.status == 143);
  CHECK(Events(ended.out, "expired").empty());
}

TEST_CASE("a renewal that fails is reported and tried again until it succeeds (SUB-VER-04)") {
  ScriptedHub hub;
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kAfterwards, .lease = "1"});
  Running running(hub, {});
  REQUIRE(running.Verified());
  hub.Play({.status = 503, .fields = {}, .body = "no room"});
  REQUIRE(running.process.WaitForErr("not renewed: "));
  CHECK(running.process.WaitForErr("no room"));
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kAfterwards, .lease = "9"});
  CHECK(running.process.WaitForOut("\"type\":\"renewed\""));
  running.process.Signal(SIGINT);
  CHECK(running.process.Wait().status == 130);
}

TEST_CASE("a lease that ends without renewal is an event") {
  ScriptedHub hub;
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kAfterwards, .lease = "1"});
  Running running(hub, {});
  REQUIRE(running.Verified());
  hub.Play({.status = 403, .fields = {}, .body = "go away"});
  const auto ended = running.process.Wait();
  CHECK(ended.status == 5);
  Only(ended.out, "expired");
  CHECK(Contains(ended.err, "go away"));
}

TEST_CASE("a verification without a lease is warned of") {
  ScriptedHub hub;
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kAfterwards, .lease = ""});
  const auto ended = RunWebsub({"subscribe", hub.topic(), "--exit-on-verified"});
  CHECK(ended.status == 0);
  CHECK(Contains(ended.err, "names no hub.lease_seconds"));
}

TEST_CASE("a delivery is acknowledged while the next one is on its way (SUB-DIS-01)") {
  ScriptedHub hub;
  Running running(hub, {"--count", "3"});
  REQUIRE(running.Verified());
  for (int i = 0; i < 3; ++i) {
    CHECK(hub.Deliver(running.request, "hello", kSha256).status / 100 == 2);
  }
  const auto ended = running.process.Wait();
  CHECK(ended.status == 0);
  CHECK(Events(ended.out, "notification").size() == 3);
}

TEST_CASE("content with a wrong signature is discarded and does not count (SUB-DIS-02)") {
  ScriptedHub hub;
  Running running(hub, {"--once"});
  REQUIRE(running.Verified());
  CHECK(hub.Deliver(running.request, "forged", kSha256).status / 100 == 2);
  REQUIRE(running.process.WaitForOut("\"type\":\"notification\""));
  CHECK(hub.Deliver(running.request, "hello", kSha256).status / 100 == 2);
  const auto ended = running.process.Wait();
  CHECK(ended.status == 0);
  CHECK(!Contains(ended.out, "forged"));
  const auto events = Events(ended.out, "notification");
  REQUIRE(events.size() == 2);
  CHECK(events[0]["signature"] == "invalid");
  CHECK(events[0]["discarded"] == true);
  CHECK(!events[0].contains("body"));
  CHECK(!events[0].contains("body_base64"));
  CHECK(events[1]["signature"] == "valid");
}

TEST_CASE("unsigned content is discarded where a secret was given (SUB-DIS-03)") {
  ScriptedHub hub;
  Running running(hub, {"--count", "1", "--timeout", "2s"});
  REQUIRE(running.Verified());
  CHECK(hub.Deliver(running.request, "forged").status / 100 == 2);
  const auto ended = running.process.Wait();
  CHECK(ended.status == 124);
  CHECK(!Contains(ended.out, "forged"));
  CHECK(Only(ended.out, "notification")["signature"] == "missing");
  CHECK(Contains(ended.err, "got 0 of 1 notification in 2s"));
}

TEST_CASE("without a secret there is nothing to check") {
  ScriptedHub hub;
  Running running(hub, {"--once"}, {"--no-secret"});
  REQUIRE(running.Verified());
  CHECK(hub.Deliver(running.request, "hello", kSha256).status == 204);
  const Json event = Only(running.process.Wait().out, "notification");
  CHECK(event["signature"] == "none");
  CHECK(event["body"] == "hello");
}

TEST_CASE("every algorithm that a header names is checked by that one (SUB-DIS-04)") {
  ScriptedHub hub;
  Running running(hub, {"--count", "4"});
  REQUIRE(running.Verified());
  for (const char* signature : {kSha1, kSha256, kSha384, kSha512}) {
    hub.Deliver(running.request, "hello", signature);
  }
  const auto ended = running.process.Wait();
  CHECK(ended.status == 0);
  std::vector<std::string> algorithms;
  for (const Json& event : Events(ended.out, "notification")) {
    algorithms.push_back(event["algorithm"]);
  }
  CHECK(algorithms == std::vector<std::string>{"sha1", "sha256", "sha384", "sha512"});
}

TEST_CASE("the callback and not the Link field says which topic it is (SUB-DIS-05)") {
  ScriptedHub hub;
  const std::string other = hub.peer().Url("/other");
  Process process({.args = {"subscribe", hub.topic(), other, "--hub", hub.hub(), "--json",
                            "--secret", "s3cret", "--count", "2"},
                   .environment = {},
                   .directory = {}});
  REQUIRE(hub.WaitForVerifications(2).size() == 2);
  const auto requests = hub.Requests();
  const PeerFields misleading = {
      {"Link", "<" + requests[1]["hub.topic"] + ">; rel=self, <" + hub.hub() + ">; rel=hub"}};
  CHECK(hub.Deliver(requests[0], "hello", kSha256, misleading).status == 204);
  CHECK(hub.Deliver(requests[1], "hello", kSha256, misleading).status == 204);
  const auto ended = process.Wait();
  CHECK(ended.status == 0);
  const auto events = Events(ended.out, "notification");
  REQUIRE(events.size() == 2);
  CHECK(events[0]["topic"] == requests[0]["hub.topic"]);
  CHECK(events[1]["topic"] == requests[1]["hub.topic"]);
}

TEST_CASE("a delivery after the end gets 410 (SUB-DIS-06)") {
  for (const bool counted : {true, false}) {
    CAPTURE(counted);
    ScriptedHub hub;
    Running running(hub, counted ? std::vector<std::string>{"--once"} : std::vector<std::string>{});
    REQUIRE(running.Verified());
    hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
    CHECK(hub.Deliver(running.request, "hello", kSha256).status == 204);
    if (!counted) running.process.Signal(SIGTERM);
    REQUIRE(hub.WaitForRequests(2).size() == 2);
    CHECK(hub.Deliver(running.request, "hello", kSha256).status == 410);
    CHECK(hub.Verify(hub.Requests()[0]).status == 404);  // that we want it is over
    CHECK(hub.Verify(hub.Requests()[1]).status == 200);
    const auto ended = running.process.Wait();
    CHECK(ended.status == (counted ? 0 : 143));
    Only(ended.out, "notification");
    Only(ended.out, "unsubscribed");
  }
}

TEST_CASE("a large body comes back byte for byte") {
  // openssl dgst -sha256 -hmac s3cret of the 51690 bytes below
  const std::string signature =
      "sha256=f662f2bc00f1a254c14efa922bf3ecc9d8d18b83037d5d939817826fdde574c0";
  std::string body;
  for (int i = 0; i < 1600; ++i) {
    body += "<entry n=\"" + std::to_string(i) + "\">caf\xc3\xa9 \t\r\n</entry>";
  }
  ScriptedHub hub;
  Running running(hub, {"--count", "1"});
  REQUIRE(running.Verified());
  hub.Deliver(running.request, body, signature, {{"Content-Type", "application/atom+xml"}});
  const auto ended = running.process.Wait();
  CHECK(ended.status == 0);
  const Json event = Only(ended.out, "notification");
  CHECK(event["signature"] == "valid");
  CHECK(event["bytes"] == body.size());
  CHECK((event["body"] == body));
}

TEST_CASE("a repeated message is shown as a duplicate and counted once") {
  ScriptedHub hub;
  Running running(hub, {"--count", "2"});
  REQUIRE(running.Verified());
  hub.Deliver(running.request, "hello", kSha256, {{"Websub-Message-Id", "a"}});
  hub.Deliver(running.request, "hello", kSha256,
              {{"Websub-Message-Id", "a"}, {"Websub-Attempt", "2"}});
  hub.Deliver(running.request, "hello", kSha256, {{"Websub-Message-Id", "b"}});
  const auto events = Events(running.process.Wait().out, "notification");
  REQUIRE(events.size() == 3);
  CHECK(!events[0].contains("duplicate"));
  CHECK(events[1]["duplicate"] == true);
  CHECK(events[1]["attempt"] == 2);
  CHECK(!events[2].contains("duplicate"));
}

TEST_CASE("a body over --max-body gets 413 and the rest goes on") {
  ScriptedHub hub;
  Running running(hub, {"--once", "--max-body", "100"});
  REQUIRE(running.Verified());
  CHECK(hub.Deliver(running.request, std::string(101, 'x'), kSha256).status == 413);
  CHECK(hub.Deliver(running.request, "hello", kSha256).status == 204);
  CHECK(running.process.Wait().status == 0);
}

TEST_CASE("people see steps on stderr and notifications on stdout") {
  ScriptedHub hub;
  Process process({.args = {"subscribe", hub.topic(), "--once", "--secret", "s3cret"},
                   .environment = {},
                   .directory = {}});
  REQUIRE(process.WaitForErr("verified: subscribed, lease "));
  hub.Deliver(hub.Requests().at(0), "hello", kSha256, {{"Content-Type", "text/plain"}});
  const auto ended = process.Wait();
  CHECK(ended.status == 0);
  CHECK(Contains(ended.out, "  text/plain  5 B  signature: valid (sha256)\nhello\n"));
  CHECK(Contains(ended.err, "discovered: topic " + hub.topic()));
  CHECK(Contains(ended.err, "accepted by the hub (202)"));
  CHECK(Contains(ended.err, "unsubscribed"));
  CHECK(!Contains(ended.err, "s3cret"));
}

TEST_CASE("the first hub that accepts is used") {
  ScriptedHub hub;
  HttpPeer refuses;
  refuses.On("POST", "/hub", {.status = 404, .fields = {}, .body = "not my topic"});
  const std::string dead = "http://127.0.0.1:" + std::to_string(UnusedPort()) + "/";
  hub.peer().On(
      "GET", "/many",
      {.status = 200,
       .fields = {{"Link", "<" + dead + ">; rel=hub, <" + refuses.Url("/hub") + ">; rel=hub, <" +
                               hub.hub() + ">; rel=hub, <" + hub.topic() + ">; rel=self"}},
       .body = ""});
  const auto ended = RunWebsub({"subscribe", hub.peer().Url("/many"), "--exit-on-verified"});
  CHECK(ended.status == 0);
  CHECK(refuses.Requests("POST", "/hub").size() == 1);
  CHECK(Contains(ended.err, "not my topic; trying the next hub, " + hub.hub()));
  CHECK(hub.Requests().size() == 2);
}

TEST_CASE("a callback URL behind a tunnel is told as it is and its path is served") {
  ScriptedHub hub;
  const int port = UnusedPort();
  const std::string local = "http://127.0.0.1:" + std::to_string(port);
  Running running(hub, {"--once", "--listen", "127.0.0.1:" + std::to_string(port), "--callback-url",
                        local + "/tunnel/in?key=a%2Fb"});
  CHECK(running.request["hub.callback"] == local + "/tunnel/in?key=a%2Fb");
  REQUIRE(running.Verified());
  CHECK(hub.Deliver(running.request, "hello", kSha256).status == 204);
  CHECK(running.process.Wait().status == 0);
}

TEST_CASE("several topics behind one callback URL get a path each below it") {
  ScriptedHub hub;
  const std::string base = "http://127.0.0.1:" + std::to_string(UnusedPort());
  const auto ended = RunWebsub({"subscribe", "one", "two", "--hub", hub.hub(), "--callback-url",
                                base + "/in?k=1", "--verify-timeout", "100ms"});
  CHECK(ended.status == 7);
  REQUIRE(hub.Requests().size() == 2);
  const std::string first = hub.Requests()[0]["hub.callback"];
  CHECK(first != hub.Requests()[1]["hub.callback"]);
  CHECK(first.starts_with(base + "/in/"));
  CHECK(first.ends_with("?k=1"));
}

TEST_CASE("--keep leaves the subscription in place") {
  ScriptedHub hub;
  CHECK(RunWebsub({"subscribe", hub.topic(), "--exit-on-verified", "--keep"}).status == 0);
  CHECK(hub.Requests().size() == 1);
}

TEST_CASE("a hub that cannot be reached is status 3") {
  const std::string dead = "http://127.0.0.1:" + std::to_string(UnusedPort()) + "/hub";
  const auto ended = RunWebsub({"subscribe", "topic", "--hub", dead});
  CHECK(ended.status == 3);
  CHECK(Contains(ended.err, dead));
}

TEST_CASE("a hub that refuses is status 5 with its sentence") {
  ScriptedHub hub;
  hub.Play({.status = 400, .fields = {}, .body = "hub.topic: not hosted here\n"});
  const auto ended = RunWebsub({"subscribe", hub.topic(), "--json"});
  CHECK(ended.status == 5);
  CHECK(Contains(ended.err, "answered 400: hub.topic: not hosted here"));
  CHECK(Contains(Only(ended.out, "error")["message"], "hub.topic: not hosted here"));
}

TEST_CASE("a verification that does not come is status 7") {
  ScriptedHub hub;
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
  const auto ended = RunWebsub({"subscribe", hub.topic(), "--verify-timeout", "200ms"});
  CHECK(ended.status == 7);
  CHECK(Contains(ended.err, "answered 202 but never asked " + hub.Requests()[0]["hub.callback"]));
}

TEST_CASE("a topic without a hub is status 8") {
  HttpPeer topic;
  topic.On("GET", "/feed", {.status = 200, .fields = {}, .body = "news"});
  CHECK(RunWebsub({"subscribe", topic.Url("/feed")}).status == 8);
  CHECK(RunWebsub({"subscribe", topic.Url("/missing")}).status == 8);
}

TEST_CASE("time that runs out is status 124 and says what was got") {
  ScriptedHub hub;
  Running running(hub, {"--count", "3", "--idle", "300ms"});
  REQUIRE(running.Verified());
  hub.Deliver(running.request, "hello", kSha256);
  const auto idle = running.process.Wait();
  CHECK(idle.status == 124);
  CHECK(Contains(idle.err, "--idle ran out: got 1 of 3 notifications in "));
  CHECK(Contains(idle.err, "none in the last 300ms"));
  Only(idle.out, "unsubscribed");

  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
  const auto timeout = RunWebsub({"subscribe", hub.topic(), "--timeout", "300ms"});
  CHECK(timeout.status == 124);
  CHECK(Contains(timeout.err, "got 0 notifications in 300ms"));
  CHECK(Contains(timeout.err, "not verified"));
}

TEST_CASE("SIGINT and SIGTERM unsubscribe and end with 130 and 143") {
  for (const auto& [signal, status] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    CAPTURE(signal);
    ScriptedHub hub;
    Running running(hub, {});
    REQUIRE(running.Verified());
    running.process.Signal(signal);
    const auto ended = running.process.Wait();
    CHECK(ended.status == status);
    Only(ended.out, "unsubscribed");
  }
}

TEST_CASE("a second signal ends at once") {
  ScriptedHub hub;
  Running running(hub, {});
  REQUIRE(running.Verified());
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
  running.process.Signal(SIGINT);
  REQUIRE(hub.WaitForRequests(2).size() == 2);
  running.process.Signal(SIGINT);
  CHECK(running.process.Wait(std::chrono::seconds(3)).status == 130);
}

TEST_CASE("a hub that does not verify the end holds it up for a bounded time") {
  ScriptedHub hub;
  Running running(hub, {});
  REQUIRE(running.Verified());
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
  running.process.Signal(SIGTERM);
  const auto ended = running.process.Wait(std::chrono::seconds(15));
  CHECK(ended.status == 143);
  CHECK(Contains(ended.err, "ends with its lease"));
}

TEST_CASE("subscribe unsubscribes and ends quietly once nobody reads its stdout") {
  ScriptedHub hub;
  Running running(hub, {});
  REQUIRE(running.Verified());
  running.process.CloseOutput();
  for (int i = 0; i < 2; ++i) hub.Deliver(running.request, "hello", kSha256);
  const auto ended = running.process.Wait();
  CHECK(ended.status == 0);
  REQUIRE(hub.Requests().size() == 2);
  CHECK(hub.Requests()[1]["hub.mode"] == "unsubscribe");
}

TEST_CASE("a redirect does not take the secret from this machine unseen (SUB-REQ-06)") {
  HttpPeer proxy;  // stands for another machine
  HttpPeer hub;
  hub.On("POST", "/hub",
         {.status = 307, .fields = {{"Location", "http://hub.example/"}}, .body = ""});
  const auto ended = RunWebsub({"subscribe", "topic", "--hub", hub.Url("/hub")}, "",
                               {{"HTTP_PROXY", proxy.Url("")}, {"NO_PROXY", "127.0.0.1"}});
  CHECK(ended.status == 5);
  CHECK(Contains(ended.err, "the secret travels in the open: http://hub.example/"));
}

TEST_CASE("a notification that is not as expected is status 4") {
  ScriptedHub hub;
  Running good(hub, {"--once", "--expect", "body~^hel+o$", "--expect", "signature=valid"});
  REQUIRE(good.Verified());
  hub.Deliver(good.request, "hello", kSha256);
  CHECK(good.process.Wait().status == 0);

  ScriptedHub other;
  Running bad(other, {"--once", "--expect", "type=text/plain"});
  REQUIRE(bad.Verified());
  other.Deliver(bad.request, "hello", kSha256, {{"Content-Type", "text/html"}});
  const auto ended = bad.process.Wait();
  CHECK(ended.status == 4);
  CHECK(Contains(ended.err, "expected was the type text/plain"));
  Only(ended.out, "unsubscribed");
}

TEST_CASE("an invalid signature can be what is expected") {
  ScriptedHub hub;
  Running running(hub, {"--once", "--expect", "signature=invalid"});
  REQUIRE(running.Verified());
  hub.Deliver(running.request, "forged", kSha256);
  CHECK(running.process.Wait().status == 0);
}

TEST_CASE("a bad subscriber can be played") {
  ScriptedHub hub;
  Running running(hub, {"--once", "--reply-status", "503", "--reply-delay", "50ms"});
  REQUIRE(running.Verified());
  CHECK(hub.Deliver(running.request, "hello", kSha256).status == 503);
  const auto ended = running.process.Wait();
  CHECK(ended.status == 0);
  Only(ended.out, "notification");

  ScriptedHub wrong;
  Running echo(wrong, {"--reply-challenge", "\"challenge\"", "--verify-timeout", "500ms"});
  CHECK(wrong.WaitForVerifications(1).at(0).body == "\"challenge\"");
  CHECK(echo.process.Wait().status == 7);
}

TEST_CASE("wrong options of subscribe are status 2") {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"subscribe"},
        {"subscribe", "no-url"},
        {"subscribe", "http://127.0.0.1/", "--hub", "ftp://x/"},
        {"subscribe", "t", "--hub", ":1", "--count", "0"},
        {"subscribe", "t", "--hub", ":1", "--count", "1", "--once"},
        {"subscribe", "t", "--hub", ":1", "--secret", "a", "--no-secret"},
        {"subscribe", "t", "--hub", ":1", "--listen", "nowhere"},
        {"subscribe", "t", "--hub", ":1", "--callback-url", "nowhere"},
        {"subscribe", "t", "--hub", ":1", "--lease", "0"},
        {"subscribe", "t", "--hub", ":1", "--expect", "nothing"},
        {"subscribe", "a\nb", "--hub", ":1"}}) {
    CAPTURE(args.back());
    CHECK(RunWebsub(args).status == 2);
  }
}

}  // namespace
}  // namespace websub::tests
