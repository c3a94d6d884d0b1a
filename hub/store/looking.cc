// Lists with filters, pages and counts.
#include <string>
#include <utility>

#include "hub/store/impl.h"
#include "hub/store/rows.h"

namespace websub::hub {

namespace {

constexpr std::size_t kMaxPage = 1000;

// What follows the SELECT of a list: conditions that are met all, the order, and the page. The text
// is made of our own parts only; every value is bound.
class Filter {
 public:
  template <typename... Values>
  void Add(std::string_view condition, Values... values) {
    text_ += text_.empty() ? "WHERE " : " AND ";
    text_ += condition;
    (values_.emplace_back(std::move(values)), ...);
  }
  void Between(const std::string& column, const PageQuery& query) {
    if (query.since) Add(column + " >= ?", FromTime(*query.since));
    if (query.until) Add(column + " <= ?", FromTime(*query.until));
  }
  void Page(const PageQuery& query) {
    const bool newest = query.order == Order::kNewestFirst;
    if (query.after) Add(newest ? "row.id < ?" : "row.id > ?", *query.after);
    text_ += newest ? " ORDER BY row.id DESC LIMIT ?" : " ORDER BY row.id LIMIT ?";
    values_.emplace_back(static_cast<std::int64_t>(query.limit));
  }

  const std::string& text() const { return text_; }
  const std::vector<Value>& values() const { return values_; }

 private:
  std::string text_;
  std::vector<Value> values_;
};

template <typename T>
Result<std::vector<T>> Pick(const Store::Impl& impl, const PageQuery& query,
                            std::string_view select, Filter filter, T (*read)(const Rows&)) {
  if (query.limit < 1 || query.limit > kMaxPage) {
    return Fail(ErrorCode::kInvalid, "limit: a number from 1 to 1000");
  }
  filter.Page(query);
  return impl.ReadOrFail([&](Database& database) {
    std::vector<T> found;
    Rows rows = database.AskWith(Sql(select, filter.text()), filter.values());
    while (rows.Next()) found.push_back(read(rows));
    return found;
  });
}

constexpr std::string_view kOfTopic = "row.topic_id = (SELECT id FROM topic WHERE url = ?)";

}  // namespace

Result<std::vector<Topic>> Store::List(const TopicQuery& query) const {
  Filter filter;
  if (query.topic) filter.Add("row.url = ?", *query.topic);
  filter.Between("row.created_at", query);
  return Pick<Topic>(*impl_, query, kSelectTopic, std::move(filter), ReadTopic);
}

Result<std::vector<Subscription>> Store::List(const SubscriptionQuery& query) const {
  Filter filter;
  if (query.topic) filter.Add(kOfTopic, *query.topic);
  if (query.callback) filter.Add("row.callback = ?", *query.callback);
  if (query.state) {
    filter.Add("row.state = ?", std::string(Name(*query.state)));
  } else if (!query.all_states) {
    // The plus keeps the engine from two walks by state and a sort of all they find: most
    // subscriptions are in force, and by id they come in order.
    filter.Add("+row.state IN ('pending', 'active')");
  }
  filter.Between("row.created_at", query);
  return Pick<Subscription>(*impl_, query, kSelectSubscription, std::move(filter),
                            ReadSubscription);
}

Result<std::vector<Message>> Store::List(const MessageQuery& query) const {
  Filter filter;
  if (query.topic) filter.Add(kOfTopic, *query.topic);
  if (query.behind) {
    filter.Add("row.topic_id = (SELECT topic_id FROM subscription WHERE id = ?)", *query.behind);
    // One that is not active waits for nothing: the comparison with no row finds nothing.
    filter.Add("row.id > (SELECT cursor FROM subscription WHERE id = ? AND state = 'active')",
               *query.behind);
  }
  filter.Between("row.created_at", query);
  return Pick<Message>(*impl_, query, kSelectMessage, std::move(filter), ReadMessage);
}

Result<std::vector<Exchange>> Store::List(const ExchangeQuery& query) const {
  Filter filter;
  if (query.topic) filter.Add("row.topic = ?", *query.topic);
  if (query.callback) {
    // Two ways, each with an index of its own (schema/001.sql).
    filter.Add(
        "(row.subscription_id IN (SELECT id FROM subscription WHERE callback = ?) "
        "OR (row.subscription_id IS NULL AND row.callback = ?))",
        *query.callback, *query.callback);
  }
  if (query.kind) filter.Add("row.kind = ?", std::string(Name(*query.kind)));
  if (query.status) filter.Add("row.status = ?", std::int64_t{*query.status});
  if (query.subscription) filter.Add("row.subscription_id = ?", *query.subscription);
  if (query.message) filter.Add("row.message_id = ?", *query.message);
  filter.Between("row.at", query);
  return Pick<Exchange>(*impl_, query, kSelectExchange, std::move(filter), ReadExchange);
}

Result<std::vector<DeadLetter>> Store::List(const DeadLetterQuery& query) const {
  Filter filter;
  if (query.topic) filter.Add("topic.url = ?", *query.topic);
  if (query.callback) {
    filter.Add("row.subscription_id IN (SELECT id FROM subscription WHERE callback = ?)",
               *query.callback);
  }
  if (query.subscription) filter.Add("row.subscription_id = ?", *query.subscription);
  filter.Between("row.at", query);
  return Pick<DeadLetter>(*impl_, query, kSelectDeadLetter, std::move(filter), ReadDeadLetter);
}

std::optional<Exchange> Store::FindExchange(ExchangeId id) const {
  return impl_->Read([&](Database& database) -> std::optional<Exchange> {
    Rows rows = database.Ask(Sql(kSelectWholeExchange, "WHERE id = ?"), id);
    if (!rows.Next()) return std::nullopt;
    return ReadWholeExchange(rows);
  });
}

Counts Store::CountAll() const {
  return impl_->Read([](Database& database) {
    Rows rows = database.Ask(
        "SELECT (SELECT count(*) FROM topic), "
        "(SELECT count(*) FROM subscription WHERE state = 'pending'), "
        "(SELECT count(*) FROM subscription WHERE state = 'active'), "
        "(SELECT count(*) FROM message), (SELECT count(*) FROM exchange), "
        "(SELECT count(*) FROM dead_letter), (SELECT count(*) FROM fetch), "
        "(SELECT count(*) FROM subscription WHERE retry_at IS NOT NULL)");
    rows.Next();
    Counts counts;
    counts.topics = rows.Int(0);
    counts.pending = rows.Int(1);
    counts.active = rows.Int(2);
    counts.messages = rows.Int(3);
    counts.exchanges = rows.Int(4);
    counts.dead_letters = rows.Int(5);
    counts.waiting_fetches = rows.Int(6);
    counts.retrying = rows.Int(7);
    return counts;
  });
}

}  // namespace websub::hub
