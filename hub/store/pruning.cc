// Forgetting what is old, in steps of a few milliseconds. Space in the file is used again: what is
// pruned makes room for what comes, so that the file stays as large as it was at its largest.
// auto_vacuum would move pages with every step, to shrink a file that grows again at once.
#include <algorithm>

#include "hub/store/exchanges.h"
#include "hub/store/impl.h"

namespace websub::hub {

namespace {

constexpr std::int64_t kRows = 1000;     // of one step
constexpr std::int64_t kMessages = 200;  // looked at in one step

std::int64_t Number(Database& database, std::string_view sql) {
  Rows rows = database.Ask(sql);
  return rows.Next() ? rows.Int(0) : 0;
}

std::int64_t Excess(std::int64_t count, std::size_t limit) {
  return std::max<std::int64_t>(0, count - static_cast<std::int64_t>(limit));
}

class Step {
 public:
  Step(Database& database, const RetentionPolicy& policy, MessageId looked_at, Time now)
      : database_(database), policy_(policy), now_(now) {
    progress_.looked_at = looked_at;
  }

  PruneProgress Run() {
    PruneExchanges();
    PruneMessages();
    PruneDeadLetters();
    PruneSubscriptions();
    return progress_;
  }

 private:
  void Note(std::int64_t removed, std::int64_t limit) {
    progress_.removed += static_cast<std::size_t>(removed);
    if (removed > 0 && removed >= limit) progress_.more = true;
  }

  // The oldest ones of the oldest segment: there are too many, or they are too old. They go by id,
  // so that the pages that are touched lie together.
  void PruneExchanges() {
    const Time before = now_ - policy_.exchanges_for;
    const std::int64_t excess =
        Excess(Number(database_, "SELECT total(exchanges) FROM segment"), policy_.exchanges);
    std::int64_t segment = 0;
    bool last = false;
    {
      Rows rows = database_.Ask(
          "SELECT id, first_at, id = (SELECT max(id) FROM segment) FROM segment "
          "ORDER BY id LIMIT 1");
      if (!rows.Next() || (excess == 0 && rows.At(1) >= before)) return;
      segment = rows.Int(0);
      last = rows.Int(2) != 0;
    }
    const ExchangeId end = FirstOf(segment + 1);
    const std::int64_t limit = excess > 0 ? std::min(excess, kRows) : kRows;
    const std::int64_t removed = database_.Run(
        "DELETE FROM exchange WHERE id IN (SELECT id FROM exchange WHERE id < ?1 ORDER BY id "
        "LIMIT ?2) AND (?3 OR at < ?4)",
        end, limit, std::int64_t{excess > 0}, before);
    if (removed > 0) {  // an idle hub writes nothing
      database_.Run("UPDATE segment SET exchanges = exchanges - ? WHERE id = ?", removed, segment);
    }
    // The newest stays in any case: ids are counted on from it.
    const bool empty =
        !last && database_.Run("DELETE FROM segment WHERE id = ? AND exchanges = 0", segment) > 0;
    const ExchangeId first = Number(database_, "SELECT coalesce(min(id), 0) FROM exchange");
    database_.Run("DELETE FROM head WHERE id < ?1 AND last_exchange < ?1", first);
    Note(removed, limit);
    if (empty) progress_.more = true;
  }

