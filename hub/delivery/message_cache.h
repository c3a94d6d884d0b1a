// The messages that deliveries are made from now, each read once from the store and its head built
// once, however many subscriptions it goes to.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include "core/feed_diff.h"
#include "core/shared_text.h"
#include "hub/store/store.h"

namespace websub::hub {

struct PreparedMessage {
  Message message;  // with the body that is sent; `size` is that body's
  SharedText topic;
  std::string shared_head;   // core/notification.h
  bool head_masked = false;  // it holds what must not be recorded
  std::string delivered;     // the outcome where it is taken: "delivered, 2 of 40 entries"
};

// The lines of core/notification.h that are the same for all who get the message. `entries`: how
// many of a feed's are in the body, where some are left out.
std::string SharedHeadOf(const Message& message, std::string entries);

class MessageCache {
 public:
  explicit MessageCache(const Store& store, FeedDiff feed_diff = FeedDiff::kOff,
                        std::size_t max_bytes = 64 * 1024 * 1024)
      : store_(store), feed_diff_(feed_diff), max_bytes_(max_bytes) {}

  // The first message of the topic after `after`, for those whose last taken one is `base`
  // (Subscription::base) and whom a rule gives that content type in place of its own, unless it is
  // empty; null where the log ends there.
  std::shared_ptr<const PreparedMessage> Next(TopicId topic, MessageId after, MessageId base,
                                              std::string_view content_type = {});

 private:
  // Topic, after, base, content type.
  using Key = std::tuple<TopicId, MessageId, MessageId, std::string>;
  struct Entry {
    Key key;
    std::shared_ptr<const PreparedMessage> message;
  };

  const Store& store_;
  const FeedDiff feed_diff_;
  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> recent_;  // most recently used first
  std::map<Key, std::list<Entry>::iterator> by_key_;
};

}  // namespace websub::hub
