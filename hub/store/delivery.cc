// What delivery writes down, and how it finds its work again.
#include <utility>

#include "hub/store/exchanges.h"
#include "hub/store/impl.h"
#include "hub/store/moves.h"
#include "hub/store/rows.h"

namespace websub::hub {

namespace {

// Each change is guarded: an outcome that comes late (the subscription has ended, or its cursor is
// there or further already) changes nothing. Only a delivery still counts where the subscription
// has ended: what was taken was taken, and a subscriber that leaves at once is overtaken by its
// own end, as outcomes are written in batches. One that never became active has no cursor.
class Outcomes {
 public:
  explicit Outcomes(Database& database)
      : database_(database),
        advance_(database,
                 "UPDATE position SET cursor = websub_move(?3, topic_id, cursor, ?1, waits) "
                 "WHERE subscription_id = ?2 AND cursor < ?1") {}

  void Apply(const DeliveryOutcome& outcome) {
    switch (outcome.kind) {
      case DeliveryOutcome::Kind::kDelivered:
        if (Advance(outcome)) ++moves_.At(outcome.message_id).taken;
        return;
      case DeliveryOutcome::Kind::kRetry:
        return KeepRetry(outcome);
      case DeliveryOutcome::Kind::kGivenUp:
        return GiveUp(outcome);
      case DeliveryOutcome::Kind::kGone:
        return EndGone(outcome);
    }
  }
  void Finish() { moves_.Write(database_); }

 private:
  // Nearly every outcome is a first attempt that was delivered: then this one small row changes.
  bool Advance(const DeliveryOutcome& outcome) {
    if (advance_.Run(outcome.message_id, outcome.subscription_id, Pointer{&moves_}) == 0) {
      return false;
    }
    if (outcome.attempts > 1) {
      database_.Run(
          "UPDATE subscription SET attempts = 0, first_attempt = NULL, retry_at = NULL "
          "WHERE id = ?",
          outcome.subscription_id);
    }
    return true;
  }

  void KeepRetry(const DeliveryOutcome& outcome) {
    database_.Run(
        "UPDATE subscription SET attempts = ?3, first_attempt = ?4, retry_at = ?5 "
        "WHERE id = ?2 AND state = 'active' "
        "AND ?1 > (SELECT cursor FROM position WHERE subscription_id = ?2)",
        outcome.message_id, outcome.subscription_id, outcome.attempts, outcome.first_attempt,
        outcome.retry_at);
  }

  // HUB-DIS-09: the letter is made from the row that the guard lets through, so that a stale
  // outcome makes none.
  void GiveUp(const DeliveryOutcome& outcome) {
    if (database_.Run(
            "INSERT INTO dead_letter (subscription_id, message_id, attempts, reason, at) "
            "SELECT id, ?1, ?3, ?4, ?5 FROM subscription WHERE id = ?2 AND state = 'active' "
            "AND ?1 > (SELECT cursor FROM position WHERE subscription_id = ?2)",
            outcome.message_id, outcome.subscription_id, outcome.attempts, outcome.reason,
            outcome.now) == 0) {
      return;
    }
    database_.Run(
        "UPDATE subscription SET gap_end = ?1, gap_start = ("
        "SELECT CASE cursor WHEN gap_end THEN gap_start ELSE cursor END FROM position "
        "WHERE subscription_id = ?2) WHERE id = ?2",
        outcome.message_id, outcome.subscription_id);
    if (Advance(outcome)) ++moves_.At(outcome.message_id).dead;
  }

  // HUB-DIS-06. A renewal that the callback confirmed after its 410 is its later word.
  void EndGone(const DeliveryOutcome& outcome) {
    database_.Run(
        "UPDATE subscription SET state = 'gone', secret = '', ended_at = ?3, retry_at = NULL "
        "WHERE id = ?2 AND state = 'active' AND verified_at <= ?3 "
        "AND ?1 > (SELECT cursor FROM position WHERE subscription_id = ?2)",
        outcome.message_id, outcome.subscription_id, outcome.now);
  }

  Database& database_;
  Moves moves_;
  Repeated advance_;
};

// Subscriptions found by an index, with their cursors.
std::string LanesBy(std::string_view index, std::string_view where) {
  std::string from = "subscription INDEXED BY ";
  from.append(index).append(" CROSS JOIN position ON position.subscription_id = id WHERE ");
  return from.append(where);
}

// Columns 0 and 1 tell whether the subscription is behind and does not wait for a retry.
std::string PageSql(std::string_view index, std::string_view where) {
  return "SELECT cursor < (SELECT last_message FROM topic WHERE id = ?1), retry_at IS NULL, " +
         std::string(kLaneColumns) + " FROM " + LanesBy(index, where) +
         " AND id > ?2 AND state = 'active' ORDER BY id LIMIT ?3";
}

LanePage ReadPage(Rows rows, TopicId topic, SubscriptionId after, std::size_t limit) {
  LanePage page;
  page.last = after;
  std::size_t seen = 0;
  for (; rows.Next(); ++seen) {
    page.last = rows.Int(2);
    if (rows.Int(0) != 0 && rows.Int(1) != 0) page.lanes.push_back(ReadLane(rows, 2, topic));
  }
  page.end = seen < limit;
  return page;
}

// In two parts, those of the very time where the walk stands and the later ones: the engine does
// not use a row's id within one comparison of pairs, and would pass over the former again for each
// page.
struct RetryWalk {
  RetryWalk(std::string_view index, std::string_view where)
      : same_time(Sql(index, where, "retry_at = ?1 AND id > ?2 ORDER BY id LIMIT ?4")),
        later(
            Sql(index, where, "retry_at > ?1 AND retry_at <= ?2 ORDER BY retry_at, id LIMIT ?4")) {}

