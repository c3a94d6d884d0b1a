#include "cli/http_call.h"

#include <doctest/doctest.h>

#include <mutex>

#include "cli/topic_discovery.h"
#include "tests/cli/fake_environment.h"
#include "tests/support/http_peer.h"

namespace websub::cli {
namespace {

using tests::HttpPeer;
using tests::PeerAnswer;
using tests::PeerRequest;

std::unique_ptr<HttpCaller> MakeCaller(FakeEnvironment& fake,
                                       std::optional<Duration> time_left = std::nullopt) {
  auto caller = HttpCaller::Make(fake.environment, {}, time_left);
  REQUIRE(caller);
  return *std::move(caller);
}

// Signals that a test sends by hand.
class HandSignals : public Signals {
 public:
  std::unique_ptr<Watch> OnSignal(std::function<void(int)> handler) override {
    const std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
    return std::make_unique<Watch>();
  }
  void Send(int signal) {
    const std::lock_guard lock(mutex_);
    handler_(signal);
  }

 private:
  std::mutex mutex_;
  std::function<void(int)> handler_;  // guarded by mutex_
};

TEST_CASE("an answer comes with its fields and its bytes") {
  FakeEnvironment fake;
  HttpPeer peer;
  peer.On("PUT", "/x",
          {.status = 418,
           .fields = {{"Link", "<a>"}, {"Link", "<b>"}, {"X-One", "1"}},
           .body = std::string("a\0b", 3)});
  const auto caller = MakeCaller(fake);
  const CallResult result = caller->Send(
      {.method = "PUT", .url = peer.Url("/x?y"), .fields = {{"X-Two", "2"}}, .body = "sent"});
  CHECK(result.Answered());
  CHECK(StatusOf(result) == ExitStatus::kDone);
  CHECK(result.answer.status == 418);
  CHECK(result.answer.body == std::string("a\0b", 3));
  CHECK(result.Field("x-one") == "1");
  CHECK(result.Field("x-none") == "");
  CHECK(result.Fields("link") == std::vector<std::string>{"<a>", "<b>"});
  const PeerRequest request = peer.Requests().at(0);
  CHECK(request.target == "/x?y");
  CHECK(request.body == "sent");
  CHECK(request.Field("X-Two") == "2");
  CHECK(request.Field("Accept") == "*/*");
}

TEST_CASE("a redirect keeps credentials at their origin") {
  FakeEnvironment fake;
  HttpPeer here, there;
  here.On("GET", "/a", {.status = 302, .fields = {{"Location", "/b"}}, .body = {}});
  here.On("GET", "/b", {.status = 302, .fields = {{"Location", there.Url("/c")}}, .body = {}});
  there.On("GET", "/c", PeerAnswer{});
  const auto caller = MakeCaller(fake);
  const FollowedResult followed = caller->Follow(
      {.url = here.Url("/a"),
       .fields = {{"Authorization", "Bearer t"}, {"cookie", "c=1"}, {"X-Other", "1"}},
       .body = {}});
  CHECK(followed.last_call.url == there.Url("/c"));
  CHECK(followed.hops.size() == 3);
  CHECK(here.Requests("GET", "/b").at(0).Field("Authorization") == "Bearer t");
  CHECK(here.Requests("GET", "/b").at(0).Field("Cookie") == "c=1");
  const PeerRequest last = there.Requests().at(0);
  CHECK_FALSE(last.Field("Authorization"));
  CHECK_FALSE(last.Field("Cookie"));
  CHECK(last.Field("X-Other") == "1");
}

TEST_CASE("307 and 308 repeat the request and the others turn it into GET (SUB-REQ-03)") {
  FakeEnvironment fake;
  HttpPeer peer;
  peer.On("", "/end", PeerAnswer{});
  const auto caller = MakeCaller(fake);
  for (const int status : {301, 302, 303, 307, 308}) {
    CAPTURE(status);
    peer.On("POST", "/start", {.status = status, .fields = {{"Location", "/end"}}, .body = {}});
    Call call{.method = "POST",
              .url = peer.Url("/start"),
              .fields = {{"Content-Type", "text/plain"}},
              .body = "body"};
    CHECK(caller->Follow(call).last.Answered());
    const PeerRequest end = peer.Requests().back();
    const bool repeats = status >= 307;
    CHECK(end.path == "/end");
    CHECK(end.method == (repeats ? "POST" : "GET"));
    CHECK(end.body == (repeats ? "body" : ""));
    CHECK(end.Field("Content-Type").has_value() == repeats);
    call.redirects = Redirects::kSameMethod;
    CHECK(caller->Follow(call).stopped.empty() == repeats);
  }
}

TEST_CASE("a redirect that leads nowhere is told and not followed") {
  FakeEnvironment fake;
  HttpPeer peer;
  const auto caller = MakeCaller(fake);
  for (const std::string location : {"", "ftp://x/", "http://", "http://x:99999/"}) {
    CAPTURE(location);
    PeerAnswer answer{.status = 301, .fields = {}, .body = {}};
    if (!location.empty()) answer.fields.emplace_back("Location", location);
    peer.On("GET", "/a", answer);
    const FollowedResult followed =
        caller->Follow({.url = peer.Url("/a"), .fields = {}, .body = {}});
    CHECK(followed.last.Answered());
    CHECK_FALSE(followed.stopped.empty());
    CHECK(followed.hops.size() == 1);
  }
}

TEST_CASE("the time for the run bounds calls and waits together") {
  FakeEnvironment fake;
  HttpPeer peer;
  peer.On("GET", "/slow", {.fields = {}, .body = {}, .delay = std::chrono::seconds(20)});
  const auto caller = MakeCaller(fake, std::chrono::milliseconds(100));
  CHECK(caller->Wait(std::chrono::milliseconds(1)) == CallEnd::kAnswered);
  const Call call{.url = peer.Url("/slow"), .fields = {}, .body = {}};
  const CallResult result = caller->Send(call);
  CHECK(result.end == CallEnd::kOutOfTime);
  CHECK(StatusOf(result) == ExitStatus::kTimeout);
  CHECK(caller->Wait(std::chrono::seconds(20)) == CallEnd::kOutOfTime);
}

TEST_CASE("the time of one call is a network fault") {
  FakeEnvironment fake;
  HttpPeer peer;
  peer.On("GET", "/slow", {.fields = {}, .body = {}, .delay = std::chrono::seconds(20)});
  const auto caller = MakeCaller(fake);
  const CallResult result = caller->Send({.url = peer.Url("/slow"),
                                          .fields = {},
                                          .body = {},
                                          .timeout = std::chrono::milliseconds(50)});
  CHECK(result.end == CallEnd::kFault);
  CHECK(result.answer.fault == Fault::kResponseTimeout);
  CHECK(StatusOf(result) == ExitStatus::kNetwork);
}

TEST_CASE("a signal ends calls and waits with its own status") {
  FakeEnvironment fake;
  HandSignals signals;
  Environment environment{.args = {},
                          .getenv = fake.environment.getenv,
                          .in = fake.in,
                          .out = fake.out,
                          .err = fake.err,
                          .terminal = {},
                          .clock = fake.clock,
                          .random = fake.random,
                          .signals = signals};
  HttpPeer peer;
  peer.On("GET", "/", [&](const PeerRequest&) {
    signals.Send(15);
    return PeerAnswer{.fields = {}, .body = {}, .delay = std::chrono::seconds(20)};
  });
  const auto caller = HttpCaller::Make(environment, {}, std::nullopt).value();
  const CallResult result = caller->Send({.url = peer.Url(), .fields = {}, .body = {}});
  CHECK(result.end == CallEnd::kInterrupted);
  CHECK(StatusOf(result) == ExitStatus::kTerminated);
  CHECK(caller->Wait(std::chrono::seconds(20)) == CallEnd::kInterrupted);
}

TEST_CASE("a file of authorities that cannot be read is a usage error") {
  FakeEnvironment fake;
  const auto caller = HttpCaller::Make(fake.environment, {.cacert = "/no/such/file"}, std::nullopt);
  REQUIRE_FALSE(caller);
  CHECK(StatusOf(caller.error()) == ExitStatus::kUsage);
  CHECK(caller.error().message.find("/no/such/file") != std::string::npos);
}

TEST_CASE("a topic that answers with an encoding it was not asked for is told") {
  FakeEnvironment fake;
  HttpPeer peer;
  peer.On("GET", "/", {.fields = {{"Content-Encoding", "gzip"}}, .body = "\x1f\x8b"});
  const auto caller = MakeCaller(fake);
  const TopicLookup lookup = LookUpTopic(*caller, peer.Url());
  REQUIRE(lookup.warnings.size() == 1);
  CHECK(lookup.warnings[0].code == "unasked-content-encoding");
  CHECK(StatusOf(lookup) == ExitStatus::kNotFound);
}

TEST_CASE("links of an answer that is no success are not taken") {
  FakeEnvironment fake;
  HttpPeer peer;
  peer.On("GET", "/",
          {.status = 500,
           .fields = {{"Link", "<http://h/>; rel=hub, <http://t/>; rel=self"}},
           .body = {}});
  const auto caller = MakeCaller(fake);
  const TopicLookup lookup = LookUpTopic(*caller, peer.Url());
  CHECK(lookup.discovery.hubs.empty());
  CHECK(StatusOf(lookup) == ExitStatus::kNotFound);
  CHECK(Explain(lookup) == peer.Url() + " answered 500: is the URL right?");
}

}  // namespace
}  // namespace websub::cli
