// Moments that are hard to hit: words that cross each other.
#include <doctest/doctest.h>

#include "hub/delivery/deliverer.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

const std::string kTopic = "https://t.example/feed";

class Races : public HubRig {
 public:
  std::string Callback(int i) const { return "https://s.example/" + std::to_string(i); }
  std::vector<std::string> Bodies(const std::string& callback) const {
    std::vector<std::string> bodies;
    for (const auto& call : transport.calls) {
      if (call.url() == callback) bodies.push_back(call.body());
    }
    return bodies;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Races,
                  "a 410 that came after a renewal was confirmed ends it though that is told later "
                  "(HUB-DIS-06)") {
  Start();
  const auto subscription = Subscribe(kTopic, Callback(0));
  const auto intent = Ask(Mode::kSubscribe, kTopic, Callback(0));
  PublishAndWake(kTopic, "x");
  Settle();
  REQUIRE(transport.open() == 1);
  bool told = false;
  store->ConfirmIntent(intent->id, std::nullopt, clock.Now(),
                       [&](const Result<hub::Subscription>& renewed) {
                         deliverer->Renewed(*renewed);
                         told = true;
                       });
  clock.Advance(1ms);
  transport.AnswerNext(Answer(410));
  REQUIRE(queue.RunUntil([&] { return told; }));
  Keep();
  CHECK(Now(subscription).state == hub::SubscriptionState::kGone);
  PublishAndWake(kTopic, "y");
  RunFor(1h);
  CHECK(Bodies(Callback(0)) == std::vector<std::string>{"x"});
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Races, "what was retried before a 410 that a renewal overtook leaves no trace") {
  Start();
  const auto subscription = Subscribe(kTopic, Callback(0));
  PublishAndWake(kTopic, "x");
  Settle();
  transport.AnswerNext(Answer(500));
  Keep();
  while (transport.open() == 0) ToNextDue();
  const auto intent = Ask(Mode::kSubscribe, kTopic, Callback(0));
  transport.AnswerNext(Answer(410));  // not written down yet
  clock.Advance(1ms);
  deliverer->Renewed(*Confirm(intent->id));
  Settle();
  transport.AnswerNext(Answer(204));
  RunFor(1s);
  CHECK(Now(subscription).attempts == 0);
  CHECK_FALSE(Now(subscription).retry_at.has_value());
  PublishAndWake(kTopic, "y");
  RunFor(1s);
  CHECK(Bodies(Callback(0)).back() == "y");
}

}  // namespace websub::tests
