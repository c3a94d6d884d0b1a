// Deliveries that leave out the entries of a feed that went before.
#include <doctest/doctest.h>

#include "hub/api/read_api.h"
#include "hub/delivery/deliverer.h"
#include "tests/support/feeds.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

const std::string kTopic = "https://t.example/feed";
const std::string kOne = "https://one.example/";
const std::string kTwo = "https://two.example/";

class Reducing : public HubRig {
 public:
  Reducing() {
    delivery.feed_diff = FeedDiff::kOn;
    delivery.retry.retries = 1;
    peers = [this](const FakeTransport::Call& call) { return subscribers(call); };
  }

  hub::Message PublishFeed(const std::string& feed) {
    const auto message = Append(AsFeed(Content(kTopic, ""), feed));
    Keep();
    return message;
  }
  hub::Message Append(const hub::NewMessage& content) {
    const auto made = Wait<hub::Message>([&](auto done) { store->AppendMessage(content, done); });
    REQUIRE(made.has_value());
    deliverer->Wake(made->topic_id, made->id);
    return *made;
  }
  // What each callback has taken since this was asked last.
  std::vector<std::string> Taken(const std::string& callback) {
    return std::exchange(subscribers.received[callback], {});
  }
  nlohmann::json Show(std::int64_t exchange) {
    hub::ReadContext context;
    context.now = clock.Now();
    const auto answer =
        hub::ReadApi(*store, context, "/api/v1/exchanges/x" + std::to_string(exchange), "");
    REQUIRE(answer.status == 200);
    return nlohmann::json::parse(hub::Dump(answer.body));
  }

  Subscribers subscribers;
};

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Reducing, "a delivery carries the entries that are new or changed (HUB-DIS-10)") {
  Start();
  Subscribe(kTopic, kOne);
  PublishFeed(AtomFeed({"1", "2"}));
  CHECK(Taken(kOne) == Bodies{AtomFeed({"1", "2"})});
  PublishFeed(AtomFeed({"3", "1", "2"}, "new title"));
  CHECK(Taken(kOne) == Bodies{AtomFeed({"3"}, "new title")});
  PublishFeed(AtomFeed({"3", AtomEntry("1", "changed"), "2"}));
  CHECK(Taken(kOne) == Bodies{AtomFeed({AtomEntry("1", "changed")})});
  CHECK(Outcomes(ExchangeKind::kDeliver) == std::vector<std::string>{"delivered",
                                                                     "delivered, 1 of 3 entries",
                                                                     "delivered, 1 of 3 entries"});
}

TEST_CASE_FIXTURE(Reducing, "where no entry is new the rest of the feed is sent (HUB-DIS-10)") {
  Start();
  Subscribe(kTopic, kOne);
  PublishFeed(AtomFeed({"1"}));
  PublishFeed(AtomFeed({"1"}, "other"));
  PublishFeed(AtomFeed({}));
  PublishFeed(AtomFeed({"1"}));  // away for a message: nobody takes it for new
  CHECK(Taken(kOne) == Bodies{AtomFeed({"1"}), AtomFeed({}, "other"), AtomFeed({}), AtomFeed({})});
}

TEST_CASE_FIXTURE(Reducing, "each gets what is new for where he stands (HUB-DIS-10)") {
  Start();
  Subscribe(kTopic, kOne);
  Subscribe(kTopic, kTwo);
  PublishFeed(AtomFeed({"1"}));
  Taken(kOne);
  Taken(kTwo);
  subscribers.failing = [](const FakeTransport::Call& call) { return call.url() == kTwo; };
  PublishFeed(AtomFeed({"2", "1"}));
  subscribers.failing = nullptr;
  PublishFeed(AtomFeed({"3", "2", "1"}));
  RunFor(10s);
  CHECK(Taken(kOne) == Bodies{AtomFeed({"2"}), AtomFeed({"3"})});
  CHECK(Taken(kTwo) == Bodies{AtomFeed({"2"}), AtomFeed({"3"})});
}

TEST_CASE_FIXTURE(Reducing, "a new subscriber gets what came after he did (HUB-DIS-10)") {
  Start();
  PublishFeed(AtomFeed({"1"}));
  Subscribe(kTopic, kOne);
  PublishFeed(AtomFeed({"2", "1"}));
  CHECK(Taken(kOne) == Bodies{AtomFeed({"2"})});
}

TEST_CASE_FIXTURE(Reducing, "what was given up comes again with the next message (HUB-DIS-10)") {
  Start();
  Subscribe(kTopic, kOne);
  Subscribe(kTopic, kTwo);
  PublishFeed(AtomFeed({"1"}));
  Taken(kTwo);
  subscribers.failing = [](const FakeTransport::Call& call) { return call.url() == kTwo; };
  PublishFeed(AtomFeed({"2", "1"}));
  PublishFeed(AtomFeed({"3", "2", "1"}));
  RunFor(30s);
  CHECK(DeadLetters().size() == 2);
  bool restarted = false;
  SUBCASE("in the same run") {}
  SUBCASE("after a restart") {
    restarted = true;
  }
  if (restarted) Restart();
  subscribers.failing = nullptr;
  PublishFeed(AtomFeed({"4", "3", "2", "1"}));
  CHECK(Taken(kTwo) == Bodies{AtomFeed({"4", "3", "2"})});
  PublishFeed(AtomFeed({"5", "4", "3", "2", "1"}));
  CHECK(Taken(kTwo) == Bodies{AtomFeed({"5"})});
  CHECK(Taken(kOne).back() == AtomFeed({"5"}));
}

