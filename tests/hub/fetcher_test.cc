#include "hub/fetch/fetcher.h"

#include <doctest/doctest.h>

#include "core/address_policy.h"
#include "tests/support/full_disk.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

const std::string kTopic = "https://t.example/feed";
const std::string kDate = "Date: Fri, 02 Jan 2026 03:04:05 GMT";
const std::string kOld = "Last-Modified: Fri, 02 Jan 2026 03:04:03 GMT";    // two seconds before
const std::string kFresh = "Last-Modified: Fri, 02 Jan 2026 03:04:04 GMT";  // one second before

class Fetching : public HubRig {
 public:
  void PingAndSettle() {
    Ping(kTopic);
    Settle();
  }
  void Fetch(hub::OutgoingResult result) {
    PingAndSettle();
    Reply(std::move(result));
  }
  void Reply(hub::OutgoingResult result) {
    transport.AnswerNext(std::move(result));
    Settle();
  }
  const FakeTransport::Call& Last() { return transport.calls.back(); }
  std::string Outcome() { return Outcomes(ExchangeKind::kFetch).back(); }
};

}  // namespace

TEST_CASE_FIXTURE(Fetching, "content that is new is a message of the topic's own type") {
  Start();
  const auto subscription = Subscribe(kTopic, "https://s.example/");
  PingAndSettle();
  CHECK(Last().RequestLine() == "GET /feed HTTP/1.1");
  CHECK(Last().Field("If-None-Match").empty());
  Reply(Answer(200, "hello",
               {"Content-Type: text/x; charset=y", "Link: </hub>; rel=hub",
                "Link: <https://t.example/self>; rel=\"self\""}));
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].content_type == "text/x; charset=y");
  CHECK(*messages[0].body == "hello");
  CHECK(messages[0].hubs == std::vector<std::string>{"https://t.example/hub"});
  CHECK(messages[0].self == "https://t.example/self");
  CHECK(Outcome() == "changed: message m" + std::to_string(messages[0].id));
  REQUIRE(transport.open() == 1);  // it is delivered at once
  CHECK(Last().url() == "https://s.example/");
}

TEST_CASE_FIXTURE(Fetching, "links are found in documents and stand in where there are none") {
  Start();
  Fetch(Answer(200,
               "<feed xmlns=\"http://www.w3.org/2005/Atom\"><link rel=\"hub\" "
               "href=\"https://h.example/\"/><link rel=\"self\" href=\"/s\"/></feed>",
               {"Content-Type: application/atom+xml"}));
  Fetch(Answer(200,
               "<html><head><link rel=hub href=https://h2.example/><link rel=self "
               "href=https://t.example/h></head><body>x</body></html>",
               {"Content-Type: text/html"}));
  Fetch(Answer(200, "plain", {"Content-Type: text/plain"}));
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].hubs == std::vector<std::string>{"https://h.example/"});
  CHECK(messages[0].self == "https://t.example/s");
  CHECK(messages[1].hubs == std::vector<std::string>{"https://h2.example/"});
  CHECK(messages[1].self == "https://t.example/h");
  CHECK(messages[2].hubs == std::vector<std::string>{"https://hub.example/hub"});
  CHECK(messages[2].self == kTopic);
}

TEST_CASE_FIXTURE(Fetching, "an unchanged topic makes no message") {
  Start();
  Fetch(Answer(200, "a", {"ETag: \"1\"", kDate, kOld}));
  PingAndSettle();
  CHECK(Last().Field("If-None-Match") == "\"1\"");
  CHECK(Last().Field("If-Modified-Since") == kOld.substr(15));
  SUBCASE("by 304") {
    Reply(Answer(304));
    CHECK(Outcome() == "not changed");
  }
  SUBCASE("by the same bytes") {
    Reply(Answer(200, "a", {"ETag: \"2\""}));
    CHECK(Outcome() == "fetched, not changed");
  }
  CHECK(messages.size() == 1);
  PingAndSettle();
  Reply(Answer(200, "b"));
  CHECK(messages.size() == 2);
  PingAndSettle();
  CHECK(Last().Field("If-None-Match").empty());
}

TEST_CASE_FIXTURE(Fetching, "validators go out only where they can be trusted") {
  Start();
  SUBCASE("an entity tag alone") {
    Fetch(Answer(200, "a", {"ETag: \"1\""}));
    PingAndSettle();
    CHECK(Last().Field("If-None-Match") == "\"1\"");
  }
  SUBCASE("a time as young as the answer") {
    Fetch(Answer(200, "a", {"ETag: \"1\"", kDate, kFresh}));
    PingAndSettle();
    CHECK(Last().Field("If-None-Match").empty());
    CHECK(Last().Field("If-Modified-Since").empty());
  }
  SUBCASE("a time whose age the server does not tell") {
    Fetch(Answer(200, "a", {kOld}));
    PingAndSettle();
    CHECK(Last().Field("If-Modified-Since").empty());
  }
  SUBCASE("those of what a redirect led to are another URL's") {
    PingAndSettle();
    Reply(Answer(302, "", {"Location: /other"}));
    Reply(Answer(200, "a", {"ETag: \"1\""}));
    PingAndSettle();
    CHECK(Last().Field("If-None-Match").empty());
  }
  SUBCASE("what a redirect leads to gets none") {
    Fetch(Answer(200, "a", {"ETag: \"1\""}));
    PingAndSettle();
    Reply(Answer(302, "", {"Location: /other"}));
    CHECK(Last().Field("If-None-Match").empty());
  }
}

