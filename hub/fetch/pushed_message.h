// A message whose content a publisher handed over, or named: its links are those of the topic
// itself, whatever the content says.
#pragma once

#include <memory>
#include <string>

#include "core/feed_diff.h"
#include "core/time.h"
#include "hub/store/types.h"

namespace websub::hub {

struct PushedContent {
  std::string topic;
  std::string content_type;
  std::shared_ptr<const std::string> body;
};

NewMessage PushedMessage(PushedContent content, const std::string& hub_url, FeedDiff feed_diff,
                         Time now);

}  // namespace websub::hub
