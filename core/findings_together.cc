// What only several exchanges together show.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"
#include "core/form.h"
#include "core/lease.h"

namespace websub {
namespace {

using enum FindingCode;

// A subscription as the two sides name it.
using Key = std::pair<std::string, std::string>;  // topic, callback

Key KeyOf(const Exchange& exchange) {
  return {exchange.topic.str(), exchange.callback.str()};
}

bool Succeeded(const Exchange& exchange) {
  return exchange.status >= 200 && exchange.status < 300;
}

std::string Parameter(const Exchange& exchange, std::string_view name) {
  const auto form = ParseForm(QueryOf(exchange.url.str()));
  if (!form) return "";
  return std::string(FindField(*form, name).value_or(std::string_view()));
}

class Story {
 public:
  Story(Time until, Duration patience) : until_(until), patience_(patience) {}

  void Tell(const Exchange& exchange) {
    switch (exchange.kind) {
      case ExchangeKind::kSubscribe:
        if (Succeeded(exchange)) asked_.emplace(KeyOf(exchange), &exchange);
        break;
      case ExchangeKind::kVerify:
        Verified(exchange);
        break;
      case ExchangeKind::kDeny:
        asked_.erase(KeyOf(exchange));
        break;
      case ExchangeKind::kPublish:
        if (Succeeded(exchange)) pinged_.emplace(exchange.topic.str(), &exchange);
        break;
      case ExchangeKind::kFetch:
        pinged_.erase(exchange.topic.str());
        break;
      case ExchangeKind::kDeliver:
        pinged_.erase(exchange.topic.str());
        Delivered(exchange);
        break;
      default:
        break;
    }
  }

  std::vector<Finding> End() {
    for (const auto& [key, request] : asked_) {
      if (until_ - request->at < patience_) continue;
      Add(kVerificationNeverCame,
          "the hub answered " + std::to_string(request->status) + " but never asked " +
              ShownInSentence(key.second) + " to verify",
          *request);
    }
    for (const auto& [topic, ping] : pinged_) {
      if (until_ - ping->at < patience_) continue;
      Add(kAcceptsPingsNeverDelivers,
          "the hub answered " + std::to_string(ping->status) + " to the publish message for " +
              ShownInSentence(topic) + ", and nothing came of it",
          *ping);
    }
    return std::move(findings_);
  }

 private:
  void Add(FindingCode code, std::string what, const Exchange& exchange) {
    findings_.push_back(MakeFinding(code, std::move(what), exchange));
  }

  void Verified(const Exchange& exchange) {
    const Key key = KeyOf(exchange);
    if (const auto asked = asked_.find(key); asked != asked_.end()) {
      waiting_.insert(key);
      asked_.erase(asked);
    }
    const std::string challenge = Parameter(exchange, "hub.challenge");
    if (!challenge.empty() && exchange.attempt == 1 && !challenges_.insert(challenge).second) {
      Add(kChallengeRepeated, "the hub used a challenge twice", exchange);
    }
    if (!JudgeVerification(exchange).empty()) return;
    waiting_.erase(key);
    verified_.insert(key);
    const auto lease = ParseLeaseSeconds(Parameter(exchange, "hub.lease_seconds"));
    if (lease) ends_[key] = LeaseEnd(exchange.at, *lease);
  }

  void Delivered(const Exchange& exchange) {
    const Key key = KeyOf(exchange);
    // A renewal that waits changes nothing.
    const bool unverified = asked_.contains(key) || waiting_.contains(key);
    if (unverified && !verified_.contains(key)) {
      Add(kDeliveryBeforeVerified,
          "a delivery came to " + ShownInSentence(key.second) + " before it had verified",
          exchange);
    }
    // A delivery may be on its way as the lease ends.
    const auto end = ends_.find(key);
    if (end != ends_.end() && exchange.at > end->second + std::chrono::seconds(1)) {
      Add(kDeliveryAfterLease,
          "a delivery came at " + FormatRfc3339(exchange.at) + ", the lease ended at " +
              FormatRfc3339(end->second),
          exchange);
    }
    if (!exchange.message_id || !Succeeded(exchange)) return;
    const std::int64_t message = *exchange.message_id;
    const std::string name = "message m" + std::to_string(message);
    std::set<std::int64_t>& taken = taken_[key];
    if (taken.contains(message)) {
      Add(kDeliveryDuplicate, name + " was taken by the callback before", exchange);
    } else if (!taken.empty() && message < *taken.rbegin()) {
      Add(kDeliveryOutOfOrder, name + " came after m" + std::to_string(*taken.rbegin()), exchange);
    }
    taken.insert(message);
  }

  Time until_;
  Duration patience_;
  std::map<Key, const Exchange*> asked_;  // accepted, and not asked to verify yet
  std::set<Key> waiting_;                 // asked, and not verified yet
  std::set<Key> verified_;
  std::map<Key, Time> ends_;
  std::set<std::string> challenges_;
  std::map<std::string, const Exchange*> pinged_;  // by topic; nothing came of it yet
  std::map<Key, std::set<std::int64_t>> taken_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> JudgeTogether(std::span<const Exchange> exchanges, Time until,
                                   Duration patience) {
  std::vector<std::size_t> order(exchanges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(exchanges[a].at, exchanges[a].id, a) <
           std::tie(exchanges[b].at, exchanges[b].id, b);
  });
  Story story(until, patience);
  for (const std::size_t place : order) story.Tell(exchanges[place]);
  return story.End();
}

}  // namespace websub
