#include "cli/conformance/stage.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/cli/fake_environment.h"
#include "tests/support/fixed_random.h"
#include "tests/support/http_ask.h"
#include "tests/support/http_peer.h"

namespace websub::cli::conformance {
namespace {

using namespace std::chrono_literals;
using tests::Ask;
using tests::HttpPeer;
using tests::PeerRequest;

const Place::Fits kAny = [](const Visit&) { return true; };

struct StageFixture {
  StageFixture() { Open({.listen = {}, .public_base = {}, .client = {}, .headers = {}}); }
  void Open(StageSettings settings) {
    stage.reset();
    stage = Stage::Open(environment, std::move(settings)).value();
  }

  FakeEnvironment fake;
  tests::FixedRandom random;
  Environment environment{.args = {},
                          .getenv = fake.environment.getenv,
                          .in = fake.in,
                          .out = fake.out,
                          .err = fake.err,
                          .terminal = {},
                          .clock = fake.clock,
                          .random = random,
                          .signals = fake.signals};
  std::unique_ptr<Stage> stage;
};

}  // namespace

TEST_CASE_FIXTURE(StageFixture, "a place answers as it was told and tells what came") {
  Scene scene(*stage, "hub");
  const Place place = scene.Open("callback", "/a?own=1", [](const Visit& visit) {
    return Reply{.status = visit.number == 0 ? 404 : 201, .fields = {{"X-A", "b"}}, .body = "said"};
  });
  CHECK(place.url().ends_with("/a?own=1"));
  CHECK(Ask("GET", place.url() + "&hub.topic=a%2526b+c&hub.topic=last&odd=%zz").status == 404);
  const auto answer = Ask("POST", place.url(), "text/plain", "content", {{"X-Twice", "1"}});
  CHECK(answer.status == 201);
  CHECK(answer.body == "said");
  const auto visits = place.Visits();
  REQUIRE(visits.size() == 2);
  CHECK(visits[0].Parameter("own") == "1");
  CHECK(visits[0].Parameter("hub.topic") == "last");
  CHECK_FALSE(visits[0].Parameter("odd"));
  CHECK_FALSE(visits[0].Parameter("none"));
  CHECK(visits[1].request.body == "content");
  CHECK(visits[1].Field("x-twice") == "1");
  CHECK(visits[1].Field("x-none").empty());

  const auto evidence = scene.TakeEvidence();
  REQUIRE(evidence.size() == 2);
  CHECK(evidence[1].from == "hub");
  CHECK(evidence[1].to == "callback");
  CHECK(evidence[1].exchange.request_head.starts_with("POST /"));
  CHECK(evidence[1].exchange.request_body == "content");
  CHECK(evidence[0].exchange.response_head.starts_with("HTTP/1.1 404"));  // sent long ago
  CHECK(evidence[1].exchange.response_body == "said");
  CHECK(evidence[1].exchange.status == 201);
}

TEST_CASE_FIXTURE(StageFixture, "a wait ends with the visit that fits and not with another") {
  Scene scene(*stage, "hub");
  const Place place = scene.Open("callback", "/", [](const Visit&) { return Reply{}; });
  const auto posted = [](const Visit& visit) { return visit.request.method == "POST"; };
  std::thread peer([&] {
    Ask("GET", place.url());
    Ask("POST", place.url(), "text/plain", "first");
    Ask("POST", place.url(), "text/plain", "second");
  });
  const auto first = place.Await(posted);
  const auto second = place.Await(posted, first->number + 1);
  peer.join();
  REQUIRE(first);
  CHECK(first->number == 1);
  CHECK(first->request.body == "first");
  REQUIRE(second);
  CHECK(second->request.body == "second");
  CHECK_FALSE(place.Await(kAny, 3, 1ms));
  CHECK(place.Quiet(kAny, 3, 1ms));
  CHECK_FALSE(place.Quiet(kAny, 2, 1ms));
}

TEST_CASE_FIXTURE(StageFixture, "an answer may be late or never come") {
  Scene scene(*stage, "hub");
  Place place = scene.Open("callback", "/", [](const Visit&) {
    return Reply{.status = 202, .fields = {}, .body = "late", .delay = 20ms};
  });
  CHECK(Ask("GET", place.url()).body == "late");
  place.AnswerWith([](const Visit&) { return Reply{.fields = {}, .body = {}, .never = true}; });
  std::atomic<bool> answered{false};
  std::thread peer([&] {
    Ask("GET", place.url());
    answered = true;
  });
  CHECK(place.Await(kAny, 1));
  CHECK_FALSE(answered);
  {
    const Scene other(*stage, "hub");  // the end of another scene ends nothing here
  }
  CHECK_FALSE(answered);
  stage->Stop();
  const Scene& ended = scene;
  CHECK(ended.over());
  peer.join();  // its own time limit ends it
}

TEST_CASE_FIXTURE(StageFixture, "a URL that was never given out is written down") {
  Scene scene(*stage, "hub");
  const Place place = scene.Open("callback", "/", [](const Visit&) { return Reply{}; });
  const std::string base = place.url().substr(0, place.url().find('/', 7));
  CHECK(Ask("GET", base + "/elsewhere?x=1").status == 404);
  const auto evidence = scene.TakeEvidence();
  REQUIRE(evidence.size() == 1);
  CHECK(evidence[0].to == "nobody");
  CHECK(evidence[0].exchange.url == "/elsewhere?x=1");
}

TEST_CASE_FIXTURE(StageFixture, "what is sent is evidence without the values of --header") {
  Open({.listen = {}, .public_base = {}, .client = {}, .headers = {{"X-Token", "VERY-SECRET"}}});
  Scene scene(*stage, "hub");
  HttpPeer hub;
  hub.On("POST", "/hub", {.status = 202, .fields = {}, .body = "taken"});
  const auto result = scene.Send("publisher", "publish",
                                 {.method = "POST",
                                  .url = hub.Url("/hub"),
                                  .fields = {{"Content-Type", "text/plain"}},
                                  .body = "content",
                                  .with_headers = true,
                                  .timeout = std::nullopt});
  CHECK(result.status == 202);
  CHECK(result.body == "taken");
  const auto seen = hub.Requests();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].Field("X-Token") == "VERY-SECRET");
  CHECK(seen[0].body == "content");
  const auto evidence = scene.TakeEvidence();
  REQUIRE(evidence.size() == 1);
  CHECK(evidence[0].from == "publisher");
  CHECK(evidence[0].exchange.outcome == "publish");
  CHECK(evidence[0].exchange.request_head.find("VERY-SECRET") == std::string::npos);
  CHECK(evidence[0].exchange.request_head.find("X-Token: ***") != std::string::npos);
  CHECK(evidence[0].exchange.response_body == "taken");
  CHECK(scene
            .Send("publisher", "publish",
                  {.url = "gopher://x", .fields = {}, .body = {}, .timeout = std::nullopt})
            .fault == Fault::kBadUrl);
}

