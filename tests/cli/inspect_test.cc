#include "cli/commands/inspect.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/commands/inspect_format.h"
#include "cli/commands/inspect_source.h"
#include "cli/commands/inspect_timeline.h"
#include "cli/table.h"
#include "tests/cli/fake_environment.h"
#include "tests/support/store_fixture.h"

namespace websub::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kTopic = "https://example.org/feed";
const std::string kCallback = "https://peer.example/cb/5f3a";

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<Json> Objects(const std::string& text) {
  std::vector<Json> objects;
  for (const std::string& line : Lines(text)) objects.push_back(Json::parse(line));
  return objects;
}

// A hub's file, and the command that looks into it.
class InspectFixture : public tests::StoreFixture {
 public:
  int Inspect(std::vector<std::string> args) {
    fake.out.str("");
    fake.err.str("");
    fake.clock.now = clock.Now();
    args.insert(args.begin(), "inspect");
    args.insert(args.end(), {"--db", file});
    return fake.Run(std::move(args));
  }
  std::string out() const { return fake.out.str(); }
  std::string err() const { return fake.err.str(); }

  void Keep(ExchangeKind kind, const hub::Subscription& subscription, int status,
            const std::string& outcome, const std::string& response_body = "") {
    Exchange exchange;
    exchange.at = clock.Now();
    exchange.kind = kind;
    exchange.subscription_id = subscription.id;
    exchange.topic = subscription.topic;
    exchange.callback = exchange.url = subscription.callback;
    exchange.peer = "127.0.0.1:40123";
    exchange.status = status;
    exchange.outcome = outcome;
    exchange.request_head =
        "GET /cb/5f3a?hub.mode=subscribe&hub.topic=t HTTP/1.1\r\nHost: peer.example\r\n\r\n";
    exchange.response_head = "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n\r\n";
    exchange.response_body = response_body;
    exchange.response_body_size = response_body.size();
    exchange.timings.connect = std::chrono::microseconds(200);
    exchange.timings.first_byte = std::chrono::microseconds(1100);
    exchange.timings.total = std::chrono::microseconds(1500);
    REQUIRE(Record({}, {exchange}).has_value());
  }

  FakeEnvironment fake;
};

}  // namespace

TEST_CASE_FIXTURE(InspectFixture, "an empty hub says what to do next") {
  CHECK(Inspect({"subscriptions"}) == 0);
  CHECK(out().empty());
  CHECK(err().find("no subscriptions yet: websub subscribe URL makes one") != std::string::npos);
  CHECK(Inspect({"exchanges", "--kind", "deliver"}) == 0);
  CHECK(err() == "websub: no exchanges match these filters\n");
  CHECK(Inspect({"messages", "-q"}) == 0);
  CHECK(err().empty());
}

TEST_CASE_FIXTURE(InspectFixture, "subscriptions are an aligned table with whole URLs at the end") {
  Subscribe(kTopic, kCallback, "", hours(240));
  REQUIRE(Ask(Mode::kSubscribe, kTopic, kCallback + "/2").has_value());
  clock.Advance(seconds(3));
  CHECK(Inspect({"subscriptions"}) == 0);
  const auto lines = Lines(out());
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        "ID  STATE    BEHIND  NEXT              LEASE           CREATED  TOPIC                     "
        "CALLBACK");
  CHECK(lines[1] == "s2  pending       0  verify subscribe                  3s ago   " + kTopic +
                        "  " + kCallback + "/2");
  CHECK(lines[2] == "s1  active        0                    ends in 9d 23h  3s ago   " + kTopic +
                        "  " + kCallback);
}

TEST_CASE_FIXTURE(InspectFixture, "a narrow terminal loses columns and never a part of a URL") {
  Subscribe(kTopic, kCallback);
  fake.environment.terminal = {.in = true, .out = true, .err = true, .width = 50};
  CHECK(Inspect({"subscriptions"}) == 0);
  CHECK(Lines(out()) == std::vector<std::string>{"ID  STATE   BEHIND  NEXT  TOPIC", "    CALLBACK",
                                                 "s1  active       0        " + kTopic,
                                                 "    " + kCallback});
  fake.environment.terminal.width = 20;  // narrower than any URL
  CHECK(Inspect({"subscriptions"}) == 0);
  CHECK(Lines(out()) == std::vector<std::string>{"ID  STATE   TOPIC", "    CALLBACK",
                                                 "s1  active  " + kTopic, "    " + kCallback});
}