  static std::string Sql(std::string_view index, std::string_view where, std::string_view part) {
    return "SELECT subscription.topic_id, " + std::string(kLaneColumns) + " FROM " +
           LanesBy(index, where) + " AND retry_at IS NOT NULL AND " + std::string(part);
  }

  std::string same_time;
  std::string later;
};

void ReadRetries(Rows rows, std::vector<DueRetry>& due) {
  while (rows.Next()) {
    DueRetry retry{rows.Int(0), {}, ReadLane(rows, 1, rows.Int(0))};
    retry.at = retry.lane.retry_at.value_or(Time{});
    due.push_back(std::move(retry));
  }
}

// `origin` is parameter 3, where the walk is that of one.
std::vector<DueRetry> WalkRetries(Database& database, const RetryWalk& walk, Time now,
                                  RetryPlace place, const std::string& origin, std::size_t limit) {
  std::vector<DueRetry> due;
  if (place.at > now) return due;
  ReadRetries(database.Ask(walk.same_time, place.at, place.id, origin, limit), due);
  if (due.size() < limit) {
    ReadRetries(database.Ask(walk.later, place.at, now, origin, limit - due.size()), due);
  }
  return due;
}

}  // namespace

void Store::Record(std::shared_ptr<const RecordBatch> batch, Done<std::vector<ExchangeId>> done) {
  impl_->Write<std::vector<ExchangeId>>(
      [batch = std::move(batch)](Database& database) -> Result<std::vector<ExchangeId>> {
        if (!batch->outcomes.empty()) {
          Outcomes outcomes(database);
          for (const DeliveryOutcome& outcome : batch->outcomes) outcomes.Apply(outcome);
          outcomes.Finish();
        }
        return KeepAll(database, batch->exchanges);
      },
      std::move(done), Durability::kRepeatable);
}

std::vector<TopicId> Store::TopicsWithMessages() const {
  return impl_->Read([](Database& database) {
    std::vector<TopicId> topics;
    Rows rows = database.Ask(
        "SELECT id FROM topic WHERE last_message > 0 AND EXISTS ("
        "SELECT 1 FROM subscription INDEXED BY subscription_walk WHERE topic_id = topic.id "
        "AND state = 'active')");
    while (rows.Next()) topics.push_back(rows.Int(0));
    return topics;
  });
}

LanePage Store::PageBehind(TopicId topic, SubscriptionId after, std::size_t limit) const {
  return impl_->Read([&](Database& database) {
    static const std::string kSql = PageSql("subscription_walk", "subscription.topic_id = ?1");
    return ReadPage(database.Ask(kSql, topic, after, limit), topic, after, limit);
  });
}

LanePage Store::PageBehind(TopicId topic, const std::string& origin, SubscriptionId after,
                           std::size_t limit) const {
  return impl_->Read([&](Database& database) {
    static const std::string kSql =
        PageSql("subscription_origin", "subscription.topic_id = ?1 AND origin = ?4");
    return ReadPage(database.Ask(kSql, topic, after, limit, origin), topic, after, limit);
  });
}

std::vector<DueRetry> Store::DueRetries(Time now, RetryPlace place, std::size_t limit) const {
  return impl_->Read([&](Database& database) {
    static const RetryWalk kWalk("subscription_retry", "state = 'active'");
    return WalkRetries(database, kWalk, now, place, "", limit);
  });
}

std::vector<DueRetry> Store::DueRetries(Time now, const std::string& origin, RetryPlace place,
                                        std::size_t limit) const {
  return impl_->Read([&](Database& database) {
    static const RetryWalk kWalk("subscription_origin_retry", "state = 'active' AND origin = ?3");
    return WalkRetries(database, kWalk, now, place, origin, limit);
  });
}

std::optional<Time> Store::NextRetryDue(Time after) const {
  return impl_->Read([&](Database& database) -> std::optional<Time> {
    Rows rows = database.Ask(
        "SELECT min(retry_at) FROM subscription INDEXED BY subscription_retry "
        "WHERE retry_at IS NOT NULL AND retry_at > ?",
        after);
    rows.Next();
    return rows.MaybeAt(0);
  });
}

}  // namespace websub::hub
