// Counts and excerpts for people who look: each one walk over an index, however many rows are asked
// about.
#include <algorithm>
#include <limits>
#include <map>

#include "hub/store/impl.h"
#include "hub/store/rows.h"

namespace websub::hub {

std::vector<std::int64_t> Store::CountBehind(TopicId topic,
                                             const std::vector<MessageId>& cursors) const {
  std::map<MessageId, std::int64_t, std::greater<>> behind;
  for (const MessageId cursor : cursors) behind[cursor] = 0;
  impl_->Read([&](Database& database) {
    MessageId end = std::numeric_limits<MessageId>::max();
    std::int64_t sum = 0;
    for (auto& [cursor, count] : behind) {
      Rows rows =
          database.Ask("SELECT count(*) FROM message WHERE topic_id = ? AND id > ? AND id <= ?",
                       topic, cursor, end);
      rows.Next();
      count = sum += rows.Int(0);
      end = cursor;
    }
    return true;
  });
  std::vector<std::int64_t> counts;
  counts.reserve(cursors.size());
  for (const MessageId cursor : cursors) counts.push_back(behind[cursor]);
  return counts;
}

std::vector<MessageProgress> Store::ProgressOf(TopicId topic,
                                               const std::vector<Message>& messages) const {
  std::vector<MessageProgress> progress(messages.size());
  std::map<MessageId, std::vector<MessageProgress*>> wanted;  // in order of the log
  for (std::size_t i = 0; i < messages.size(); ++i) wanted[messages[i].id].push_back(&progress[i]);
  impl_->Read([&](Database& database) {
    std::int64_t waiting = 0;  // whose cursor is before the message
    MessageId counted = -1;    // up to this message
    for (const auto& [message, outs] : wanted) {
      Rows before = database.Ask(
          "SELECT total(waiting) FROM standing INDEXED BY standing_waiting "
          "WHERE topic_id = ? AND message_id > ? AND message_id < ? AND waiting > 0",
          topic, counted, message);
      before.Next();
      waiting += before.Int(0);
      counted = message - 1;
      Rows own = database.Ask(
          "SELECT taken, dead FROM standing WHERE topic_id = ? AND message_id = ?", topic, message);
      const bool found = own.Next();
      for (MessageProgress* out : outs) {
        out->pending = waiting;
        out->delivered = found ? own.Int(0) : 0;
        out->dead = found ? own.Int(1) : 0;
      }
    }
    return true;
  });
  return progress;
}

std::vector<std::int64_t> Store::CountActive(const std::vector<TopicId>& topics) const {
  std::vector<std::int64_t> counts(topics.size());
  impl_->Read([&](Database& database) {
    for (std::size_t i = 0; i < topics.size(); ++i) {
      Rows rows = database.Ask("SELECT active FROM topic WHERE id = ?", topics[i]);
      if (rows.Next()) counts[i] = rows.Int(0);
    }
    return true;
  });
  return counts;
}

ExchangeExcerpt Store::ExcerptOf(ExchangeId id) const {
  return impl_->Read([&](Database& database) -> ExchangeExcerpt {
    Rows rows = database.Ask(
        // Its first line is never left out (schema/001.sql).
        "SELECT substr(request_head, 1, 512), substr(response_body, 1, 200) FROM exchange "
        "WHERE id = ?",
        id);
    if (!rows.Next()) return {};
    ExchangeExcerpt excerpt{rows.Text(0), rows.Text(1)};
    excerpt.request_line.resize(
        std::min(excerpt.request_line.find_first_of("\r\n"), excerpt.request_line.size()));
    return excerpt;
  });
}

std::optional<DeadLetter> Store::FindDeadLetter(DeadLetterId id) const {
  return impl_->Read([&](Database& database) -> std::optional<DeadLetter> {
    Rows rows = database.Ask(Sql(kSelectDeadLetter, "WHERE row.id = ?"), id);
    if (!rows.Next()) return std::nullopt;
    return ReadDeadLetter(rows);
  });
}

}  // namespace websub::hub