TEST_CASE_FIXTURE(InspectFixture, "states are coloured on a terminal only") {
  Subscribe(kTopic, kCallback);
  CHECK(Inspect({"subscriptions", "--color", "always"}) == 0);
  CHECK(out().find("\033[32mactive\033[0m") != std::string::npos);
  CHECK(Inspect({"subscriptions"}) == 0);
  CHECK(out().find('\033') == std::string::npos);
}

TEST_CASE_FIXTURE(InspectFixture, "JSON is an object a line with ts and type first") {
  Subscribe(kTopic, kCallback, "tell-nobody");
  Publish(kTopic, "a");
  CHECK(Inspect({"subscriptions", "--json"}) == 0);
  CHECK(
      out().starts_with(R"({"ts":"2026-01-02T03:04:05.000000Z","type":"subscription","id":"s1",)"));
  CHECK(Objects(out()).size() == 1);
  CHECK(out().find("tell-nobody") == std::string::npos);
  CHECK(Inspect({"status", "--json"}) == 0);
  CHECK(Objects(out()).at(0)["counts"]["messages"] == 1);
  CHECK(Inspect({"show", "m1", "--json"}) == 0);
  CHECK(Objects(out()).at(0)["type"] == "message");
  CHECK(Objects(out()).at(0)["body"] == "a");
}

TEST_CASE_FIXTURE(InspectFixture, "a limit is said to be one and all follows every page") {
  for (int i = 0; i < 5; ++i) Publish(kTopic, "x");
  CHECK(Inspect({"messages", "--limit", "4", "--json"}) == 0);
  CHECK(Objects(out()).size() == 4);
  CHECK(err().find("there are more: --limit N or --all") != std::string::npos);
  CHECK(Inspect({"messages", "--limit", "5", "--json"}) == 0);
  CHECK(Objects(out()).size() == 5);
  CHECK(err().empty());
  for (int i = 0; i < 1000; ++i) {
    store->AppendMessage(Content(kTopic, "x"), [](const Result<hub::Message>&) {});
  }
  Publish(kTopic, "the last");  // done once those before it are
  CHECK(Inspect({"messages", "--all", "--json"}) == 0);
  const auto all = Objects(out());
  REQUIRE(all.size() == 1006);
  CHECK(all.front()["id"] == "m1006");
  CHECK(all.back()["id"] == "m1");
  CHECK(Inspect({"messages", "--limit", "1002", "--json"}) == 0);
  CHECK(Objects(out()).size() == 1002);
}

TEST_CASE_FIXTURE(InspectFixture, "all shows subscriptions that ended") {
  const auto subscription = Subscribe(kTopic, kCallback);
  REQUIRE(Wait<void>([&](auto done) {
            store->EndSubscription(subscription.id, hub::SubscriptionState::kDenied, "",
                                   clock.Now(), done);
          }).has_value());
  CHECK(Inspect({"subscriptions", "--json"}) == 0);
  CHECK(out().empty());
  CHECK(Inspect({"subscriptions", "--json", "--all"}) == 0);
  CHECK(Objects(out()).at(0)["state"] == "denied");
  CHECK(Inspect({"subscriptions", "--json", "--all", "--state", "active"}) == 0);
  CHECK(out().empty());
}

TEST_CASE_FIXTURE(InspectFixture, "an exchange is shown raw and cannot drive the terminal") {
  const auto subscription = Subscribe(kTopic, kCallback);
  Keep(ExchangeKind::kVerify, subscription, 200, "verified", "chall\x1b[31menge\nline two");
  clock.Advance(seconds(3));
  CHECK(Inspect({"show", "x1"}) == 0);
  CHECK(Lines(out()) ==
        std::vector<std::string>{
            "x1  verify -> 127.0.0.1:40123  s1  2026-01-02T03:04:05.000000Z (3s ago)",
            "* 200, verified  (connect 0.2ms, first byte 1.1ms, total 1.5ms)",
            "> GET /cb/5f3a?hub.mode=subscribe&hub.topic=t HTTP/1.1", "> Host: peer.example", "> ",
            "< HTTP/1.1 200 Whatever", "< ", "chall\\x1b[31menge", "line two"});
}

