// What the cases of the publisher's role share: the topic as a subscriber finds it, and
// subscriptions at its hubs.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/conformance/suite.h"
#include "core/discovery.h"
#include "core/finding.h"

namespace websub::cli::conformance {

// A hub or self link that stands where links may stand: of the topic's own answer, about the topic
// itself, with an http or https URL.
struct TopicLink {
  enum class Source {
    kHeader,
    kDocument,
    kBody,  // of an HTML page: read, but not trusted (SUB-DISC-06)
  };
  std::string rel;
  std::string url;  // absolute
  Source source = Source::kHeader;
};

// What a GET of a topic brought, redirects followed.
struct TopicAnswer {
  std::vector<DiscoveryHop> hops;  // at least one; the last is the topic's own answer
  hub::OutgoingResult answer;      // to the last hop
  std::string stopped;             // why redirects were followed no further; empty where they were
  std::string type;
  Discovery found;
  std::vector<TopicLink> links;

  const std::string& url() const { return hops.back().url; }
  bool Ok() const { return stopped.empty() && answer.fault == Fault::kNone && answer.Ok2xx(); }
  // Each URL once, in order.
  std::vector<std::string> Urls(std::string_view rel, TopicLink::Source source) const;
  bool IsFeedOrPage() const;
  // "answered 404", "redirects without an end", "gave no answer: refused".
  std::string How() const;
};

// Why it went wrong, as the catalogue says it: the cause of the first of these faults that
// discovery warned of; empty where it did of none.
std::string CauseAmong(const TopicAnswer& topic, const std::vector<FindingCode>& codes);
std::string CauseOf(FindingCode code);

class PublisherBench {
 public:
  // Both live longer than the bench.
  PublisherBench(const Target& target, Scene& scene) : target_(target), scene_(scene) {}

  Scene& scene() { return scene_; }
  const Target& target() const { return target_; }

  TopicAnswer Get(const std::string& what, const std::string& url,
                  const hub::http::Fields& fields = {});
  // The topic that was named, with content; Skipped where it brought none.
  Step<TopicAnswer> Topic();
  // The same, and it names a hub and itself as a subscriber reads it.
  Step<TopicAnswer> WholeTopic();
  // Whether values of --header go along: to the origin of the topic that was named, and nowhere
  // else.
  bool IsOwn(const std::string& url) const;

 private:
  const Target& target_;
  Scene& scene_;
};

// A subscription at one of the topic's hubs.
class Watch {
 public:
  Watch(PublisherBench& bench, std::string hub, std::string topic);
  ~Watch();  // unsubscribes
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  const std::string& hub() const { return hub_; }
  // Asks, and waits for the verification. Otherwise how PUB-DISC-01/hub-verifies ends.
  Step<void> Subscribe();
  std::size_t Seen() const;  // requests to the callback so far
  // The first delivery from request number `from` on, waited for; with `body`, the first of that
  // content.
  std::optional<Visit> Delivery(std::size_t from, Duration wait,
                                const std::optional<std::string>& body = std::nullopt) const;
  // The last of them.
  std::optional<Visit> LastDelivery(std::size_t from) const;

 private:
  struct Wishes {
    std::string topic;
    std::atomic<bool> unsubscribe{false};
  };
  static Reply Answer(const Wishes& wishes, const Visit& visit);
  hub::OutgoingResult Ask(const std::string& mode);
  Outcome Refused(const hub::OutgoingResult& result) const;
  bool OutOfReach() const;

  PublisherBench& bench_;
  std::string hub_;
  std::shared_ptr<Wishes> wishes_;
  Place callback_;
  bool subscribed_ = false;
};

// What the cases are made of, each file's in the order in which they are shown.
struct PublisherCase {
  std::string name;
  std::string title;
  Outcome (*run)(PublisherBench&);
  bool alone = false;
};
std::vector<PublisherCase> PublisherDiscoveryCases();
std::vector<PublisherCase> PublisherRepresentationCases();
std::vector<PublisherCase> PublisherNotificationCases();

}  // namespace websub::cli::conformance
