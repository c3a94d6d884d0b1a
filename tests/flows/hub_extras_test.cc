// What a user sends along to hubs: fields of his own, parameters of his own, tokens.
#include <atomic>

#include "core/form.h"
#include "tests/flows/subscribe_fixture.h"
#include "tests/support/http_ask.h"
#include "tests/support/hub_process.h"

namespace websub::tests {
namespace {

constexpr char kToken[] = "t&k=n hunter2";

// The GET of a hub that verifies, with or without a token.
PeerAnswer VerifyWith(const HubRequest& request, const std::string& token) {
  std::string query = "?hub.mode=" + request["hub.mode"] + "&hub.challenge=c&hub.lease_seconds=60" +
                      "&hub.topic=" + PercentEncode(request["hub.topic"]);
  if (!token.empty()) query += "&hub.verify_token=" + PercentEncode(token);
  return Ask("GET", request["hub.callback"] + query);
}

TEST_CASE("parameters of --hub-param are sent to subscribe and to unsubscribe") {
  ScriptedHub hub;
  const auto ended = RunWebsub({"subscribe", hub.topic(), "--exit-on-verified", "--hub-param",
                                "x.y=1=2&3", "--hub-param", "hub.signature_algorithm=sha512"});
  CHECK(ended.status == 0);
  const auto requests = hub.Requests();
  REQUIRE(requests.size() == 2);
  for (const HubRequest& request : requests) {
    CHECK(request["x.y"] == "1=2&3");
    CHECK(request["hub.signature_algorithm"] == "sha512");
  }
  for (const char* bad : {"novalue", "=x", "hub.mode=x", "hub.topic=x", "hub.callback=x",
                          "hub.secret=hunter2", "hub.lease_seconds=3"}) {
    CAPTURE(bad);
    const auto refused = RunWebsub({"subscribe", hub.topic(), "--hub-param", bad});
    CHECK(refused.status == 2);
    CHECK(refused.err.starts_with("websub: --hub-param: "));
    CHECK_FALSE(Contains(refused.err, "hunter2"));
  }
}

TEST_CASE("a verification without the token that was sent is not confirmed") {
  ScriptedHub hub;
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
  Running running(hub, {"--exit-on-verified", "--keep", "-v", "--hub-param",
                        std::string("hub.verify_token=") + kToken});
  CHECK(running.request["hub.verify_token"] == kToken);
  CHECK(VerifyWith(running.request, "").status == 404);
  CHECK(VerifyWith(running.request, "t").status == 404);
  CHECK(running.process.WaitForErr("another hub.verify_token than was sent"));
  CHECK(Events(running.process.Out(), "verified").empty());
  const auto answer = VerifyWith(running.request, kToken);
  CHECK(answer.status == 200);
  CHECK(answer.body == "c");
  const Finished ended = running.process.Wait();
  CHECK(ended.status == 0);
  CHECK_FALSE(Contains(ended.out + ended.err, "hunter2"));
}

TEST_CASE("204 to hub.verify=sync counts as accepted and verified") {
  for (const Verify verify : {Verify::kBeforeItAnswers, Verify::kNever}) {
    ScriptedHub hub;
    hub.Play({.status = 204, .fields = {}, .body = "", .verify = verify});
    const auto ended = RunWebsub({"subscribe", hub.topic(), "--exit-on-verified", "--json",
                                  "--hub-param", "hub.verify=sync", "--lease", "60"});
    CAPTURE(ended.err);
    CHECK(ended.status == 0);
    const auto accepted = Events(ended.out, "accepted");
    REQUIRE(accepted.size() == 2);  // subscribe and unsubscribe
    CHECK(accepted[0]["verified"] == true);
    CHECK(accepted[0]["status"] == 204);
    const auto verified = Only(ended.out, "verified");
    CHECK(verified["lease_seconds"] == (verify == Verify::kNever ? 60 : 600));
    Only(ended.out, "unsubscribed");
  }
}

TEST_CASE("a hub that is not asked to verify first is waited for after its 204") {
  ScriptedHub hub;
  hub.Play({.status = 204, .fields = {}, .body = "", .verify = Verify::kNever});
  const auto ended = RunWebsub(
      {"subscribe", hub.topic(), "--exit-on-verified", "--json", "--verify-timeout", "200ms"});
  CHECK(ended.status == 7);
  CHECK_FALSE(Only(ended.out, "accepted").contains("verified"));
}

TEST_CASE("204 to hub.verify=sync after a wrong verification is none") {
  ScriptedHub hub;
  hub.peer().On("POST", "/wrong", [](const PeerRequest& raw) {
    const auto form = ParseForm(raw.body).value();
    Ask("GET", std::string(FindField(form, "hub.callback").value_or("")) +
                   "?hub.mode=subscribe&hub.topic=other&hub.challenge=c");
    return PeerAnswer{.status = 204, .fields = {}, .body = {}};
  });
  const auto ended = RunWebsub({"subscribe", "t", "--hub", hub.peer().Url("/wrong"), "--once",
                                "--hub-param", "hub.verify=sync"});
  CHECK(ended.status == 7);
}

TEST_CASE("our own hub verifies first where it is asked to") {
  HubProcess hub;
  const auto ended = RunWebsub({"subscribe", "t", "--hub", hub.Hub(), "--exit-on-verified",
                                "--json", "--hub-param", "hub.verify=sync", "--hub-param",
                                std::string("hub.verify_token=") + kToken});
  CAPTURE(ended.err);
  CHECK(ended.status == 0);
  const auto accepted = Events(ended.out, "accepted");
  REQUIRE(!accepted.empty());
  CHECK(accepted[0]["status"] == 204);
  CHECK(accepted[0]["verified"] == true);
  Only(ended.out, "verified");
  CHECK_FALSE(Contains(ended.out + ended.err, "hunter2"));
}

TEST_CASE("fields of --header stay with the hub that a subscriber asks") {
  ScriptedHub hub;
  HttpPeer old;
  old.On("POST", "/", {.status = 307, .fields = {{"Location", "/2"}}, .body = ""});
  old.On("POST", "/2", {.status = 307, .fields = {{"Location", hub.hub()}}, .body = ""});
  for (const char* mode : {"--json", "-v"}) {
    const auto ended =
        RunWebsub({"subscribe", hub.topic(), "--hub", old.Url("/"), "--exit-on-verified", mode,
                   "--header", "Authorization: Bearer hunter2", "--header", "Cookie: a=hunter2"});
    CHECK(ended.status == 0);
    CHECK_FALSE(Contains(ended.out + ended.err, "hunter2"));
  }
  for (const std::string path : {"/", "/2"}) {
    for (const auto& request : old.Requests("POST", path)) {
      CHECK(request.Field("Authorization") == "Bearer hunter2");
      CHECK(request.Field("Cookie") == "a=hunter2");
    }
  }
  REQUIRE(hub.Requests().size() == 4);
  for (const HubRequest& request : hub.Requests()) {
    CHECK_FALSE(request.raw.Field("Authorization"));
    CHECK_FALSE(request.raw.Field("Cookie"));
  }
}

TEST_CASE("discover sends fields of --header to the origin of the URL only") {
  HttpPeer peer;
  HttpPeer third;
  const PeerFields links = {{"Link", "<http://h/>; rel=hub, <http://t/>; rel=self"}};
  peer.On("GET", "/a", {.status = 302, .fields = {{"Location", "/b"}}, .body = ""});
  peer.On("GET", "/b", {.status = 302, .fields = {{"Location", third.Url("/c")}}, .body = ""});
  third.On("GET", "/c", {.status = 200, .fields = links, .body = ""});
  peer.On("GET", "/here", {.status = 200, .fields = links, .body = ""});
  const auto discover = [](const std::string& url) {
    const auto run = RunWebsub({"discover", url, "--json", "--header", "Cookie: s=hunter2",
                                "--header", "accept: text/html"});
    CHECK(run.status == 0);
    CHECK_FALSE(Contains(run.out + run.err, "hunter2"));
  };
  discover(peer.Url("/a"));
  for (const auto& request : peer.Requests()) {
    CHECK(request.Field("Cookie") == "s=hunter2");
    CHECK(request.Field("Accept") == "text/html");
  }
  for (const auto& request : third.Requests()) CHECK_FALSE(request.Field("Cookie"));
  discover(peer.Url("/here"));
  for (const auto& request : peer.Requests("HEAD", "/here")) {
    CHECK(request.Field("Cookie") == "s=hunter2");
  }
}

TEST_CASE("bench sends fields of --header with all that it asks the hub") {
  ScriptedHub hub;
  std::atomic<int> without{0};
  std::atomic<int> with{0};
  hub.peer().On("POST", "/open", [&](const PeerRequest& request) {
    ++(request.Field("Authorization") == "Bearer hunter2" ? with : without);
    return PeerAnswer{.status = 403, .fields = {}, .body = "no"};
  });
  for (const char* subscribers : {"1", "0"}) {
    const auto run =
        RunWebsub({"bench", hub.peer().Url("/open"), "--subscribers", subscribers, "--messages",
                   "1", "--header", "Authorization: Bearer hunter2", "--json"});
    CHECK(run.status == 5);
    CHECK_FALSE(Contains(run.out + run.err, "hunter2"));
  }
  CHECK(with >= 2);
  CHECK(without == 0);
}

TEST_CASE("inspect shows a guarded hub to who has its token") {
  HubProcess hub({"--api-token", "open sesame"});
  const auto inspect = [&](std::vector<std::string> more,
                           std::map<std::string, std::string> environment = {}) {
    more.insert(more.begin(), {"inspect", "status", "--hub", hub.Hub()});
    return RunWebsub(more, "", std::move(environment));
  };
  const auto refused = inspect({});
  CHECK(refused.status == 5);
  CHECK(Contains(refused.err, "--api-token"));
  const auto wrong = inspect({"--api-token", "hunter2", "-v"});
  CHECK(wrong.status == 5);
  CHECK_FALSE(Contains(wrong.out + wrong.err, "hunter2"));
  CHECK(inspect({"--api-token", "open sesame"}).status == 0);
  CHECK(inspect({}, {{"WEBSUB_API_TOKEN", "open sesame"}}).status == 0);
  const TempDir folder;
  CHECK(inspect({"--api-token-file", WriteFile(folder, "t", "open sesame\n")}).status == 0);
  CHECK(inspect({"--api-token-file", folder.File("none")}).status == 2);
}

TEST_CASE("serve takes the token of its API from a file") {
  const TempDir folder;
  HubProcess hub({"--api-token-file", WriteFile(folder, "t", "open sesame\r\n")});
  const std::string url = hub.base() + "/api/v1/status";
  CHECK(Ask("GET", url).status == 403);
  CHECK(Ask("GET", url, "", "", {{"Authorization", "Bearer open sesame"}}).status == 200);
}

}  // namespace
}  // namespace websub::tests
