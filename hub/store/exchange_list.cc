// Finding recorded exchanges. Each way of asking has a way through the rows that costs what it
// finds, or one step for each segment (schema/001.sql), however many exchanges there are:
//
//   message                       the index on it
//   subscription, callback, topic all but deliveries by the index on it, deliveries segment by
//                                 segment
//   kinds other than deliveries   the index on kind
//   status that tells a failure   the index on it
//   anything else                 by id
//
// What else is asked for is compared row by row. Times narrow the ids through what each segment
// tells of its own, so that a clock that was set back hides nothing.
#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "hub/store/exchanges.h"
#include "hub/store/filter.h"
#include "hub/store/impl.h"
#include "hub/store/rows.h"

namespace websub::hub {

namespace {

constexpr ExchangeKind kKinds[] = {ExchangeKind::kSubscribe,  ExchangeKind::kUnsubscribe,
                                   ExchangeKind::kPublish,    ExchangeKind::kRegister,
                                   ExchangeKind::kDeregister, ExchangeKind::kVerify,
                                   ExchangeKind::kDeny,       ExchangeKind::kFetch,
                                   ExchangeKind::kDeliver,    ExchangeKind::kHook};

struct Range {
  ExchangeId first = 0;
  ExchangeId last = std::numeric_limits<ExchangeId>::max();
};

class Search {
 public:
  Search(Database& database, const ExchangeQuery& query)
      : database_(database), query_(query), range_(FindRange()) {}

  std::vector<Exchange> Run() {
    if (range_.first > range_.last) return {};
    if (query_.message) {
      Pick("INDEXED BY exchange_message ", {});
    } else if (query_.subscription || query_.callback || query_.topic) {
      PickOfOthers();
      if (!query_.kind || *query_.kind == ExchangeKind::kDeliver) PickOfSegments();
    } else if (query_.kind && *query_.kind != ExchangeKind::kDeliver) {
      Filter filter;
      filter.Add("row.segment IS NULL");
      Pick("INDEXED BY exchange_kind ", std::move(filter));
    } else if (query_.status && (*query_.status < 200 || *query_.status > 299)) {
      Filter filter;
      filter.Add("row.status NOT BETWEEN 200 AND 299");
      Pick("INDEXED BY exchange_failed ", std::move(filter));
    } else {
      Pick("NOT INDEXED ", {});
    }
    return Page();
  }

 private:
  bool newest_first() const { return query_.order == Order::kNewestFirst; }

  // The ids among which all lie that began at the right time and stand behind `after`.
  Range FindRange() {
    Range range;
    if (query_.since || query_.until) {
      Rows rows =
          database_.Ask("SELECT min(id), max(id) FROM segment WHERE last_at >= ? AND first_at <= ?",
                        query_.since.value_or(Time::min()), query_.until.value_or(Time::max()));
      rows.Next();
      if (rows.IsNull(0)) return {1, 0};
      range = {FirstOf(rows.Int(0)), FirstOf(rows.Int(1) + 1) - 1};
    }
    if (query_.after && newest_first()) range.last = std::min(range.last, *query_.after - 1);
    if (query_.after && !newest_first()) range.first = std::max(range.first, *query_.after + 1);
    return range;
  }

  // Adds the first rows of one way that meet every condition, `filter` included.
  void Pick(std::string_view index, Filter filter) {
    if (query_.message) filter.Add("row.message_id = ?", *query_.message);
    if (query_.subscription) filter.Add("row.subscription_id = ?", *query_.subscription);
    if (query_.kind) filter.Add("row.kind = ?", std::string(Name(*query_.kind)));
    if (query_.status) filter.Add("row.status = ?", std::int64_t{*query_.status});
    if (query_.topic) {
      filter.Add("(row.topic = ? OR row.topic_id = (SELECT id FROM topic WHERE url = ?))",
                 *query_.topic, *query_.topic);
    }
    if (query_.callback) {
      filter.Add("(row.callback = ? OR (row.callback IS NULL AND subscription.callback = ?))",
                 *query_.callback, *query_.callback);
    }
    filter.Between("row.at", query_);
    filter.Add("row.id BETWEEN ? AND ?", range_.first, range_.last);
    PageQuery page = query_;
    page.after.reset();  // is in the range
    filter.Page(page);
    std::string sql(kSelectExchange);
    sql.append(index).append(kJoinExchange).append(filter.text());
    Rows rows = database_.AskWith(sql, filter.values());
    while (rows.Next()) found_.push_back(ReadExchange(rows));
  }

