#include "hub/fetch/inbox.h"

#include <doctest/doctest.h>

#include "core/address_policy.h"
#include "tests/support/full_disk.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

const std::string kTopic = "orders/eu";  // any name will do
const std::string kContent = "https://c.example/content";

// A message as a publisher hands it over.
struct Handed {
  std::string topic = kTopic;
  std::string url = {};
  std::optional<std::string> content = {};
  std::string type = {};
};

class Handing : public HubRig {
 public:
  void Hand(const Handed& handed) {
    hub::NewInboxEntry entry;
    entry.content_url = handed.url;
    entry.identity = "alice";
    auto body = handed.content ? std::make_shared<const std::string>(*handed.content) : nullptr;
    if (handed.url.empty()) {
      entry.message = hub::PushedMessage({handed.topic, handed.type, body}, push.hub_url,
                                         push.feed_diff, clock.Now());
    } else {
      entry.message.topic = handed.topic;
      entry.message.content_type = handed.type;
      entry.message.body = body;
      entry.message.now = clock.Now();
    }
    auto receipts =
        Wait<std::vector<hub::InboxReceipt>>([&](auto done) { store->AddToInbox({entry}, done); });
    REQUIRE(receipts.has_value());
    inbox->Added(clock.Now());
    Settle();
  }
  void Reply(hub::OutgoingResult result) {
    transport.AnswerNext(std::move(result));
    Settle();
  }
  std::string Outcome() { return Outcomes(ExchangeKind::kFetch).back(); }
  // The topic's log: content type, and content.
  std::vector<std::pair<std::string, std::string>> Log(const std::string& topic = kTopic) {
    std::vector<std::pair<std::string, std::string>> log;
    const auto found = store->FindTopic(topic);
    hub::MessageId after = 0;
    while (const auto message = found ? store->NextMessage(found->id, after) : std::nullopt) {
      log.emplace_back(message->content_type, *message->body);
      after = message->id;
    }
    return log;
  }
  using Entries = std::vector<std::pair<std::string, std::string>>;
};

const std::string kJson = "Content-Type: application/json";

}  // namespace

TEST_CASE_FIXTURE(Handing, "content that is named is fetched and goes to the subscribers") {
  Start();
  Subscribe(kTopic, "https://s.example/");
  Hand({.url = kContent});
  REQUIRE(transport.calls.size() == 1);
  CHECK(transport.calls[0].RequestLine() == "GET /content HTTP/1.1");
  Reply(Answer(200, "{}", {kJson, "Link: <https://elsewhere.example/>; rel=self"}));
  CHECK(Log() == Entries{{"application/json", "{}"}});
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].self == kTopic);  // whatever the content says of itself
  CHECK(messages[0].hubs == std::vector<std::string>{"https://hub.example/hub"});
  CHECK(transport.calls.back().url() == "https://s.example/");
  CHECK(transport.calls.back().body() == "{}");
  CHECK(Outcome() == "fetched: message m1");
  for (const Exchange& exchange : exchanges) {
    if (exchange.kind != ExchangeKind::kFetch) continue;
    CHECK(exchange.topic == kTopic);
    CHECK(exchange.message_id == messages[0].id);
    CHECK(exchange.url == kContent);
    CHECK(exchange.identity == "alice");
  }
  CHECK(store->CountAll().inbox == 0);
}

TEST_CASE_FIXTURE(Handing, "what the content is follows from where it came from") {
  Start();
  Hand({.url = kContent, .content = "here", .type = "text/x"});
  Reply(Answer(200, "there", {kJson}));
  Hand({.url = kContent, .content = "here"});
  Reply(Answer(200, "there", {kJson}));
  Hand({.url = kContent, .content = "here", .type = "text/x"});
  Reply(Answer(404));
  Hand({.url = kContent, .content = "here"});
  Reply(Answer(404, "not here", {kJson}));
  Hand({.url = kContent});
  Reply(Answer(200, "untyped"));
  CHECK(Log() == Entries{{"text/x", "there"},
                         {"application/json", "there"},
                         {"text/x", "here"},
                         {"text/plain", "here"},
                         {"", "untyped"}});
  CHECK(Outcomes(ExchangeKind::kFetch)[3] == "answered 404; contentBase64 is used: message m4");
}