TEST_CASE_FIXTURE(InspectFixture, "an exchange that shows a fault is shown with its cause") {
  const auto subscription = Subscribe(kTopic, kCallback);
  Keep(ExchangeKind::kDeliver, subscription, 301, "answered 301, retry in 2s");
  CHECK(Inspect({"show", "x1"}) == 0);
  CHECK(out().find("\nwhat   the callback " + kCallback + " answered 301") != std::string::npos);
  CHECK(out().find("\nnext   subscribe with the URL that answers itself") != std::string::npos);
  CHECK(Inspect({"show", "x1", "--json"}) == 0);
  const auto shown = Objects(out()).at(0);
  CHECK(shown["finding"]["slug"] == "delivery-redirected");
  CHECK(shown["finding"]["exchange"] == "x1");
  CHECK(shown["findings"].at(1)["slug"] == "delivery-retrying");
}

TEST_CASE_FIXTURE(InspectFixture, "an explanation stays small where a hub keeps much") {
  const auto subscription = Subscribe(kTopic, kCallback);
  for (int i = 0; i < 30; ++i) {
    Keep(ExchangeKind::kDeliver, subscription, 500, "answered 500, retry in 2s");
  }
  Publish(kTopic, "text");
  CHECK(Inspect({"explain", "s1", "--json"}) == 4);
  const auto explained = Objects(out());
  REQUIRE(explained.size() == 1);
  CHECK(explained[0]["type"] == "explanation");
  CHECK(explained[0]["stopped_at"] == "delivered");
  CHECK(explained[0]["finding"]["slug"] == "delivery-waiting");
  CHECK(explained[0]["steps"].size() == 8);
  CHECK(out().size() < 4000);
  CHECK(Inspect({"explain", kTopic, "--json"}) == 4);
  CHECK(Objects(out()).at(0)["subscription"] == "s1");
  CHECK(Inspect({"explain", "s2"}) == 5);
  CHECK(Inspect({"explain", "https://example.org/nobody"}) == 5);
  CHECK(err().find("this hub knows nothing of") != std::string::npos);
}

TEST_CASE_FIXTURE(InspectFixture, "a body that is no text is described and not printed") {
  store->AppendMessage(Content(kTopic, "\x89PNG\xff"), [](const Result<hub::Message>&) {});
  Publish(kTopic, "text");
  CHECK(Inspect({"show", "m1"}) == 0);
  CHECK(out().find("[5 bytes, not text: --json has them as base64]") != std::string::npos);
  CHECK(Inspect({"show", "m2"}) == 0);
  CHECK(out().ends_with("\n\ntext\n"));
}

TEST_CASE_FIXTURE(InspectFixture, "a timeline reads as a story") {
  const auto subscription = Subscribe(kTopic, kCallback, "", hours(240));
  Keep(ExchangeKind::kVerify, subscription, 200, "verified: subscribed for 10d");
  clock.Advance(seconds(69));
  const auto message = Publish(kTopic, "hello");
  clock.Advance(milliseconds(4));
  Keep(ExchangeKind::kDeliver, subscription, 500, "answered 500, retry in 1s", "it broke\n");
  clock.Advance(seconds(60));
  hub::DeliveryOutcome outcome;
  outcome.kind = hub::DeliveryOutcome::Kind::kGivenUp;
  outcome.subscription_id = subscription.id;
  outcome.message_id = message.id;
  outcome.attempts = 2;
  outcome.reason = "answered 500";
  outcome.now = clock.Now();
  REQUIRE(Record({outcome}).has_value());
  CHECK(Inspect({"timeline", "1"}) == 0);
  CHECK(
      Lines(out()) ==
      std::vector<std::string>{
          "s1  " + kTopic + " -> " + kCallback + "   active, lease ends in 9d 23h", "2026-01-02",
          "03:04:05.000           verify       -> GET /cb/5f3a?hub.mode=subscribe…   200, "
          "verified: subscribed for 10d  (connect 0.2ms, first byte 1.1ms)  x1",
          "03:05:14.000      +1m  message      m1, 5 bytes, text/plain",
          "03:05:14.004   +4.0ms  deliver      -> POST attempt 1   answered 500, retry in 1s  "
          "(connect 0.2ms, first byte 1.1ms)  x2",
          "                                    its answer: \"it broke\"",
          "03:06:14.004      +1m  dead-letter  m1   given up after 2 attempts: answered 500  d1"});
  CHECK(Inspect({"timeline", "s1", "--json"}) == 0);
  const auto steps = Objects(out());
  REQUIRE(steps.size() == 5);
  CHECK(steps[0]["type"] == "subscription");
  CHECK(steps[1]["type"] == "exchange");
  CHECK(steps[2]["type"] == "message");
  CHECK(steps[4]["type"] == "dead_letter");
}

