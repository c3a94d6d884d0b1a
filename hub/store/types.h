// What the hub keeps. Ids are positive and never used again.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/subscription_request.h"
#include "core/time.h"

namespace websub::hub {

using TopicId = std::int64_t;
using SubscriptionId = std::int64_t;
using IntentId = std::int64_t;
using MessageId = std::int64_t;
using ExchangeId = std::int64_t;
using DeadLetterId = std::int64_t;
using InboxId = std::int64_t;

// A topic's log: messages in order of their ids, which grow with every message of the hub.
struct Topic {
  TopicId id = 0;
  std::string url;             // exactly as subscribers and publishers name it
  MessageId last_message = 0;  // the end of the log; 0 where it is empty
  Time created_at;
  // What the last successful fetch said, for the next conditional one.
  std::string etag;
  std::string last_modified;
  std::string
      content_hash;  // SHA-256, hex, of the body that was fetched last; empty before the first
  std::optional<Time> fetched_at;
  // Where a publisher has registered it: when, and who.
  std::optional<Time> registered_at;
  std::string registered_by;
};

enum class SubscriptionState {
  kPending,     // accepted; verification has not ended
  kActive,      // verified
  kUnverified,  // verification failed for good
  kDenied,
  kUnsubscribed,
  kExpired,  // the lease ended (HUB-VER-04)
  kGone,     // the callback answered 410 (HUB-DIS-06)
};

std::string_view Name(SubscriptionState state);  // "active"
std::optional<SubscriptionState> ParseSubscriptionState(std::string_view name);

// At most one pending or active subscription exists for a topic and callback (HUB-REQ-05).
struct Subscription {
  SubscriptionId id = 0;
  TopicId topic_id = 0;
  std::string topic;
  std::string callback;
  std::string secret;  // empty: none
  SubscriptionState state = SubscriptionState::kPending;
  std::chrono::seconds lease{0};
  Time created_at;
  std::optional<Time> verified_at;  // of the latest verified request
  std::optional<Time> expires_at;
  std::optional<Time> ended_at;
  MessageId cursor = 0;  // the last message acknowledged or given up
  MessageId base = 0;    // the last one acknowledged, or where it started: what it has seen
  // The message after the cursor, where it has failed before.
  int attempts = 0;
  std::optional<Time> first_attempt;
  std::optional<Time> retry_at;
  std::string identity;                         // who subscribed; empty: nobody in particular
  std::optional<SignatureAlgorithm> algorithm;  // the subscriber's wish
};

// A request that waits for its verification. The subscription it is about exists from the start:
// pending for a new one, the one in force for a renewal or an unsubscribe.
struct Intent {
  IntentId id = 0;
  SubscriptionId subscription_id = 0;
  Mode mode = Mode::kSubscribe;
  std::string topic;
  std::string callback;
  std::string secret;             // empty: none
  std::chrono::seconds lease{0};  // granted; 0 for unsubscribe
  Time created_at;
  int attempts = 0;
  Time due_at;
  std::string identity;
  std::optional<SignatureAlgorithm> algorithm;
  std::string verify_token;  // PubSubHubbub 0.3; empty: none
  // Set: nothing is asked for. The subscription has ended, and its callback is told why
  // (HUB-VAL-01).
  std::optional<std::string> denial;
};

// Where a walk over what is due stands: by time, then by id.
struct DuePlace {
  Time at = Time::min();
  std::int64_t id = 0;