TEST_CASE_FIXTURE(Fetching, "two publishes within one second are two messages") {
  Start();
  Fetch(Answer(200, "a", {kDate, "Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT"}));
  Fetch(Answer(200, "b", {kDate, "Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT"}));
  CHECK(messages.size() == 2);
}

TEST_CASE_FIXTURE(Fetching, "redirects are followed within the limit and each is recorded") {
  fetch.max_redirects = 3;
  Start();
  PingAndSettle();
  const std::vector<int> statuses = {301, 302, 307};
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    Reply(Answer(statuses[i], "", {"Location: /hop" + std::to_string(i), "Link: <x>; rel=hub"}));
    CHECK(Last().url() == "https://t.example/hop" + std::to_string(i));
  }
  SUBCASE("to the end") {
    Reply(Answer(200, "a"));
    CHECK(messages.size() == 1);
    CHECK(messages[0].self == kTopic);
    CHECK(Outcomes(ExchangeKind::kFetch).size() == 4);
    CHECK(Outcomes(ExchangeKind::kFetch)[0] == "redirected to https://t.example/hop0");
  }
  SUBCASE("and one too many ends it") {
    Reply(Answer(308, "", {"Location: " + kTopic}));
    CHECK(Outcome() == "given up: more than 3 redirects");
    CHECK(transport.open() == 0);
    CHECK(exchanges.back().status == 308);
  }
  SUBCASE("to nowhere") {
    Reply(Answer(302));
    CHECK(Outcome() == "given up: redirected to no URL that can be fetched");
    CHECK(exchanges.back().status == 302);
  }
  RunFor(2h);
  CHECK(store->CountAll().waiting_fetches == 0);
}

TEST_CASE_FIXTURE(Fetching, "pings join a fetch that waits and one during a fetch causes another") {
  Start();
  Ping(kTopic);
  Ping(kTopic);
  Settle();
  CHECK(transport.calls.size() == 1);
  PingAndSettle();
  PingAndSettle();
  CHECK(transport.calls.size() == 1);
  Reply(Answer(200, "old"));
  CHECK(transport.calls.size() == 2);
  Reply(Answer(200, "new"));
  CHECK(messages.size() == 2);
  RunFor(1h);
  CHECK(transport.calls.size() == 2);
  CHECK(store->CountAll().waiting_fetches == 0);
}

TEST_CASE_FIXTURE(Fetching, "faults and 5xx are tried again and then given up") {
  Start();
  PingAndSettle();
  for (const auto& failure : {Broken(Fault::kRefused), Answer(500), Answer(503),
                              BrokenOff(200, "half"), Answer(429), Broken(Fault::kDns)}) {
    Reply(failure);
    CHECK(Outcome().find(", retry in ") != std::string::npos);
    while (transport.open() == 0) ToNextDue();
  }
  CHECK(messages.empty());
  SUBCASE("given up") {
    Reply(Answer(500));
  }
  SUBCASE("by an answer") {
    Reply(Answer(404));
  }
  SUBCASE("or at last there") {
    Reply(Answer(200, "whole"));
    REQUIRE(messages.size() == 1);
    CHECK(*messages[0].body == "whole");
  }
  RunFor(24h);
  CHECK(transport.calls.size() == 7);
  CHECK(store->CountAll().waiting_fetches == 0);
}

TEST_CASE_FIXTURE(Fetching, "a body that broke off is recorded as it came and is no content") {
  Start();
  Fetch(BrokenOff(200, "half"));
  CHECK(exchanges.back().status == 200);
  CHECK(exchanges.back().fault == Fault::kReset);
  CHECK(Outcome() == "192.0.2.1:80 closed the connection, retry in 1s");
  CHECK(messages.empty());
}

TEST_CASE_FIXTURE(Fetching, "content over the limit is given up and an error page never is") {
  fetch.max_body = 10;
  Start();
  PingAndSettle();
  CHECK(Last().request.max_body == 10);
  auto large = Answer(200, "0123456789");
  large.body_cut = true;
  SUBCASE("content") {
    Reply(large);
    CHECK(Outcome() == "given up: the content is larger than 10 bytes");
    CHECK(store->CountAll().waiting_fetches == 0);
  }
  SUBCASE("the page of a 503") {
    large.status = 503;
    Reply(large);
    CHECK(Outcome() == "answered 503, retry in 1s");
  }
  CHECK(messages.empty());
}

