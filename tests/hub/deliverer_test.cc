// One subscription at a time: what is sent, and what an answer leads to.
#include "hub/delivery/deliverer.h"

#include <doctest/doctest.h>

#include "tests/support/hub_rig.h"

namespace websub::tests {

using hub::SubscriptionState;

namespace {

const std::string kTopic = "https://t.example/feed";
const std::string kCallback = "https://s.example/cb?id=a%26b&x=1";

class Delivering : public HubRig {
 public:
  // A subscription and a message that is on its way.
  void Send(const std::string& body = "hello") {
    Start();
    subscription = Subscribe(kTopic, kCallback, secret);
    message = PublishAndWake(kTopic, body);
    Settle();
  }
  void Reply(hub::OutgoingResult result) {
    transport.AnswerNext(std::move(result));
    Keep();
  }

  std::string secret;
  hub::Subscription subscription;
  hub::Message message;
};

}  // namespace

TEST_CASE_FIXTURE(Delivering,
                  "posts the exact bytes to the exact callback query included (HUB-DIS-01)") {
  const std::string body("\0\r\n\xff\xfe<feed/> \n", 14);
  Send(body);
  REQUIRE(transport.calls.size() == 1);
  const auto& call = transport.calls[0];
  CHECK(call.url() == kCallback);
  CHECK(call.RequestLine() == "POST /cb?id=a%26b&x=1 HTTP/1.1");
  CHECK(call.Field("Host") == "s.example");
  CHECK(call.Field("Content-Length") == "14");
  CHECK(call.body() == body);
  CHECK(call.request.timeout == delivery.timeout);
}

TEST_CASE_FIXTURE(Delivering, "keeps the content type with its parameters (HUB-DIS-02)") {
  Start();
  Subscribe(kTopic, kCallback);
  for (const std::string type :
       {"application/atom+xml; charset=ISO-8859-1; type=\"feed\"", "image/png", "x/y+json;a=b;c"}) {
    auto content = Content(kTopic, "x");
    content.content_type = type;
    const auto kept = Wait<hub::Message>([&](auto done) { store->AppendMessage(content, done); });
    deliverer->Wake(kept->topic_id, kept->id);
    Settle();
    CHECK(transport.calls.back().Field("Content-Type") == type);
    Reply(Answer(200));
  }
}

TEST_CASE_FIXTURE(Delivering, "names hubs and self in one Link header (HUB-DIS-03 HUB-DIS-04)") {
  Start();
  Subscribe(kTopic, kCallback);
  auto content = Content(kTopic, "x");
  content.hubs = {"https://hub.example/", "https://other.example/hub?a=1,2"};
  content.self = "https://t.example/self";
  const auto kept = Wait<hub::Message>([&](auto done) { store->AppendMessage(content, done); });
  deliverer->Wake(kept->topic_id, kept->id);
  Settle();
  CHECK(transport.calls.at(0).Field("Link") ==
        "<https://hub.example/>; rel=\"hub\", <https://other.example/hub?a=1,2>; rel=\"hub\", "
        "<https://t.example/self>; rel=\"self\"");
}

// printf 'hello <world> \303\251\n' | openssl dgst -sha256 -hmac 's3cret&key'
TEST_CASE("signs the exact body by each algorithm (HUB-SIG-01 HUB-SIG-02)") {
  const std::vector<std::pair<SignatureAlgorithm, std::string>> expected = {
      {SignatureAlgorithm::kSha1, "sha1=1aa160b2293697339010d2430f1309a717f5d9be"},
      {SignatureAlgorithm::kSha256,
       "sha256=3449dbe5f7dfdc2167db0683884605d6e2792c38f71e6efe7fb2780efc6ceb82"},
      {SignatureAlgorithm::kSha384,
       "sha384=e2704794b64e58e461c806e2ce2e3afcb9293f0bc41991dd27390c125ac7baae01f6a05229aaaebb4868"
       "62ef16b451ad"},
      {SignatureAlgorithm::kSha512,
       "sha512=8c07192445769e3920dba45e37d70911d98fd6e2a2d32b80b1e536b95bb76e6bd5f51ceae39dc49b87c6"
       "64d98d51cd349b8537101676e1927a2224eb6cd638a2"}};
  for (const auto& [algorithm, value] : expected) {
    Delivering rig;
    rig.secret = "s3cret&key";
    rig.delivery.algorithm = algorithm;
    rig.Send("hello <world> \303\251\n");
    CHECK(rig.transport.calls.at(0).Field("X-Hub-Signature") == value);
  }
}

TEST_CASE_FIXTURE(Delivering, "without a secret there is no signature (HUB-SIG-03)") {
  Send();
  CHECK(transport.calls.at(0).request.head.find("Signature") == std::string::npos);
}

TEST_CASE_FIXTURE(Delivering, "any 2xx moves the cursor whatever its body (HUB-DIS-05)") {
  Send();
  for (const auto& answer : {Answer(200, "error"), Answer(202), Answer(299), BrokenOff(200, "x")}) {
    Reply(answer);
    CHECK(Now(subscription).cursor == message.id);
    message = PublishAndWake(kTopic, "next");
    Settle();
  }
  CHECK(transport.calls.size() == 5);
  CHECK(Outcomes(ExchangeKind::kDeliver) == std::vector<std::string>(4, "delivered"));
}

TEST_CASE_FIXTURE(Delivering, "a redirect is a failure and is not followed (HUB-DIS-07)") {
  Send();
  for (const int status : {301, 302, 307, 308}) {
    const std::size_t sent = transport.calls.size();
    Reply(Answer(status, "", {"Location: https://elsewhere.example/"}));
    CHECK(transport.calls.size() == sent);
    CHECK(Now(subscription).cursor < message.id);
    while (transport.open() == 0) ToNextDue();
    CHECK(transport.calls.back().url() == kCallback);
  }
  CHECK(Outcomes(ExchangeKind::kDeliver).at(0) == "answered 301, retry in 1s");
}

TEST_CASE_FIXTURE(Delivering, "410 ends the subscription (HUB-DIS-06)") {
  Send();
  Publish(kTopic, "second");
  Reply(Answer(410));
  CHECK(Now(subscription).state == SubscriptionState::kGone);
  CHECK(transport.calls.size() == 1);
  PublishAndWake(kTopic, "third");
  RunFor(48h);
  CHECK(transport.calls.size() == 1);
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Delivering, "a renewal that was confirmed after a 410 keeps the subscription") {
  Send();
  const auto intent = Ask(Mode::kSubscribe, kTopic, kCallback, "new");
  transport.AnswerNext(Answer(410));  // not written down yet
  clock.Advance(1ms);
  const auto renewed = Confirm(intent->id);
  deliverer->Renewed(*renewed);
  Keep();
  CHECK(Now(subscription).state == SubscriptionState::kActive);
  REQUIRE(transport.open() == 1);  // what it answered 410 to is tried again
  CHECK(transport.calls.back().body() == "hello");
  Reply(Answer(200));
  CHECK(Now(subscription).cursor == message.id);
}

TEST_CASE_FIXTURE(Delivering, "one message is in flight at a time and they come in order") {
  Send("0");
  for (int i = 1; i < 50; ++i) PublishAndWake(kTopic, std::to_string(i));
  Settle();
  for (int i = 0; i < 50; ++i) {
    CHECK(transport.open() == 1);
    CHECK(transport.calls.back().body() == std::to_string(i));
    transport.AnswerNext(Answer(200));
    Settle();
  }
  CHECK(transport.open() == 0);
  CHECK(transport.most_open == 1);
  Keep();
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Delivering, "the message id stays and the attempt counts also over a restart") {
  delivery.retry.base = 10s;
  Send();
  const std::string id = "m" + std::to_string(message.id);
  for (int attempt = 1; attempt <= 6; ++attempt) {
    REQUIRE(transport.open() == 1);
    CHECK(transport.calls.back().Field("Websub-Message-Id") == id);
    CHECK(transport.calls.back().Field("Websub-Attempt") == std::to_string(attempt));
    Reply(Answer(500));
    CHECK(Now(subscription).attempts == attempt);
    if (attempt % 2 == 0) Restart();
    while (transport.open() == 0) ToNextDue();
  }
  Reply(Answer(200));
  CHECK(Now(subscription).attempts == 0);
  message = PublishAndWake(kTopic, "next");
  Settle();
  CHECK(transport.calls.back().Field("Websub-Attempt") == "1");
}

TEST_CASE_FIXTURE(Delivering,
                  "nothing is delivered at the end of the lease or later (HUB-VER-04)") {
  Start();
  subscription = Subscribe(kTopic, kCallback, "", 60s);
  SUBCASE("the instant before") {
    clock.Set(*subscription.expires_at - 1us);
    PublishAndWake(kTopic, "x");
    Settle();
    CHECK(transport.calls.size() == 1);
  }
  SUBCASE("the instant itself") {
    clock.Set(*subscription.expires_at);
    PublishAndWake(kTopic, "x");
    RunFor(1h);
    CHECK(transport.calls.empty());
    CHECK(Now(subscription).state == SubscriptionState::kExpired);
  }
  SUBCASE("the lease that ended is not written down yet") {
    clock.Set(*subscription.expires_at);
    PublishAndWake(kTopic, "x");
    deliverer->Run(clock.Now());
    CHECK(transport.calls.empty());
    CHECK(deliverer->lanes() == 0);
  }
  SUBCASE("between retries") {
    delivery.retry.base = 50s;
    Restart();
    PublishAndWake(kTopic, "x");
    Settle();
    Reply(Answer(500));
    RunFor(1h);
    CHECK(transport.calls.size() == 2);  // the second 50 s later, the third would be too late
    CHECK(Now(subscription).state == SubscriptionState::kExpired);
  }
  CHECK(transport.calls.size() <= 2);
}

TEST_CASE_FIXTURE(Delivering, "a step of the clock backwards while a lease ends does not spin") {
  Start();
  subscription = Subscribe(kTopic, kCallback, "", 60s);
  PublishAndWake(kTopic, "x");
  queue.RunReady();
  transport.AnswerNext(Answer(500));
  Keep();
  PublishAndWake(kTopic, "x");
  deliverer->Run(*subscription.expires_at + 1h);  // the clock itself is an hour behind that
  CHECK(transport.open() == 0);
}

TEST_CASE_FIXTURE(Delivering, "a renewal during retries brings its secret (HUB-REQ-07)") {
  delivery.retry.base = 10s;
  secret = "old";
  Send("hello <world> \303\251\n");
  const auto renew = [&](const std::string& fresh) {
    const auto intent = Ask(Mode::kSubscribe, kTopic, kCallback, fresh);
    deliverer->Renewed(*Confirm(intent->id));
  };
  SUBCASE("while it is on disk only") {
    Reply(Answer(500));
    CHECK(deliverer->lanes() == 0);
    renew("s3cret&key");
  }
  SUBCASE("while it is in flight") {
    renew("s3cret&key");
    Reply(Answer(500));
  }
  SUBCASE("while its outcome is not written yet") {
    transport.AnswerNext(Answer(500));
    renew("s3cret&key");
  }
  while (transport.open() == 0) ToNextDue();
  CHECK(transport.calls.back().Field("Websub-Attempt") == "2");
  CHECK(transport.calls.back().Field("X-Hub-Signature") ==
        "sha256=3449dbe5f7dfdc2167db0683884605d6e2792c38f71e6efe7fb2780efc6ceb82");
  renew("");
  Reply(Answer(500));
  while (transport.open() == 0) ToNextDue();
  CHECK(transport.calls.back().Field("X-Hub-Signature").empty());
}

TEST_CASE_FIXTURE(Delivering, "a lease that a renewal saved at its last instant goes on") {
  Start();
  subscription = Subscribe(kTopic, kCallback, "", 60s);
  const auto intent = Ask(Mode::kSubscribe, kTopic, kCallback, "", 60s);
  clock.Set(*subscription.expires_at);
  // The confirmation is on its way to the disk when the lease ends and a message is to be sent.
  std::optional<hub::Subscription> renewed;
  PublishAndWake(kTopic, "x");
  deliverer->Run(clock.Now());
  CHECK(deliverer->lanes() == 0);
  renewed = *Confirm(intent->id);
  REQUIRE(renewed->id == subscription.id);
  deliverer->Renewed(*renewed);
  Settle();
  REQUIRE(transport.open() == 1);
}

TEST_CASE_FIXTURE(Delivering, "nothing is sent after the subscription ended") {
  const auto end = [&] {
    REQUIRE(Wait<void>([&](auto done) {
              store->EndSubscription(subscription.id, SubscriptionState::kUnsubscribed, "",
                                     clock.Now(), done);
            }).has_value());
    deliverer->Ended(subscription.id);
  };
  Send();
  PublishAndWake(kTopic, "second");
  SUBCASE("in flight") {
    end();
    Reply(Answer(500));
    CHECK(Outcomes(ExchangeKind::kDeliver).at(0) == "the subscription ended meanwhile");
  }
  SUBCASE("waiting on disk") {
    Reply(Answer(500));
    end();
  }
  SUBCASE("waiting in memory") {
    transport.AnswerNext(Answer(500));
    end();
  }
  std::size_t sent = 1;
  SUBCASE("in flight while an outcome before is being written") {
    transport.AnswerNext(Answer(200));
    Settle();
    REQUIRE(transport.open() == 1);
    end();
    Keep();
    transport.AnswerNext(Answer(500));
    sent = 2;
  }
  RunFor(48h);
  CHECK(transport.calls.size() == sent);
  CHECK(Now(subscription).state == SubscriptionState::kUnsubscribed);
  CHECK(DeadLetters().empty());
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Delivering, "what was in flight when the hub stopped is sent again") {
  Send();
  Stop();
  CHECK(Outcomes(ExchangeKind::kDeliver).at(0) == "the hub stopped");
  CHECK(Now(subscription).attempts == 0);
  Restart();
  REQUIRE(transport.open() == 1);
  CHECK(transport.calls.back().Field("Websub-Attempt") == "1");
  CHECK(transport.calls.back().body() == "hello");
}

TEST_CASE_FIXTURE(HubRig, "what a callback's URL keeps secret is sent and not recorded") {
  Start();
  Subscribe("https://t.example/x", "https://u:pw@s.example/cb?a=1&hub.secret=abc");
  Subscribe("https://t.example/x", "https://u:pw@s.example/plain");
  PublishAndWake("https://t.example/x", "body");
  Settle();
  REQUIRE(transport.calls.size() == 2);
  CHECK(transport.calls[0].RequestLine() == "POST /cb?a=1&hub.secret=abc HTTP/1.1");
  CHECK(transport.calls[1].Field("Authorization") == "Basic dTpwdw==");
  while (transport.open() > 0) transport.AnswerNext(Answer(204));
  REQUIRE(exchanges.size() == 2);
  CHECK(exchanges[0].request_head.starts_with("POST /cb?a=1&hub.secret=*** HTTP/1.1\r\n"));
  for (const Exchange& exchange : exchanges) {
    CHECK(exchange.request_head.find("dTpwdw") == std::string::npos);
    CHECK(exchange.request_head.find("\r\nAuthorization: ***\r\n") != std::string::npos);
  }
}

}  // namespace websub::tests
