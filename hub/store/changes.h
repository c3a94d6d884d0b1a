// What the store tells to whoever follows what happens: four logs, each in order of its ids. Behind
// what one has seen of each of them lies what is new.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hub/store/query.h"
#include "hub/store/types.h"

namespace websub::hub {

using ChangeId = std::int64_t;

// A subscription that came to a state, or a topic that came to be.
struct StateChange {
  ChangeId id = 0;
  Time at;
  std::string state;  // Name(SubscriptionState), or "created" of a topic
  TopicId topic_id = 0;
  std::string topic;
  std::optional<SubscriptionId> subscription_id;  // nothing: of the topic
  std::string callback;  // of the subscription; empty where that is kept no longer
};

struct ChangeQuery : PageQuery {
  std::optional<std::string> callback;
  std::optional<SubscriptionId> subscription;
};

// The last id that each log has given, whether it is still kept or not; 0 where it has given none.
struct LogEnds {
  ExchangeId exchange = 0;
  MessageId message = 0;
  DeadLetterId dead_letter = 0;
  ChangeId change = 0;
};

}  // namespace websub::hub