  auto operator<=>(const DuePlace&) const = default;
};

// What is needed of an intent to let it wait for its turn.
struct DueIntent {
  DuePlace place;  // the id is the intent's
  SubscriptionId subscription_id = 0;
  std::string origin;  // of the callback, as Url::Origin writes it
  int attempts = 0;
};

struct NewIntent {
  Mode mode = Mode::kSubscribe;
  std::string topic;
  std::string callback;
  std::string secret;
  std::chrono::seconds lease{0};
  Time now;
  std::string identity = {};
  std::optional<SignatureAlgorithm> algorithm = {};
  std::string verify_token = {};
  // Of subscriptions in force with a callback on the same host, whichever port; 0: no limit.
  std::size_t most_on_host = 0;
};

struct Message {
  MessageId id = 0;
  TopicId topic_id = 0;
  std::string topic;
  std::string content_type;
  std::vector<std::string> hubs;            // rel=hub, absolute
  std::string self;                         // rel=self, absolute
  std::shared_ptr<const std::string> body;  // null where only the row was asked for
  std::size_t size = 0;                     // bytes
  Time created_at;
};

struct NewMessage {
  std::string topic;
  std::string content_type;
  std::vector<std::string> hubs;
  std::string self;
  std::shared_ptr<const std::string> body;
  std::string
      content_hash;  // SHA-256, hex, of the body: a ping that finds the same says nothing new
  Time now;
  // DigestsOf its entries (core/feed_diff.h), where deliveries leave out those that went before.
  std::vector<std::string> entries = {};
};

// A ping that waits for its fetch; at most one for a topic.
struct FetchJob {
  TopicId topic_id = 0;
  std::string topic;
  std::int64_t pings = 0;  // grows with each ping, also while a fetch runs
  int attempts = 0;
  Time first_attempt;
  Time due_at;
};

// How a fetch ended.
struct FetchedContent {
  std::string etag;  // to be sent with the next; empty: not usable
  std::string last_modified;
  std::string content_hash;
  Time now;
};

// A message that a publisher hands over.
struct NewInboxEntry {
  // Where there is no content_url it is whole. Else its body is what stands in where the fetch
  // fails, null for none, and its content type what the publisher said of either.
  NewMessage message;
  std::string content_url;
  std::string hosted;  // the name under which the hub hosts the topic, or may; empty: none
  std::string identity;
};

// What became of it: it is in the log, or waits under this id.
struct InboxReceipt {
  std::optional<Message> message;
  InboxId waits_as = 0;
};

// One that waits.
struct InboxEntry {
  InboxId id = 0;
  TopicId topic_id = 0;
  std::string topic;
  std::string content_url;   // empty: its body is the content
  std::string content_type;  // empty: not said
  std::string identity;
  bool has_body = false;
  int attempts = 0;
  Time first_attempt;
  std::optional<Time> due_at;  // nothing: there are others of the topic before it
};

// What is needed of an entry to let it wait for its turn.
struct DueEntry {
  DuePlace place;  // the id is the entry's
  std::string content_url;
  int attempts = 0;
};

// What a hub hosts itself under /topics/NAME.
struct HostedTopic {
  std::string name;
  std::string content_type;
  std::string etag;
  std::shared_ptr<const std::string> body;  // null where only the row was asked for
  Time updated_at;
};

// What delivery needs to know of a subscription that is behind its log.
struct LaneRow {
  SubscriptionId id = 0;
  std::string callback;
  std::string origin;  // of the callback, as Url::Origin writes it
  std::string secret;
  Time expires_at;
  MessageId cursor = 0;
  MessageId base = 0;  // as Subscription's
  int attempts = 0;
  std::optional<Time> first_attempt;
  std::optional<Time> retry_at;
  std::optional<SignatureAlgorithm> algorithm;  // the subscriber's wish
};

// One page of a walk over the active subscriptions of a topic, by id.
struct LanePage {
  std::vector<LaneRow> lanes;  // those behind the end of the log and not waiting for a retry
  SubscriptionId last = 0;     // the last one looked at; the walk goes on after it
  bool end = true;             // there are no more, or the store cannot be read
};

// Where a walk over retries stands: by time, then by id.
struct RetryPlace {
  Time at = Time::min();
  SubscriptionId id = 0;
  auto operator<=>(const RetryPlace&) const = default;
};

// An active subscription whose next attempt waited for its time, which has come.
struct DueRetry {
  TopicId topic = 0;
  Time at;
  LaneRow lane;
};

// What became of one message for one subscription.
struct DeliveryOutcome {
  enum class Kind {
    kDelivered,  // the cursor moves to the message
    kRetry,      // attempts, first_attempt and retry_at are kept
    kGivenUp,    // a dead letter is made and the cursor moves to the message (HUB-DIS-09)
    kGone,       // the subscription ends (HUB-DIS-06)
  };
  Kind kind = Kind::kDelivered;
  SubscriptionId subscription_id = 0;
  MessageId message_id = 0;
  int attempts = 1;  // of this message, with this one
  Time first_attempt;
  std::optional<Time> retry_at;
  std::string reason;
  Time now;
};

struct DeadLetter {
  DeadLetterId id = 0;
  SubscriptionId subscription_id = 0;
  MessageId message_id = 0;
  std::string topic;
  std::string callback;
  int attempts = 0;
  std::string reason;
  Time at;
};

}  // namespace websub::hub
