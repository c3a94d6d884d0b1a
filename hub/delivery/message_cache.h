// The messages that deliveries are made from now, each read once from the store and its head built
// once, however many subscriptions it goes to.
#pragma once

#include <list>
#include <map>
#include <memory>

#include "core/shared_text.h"
#include "hub/store/store.h"

namespace websub::hub {

struct PreparedMessage {
  Message message;  // with its body
  SharedText topic;
  std::string shared_head;   // core/notification.h
  bool head_masked = false;  // it holds what must not be recorded
};

class MessageCache {
 public:
  explicit MessageCache(const Store& store, std::size_t max_bytes = 64 * 1024 * 1024)
      : store_(store), max_bytes_(max_bytes) {}

  // The first message of the topic after `after`; null where the log ends there.
  std::shared_ptr<const PreparedMessage> Next(TopicId topic, MessageId after);

 private:
  using Key = std::pair<TopicId, MessageId>;
  struct Entry {
    Key key;
    std::shared_ptr<const PreparedMessage> message;
  };

  const Store& store_;
  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> recent_;  // most recently used first
  std::map<Key, std::list<Entry>::iterator> by_key_;
};

}  // namespace websub::hub
