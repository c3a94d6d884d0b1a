// `websub subscribe` as a user runs it: what hubs deliver, and what is printed of it.
#include "tests/flows/subscribe_fixture.h"

namespace websub::tests {
namespace {

TEST_CASE("subscribe prints one notification and unsubscribes") {
  ScriptedHub hub;
  Running running(hub, {"--once"});
  REQUIRE(running.Verified());
  REQUIRE(
      running.process.WaitForOut("\"type\":\"accepted\""));  // it may come after the verification
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
  CHECK(events[0]["finding"]["requirement"] == "SUB-DIS-02");
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

}  // namespace
}  // namespace websub::tests