TEST_CASE_FIXTURE(Fetching, "a topic that is no URL is given up") {
  Start();
  Ping("plain name");
  Settle();
  CHECK(transport.calls.empty());
  CHECK(Outcome() == "given up: the topic is no URL that can be fetched");
  CHECK(store->CountAll().waiting_fetches == 0);
}

TEST_CASE_FIXTURE(Fetching, "only the topics that the hub hosts itself are free of the policy") {
  fetch.addresses = std::make_shared<AddressPolicy>(AddressRules{});
  fetch.own_base = "http://hub.example";
  Start();
  const auto policy = [&](const std::string& topic) {
    Ping(topic);
    Settle();
    return Last().request.addresses;
  };
  CHECK(policy("http://hub.example/topics/a") == nullptr);
  for (const std::string topic :
       {"http://hub.example/topics/../api/v1/exchanges", "http://hub.example/topics/..",
        "http://hub.example/topics/%2e%2e/api", "http://hub.example/api/v1/exchanges",
        "http://hub.example:81/topics/a", "http://hub.example.org/topics/a", kTopic.c_str()}) {
    CAPTURE(topic);
    CHECK(policy(topic) == fetch.addresses);
  }
}

TEST_CASE_FIXTURE(Fetching, "what the URL shows to be forbidden is not even asked for") {
  AddressRules rules;
  rules.flag = "--allow-topic";
  fetch.addresses = std::make_shared<AddressPolicy>(rules);
  fetch.own_base = "http://127.0.0.1:4820";
  Start();
  Ping("http://127.0.0.1:4820/topics/a");
  Settle();
  REQUIRE(transport.calls.size() == 1);
  Ping("http://127.0.0.1:4820/api/v1/exchanges");
  Settle();
  CHECK(transport.calls.size() == 1);
  CHECK(exchanges.back().fault == Fault::kForbiddenAddress);
  CHECK(exchanges.back().url == "http://127.0.0.1:4820/api/v1/exchanges");
  CHECK(Outcome() ==
        "given up: 127.0.0.1 is a loopback address, which this hub does not call (--allow-topic "
        "can allow it)");
  CHECK(store->CountAll().waiting_fetches == 1);  // the first
}

TEST_CASE_FIXTURE(Fetching, "every hop of a redirect is checked") {
  AddressRules rules;
  rules.allow_credentials = true;
  fetch.addresses = std::make_shared<AddressPolicy>(rules);
  Start();
  const auto redirect = [&](const std::string& from, const std::string& to) {
    Ping(from);
    Settle();
    const auto before = transport.calls.size();
    Reply(Answer(302, "", {"Location: " + to}));
    return transport.calls.size() - before;
  };
  for (const std::string to :
       {"http://169.254.169.254/latest", "//10.0.0.1/", "http://[::1]/", "http://localhost:80/",
        "http://2130706433/", "http://public.example:25/"}) {
    CAPTURE(to);
    CHECK(redirect(kTopic, to) == 0);
    CHECK(exchanges.back().fault == Fault::kForbiddenAddress);
    CHECK(Outcome().starts_with("given up: "));
  }
  for (const std::string to : {"https://u:p@t.example/", "https://t@other.example/"}) {
    CAPTURE(to);
    CHECK(redirect(kTopic, to) == 0);
    CHECK(Outcome() == "given up: redirected to a URL with a user name or password");
  }
  // Those that were there already go on, to the same origin.
  CHECK(redirect("https://u:p@t.example/a", "/b") == 1);
  CHECK(Outcome() == "redirected to https://u:***@t.example/b");
  CHECK(Last().url() == "https://u:p@t.example/b");
  Reply(Answer(404));
  // Forth to http is not safe, but what the topic wants.
  CHECK(redirect(kTopic, "http://t.example/plain") == 1);
  CHECK(Outcome() == "redirected to http://t.example/plain, from https to http");
  Reply(Answer(404));
}

TEST_CASE_FIXTURE(Fetching, "a fetch goes on after a restart and after a stop") {
  Start();
  PingAndSettle();
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
  Reply(Answer(200, "a"));
  CHECK(messages.size() == 1);
}

TEST_CASE_FIXTURE(Fetching, "while the store takes no writes nothing is fetched over and over") {
  Start();
  PingAndSettle();
  {
    const FullDisk full;
    peers = [](const auto&) { return Answer(200, "a"); };
    RunFor(60s);
    CHECK(transport.calls.size() <= 13);
    CHECK(messages.empty());
  }
  RunFor(10s);
  CHECK(messages.size() == 1);
}

}  // namespace websub::tests
