// Counts and excerpts for people who look: each one walk over an index, however many rows are asked
// about.
#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "hub/store/impl.h"
#include "hub/store/rows.h"

namespace websub::hub {
namespace {

// What a walk over the subscriptions adds to each message: a difference is kept at both ends of the
// range of messages that a subscription counts for, and summed up at the end.
class Tally {
 public:
  explicit Tally(std::size_t size) : differences_(size + 1) {}

  void AddRange(std::size_t begin, std::size_t end) {
    if (begin >= end) return;
    ++differences_[begin];
    --differences_[end];
  }
  std::vector<std::int64_t> Sums() const {
    std::vector<std::int64_t> sums(differences_.size());
    std::partial_sum(differences_.begin(), differences_.end(), sums.begin());
    return sums;
  }

 private:
  std::vector<std::int64_t> differences_;
};

std::size_t Distance(const auto& range, auto place) {
  return static_cast<std::size_t>(place - range.begin());
}

}  // namespace

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
  std::vector<std::size_t> order(messages.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return messages[a].id < messages[b].id; });
  std::vector<MessageId> ids;
  for (const std::size_t i : order) ids.push_back(messages[i].id);
  Tally passed(ids.size());
  Tally pending(ids.size());
  std::vector<MessageProgress> progress(messages.size());
  impl_->Read([&](Database& database) {
    Rows rows = database.Ask(
        "SELECT cursor, start, state = 'active' FROM subscription CROSS JOIN position "
        "ON position.subscription_id = id WHERE topic_id = ?",
        topic);
    while (rows.Next()) {
      const auto behind = Distance(ids, std::upper_bound(ids.begin(), ids.end(), rows.Int(0)));
      const auto first = Distance(ids, std::upper_bound(ids.begin(), ids.end(), rows.Int(1)));
      passed.AddRange(first, behind);
      if (rows.Int(2) != 0) pending.AddRange(behind, ids.size());
    }
    return true;
  });
  const auto passed_sums = passed.Sums();
  const auto pending_sums = pending.Sums();
  impl_->Read([&](Database& database) {
    for (std::size_t place = 0; place < order.size(); ++place) {
      Rows rows = database.Ask(
          "SELECT count(*) FROM dead_letter AS row CROSS JOIN subscription ON subscription.id = "
          "row.subscription_id WHERE row.message_id = ?",
          ids[place]);
      rows.Next();
      MessageProgress& out = progress[order[place]];
      out.dead = rows.Int(0);
      out.pending = pending_sums[place];
      out.delivered = std::max<std::int64_t>(0, passed_sums[place] - out.dead);
    }
    return true;
  });
  return progress;
}

std::vector<std::int64_t> Store::CountActive(const std::vector<TopicId>& topics) const {
  std::vector<std::int64_t> counts(topics.size());
  impl_->Read([&](Database& database) {
    for (std::size_t i = 0; i < topics.size(); ++i) {
      Rows rows = database.Ask(
          "SELECT count(*) FROM subscription WHERE topic_id = ? AND state = 'active'", topics[i]);
      rows.Next();
      counts[i] = rows.Int(0);
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
