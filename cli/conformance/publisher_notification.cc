// PUB-NOT-01: each advertised hub hears of a change, once the new content is there.
#include <algorithm>
#include <deque>
#include <optional>

#include "cli/conformance/program.h"
#include "cli/conformance/publisher_bench.h"
#include "cli/text.h"
#include "core/feed_diff.h"

namespace websub::cli::conformance {
namespace {

constexpr Duration kCommandTime = std::chrono::seconds(60);
constexpr Duration kGrace = std::chrono::seconds(1);
constexpr Duration kLookAgain = std::chrono::milliseconds(50);

// The topic, and a subscription at each of its hubs.
struct Watched {
  TopicAnswer topic;
  std::string self;
  std::deque<Watch> watches;
};

void Replace(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// Runs the command that changes the topic.
Step<void> Publish(PublisherBench& bench, const std::string& self) {
  std::string command = bench.target().publish_cmd;
  Replace(command, "{topic}", ShellWord(self));
  Replace(command, "{url}", ShellWord(bench.target().url));
  auto program = Program::Start(command);
  if (!program) return End(Skipped("--publish-cmd: " + program.error().message));
  const bool ended = (*program)->Wait(kCommandTime);
  if (!ended) (*program)->End(kGrace);
  bench.scene().Note("publisher", "--publish-cmd", (*program)->Out() + (*program)->Err());
  const int status = (*program)->status().value_or(0);
  if (!ended) {
    return End(Skipped("--publish-cmd did not end in " + FormatDuration(kCommandTime)));
  }
  if (status != 0) {
    return End(Skipped("--publish-cmd ended with status " + std::to_string(status)));
  }
  return {};
}

// The topic after a change, which may take a moment to be seen.
Step<TopicAnswer> Changed(PublisherBench& bench, const std::string& self,
                          const std::string& before) {
  Duration pause = kLookAgain;
  for (Duration waited{0};; waited += pause, pause *= 2) {
    TopicAnswer now = bench.Get("fetch the topic after the change", self);
    if (now.Ok() && now.answer.body != before) return now;
    if (waited >= bench.scene().patience() || !bench.scene().Wait(pause)) break;
  }
  return End(Skipped("--publish-cmd did not change what rel=self answers"));
}

Step<void> WatchAll(PublisherBench& bench, Watched& watched) {
  if (bench.target().publish_cmd.empty()) {
    return End(Unobservable("nothing changes the topic: give --publish-cmd"));
  }
  auto topic = bench.WholeTopic();
  if (!topic) return End(topic.error());
  watched.topic = *std::move(topic);
  watched.self = *watched.topic.found.self;
  watched.topic = bench.Get("fetch rel=self", watched.self);
  if (!watched.topic.Ok()) {
    return End(Skipped("rel=self " + watched.topic.How() + " (PUB-DISC-01/self-answers)"));
  }
  for (const std::string& hub : watched.topic.found.hubs) {
    Watch& watch = watched.watches.emplace_back(bench, hub, watched.self);
    if (!watch.Subscribe()) {
      return End(Skipped("a hub of the topic took no subscription (PUB-DISC-01/hub-verifies)"));
    }
  }
  if (watched.watches.empty()) return End(Skipped("rel=self names no hub (PUB-DISC-01)"));
  return {};
}

std::vector<std::size_t> SeenBy(const std::deque<Watch>& watches) {
  std::vector<std::size_t> seen;
  for (const Watch& watch : watches) seen.push_back(watch.Seen());
  return seen;
}

// One patience for all hubs together.
class Deadline {
 public:
  explicit Deadline(const Scene& scene) : end_(Now() + scene.patience()) {}
  Duration left() const { return std::max(end_ - Now(), Duration(0)); }

 private:
  static Duration Now() {
    return std::chrono::duration_cast<Duration>(
        std::chrono::steady_clock::now().time_since_epoch());
  }
  Duration end_;
};

Outcome EachHubDelivers(PublisherBench& bench) {
  Watched watched;
  if (auto watching = WatchAll(bench, watched); !watching) return watching.error();
  const auto from = SeenBy(watched.watches);
  if (auto published = Publish(bench, watched.self); !published) return published.error();
  const auto after = Changed(bench, watched.self, watched.topic.answer.body);
  if (!after) return after.error();
  const Deadline deadline(bench.scene());
  std::size_t delivered = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (watched.watches[i].Delivery(from[i], deadline.left())) ++delivered;
  }
  if (delivered == from.size()) return Passed();
  const std::string expected =
      from.size() == 1 ? "expected the hub to deliver after the change, got nothing"
                       : "expected a delivery by each of " + std::to_string(from.size()) +
                             " hubs after the change, got one by " + std::to_string(delivered);
  return Failed(expected, CauseOf(FindingCode::kPublishNeverCame));
}

// HUB-DIS-10: of a feed a hub may leave out entries that it has delivered before.
bool IsPartOf(const Visit& delivery, const TopicAnswer& topic) {
  const auto some = DigestsOf(ReadFeed(delivery.Field("Content-Type"), delivery.request.body));
  const auto all = DigestsOf(ReadFeed(topic.type, topic.answer.body));
  return !some.empty() && std::all_of(some.begin(), some.end(), [&](const std::string& digest) {
    return std::find(all.begin(), all.end(), digest) != all.end();
  });
}

Outcome DeliversWhatIsThere(PublisherBench& bench) {
  Watched watched;
  if (auto watching = WatchAll(bench, watched); !watching) return watching.error();
  const std::string& before = watched.topic.answer.body;
  const auto from = SeenBy(watched.watches);
  if (auto published = Publish(bench, watched.self); !published) return published.error();
  const auto after = Changed(bench, watched.self, before);
  if (!after) return after.error();
  if (after->answer.body_cut) {
    return Unobservable("the topic is too large to be compared");
  }
  if (!FirstField(HeadFields(after->answer.head), "Content-Encoding").empty()) {
    return Unobservable("the topic answers in a content coding that was not asked for");
  }
  const TopicAnswer again = bench.Get("fetch the topic again", watched.self);
  if (again.answer.body != after->answer.body) {
    return Unobservable("rel=self answers each request with other content");
  }
  const Deadline deadline(bench.scene());
  std::size_t delivered = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Watch& watch = watched.watches[i];
    const auto first = watch.Delivery(from[i], deadline.left());
    if (!first) continue;
    ++delivered;
    if (IsPartOf(*first, *after)) continue;
    // What comes first may be about an earlier change.
    if (watch.Delivery(from[i], deadline.left(), after->answer.body)) continue;
    const auto last = watch.LastDelivery(from[i]);
    if (IsPartOf(*last, *after)) continue;
    if (last->request.body == before) {
      return Failed("expected the hub to deliver the new content, got the old",
                    CauseOf(FindingCode::kFetchUnchanged));
    }
    return Failed("expected the hub to deliver the " + Plural(after->answer.body.size(), "byte") +
                      " that the topic answers with, got " +
                      Plural(last->request.body.size(), "byte") + " that differ",
                  "what the publisher hands to the hub is made apart from what it serves");
  }
  if (delivered == 0) return Skipped("nothing was delivered (PUB-NOT-01/each-hub)");
  return Passed();
}

Outcome TellsOfEachChange(PublisherBench& bench) {
  Watched watched;
  if (auto watching = WatchAll(bench, watched); !watching) return watching.error();
  std::string content = watched.topic.answer.body;
  for (const bool second : {false, true}) {
    const auto from = SeenBy(watched.watches);
    if (auto published = Publish(bench, watched.self); !published) return published.error();
    auto after = Changed(bench, watched.self, content);
    if (!after) return after.error();
    content = std::move(after->answer.body);
    const Deadline deadline(bench.scene());
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (watched.watches[i].Delivery(from[i], deadline.left())) continue;
      if (!second) return Skipped("the first change was not delivered (PUB-NOT-01/each-hub)");
      return Failed("expected a delivery after the second change too, got none",
                    CauseOf(FindingCode::kPublishNeverCame));
    }
  }
  return Passed();
}

}  // namespace

std::vector<PublisherCase> PublisherNotificationCases() {
  return {
      {"PUB-NOT-01/each-hub", "each hub that is named delivers after a change", EachHubDelivers,
       true},
      {"PUB-NOT-01/content", "what is delivered is what the topic answers with",
       DeliversWhatIsThere, true},
      {"PUB-NOT-01/again", "a second change is told, too", TellsOfEachChange, true},
  };
}

}  // namespace websub::cli::conformance
