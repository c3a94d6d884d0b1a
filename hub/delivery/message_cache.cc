#include "hub/delivery/message_cache.h"

#include "core/notification.h"
#include "hub/delivery/feed_reduction.h"

namespace websub::hub {

namespace {

// Bookkeeping and head, so that many small messages count for what they hold.
constexpr std::size_t kOverhead = 1024;  // bytes

}  // namespace

std::string SharedHeadOf(const Message& message, std::string entries) {
  return SharedHead({.content_type = message.content_type,
                     .hubs = message.hubs,
                     .self = message.self,
                     .message_id = "m" + std::to_string(message.id),
                     .body_size = message.size,
                     .entries = std::move(entries)});
}

std::shared_ptr<const PreparedMessage> MessageCache::Next(TopicId topic, MessageId after,
                                                          MessageId base,
                                                          std::string_view content_type) {
  // Where nothing is left out, all that is asked for behind a message is the same.
  const bool reduces = feed_diff_ == FeedDiff::kOn;
  const Key key{topic, after, reduces ? base : after, std::string(content_type)};
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->message;
  }
  auto message = store_.NextMessage(topic, after);
  if (!message) return nullptr;
  auto prepared = std::make_shared<PreparedMessage>();
  prepared->delivered = "delivered";
  std::string entries;
  if (reduces) {  // HUB-DIS-10
    if (auto reduction = ReduceFeed(store_, *message, base)) {
      entries = FormatEntries(*reduction, base);
      prepared->delivered += ", " + std::to_string(reduction->entries) + " of " +
                             std::to_string(reduction->of) + " entries";
      message->body = std::move(reduction->body);
      message->size = message->body->size();
    }
  }
  if (!content_type.empty()) message->content_type = content_type;
  prepared->shared_head = SharedHeadOf(*message, std::move(entries));
  prepared->head_masked = MaskHead(prepared->shared_head) != prepared->shared_head;
  prepared->topic = message->topic;
  prepared->message = std::move(*message);
  recent_.push_front({key, prepared});
  by_key_[key] = recent_.begin();
  bytes_ += prepared->message.size + kOverhead;
  while (bytes_ > max_bytes_ && recent_.size() > 1) {
    bytes_ -= recent_.back().message->message.size + kOverhead;
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
  return prepared;
}

}  // namespace websub::hub
