// How many deliveries may be in flight, on both sides of each limit.
#include <doctest/doctest.h>

#include "hub/delivery/deliverer.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

const std::string kTopic = "https://t.example/feed";

}  // namespace

TEST_CASE("in flight for one origin are as many as the limit and one more waits") {
  for (const int subscribers : {3, 4}) {
    CAPTURE(subscribers);
    HubRig rig;
    rig.delivery.pace = {.fewest = 1, .first = 3, .most = 3};
    rig.Start();
    for (int i = 0; i < subscribers; ++i) {
      rig.Subscribe(kTopic, "https://s.example/" + std::to_string(i));
    }
    rig.Subscribe(kTopic, "https://other.example/");
    rig.PublishAndWake(kTopic, "x");
    rig.Settle();
    CHECK(rig.transport.open() == 4);  // three, and the other origin's
    rig.transport.AnswerNext(Answer(200));
    rig.Settle();
    CHECK(rig.transport.open() == (subscribers == 3 ? 3 : 4));
    while (rig.transport.open() > 0) {
      rig.transport.AnswerNext(Answer(200));
      rig.Settle();
    }
    CHECK(rig.transport.calls.size() == static_cast<std::size_t>(subscribers) + 1);
    CHECK(rig.transport.most_open == 4);
  }
}

TEST_CASE("in flight over all origins are as many as the limit and one more waits") {
  for (const int subscribers : {3, 4}) {
    CAPTURE(subscribers);
    HubRig rig;
    rig.delivery.max_in_flight = 3;
    rig.Start();
    for (int i = 0; i < subscribers; ++i) {
      rig.Subscribe(kTopic, "https://s" + std::to_string(i) + ".example/");
    }
    rig.PublishAndWake(kTopic, "x");
    rig.Settle();
    CHECK(rig.transport.open() == 3);
    rig.transport.AnswerNext(Answer(500));  // a failure makes room, too
    rig.Settle();
    CHECK(rig.transport.open() == (subscribers == 3 ? 2 : 3));
    while (rig.transport.open() > 0) {
      rig.transport.AnswerNext(Answer(200));
      rig.Settle();
    }
    rig.peers = [](const auto&) { return Answer(200); };
    rig.RunFor(10s);
    CHECK(rig.transport.calls.size() == static_cast<std::size_t>(subscribers) + 1);
    CHECK(rig.transport.most_open == 3);
    CHECK(rig.deliverer->lanes() == 0);
  }
}

}  // namespace websub::tests
