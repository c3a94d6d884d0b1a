// What changed its state, and where the logs end.
#include "hub/store/changes.h"

#include <string>
#include <utility>

#include "hub/store/filter.h"
#include "hub/store/impl.h"
#include "hub/store/rows.h"

namespace websub::hub {

namespace {

constexpr std::string_view kSelectChange =
    "SELECT row.id, row.at, row.state, row.topic_id, topic.url, row.subscription_id, "
    "subscription.callback FROM change AS row CROSS JOIN topic ON topic.id = row.topic_id "
    "LEFT JOIN subscription ON subscription.id = row.subscription_id ";

StateChange ReadChange(const Rows& rows) {
  StateChange change;
  change.id = rows.Int(0);
  change.at = rows.At(1);
  change.state = rows.Text(2);
  change.topic_id = rows.Int(3);
  change.topic = rows.Text(4);
  if (!rows.IsNull(5)) change.subscription_id = rows.Int(5);
  if (!rows.IsNull(6)) change.callback = rows.Text(6);
  return change;
}

}  // namespace

Result<std::vector<StateChange>> Store::List(const ChangeQuery& query) const {
  if (Result<void> checked = CheckPage(query); !checked) return tl::unexpected(checked.error());
  Filter filter;
  if (query.topic) filter.Add("topic.url = ?", *query.topic);
  if (query.subscription) filter.Add("row.subscription_id = ?", *query.subscription);
  if (query.callback) filter.Add("subscription.callback = ?", *query.callback);
  filter.Between("row.at", query);
  filter.Page(query);
  return impl_->ReadOrFail([&](Database& database) {
    std::vector<StateChange> found;
    Rows rows = database.AskWith(Sql(kSelectChange, filter.text()), filter.values());
    while (rows.Next()) found.push_back(ReadChange(rows));
    return found;
  });
}

LogEnds Store::EndsOfLogs() const {
  return impl_->Read([](Database& database) {
    LogEnds ends;
    Rows rows = database.Ask(
        "SELECT (SELECT last_exchange FROM segment ORDER BY id DESC LIMIT 1), "
        "(SELECT seq FROM sqlite_sequence WHERE name = 'message'), "
        "(SELECT seq FROM sqlite_sequence WHERE name = 'dead_letter'), "
        "(SELECT seq FROM sqlite_sequence WHERE name = 'change')");
    rows.Next();
    std::int64_t* const out[] = {&ends.exchange, &ends.message, &ends.dead_letter, &ends.change};
    for (int i = 0; i < 4; ++i) *out[i] = rows.IsNull(i) ? 0 : rows.Int(i);
    return ends;
  });
}

void Store::RedeemDeadLetter(DeadLetterId id, Done<void> done) {
  impl_->Write<void>(
      [id](Database& database) -> Result<void> {
        {
          Rows rows = database.Ask(
              "SELECT subscription.topic_id, row.message_id FROM dead_letter AS row "
              "JOIN subscription ON subscription.id = row.subscription_id WHERE row.id = ?",
              id);
          if (!rows.Next()) return Fail(ErrorCode::kNotFound, "the dead letter is gone");
          const std::int64_t topic = rows.Int(0);
          const std::int64_t message = rows.Int(1);
          database.Run(
              "UPDATE standing SET taken = taken + 1, dead = max(dead - 1, 0) "
              "WHERE topic_id = ? AND message_id = ?",
              topic, message);
        }
        database.Run("DELETE FROM dead_letter WHERE id = ?", id);
        return {};
      },
      std::move(done));
}

}  // namespace websub::hub
