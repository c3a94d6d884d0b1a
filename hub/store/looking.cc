// Lists with filters, pages and counts.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
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

std::vector<SubscriptionState> StatesOf(const SubscriptionQuery& query) {
  using enum SubscriptionState;
  if (query.state) return {*query.state};
  if (!query.all_states) return {kPending, kActive};
  return {kPending, kActive, kUnverified, kDenied, kUnsubscribed, kExpired, kGone};
}

// The rows of a page, of several walks that gave their first rows each.
template <typename T>
std::vector<T> FirstOf(std::vector<T> rows, const PageQuery& query) {
  const bool newest = query.order == Order::kNewestFirst;
  std::sort(rows.begin(), rows.end(),
            [newest](const T& a, const T& b) { return newest ? a.id > b.id : a.id < b.id; });
  if (rows.size() > query.limit) rows.resize(query.limit);
  return rows;
}

constexpr std::string_view kOfTopic = "row.topic_id = (SELECT id FROM topic WHERE url = ?)";

}  // namespace

Result<std::vector<Topic>> Store::List(const TopicQuery& query) const {
  Filter filter;
  if (query.topic) filter.Add("row.url = ?", *query.topic);
  filter.Between("row.created_at", query);
  return Pick<Topic>(*impl_, query, kSelectTopic, std::move(filter), ReadTopic);
}

// One walk for each state that is asked for: in each of them, and in no other order, the index
// leads from id to id, so that those that ended long ago are not passed over.
Result<std::vector<Subscription>> Store::List(const SubscriptionQuery& query) const {
  std::vector<Subscription> found;
  for (const SubscriptionState state : StatesOf(query)) {
    Filter filter;
    std::string_view index = "subscription_state";
    if (query.topic) {
      index = "subscription_topic";
      filter.Add(kOfTopic, *query.topic);
    }
    if (query.callback) {
      index = "subscription_callback";
      filter.Add("row.callback = ?", *query.callback);
    }
    filter.Add("row.state = ?", std::string(Name(state)));
    filter.Between("row.created_at", query);
    Result<std::vector<Subscription>> rows = Pick<Subscription>(
        *impl_, query, SelectSubscriptionBy(index), std::move(filter), ReadSubscription);
    if (!rows) return rows;
    std::move(rows->begin(), rows->end(), std::back_inserter(found));
  }
  return FirstOf(std::move(found), query);
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
    Counts counts;
    const std::pair<std::string_view, std::int64_t*> tallies[] = {
        {"topics", &counts.topics},
        {"pending", &counts.pending},
        {"active", &counts.active},
        {"messages", &counts.messages},
        {"retrying", &counts.retrying},
        {"dead_letters", &counts.dead_letters},
        {"unverified", &counts.unverified},
        {"denied", &counts.denied},
        {"unsubscribed", &counts.unsubscribed},
        {"expired", &counts.expired},
        {"gone", &counts.gone}};
    for (const auto& [name, out] : tallies) {
      Rows rows = database.Ask("SELECT value FROM tally WHERE name = ?", name);
      if (rows.Next()) *out = rows.Int(0);
    }
    Rows rows = database.Ask(
        "SELECT (SELECT total(exchanges) FROM segment), (SELECT count(*) FROM fetch), "
        "(SELECT count(*) FROM inbox)");
    rows.Next();
    counts.exchanges = rows.Int(0);
    counts.waiting_fetches = rows.Int(1);
    counts.inbox = rows.Int(2);
    return counts;
  });
}

StoreSize Store::Size() const {
  StoreSize size;
  size.file = impl_->Read([](Database& database) -> std::int64_t {
    Rows rows =
        database.Ask("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    return rows.Next() ? rows.Int(0) : 0;
  });
  std::error_code none;  // there is no log, or no file at all
  const auto log = std::filesystem::file_size(impl_->file.path + "-wal", none);
  if (!none) size.log = static_cast<std::int64_t>(log);
  return size;
}

}  // namespace websub::hub