  // The walk passes over those that somebody still needs, and starts from the oldest when it has
  // come to those that may stay.
  void PruneMessages() {
    const Time before = now_ - policy_.messages_for;
    const std::int64_t excess = Excess(
        Number(database_, "SELECT value FROM tally WHERE name = 'messages'"), policy_.messages);
    struct Old {
      MessageId id = 0;
      TopicId topic = 0;
    };
    std::vector<Old> passed;
    std::int64_t looked_at = 0;
    MessageId place = progress_.looked_at;
    {
      // The columns in front of the body alone are read.
      Rows rows = database_.Ask(
          "SELECT id, topic_id, created_at, "
          "NOT EXISTS (SELECT 1 FROM standing INDEXED BY standing_waiting WHERE "
          "topic_id = row.topic_id AND message_id < row.id AND waiting > 0) AND "
          "NOT EXISTS (SELECT 1 FROM hosted INDEXED BY hosted_message WHERE message_id = row.id) "
          "FROM message AS row WHERE id > ? ORDER BY id LIMIT ?",
          place, kMessages);
      bool at_end = false;
      while (!at_end && rows.Next()) {
        const bool too_many = static_cast<std::int64_t>(passed.size()) < excess;
        at_end = rows.At(2) >= before && !too_many;
        if (at_end) break;
        ++looked_at;
        place = rows.Int(0);
        if (rows.Int(3) != 0) passed.push_back({rows.Int(0), rows.Int(1)});
      }
    }
    const bool with_entries = Number(database_, "SELECT EXISTS (SELECT 1 FROM feed_entry)") != 0;
    bool more = looked_at == kMessages;
    std::int64_t entries = 0;
    for (const Old& message : passed) {
      if (entries >= kRows) {  // a message may take along as many as a feed holds
        more = true;
        place = message.id - 1;
        break;
      }
      database_.Run("DELETE FROM message WHERE id = ?", message.id);
      database_.Run("DELETE FROM standing WHERE topic_id = ? AND message_id <= ? AND waiting = 0",
                    message.topic, message.id);
      if (with_entries) entries += PruneEntries(message.topic);
      ++progress_.removed;
    }
    progress_.removed += static_cast<std::size_t>(entries);
    progress_.more = progress_.more || more;
    progress_.looked_at = more ? place : 0;
  }

  // Those that no message of the topic holds any more, neither in the log nor the newest one.
  std::int64_t PruneEntries(TopicId topic) {
    return database_.Run(
        "DELETE FROM feed_entry INDEXED BY feed_entry_last WHERE topic_id = ?1 AND last_message < "
        "min((SELECT last_message FROM topic WHERE id = ?1), "
        "coalesce((SELECT min(id) FROM message WHERE topic_id = ?1), 9223372036854775807))",
        topic);
  }

  void PruneDeadLetters() {
    const std::int64_t excess =
        Excess(Number(database_, "SELECT value FROM tally WHERE name = 'dead_letters'"),
               policy_.dead_letters);
    const std::int64_t limit = excess > 0 ? std::min(excess, kRows) : kRows;
    Note(database_.Run("DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter "
                       "ORDER BY id LIMIT ?1) AND (?2 OR at < ?3)",
                       limit, std::int64_t{excess > 0}, now_ - policy_.dead_letters_for),
         limit);
  }

  // Exchanges and letters take their topic and callback from here, and are older than this.
  void PruneSubscriptions() {
    const Duration age =
        std::max({policy_.ended_for, policy_.exchanges_for, policy_.dead_letters_for});
    std::vector<SubscriptionId> ended;
    {
      Rows rows = database_.Ask(
          "SELECT id FROM subscription AS row INDEXED BY subscription_ended WHERE ended_at < ? "
          "AND NOT EXISTS (SELECT 1 FROM dead_letter WHERE subscription_id = row.id) "
          "AND NOT EXISTS (SELECT 1 FROM intent WHERE subscription_id = row.id) LIMIT ?",
          now_ - age, kRows / 4);
      while (rows.Next()) ended.push_back(rows.Int(0));
    }
    for (const SubscriptionId id : ended) {
      database_.Run("DELETE FROM position WHERE subscription_id = ?", id);
      database_.Run("DELETE FROM subscription WHERE id = ?", id);
    }
    Note(static_cast<std::int64_t>(ended.size()), kRows / 4);
  }

  Database& database_;
  const RetentionPolicy& policy_;
  const Time now_;
  PruneProgress progress_;
};

}  // namespace

void Store::Prune(const RetentionPolicy& policy, MessageId looked_at, Time now,
                  Done<PruneProgress> done) {
  impl_->Write<PruneProgress>(
      [policy, looked_at, now](Database& database) -> Result<PruneProgress> {
        return Step(database, policy, looked_at, now).Run();
      },
      std::move(done), Durability::kRepeatable);
}

bool Store::WasUsed(IdKind kind, std::int64_t id) const {
  if (id < 1) return false;
  return impl_->Read([&](Database& database) {
    if (kind == IdKind::kExchange) {
      return id <= Number(database, "SELECT max(last_exchange) FROM segment");
    }
    constexpr std::string_view kTables[] = {"subscription", "message", "dead_letter"};
    Rows rows = database.Ask("SELECT seq FROM sqlite_sequence WHERE name = ?",
                             kTables[static_cast<std::size_t>(kind)]);
    return rows.Next() && id <= rows.Int(0);
  });
}

}  // namespace websub::hub
