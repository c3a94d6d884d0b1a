// Lists with filters, pages and counts.
#include <string>
#include <utility>

#include "hub/store/filter.h"
#include "hub/store/impl.h"
#include "hub/store/rows.h"

namespace websub::hub {

namespace {

template <typename T>
Result<std::vector<T>> Pick(const Store::Impl& impl, const PageQuery& query,
                            std::string_view select, Filter filter, T (*read)(const Rows&)) {
  if (Result<void> checked = CheckPage(query); !checked) return tl::unexpected(checked.error());
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
    filter.Add(
        "row.id > (SELECT cursor FROM subscription CROSS JOIN position "
        "ON position.subscription_id = id WHERE id = ? AND state = 'active')",
        *query.behind);
  }
  filter.Between("row.created_at", query);
  return Pick<Message>(*impl_, query, kSelectMessage, std::move(filter), ReadMessage);
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

Counts Store::CountAll() const {
  return impl_->Read([](Database& database) {
    Rows rows = database.Ask(
        "SELECT (SELECT count(*) FROM topic), "
        "(SELECT count(*) FROM subscription WHERE state = 'pending'), "
        "(SELECT count(*) FROM subscription WHERE state = 'active'), "
        "(SELECT count(*) FROM message), (SELECT total(exchanges) FROM segment), "
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