  void PickOfOthers() {
    for (const ExchangeKind kind : kKinds) {
      if (query_.kind && *query_.kind != kind) continue;
      Filter filter;
      filter.Add("row.segment IS NULL");
      if (query_.subscription) return Pick("INDEXED BY exchange_subscription ", std::move(filter));
      if (query_.callback) {
        filter.Add("row.callback = ?", *query_.callback);
        return Pick("INDEXED BY exchange_callback ", std::move(filter));
      }
      filter.Add("row.topic = ?", *query_.topic);
      filter.Add("row.kind = ?", std::string(Name(kind)));
      Pick("INDEXED BY exchange_topic ", std::move(filter));
    }
  }

  // The segments come in the order asked for, and with them the rows: enough is enough.
  void PickOfSegments() {
    const std::size_t before = found_.size();
    for (const std::int64_t segment : SegmentsInRange()) {
      Filter filter;
      if (query_.subscription || query_.callback) {
        filter.Add(
            query_.subscription
                ? "row.id IN (SELECT delivery.id FROM subscription AS of CROSS JOIN exchange AS "
                  "delivery INDEXED BY exchange_delivery ON delivery.segment = ? AND "
                  "delivery.topic_id = of.topic_id AND delivery.subscription_id = of.id "
                  "WHERE of.id = ?)"
                : "row.id IN (SELECT delivery.id FROM subscription AS of INDEXED BY "
                  "subscription_callback CROSS JOIN exchange AS delivery INDEXED BY "
                  "exchange_delivery ON delivery.segment = ? AND delivery.topic_id = of.topic_id "
                  "AND delivery.subscription_id = of.id WHERE of.callback = ?)",
            segment, query_.subscription ? Value(*query_.subscription) : Value(*query_.callback));
      } else {
        filter.Add(
            "row.id IN (SELECT delivery.id FROM exchange AS delivery INDEXED BY exchange_delivery "
            "WHERE delivery.segment = ? AND delivery.topic_id = "
            "(SELECT id FROM topic WHERE url = ?))",
            segment, *query_.topic);
      }
      Pick("NOT INDEXED ", std::move(filter));
      if (found_.size() - before >= query_.limit) return;
    }
  }

  std::vector<std::int64_t> SegmentsInRange() {
    std::vector<std::int64_t> segments;
    Rows rows = database_.Ask("SELECT id FROM segment WHERE id BETWEEN ? AND ? ORDER BY id",
                              SegmentOf(range_.first), SegmentOf(range_.last));
    while (rows.Next()) segments.push_back(rows.Int(0));
    if (newest_first()) std::reverse(segments.begin(), segments.end());
    return segments;
  }

  // Each way gave its first rows: the first of all are among them.
  std::vector<Exchange> Page() {
    std::sort(found_.begin(), found_.end(), [&](const Exchange& a, const Exchange& b) {
      return newest_first() ? a.id > b.id : a.id < b.id;
    });
    if (found_.size() > query_.limit) {
      found_.erase(found_.begin() + static_cast<std::ptrdiff_t>(query_.limit), found_.end());
    }
    return std::move(found_);
  }

  Database& database_;
  const ExchangeQuery& query_;
  const Range range_;
  std::vector<Exchange> found_;
};

}  // namespace

Result<std::vector<Exchange>> Store::List(const ExchangeQuery& query) const {
  if (Result<void> checked = CheckPage(query); !checked) return tl::unexpected(checked.error());
  return impl_->ReadOrFail([&](Database& database) { return Search(database, query).Run(); });
}

std::optional<Exchange> Store::FindExchange(ExchangeId id) const {
  return impl_->Read([&](Database& database) -> std::optional<Exchange> {
    std::string sql(kSelectWholeExchange);
    sql.append(kJoinExchange).append("WHERE row.id = ?");
    Rows rows = database.Ask(sql, id);
    if (!rows.Next()) return std::nullopt;
    return ReadWholeExchange(rows);
  });
}

}  // namespace websub::hub