TEST_CASE_FIXTURE(StageFixture, "behind a tunnel all places lie below the public base") {
  Open({.listen = {}, .public_base = "https://tunnel.example/x", .client = {}, .headers = {}});
  Scene scene(*stage, "hub");
  const Place place = scene.Open("callback", "/feed", [](const Visit&) { return Reply{}; });
  CHECK(place.url().starts_with("https://tunnel.example/x/"));
  CHECK(place.url().ends_with("/feed"));
}

TEST_CASE_FIXTURE(StageFixture, "the end of the run ends waits and calls") {
  Scene scene(*stage, "hub");
  HttpPeer silent;
  silent.On("GET", "/", {.fields = {}, .body = {}, .delay = 20s});
  const Place place = scene.Open("callback", "/", [](const Visit&) { return Reply{}; });
  std::thread end([&] {
    silent.WaitForRequests(1);
    stage->Stop();
  });
  CHECK(scene
            .Send("topic", "fetch",
                  {.url = silent.Url(), .fields = {}, .body = {}, .timeout = std::nullopt})
            .fault == Fault::kCancelled);
  CHECK_FALSE(place.Await(kAny, 0, 1h));
  CHECK_FALSE(scene.Wait(1h));
  end.join();
}

}  // namespace websub::cli::conformance
