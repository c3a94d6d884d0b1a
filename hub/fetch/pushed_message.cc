#include "hub/fetch/pushed_message.h"

#include <utility>

#include "core/digest.h"

namespace websub::hub {

NewMessage PushedMessage(PushedContent content, const std::string& hub_url, FeedDiff feed_diff,
                         Time now) {
  NewMessage message;
  message.self = content.topic;
  message.topic = std::move(content.topic);
  message.content_type = std::move(content.content_type);
  message.hubs = {hub_url};
  message.body = std::move(content.body);
  message.content_hash = Sha256Hex(*message.body);
  message.now = now;
  if (feed_diff == FeedDiff::kOn) {
    message.entries = DigestsOf(ReadFeed(message.content_type, *message.body));
  }
  return message;
}

}  // namespace websub::hub
