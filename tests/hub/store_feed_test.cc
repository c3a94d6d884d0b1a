// What the store keeps so that deliveries can leave out entries that went before.
#include <doctest/doctest.h>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::DeliveryOutcome;
using hub::Message;
using hub::Subscription;
using std::chrono::seconds;
using Kind = DeliveryOutcome::Kind;
using Flags = std::vector<bool>;

namespace {

const std::string kTopic = "https://example.org/feed";
const std::string kOther = "https://example.org/other";

class Feeds : public StoreFixture {
 public:
  Message Append(std::vector<std::string> digests, const std::string& topic = kTopic) {
    auto content = Content(topic, "x");
    content.entries = std::move(digests);
    const auto made =
        Wait<Message>([&](auto done) { store->AppendMessage(std::move(content), done); });
    REQUIRE(made.has_value());
    return *made;
  }
  void Outcome(Kind kind, const Subscription& subscription, const Message& message) {
    DeliveryOutcome outcome;
    outcome.kind = kind;
    outcome.subscription_id = subscription.id;
    outcome.message_id = message.id;
    outcome.retry_at = clock.Now();
    outcome.now = clock.Now();
    REQUIRE(Record({outcome}));
  }
  hub::MessageId BaseOf(const Subscription& subscription) {
    const auto found = store->FindSubscription(subscription.id);
    REQUIRE(found.has_value());
    const auto page = store->PageBehind(found->topic_id, subscription.id - 1, 1);
    if (!page.lanes.empty()) CHECK(page.lanes.front().base == found->base);
    return found->base;
  }
  std::size_t Prune(hub::RetentionPolicy policy) {
    std::size_t removed = 0;
    hub::PruneProgress step;
    do {
      const auto next = Wait<hub::PruneProgress>(
          [&](auto done) { store->Prune(policy, step.looked_at, clock.Now(), done); });
      REQUIRE(next.has_value());
      step = *next;
      removed += step.removed;
      largest_step = std::max(largest_step, step.removed);
    } while (step.more);
    return removed;
  }

  std::size_t largest_step = 0;
};

}  // namespace

TEST_CASE_FIXTURE(Feeds, "an entry counts from the first message that had it (HUB-DIS-10)") {
  const Message one = Append({"a", "b"});
  const Message elsewhere = Append({"c"}, kOther);
  const Message two = Append({"b", "c"});
  const Message three = Append({"a", "c"});  // a was away
  const auto appeared = [&](hub::MessageId until) {
    return store->HaveAppeared(one.topic_id, until, {"c", "a", "x", "b"});
  };
  CHECK(appeared(0) == Flags{false, false, false, false});
  CHECK(appeared(one.id) == Flags{false, true, false, true});
  CHECK(appeared(elsewhere.id) == Flags{false, true, false, true});
  CHECK(appeared(two.id) == Flags{true, true, false, true});
  CHECK(appeared(three.id) == Flags{true, true, false, true});
  CHECK(store->HaveAppeared(one.topic_id, three.id, {}).empty());
  Reopen();
  CHECK(appeared(one.id) == Flags{false, true, false, true});
}

TEST_CASE_FIXTURE(Feeds, "the base is the last message that was taken (HUB-DIS-10)") {
  const Message before = Append({});
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  CHECK(subscription.base == before.id);
  CHECK(BaseOf(subscription) == before.id);
  const Message one = Append({});
  Outcome(Kind::kDelivered, subscription, one);
  CHECK(BaseOf(subscription) == one.id);
  const Message two = Append({});
  Outcome(Kind::kRetry, subscription, two);
  CHECK(BaseOf(subscription) == one.id);
  Outcome(Kind::kGivenUp, subscription, two);
  const Message three = Append({});
  CHECK(BaseOf(subscription) == one.id);
  Outcome(Kind::kGivenUp, subscription, three);
  const Message four = Append({});
  CHECK(BaseOf(subscription) == one.id);
  CHECK(Subscribe(kTopic, "https://peer.example/").base == one.id);  // renewed
  Reopen();
  CHECK(BaseOf(subscription) == one.id);
  Outcome(Kind::kDelivered, subscription, four);
  CHECK(BaseOf(subscription) == four.id);
  Outcome(Kind::kGivenUp, subscription, Append({}));
  CHECK(BaseOf(subscription) == four.id);
  Outcome(Kind::kGivenUp, subscription, two);  // comes late
  CHECK(BaseOf(subscription) == four.id);
}

TEST_CASE_FIXTURE(Feeds, "whoever took nothing yet has his start as base") {
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  CHECK(BaseOf(subscription) == 0);
  Outcome(Kind::kGivenUp, subscription, Append({}));
  Append({});
  CHECK(BaseOf(subscription) == 0);
}

TEST_CASE_FIXTURE(Feeds, "entries are forgotten with the messages that had them") {
  hub::RetentionPolicy policy;
  const Message one = Append({"a", "b", "c"});
  const Message two = Append({"b", "c"});
  const Message three = Append({"c"});
  const auto kept = [&] { return store->HaveAppeared(one.topic_id, three.id, {"a", "b", "c"}); };
  CHECK(Prune(policy) == 0);
  policy.messages = 2;
  CHECK(Prune(policy) == 2);  // the message and a
  CHECK(kept() == Flags{false, true, true});
  // What the newest message had stays, also where the message itself does not.
  policy.messages_for = seconds(0);
  clock.Advance(seconds(1));
  CHECK(Prune(policy) == 3);
  CHECK_FALSE(store->FindMessage(three.id).has_value());
  CHECK(kept() == Flags{false, false, true});
  CHECK(Prune(policy) == 0);
  Append({"d"});
  clock.Advance(seconds(1));
  CHECK(Prune(policy) == 2);
  CHECK(kept() == Flags{false, false, false});
}

TEST_CASE_FIXTURE(Feeds, "what a message in the log had stays while it waits to be delivered") {
  Subscribe(kTopic, "https://slow.example/");
  const Message one = Append({"a"});
  Append({"b"});
  Append({}, kOther);
  hub::RetentionPolicy policy;
  policy.messages_for = seconds(0);
  clock.Advance(seconds(1));
  CHECK(Prune(policy) == 1);
  CHECK(store->HaveAppeared(one.topic_id, one.id, {"a"}) == Flags{true});
}

TEST_CASE_FIXTURE(Feeds, "a step forgets a bounded number of entries") {
  constexpr int kEach = 900;
  constexpr int kMessages = 6;
  for (int i = 0; i < kMessages; ++i) {
    std::vector<std::string> digests;
    for (int j = 0; j < kEach; ++j) digests.push_back(std::to_string(i * kEach + j));
    Append(digests);
  }
  hub::RetentionPolicy policy;
  policy.messages_for = seconds(0);
  clock.Advance(seconds(1));
  CHECK(Prune(policy) == kMessages + (kMessages - 1) * kEach);
  CHECK(largest_step <= 2 * (kEach + 1));
}

}  // namespace websub::tests