TEST_CASE_FIXTURE(InspectFixture, "what is asked for wrongly is a usage error") {
  const auto complaint = [&](const std::vector<std::string>& args, int status) {
    CHECK(Inspect(args) == status);
    const auto lines = Lines(err());
    return lines.empty() ? "" : lines.front();
  };
  CHECK(complaint({"topics", "--kind", "deliver"}, 2) == "websub: --kind does not go with topics");
  CHECK(complaint({"show", "5"}, 2).find("an id begins with the letter of its kind") !=
        std::string::npos);
  CHECK(complaint({"show"}, 2).find("show needs an id") != std::string::npos);
  CHECK(complaint({"topics", "t1"}, 2).find("websub inspect show t1") != std::string::npos);
  CHECK(complaint({"subscribers"}, 2).find("cannot inspect subscribers") != std::string::npos);
  CHECK(complaint({"exchanges", "--since", "yesterday"}, 2)
            .starts_with("websub: --since: \"yesterday\" is neither a time"));
  CHECK(complaint({"show", "x9"}, 5) == "websub: there is no exchange \"x9\"");
}

TEST_CASE("a file that is no hub's is status 2 with a sentence") {
  tests::TempDir folder;
  FakeEnvironment fake;
  CHECK(fake.Run({"inspect", "topics", "--db", folder.File("nothing.db")}) == 2);
  CHECK(fake.err.str().find("does not exist") != std::string::npos);
}

TEST_CASE("a hub is named by its endpoint or by its base") {
  using inspect::HubBase;
  CHECK(HubBase("http://127.0.0.1:4820/hub") == "http://127.0.0.1:4820");
  CHECK(HubBase("http://127.0.0.1:4820") == "http://127.0.0.1:4820");
  CHECK(HubBase("http://127.0.0.1:4820/") == "http://127.0.0.1:4820");
  CHECK(HubBase(":4820") == "http://localhost:4820");
  CHECK(HubBase("https://example.org/websub/hub/?x=1#y") == "https://example.org/websub");
  CHECK(HubBase("http://hub") == "http://hub");
  const auto bad = HubBase("ftp://x");
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message.starts_with("--hub: "));
}

TEST_CASE("durations are said in the units that matter") {
  using inspect::Coarse;
  CHECK(Coarse(milliseconds(999)) == "999ms");
  CHECK(Coarse(seconds(59)) == "59s");
  CHECK(Coarse(seconds(60)) == "1m");
  CHECK(Coarse(seconds(3599)) == "59m");
  CHECK(Coarse(seconds(3600)) == "1h");
  CHECK(Coarse(seconds(7500)) == "2h 5m");
  CHECK(Coarse(hours(239)) == "9d 23h");
  CHECK(Coarse(hours(240)) == "10d");
  CHECK(inspect::Span(0.2) == "0.2ms");
  CHECK(inspect::Span(15.2) == "15ms");
  CHECK(inspect::Span(1234) == "1.2s");
  CHECK(inspect::Span(125000) == "2m");
  CHECK(inspect::Span(1e300) == "?");
}

TEST_CASE("JSON of another shape is printed without harm") {
  FakeEnvironment fake;
  Output output(fake.environment, {});
  for (const char* text : {"{}", "[]", "null", R"({"steps": [1, null, {}], "subscription": 5})",
                           R"({"subscription": {"expires_at": 7, "state": "active", "behind": -3},
            "steps": [{"type": "exchange", "timings": [1], "content": "x", "gap": -1e308}]})"}) {
    inspect::PrintTimeline(output, Json::parse(text), fake.clock.now, 80);
  }
  CHECK_FALSE(fake.out.str().empty());
}

}  // namespace websub::cli