TEST_CASE_FIXTURE(Handing,
                  "a fault that may pass gets one more try before other content stands in") {
  Start();
  Hand({.url = kContent, .content = "here"});
  SUBCASE("and passes") {
    Reply(Answer(503, "", {"Retry-After: 3600"}));  // nobody waits an hour for that
    CHECK(Outcome() == "answered 503, retry in 5s");
    const Time answered = clock.Now();
    while (transport.open() == 0) ToNextDue();
    CHECK(clock.Now() == answered + 5s);
    Reply(Answer(200, "there"));
    CHECK(Log() == Entries{{"", "there"}});
  }
  SUBCASE("and stays") {
    Reply(Broken(Fault::kRefused, "connection refused"));
    CHECK(Outcome() == "connection refused, retry in 1s");
    while (transport.open() == 0) ToNextDue();
    Reply(BrokenOff(200, "th"));  // not the whole content
    CHECK(Log() == Entries{{"text/plain", "here"}});
    CHECK(Outcome().find("contentBase64 is used: message m1") != std::string::npos);
  }
  CHECK(transport.calls.size() == 2);
  CHECK(store->CountAll().inbox == 0);
}

TEST_CASE_FIXTURE(Handing, "without other content the fetch is tried again and then given up") {
  push.retry.retries = 2;
  Start();
  Hand({.url = kContent});
  Hand({.content = "behind", .type = "text/plain"});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    while (transport.open() == 0) ToNextDue();
    CHECK(Log().empty());
    Reply(Answer(500));
    CHECK(exchanges.back().attempt == (attempt < 3 ? attempt : 1));
  }
  CHECK(Outcomes(ExchangeKind::kFetch)[1].starts_with("answered 500, retry in "));
  CHECK(Outcome() == "given up: answered 500; no success in 3 attempts");
  // The next goes on.
  CHECK(Log() == Entries{{"text/plain", "behind"}});
  CHECK(Outcomes(ExchangeKind::kPublish).back() == "those before it are done with: message m1");
  CHECK(exchanges.back().identity == "alice");
}

TEST_CASE_FIXTURE(Handing, "what will not become better is given up at once") {
  AddressRules rules;
  rules.flag = "--allow-topic";
  push.addresses = std::make_shared<AddressPolicy>(rules);
  push.max_body = 4;
  Start();
  Hand({.url = kContent});
  SUBCASE("no content there") {
    Reply(Answer(404));
    CHECK(Outcome() == "given up: answered 404");
  }
  SUBCASE("304 for a request that asked for all") {
    Reply(Answer(304));
    CHECK(Outcome() == "given up: answered 304");
  }
  SUBCASE("too large") {
    auto large = Answer(200, "1234");
    large.body_cut = true;
    Reply(std::move(large));
    CHECK(Outcome() == "given up: the content is larger than 4 bytes");
  }
  SUBCASE("a redirect to where nobody may go") {
    Reply(Answer(302, "", {"Location: http://127.0.0.1:4820/api/v1/exchanges"}));
    CHECK(Outcome().starts_with("given up: 127.0.0.1 is a loopback address"));
  }
  SUBCASE("a name that leads to a forbidden address") {
    CHECK(transport.calls[0].request.addresses == push.addresses);
    Reply(Broken(Fault::kForbiddenAddress, "10.0.0.1 is a private address"));
    CHECK(Outcome() == "given up: 10.0.0.1 is a private address");
  }
  CHECK(transport.calls.size() == 1);
  CHECK(store->CountAll().inbox == 0);
  CHECK(Log().empty());
}

