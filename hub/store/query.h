// How to look into the store: filters and pages. Every field that is set narrows the answer; a page
// continues after the id that ended the one before.
#pragma once

#include <optional>
#include <string>

#include "core/exchange.h"
#include "hub/store/types.h"

namespace websub::hub {

enum class Order { kOldestFirst, kNewestFirst };

struct PageQuery {
  std::size_t limit = 100;            // 1 to 1000
  std::optional<std::int64_t> after;  // an id: continue behind it, in the order asked for
  Order order = Order::kOldestFirst;
  std::optional<std::string> topic;
  std::optional<Time> since;
  std::optional<Time> until;  // inclusive, as since is
};

struct TopicQuery : PageQuery {};

struct SubscriptionQuery : PageQuery {
  std::optional<std::string> callback;
  std::optional<SubscriptionState> state;  // nothing: pending and active
  bool all_states = false;                 // the ended ones too
};

struct MessageQuery : PageQuery {
  std::optional<SubscriptionId> behind;  // those that this subscription has not acknowledged yet
};

struct ExchangeQuery : PageQuery {
  std::optional<std::string> callback;
  std::optional<ExchangeKind> kind;
  std::optional<int> status;
  std::optional<SubscriptionId> subscription;
  std::optional<MessageId> message;
};

struct DeadLetterQuery : PageQuery {
  std::optional<std::string> callback;
  std::optional<SubscriptionId> subscription;
};

struct Counts {
  std::int64_t topics = 0;
  std::int64_t pending = 0;
  std::int64_t active = 0;
  std::int64_t messages = 0;
  std::int64_t exchanges = 0;
  std::int64_t dead_letters = 0;
  std::int64_t waiting_fetches = 0;
  std::int64_t inbox = 0;     // messages that wait for their content, or behind such a one
  std::int64_t retrying = 0;  // active subscriptions whose next attempt waits for its time
  // Subscriptions that have ended, as long as they are kept.
  std::int64_t unverified = 0;
  std::int64_t denied = 0;
  std::int64_t unsubscribed = 0;
  std::int64_t expired = 0;
  std::int64_t gone = 0;
};

// Bytes on the disk.
struct StoreSize {
  std::int64_t file = 0;
  std::int64_t log = 0;  // what was written and is not in the file yet
};

// How far a message has come among the active subscriptions of its topic.
struct MessageProgress {
  std::int64_t delivered = 0;  // acknowledged
  std::int64_t pending = 0;    // still before them
  std::int64_t dead = 0;       // dead letters, those of ended subscriptions included
};

// The beginnings of a recorded exchange: enough to tell it in a line.
struct ExchangeExcerpt {
  std::string request_line;    // without its line end; cut at 512 bytes
  std::string response_start;  // of the body; cut at 200 bytes
};

}  // namespace websub::hub