TEST_CASE_FIXTURE(Reducing, "what was given up comes with the message behind it (HUB-DIS-10)") {
  Start();
  Subscribe(kTopic, kOne);
  PublishFeed(AtomFeed({"1"}));
  Taken(kOne);
  subscribers.failing = [](const FakeTransport::Call& call) {
    return call.Field("Websub-Message-Id") == "m2";
  };
  PublishFeed(AtomFeed({"2", "1"}));
  PublishFeed(AtomFeed({"3", "2", "1"}));
  PublishFeed(AtomFeed({"4", "3", "2", "1"}));
  RunFor(30s);
  CHECK(DeadLetters().size() == 1);
  CHECK(Taken(kOne) == Bodies{AtomFeed({"3", "2"}), AtomFeed({"4"})});
}

TEST_CASE_FIXTURE(Reducing,
                  "a retry sends the same bytes and they are what is signed (HUB-DIS-10)") {
  peers = nullptr;
  Start();
  const auto subscription = Subscribe(kTopic, kOne, "s3cret");
  PublishFeed(AtomFeed({"1"}));
  transport.AnswerNext(Answer(200));
  Keep();
  PublishFeed(AtomFeed({"2", "1"}));
  transport.AnswerNext(Answer(500));
  PublishFeed(AtomFeed({"3", "2", "1"}));
  bool restarted = false;
  SUBCASE("by the same run") {}
  SUBCASE("by the next") {
    restarted = true;
  }
  if (restarted) Restart();
  while (transport.open() == 0) ToNextDue();
  const auto& first = transport.calls.at(1);
  const auto& second = transport.calls.at(2);
  CHECK(first.body() == AtomFeed({"2"}));
  CHECK(second.body() == first.body());
  CHECK(second.Field("Websub-Attempt") == "2");
  for (const auto* call : {&first, &second}) {
    CHECK(call->Field("Content-Length") == std::to_string(call->body().size()));
    CHECK(call->Field("Websub-Entries") == "1 of 2, since m1");
    CHECK(call->Field("Content-Type") == "application/atom+xml");
    // printf '<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n<title>t</title>\n
    // <entry><id>urn:2</id><title></title></entry>\n</feed>\n' | openssl dgst -sha256 -hmac s3cret
    CHECK(call->Field("X-Hub-Signature") ==
          "sha256=6352db75f919a3ae12601df5879ef4758fcce9eb606aecd7ee0be17f0275e29f");
  }
}

TEST_CASE_FIXTURE(Reducing, "what is no feed goes whole (HUB-DIS-10)") {
  Start();
  Subscribe(kTopic, kOne);
  const std::string broken = AtomFeed({"1"}) + "x";
  for (int i = 0; i < 2; ++i) {
    PublishFeed(broken);
    PublishAndWake(kTopic, AtomFeed({"1"}));  // as text/plain
    Keep();
  }
  CHECK(Taken(kOne) == Bodies{broken, AtomFeed({"1"}), broken, AtomFeed({"1"})});
  for (const auto& call : transport.calls) CHECK(call.Field("Websub-Entries").empty());
}

TEST_CASE_FIXTURE(Reducing, "without the option feeds go whole") {
  delivery.feed_diff = FeedDiff::kOff;
  Start();
  Subscribe(kTopic, kOne);
  PublishFeed(AtomFeed({"1"}));
  PublishFeed(AtomFeed({"1"}));
  CHECK(Taken(kOne) == Bodies{AtomFeed({"1"}), AtomFeed({"1"})});
  CHECK(Outcomes(ExchangeKind::kDeliver) == std::vector<std::string>(2, "delivered"));
}

TEST_CASE_FIXTURE(Reducing, "messages that came without the option go whole once") {
  Start();
  Subscribe(kTopic, kOne);
  auto content = AsFeed(Content(kTopic, ""), AtomFeed({"1"}));
  content.entries.clear();
  Append(content);
  Keep();
  PublishFeed(AtomFeed({"2", "1"}));
  PublishFeed(AtomFeed({"3", "2", "1"}));
  CHECK(Taken(kOne) == Bodies{AtomFeed({"1"}), AtomFeed({"2", "1"}), AtomFeed({"3"})});
}

TEST_CASE_FIXTURE(Reducing, "the record shows the body that was sent (HUB-DIS-10)") {
  Start();
  Subscribe(kTopic, kOne);
  PublishFeed(AtomFeed({"1"}));
  const auto message = PublishFeed(AtomFeed({"2", "1"}));
  PublishFeed(AtomFeed({"3", "2", "1"}));
  CHECK(Show(1)["request_body"] == AtomFeed({"1"}));
  CHECK_FALSE(Show(1).contains("request_body_note"));
  const auto second = Show(2);
  CHECK(second["outcome"] == "delivered, 1 of 2 entries");
  CHECK(second["request_body"] == AtomFeed({"2"}));
  CHECK(second["request_body_note"] == "of the message's entries, 1 of 2, since m1");
  // The message is kept no longer.
  hub::RetentionPolicy policy;
  policy.messages = 1;
  REQUIRE(Wait<hub::PruneProgress>([&](auto done) { store->Prune(policy, 0, clock.Now(), done); }));
  REQUIRE_FALSE(store->FindMessage(message.id).has_value());
  CHECK(Show(2)["request_body"].is_null());
}

}  // namespace websub::tests