TEST_CASE_FIXTURE(Handing, "redirects are followed and every hop is recorded") {
  Start();
  Hand({.url = kContent});
  Reply(Answer(302, "", {"Location: /elsewhere"}));
  CHECK(Outcome() == "redirected to https://c.example/elsewhere");
  Reply(Answer(200, "there"));
  CHECK(Log() == Entries{{"", "there"}});
}

TEST_CASE_FIXTURE(Handing, "messages of a topic stay in order and other topics go on") {
  Start();
  Subscribe(kTopic, "https://s.example/");
  Hand({.url = "https://slow.example/1"});
  Hand({.content = "2", .type = "text/plain"});
  Hand({.url = "https://quick.example/3"});
  Hand({.topic = "other", .url = "https://quick.example/other"});
  CHECK(transport.open() == 2);  // one for each topic
  transport.Answer(1, Answer(200, "other"));
  Settle();
  CHECK(Log("other") == Entries{{"", "other"}});
  CHECK(Log().empty());
  Subscribers subscribers;
  peers = [&](const auto& call) -> std::optional<hub::OutgoingResult> {
    if (call.url().starts_with("https://slow")) {
      if (clock.Now() < call.at + 3s) return std::nullopt;
      return Answer(200, "1");
    }
    if (call.url().starts_with("https://quick")) return Answer(200, "3");
    return subscribers(call);
  };
  RunFor(2s);
  CHECK(subscribers.received.empty());
  clock.Advance(2s);
  RunFor(1s);
  CHECK(subscribers.received["https://s.example/"] == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE_FIXTURE(Handing, "many that wait for a silent origin do not hold up others") {
  push.turns.max_running = 8;
  push.turns.pace.first = 5;
  Start();
  for (int i = 0; i < 60; ++i) {
    Hand({.topic = "silent" + std::to_string(i), .url = "https://silent.example/"});
  }
  Hand({.url = kContent});
  peers = [](const auto& call) -> std::optional<hub::OutgoingResult> {
    if (call.url().starts_with("https://silent")) return std::nullopt;
    return Answer(200, "a");
  };
  RunFor(5s);  // less than the timeout
  CHECK(Log().size() == 1);
  CHECK(transport.most_open <= 8);
}

TEST_CASE_FIXTURE(Handing, "what waits goes on after a crash and after a stop") {
  Start();
  Hand({.url = kContent});
  Hand({.content = "2"});
  SUBCASE("in flight at the stop") {
    Stop();
    CHECK(Outcome() == "the hub stopped; it is fetched when the hub runs again");
  }
  SUBCASE("in flight at the crash") {}
  SUBCASE("waiting for a retry") {
    Reply(Answer(500));
  }
  Restart();
  while (transport.open() == 0) ToNextDue();
  Reply(Answer(200, "1"));
  CHECK(Log() == Entries{{"", "1"}, {"", "2"}});
}

TEST_CASE_FIXTURE(Handing, "while the store takes no writes nothing is fetched over and over") {
  Start();
  Hand({.url = kContent});
  {
    const FullDisk full;
    peers = [](const auto&) { return Answer(200, "a"); };
    RunFor(60s);
    CHECK(transport.calls.size() <= 13);
    CHECK(messages.empty());
  }
  RunFor(10s);
  CHECK(Log() == Entries{{"", "a"}});
}

TEST_CASE_FIXTURE(Handing, "a long queue behind a slow message drains in order") {
  Start();
  Hand({.url = kContent});
  for (int i = 1; i <= 300; ++i) Hand({.content = std::to_string(i)});
  Reply(Answer(200, "0"));
  RunFor(1s);
  const auto log = Log();
  REQUIRE(log.size() == 301);
  for (std::size_t i = 0; i < log.size(); ++i) CHECK(log[i].second == std::to_string(i));
}

}  // namespace websub::tests
