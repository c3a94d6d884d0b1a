// Topics that publishers announce, and withdraw.
#include <utility>

#include "hub/store/impl.h"
#include "hub/store/topics.h"

namespace websub::hub {

void Store::RegisterTopic(std::string url, std::string identity, Time now, Done<void> done) {
  impl_->Write<void>(
      [url = std::move(url), identity = std::move(identity),
       now](Database& database) -> Result<void> {
        const TopicId topic = TopicFor(database, url, now);
        if (database.Run("UPDATE topic SET registered_at = ?, registered_by = ? "
                         "WHERE id = ? AND registered_at IS NULL",
                         now, identity, topic) == 0) {
          return Fail(ErrorCode::kConflict, "the topic is registered already");
        }
        return {};
      },
      std::move(done));
}

void Store::DeregisterTopic(std::string url, Done<void> done) {
  impl_->Write<void>(
      [url = std::move(url)](Database& database) -> Result<void> {
        Rows topic =
            database.Ask("SELECT id FROM topic WHERE url = ? AND registered_at IS NOT NULL", url);
        if (!topic.Next()) return Fail(ErrorCode::kNotFound, "the topic is not registered");
        Rows subscribed = database.Ask(
            "SELECT 1 FROM subscription INDEXED BY subscription_topic WHERE topic_id = ? "
            "AND state IN ('pending', 'active') LIMIT 1",
            topic.Int(0));
        if (subscribed.Next()) return Fail(ErrorCode::kConflict, "the topic has subscriptions");
        database.Run("UPDATE topic SET registered_at = NULL, registered_by = '' WHERE id = ?",
                     topic.Int(0));
        return {};
      },
      std::move(done));
}

}  // namespace websub::hub
