// What is kept, and for how long.
#pragma once

#include <chrono>
#include <cstdint>

#include "core/time.h"
#include "hub/store/types.h"

namespace websub::hub {

struct RetentionPolicy {
  static constexpr Duration kDay = std::chrono::hours(24);

  // A delivery takes some 300 bytes on disk: a million of them are 0.3 GB, as many as one message
  // to a million subscribers makes.
  std::size_t exchanges = 1'000'000;
  Duration exchanges_for = 7 * kDay;
  // Messages that every active subscription has passed. A subscription that is behind keeps its
  // messages, however old they are, and so does content that the hub hosts.
  std::size_t messages = 1'000'000;
  Duration messages_for = 7 * kDay;
  std::size_t dead_letters = 100'000;
  Duration dead_letters_for = 30 * kDay;
  // From their end on; while exchanges or dead letters may tell of them, at least.
  Duration ended_for = 30 * kDay;
};

// What one step of pruning came to.
struct PruneProgress {
  std::size_t removed = 0;  // rows
  bool more = false;        // another step is due
  MessageId looked_at = 0;  // where the walk over messages goes on; 0: from the oldest
};

}  // namespace websub::hub
