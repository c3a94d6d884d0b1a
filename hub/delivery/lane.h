// What delivery keeps in memory while there is something to deliver. Private to hub/delivery.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/signature.h"
#include "core/url.h"
#include "hub/delivery/message_cache.h"
#include "hub/delivery/pace.h"
#include "hub/store/types.h"

namespace websub::hub {

// The end of a topic's log, and how far the walk over its subscriptions has come.
struct TopicLog {
  struct Sweep {
    SubscriptionId after = 0;
    bool again = false;  // a message came while the sweep ran: those behind us may be behind again
  };

  TopicId id = 0;
  std::optional<MessageId> end;  // nothing: ask the store
  std::optional<Sweep> sweep;
  std::size_t lanes = 0;
};

struct Origin;

// A subscription that is being delivered to.
struct Lane {
  enum class State {
    kIdle,
    kReady,
    kInFlight,
    kWaiting,  // for a retry
    kGone,     // answered 410, which is not on disk yet
    kEnded,    // by the store's word
  };
  // What is in flight, and what it counts for.
  struct Flight {
    std::shared_ptr<const PreparedMessage> message;
    Time sent_at;
    Pace::Standing counts_as = Pace::Standing::kProven;
    bool suspect = false;
    unsigned slice = 0;
  };

  // It has failed with the message that it is at: what holds it up must not hold up others.
  bool suspect() const { return attempts > 0; }

  SubscriptionId id = 0;
  TopicLog* topic = nullptr;
  Origin* origin = nullptr;
  Url callback;
  std::string head_start;    // core/notification.h
  bool head_masked = false;  // it holds what must not be recorded
  std::string secret;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kSha256;
  std::string_view content_type;   // by a rule; empty: that of the message
  std::unique_ptr<Signer> signer;  // made with the first signed message
  Time expires_at;
  MessageId cursor = 0;
  MessageId base = 0;  // the last message that was taken
  int attempts = 0;    // that failed, of the message after the cursor
  std::optional<Time> first_attempt;
  std::optional<Time> retry_at;  // while it waits for that in memory
  std::optional<Time> gone_at;   // when it answered 410
  std::optional<Flight> flight;  // also after it has ended
  std::size_t unkept = 0;        // outcomes not on disk yet
  State state = State::kIdle;
};

// Where the callbacks of some subscriptions lie: "https://example.com:443".
struct Origin {
  Origin(std::string the_key, const PaceOptions& options)
      : key(std::move(the_key)), pace(options) {}

  std::size_t waiting() const { return fresh.size() + suspects.size(); }
  bool busy() const { return fresh_turn || suspect_turn || refilling; }
  bool owed() const { return !put_off.empty() || retries_put_off.has_value(); }
  // Those that failed have a small share of their own, beside that of the others.
  std::size_t suspect_limit() const { return std::max<std::size_t>(pace.limit() / 4, 1); }
  bool FreshMayStart() const { return !fresh.empty() && fresh_in_flight < pace.limit(); }
  bool SuspectMayStart() const { return !suspects.empty() && suspects_in_flight < suspect_limit(); }

  const std::string key;
  Pace pace;
  std::deque<Lane*> fresh;     // ready, and not suspect
  std::deque<Lane*> suspects;  // ready
  std::size_t lanes = 0;
  std::size_t fresh_in_flight = 0;
  std::size_t suspects_in_flight = 0;
  // What there was no room for stays in the store: for each topic the first subscription that was
  // passed over, and the place before the first retry.
  std::map<TopicId, SubscriptionId> put_off;
  std::optional<RetryPlace> retries_put_off;
  bool fresh_turn = false;    // stands among those that may start something
  bool suspect_turn = false;  // the same, for its suspects
  bool refilling = false;     // stands among those that read what was put off
  bool idle = false;          // stands among those without lanes
};

}  // namespace websub::hub
