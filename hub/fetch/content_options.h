// What fetching the content of topics and of messages has in common.
#pragma once

#include <string>

#include "core/backoff.h"
#include "core/feed_diff.h"
#include "hub/delivery/turns.h"
#include "hub/fetch/getter.h"

namespace websub::hub {

struct ContentOptions : GetOptions {
  RetryPolicy retry{.retries = 6,
                    .base = std::chrono::seconds(1),
                    .max = std::chrono::minutes(5),
                    .give_up_after = std::chrono::hours(1)};
  TurnsOptions turns{.pace = {.fewest = 1, .first = 4, .most = 16}, .max_running = 64};
  std::string hub_url = {};  // advertised where nothing else names a hub
  FeedDiff feed_diff = FeedDiff::kOff;
};

}  // namespace websub::hub
