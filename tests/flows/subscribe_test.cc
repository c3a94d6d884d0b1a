// `websub subscribe` as a user runs it: what it asks the hub for, and how it is verified.
#include "tests/flows/subscribe_fixture.h"
#include "tests/support/http_ask.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

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
                                base + "/in?k=1", "--verify-timeout", "500ms"});
  CHECK(ended.status == 7);
  REQUIRE(hub.Requests().size() == 2);
  const std::string first = hub.Requests()[0]["hub.callback"];
  CHECK(first != hub.Requests()[1]["hub.callback"]);
  CHECK(first.starts_with(base + "/in/"));
  CHECK(first.ends_with("?k=1"));
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
