// `websub subscribe` as a user runs it: leases, and every way to an end.
#include <csignal>

#include "tests/flows/subscribe_fixture.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

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

TEST_CASE("a hub that takes 410 for the end needs no unsubscription") {
  ScriptedHub hub;
  Running running(hub, {});
  REQUIRE(running.Verified());
  hub.peer().On("POST", "/hub", [&hub, request = running.request](const PeerRequest&) {
    CHECK(hub.Deliver(request, "hello", kSha256).status == 410);
    return PeerAnswer{.status = 404, .fields = {}, .body = "no such subscription"};
  });
  running.process.Signal(SIGTERM);
  const auto ended = running.process.Wait();
  CHECK(ended.status == 143);
  Only(ended.out, "unsubscribed");
  CHECK(Events(ended.out, "error").empty());
}

TEST_CASE("a hub that refuses to unsubscribe is told of") {
  ScriptedHub hub;
  Running running(hub, {});
  REQUIRE(running.Verified());
  hub.Play({.status = 404, .fields = {}, .body = "no such subscription"});
  running.process.Signal(SIGTERM);
  const auto ended = running.process.Wait();
  CHECK(ended.status == 143);
  CHECK(Contains(Only(ended.out, "error")["message"], "not unsubscribed: "));
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
  CHECK(Contains(ended.err, "likely cause: no hub listens at this address and port; next: "));
}

TEST_CASE("a hub that refuses is status 5 with its sentence") {
  ScriptedHub hub;
  hub.Play({.status = 400, .fields = {}, .body = "hub.topic: not hosted here\n"});
  const auto ended = RunWebsub({"subscribe", hub.topic(), "--json"});
  CHECK(ended.status == 5);
  CHECK(Contains(ended.err, "answered 400: hub.topic: not hosted here"));
  CHECK(Contains(Only(ended.out, "error")["message"], "hub.topic: not hosted here"));
  CHECK(Only(ended.out, "error")["finding"]["slug"] == "request-refused");
}

TEST_CASE("a verification that does not come is status 7") {
  ScriptedHub hub;
  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
  const auto ended = RunWebsub({"subscribe", hub.topic(), "--verify-timeout", "200ms"});
  CHECK(ended.status == 7);
  CHECK(Contains(ended.err, "answered 202 but never asked " + hub.Requests()[0]["hub.callback"]));
  CHECK(Contains(ended.err, "likely cause: the hub cannot reach the callback"));
}

TEST_CASE("a topic without a hub is status 8") {
  HttpPeer topic;
  topic.On("GET", "/feed", {.status = 200, .fields = {}, .body = "news"});
  CHECK(RunWebsub({"subscribe", topic.Url("/feed")}).status == 8);
  CHECK(RunWebsub({"subscribe", topic.Url("/missing")}).status == 8);
}

TEST_CASE("time that runs out is status 124 and says what was got") {
  ScriptedHub hub;
  Running running(hub, {"--count", "3", "--idle", "2s"});
  REQUIRE(running.Verified());
  hub.Deliver(running.request, "hello", kSha256);
  const auto idle = running.process.Wait();
  CHECK(idle.status == 124);
  CHECK(Contains(idle.err, "--idle ran out: got 1 of 3 notifications in "));
  CHECK(Contains(idle.err, "none in the last 2s"));
  Only(idle.out, "unsubscribed");

  hub.Play({.status = 202, .fields = {}, .body = "", .verify = Verify::kNever});
  const auto timeout = RunWebsub({"subscribe", hub.topic(), "--timeout", "2s"});
  CHECK(timeout.status == 124);
  CHECK(Contains(timeout.err, "got 0 notifications in 2s"));
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
  for (int i = 0; i < 1000 && hub.Requests().size() < 2; ++i) {  // until a write fails
    hub.Deliver(running.request, "hello", kSha256);
  }
  CHECK(running.process.Wait().status == 0);
  REQUIRE(hub.Requests().size() == 2);
  CHECK(hub.Requests()[1]["hub.mode"] == "unsubscribe");
}

}  // namespace
}  // namespace websub::tests
