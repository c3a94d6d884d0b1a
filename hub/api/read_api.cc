#include "hub/api/read_api.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/text.h"
#include "hub/api/events.h"
#include "hub/api/filters.h"
#include "hub/api/timeline.h"
#include "hub/delivery/feed_reduction.h"

namespace websub::hub {
namespace {

constexpr std::string_view kRoot = "/api/v1/";

ReadAnswer Refuse(int status, std::string sentence) {
  return {status, Json{{"error", std::move(sentence)}}};
}

ReadAnswer Refuse(const Error& error) {
  const int status = error.code == ErrorCode::kInvalid    ? 400
                     : error.code == ErrorCode::kNotFound ? 404
                                                          : 503;
  return Refuse(status, error.message);
}

ReadAnswer Refuse404(std::string_view what, std::string_view id) {
  return Refuse(404, "there is no " + std::string(what) + " " + Quote(id));
}

// --- Views of whole pages: what is counted is counted once for a page, not once for a row
// ------------

std::vector<Json> Views(const Store& store, const std::vector<Topic>& rows) {
  std::vector<TopicId> ids;
  for (const Topic& row : rows) ids.push_back(row.id);
  const auto active = store.CountActive(ids);
  std::vector<Json> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(View(rows[i], active[i]));
  return out;
}

// Where the rows of each topic lie.
template <typename Row>
std::map<TopicId, std::vector<std::size_t>> ByTopic(const std::vector<Row>& rows) {
  std::map<TopicId, std::vector<std::size_t>> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out[rows[i].topic_id].push_back(i);
  return out;
}

std::vector<Json> Views(const Store& store, const std::vector<Subscription>& rows) {
  std::vector<std::int64_t> behind(rows.size(), 0);
  for (const auto& [topic, places] : ByTopic(rows)) {
    std::vector<std::size_t> counted;
    std::vector<MessageId> cursors;
    for (const std::size_t i : places) {
      if (rows[i].state != SubscriptionState::kActive) continue;  // nothing is due to the others
      counted.push_back(i);
      cursors.push_back(rows[i].cursor);
    }
    const auto counts = store.CountBehind(topic, cursors);
    for (std::size_t i = 0; i < counted.size(); ++i) behind[counted[i]] = counts[i];
  }
  std::vector<Json> out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.push_back(View(rows[i], behind[i], store.IntentsOf(rows[i].id)));
  }
  return out;
}

std::vector<MessageProgress> Progress(const Store& store, const std::vector<Message>& rows) {
  std::vector<MessageProgress> out(rows.size());
  for (const auto& [topic, places] : ByTopic(rows)) {
    std::vector<Message> messages;
    for (const std::size_t i : places) messages.push_back(rows[i]);
    const auto progress = store.ProgressOf(topic, messages);
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = progress[i];
  }
  return out;
}

std::vector<Json> Views(const Store& store, const std::vector<Message>& rows) {
  const auto progress = Progress(store, rows);
  std::vector<Json> out;
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(View(rows[i], progress[i]));
  return out;
}

std::vector<Json> Views(const Store&, const std::vector<Exchange>& rows) {
  std::vector<Json> out;
  for (const Exchange& row : rows) out.push_back(View(row));
  return out;
}

std::vector<Json> Views(const Store&, const std::vector<DeadLetter>& rows) {
  std::vector<Json> out;
  for (const DeadLetter& row : rows) out.push_back(View(row));
  return out;
}

// --- Lists
// -------------------------------------------------------------------------------------------

template <typename Query>
ReadAnswer Page(const Store& store, const Filters& filters, char letter, Query query) {
  filters.CopyTo(query);
  const auto rows = store.List(query);
  if (!rows) return Refuse(rows.error());
  ReadAnswer answer;
  answer.body["items"] = Views(store, *rows);
  answer.body["next"] = nullptr;
  if (rows->size() < filters.limit) return answer;
  query.limit = 1;
  query.after = rows->back().id;
  const auto more = store.List(query);
  if (!more) return Refuse(more.error());
  if (!more->empty()) answer.body["next"] = PrintId(letter, rows->back().id);
  return answer;
}

ReadAnswer ListTopics(const Store& store, const Filters& filters) {
  return Page(store, filters, kTopicLetter, TopicQuery{});
}

ReadAnswer ListSubscriptions(const Store& store, const Filters& filters) {
  SubscriptionQuery query;
  query.callback = filters.callback;
  query.state = filters.state;
  query.all_states = filters.all_states;
  return Page(store, filters, kSubscriptionLetter, query);
}

ReadAnswer ListMessages(const Store& store, const Filters& filters) {
  MessageQuery query;
  query.behind = filters.subscription;
  return Page(store, filters, kMessageLetter, query);
}

ReadAnswer ListExchanges(const Store& store, const Filters& filters) {
  ExchangeQuery query;
  query.callback = filters.callback;
  query.kind = filters.kind;
  query.status = filters.status;
  query.subscription = filters.subscription;
  query.message = filters.message;
  return Page(store, filters, kExchangeLetter, query);
}

ReadAnswer ListDeadLetters(const Store& store, const Filters& filters) {
  DeadLetterQuery query;
  query.callback = filters.callback;
  query.subscription = filters.subscription;
  return Page(store, filters, kDeadLetterLetter, query);
}

// --- One, whole
// --------------------------------------------------------------------------------------

std::optional<Json> ShowTopic(const Store& store, std::int64_t id) {
  const auto topic = store.FindTopic(id);
  if (!topic) return std::nullopt;
  return Views(store, std::vector{*topic}).front();
}

std::optional<Json> ShowSubscription(const Store& store, std::int64_t id) {
  const auto subscription = store.FindSubscription(id);
  if (!subscription) return std::nullopt;
  return Views(store, std::vector{*subscription}).front();
}

std::optional<Json> ShowMessage(const Store& store, std::int64_t id) {
  const auto message = store.FindMessage(id);
  if (!message) return std::nullopt;
  return ViewWhole(*message, Progress(store, {*message}).front());
}

std::optional<Json> ShowExchange(const Store& store, std::int64_t id) {
  const auto exchange = store.FindExchange(id);
  if (!exchange) return std::nullopt;
  auto carried = exchange->message_id ? store.FindMessage(*exchange->message_id) : std::nullopt;
  if (carried && carried->body && exchange->kind == ExchangeKind::kDeliver) {
    carried->body = SentBody(store, *exchange, *carried);
  }
  return ViewWhole(*exchange, carried);
}

std::optional<Json> ShowDeadLetter(const Store& store, std::int64_t id) {
  const auto dead_letter = store.FindDeadLetter(id);
  if (!dead_letter) return std::nullopt;
  return View(*dead_letter);
}

// --- Where each path leads
// ---------------------------------------------------------------------------

constexpr std::string_view kTopicParameters[] = {"limit", "after", "order",
                                                 "topic", "since", "until"};
constexpr std::string_view kSubscriptionParameters[] = {"limit", "after", "order",    "topic",
                                                        "since", "until", "callback", "state"};
constexpr std::string_view kMessageParameters[] = {"limit", "after", "order",       "topic",
                                                   "since", "until", "subscription"};
constexpr std::string_view kExchangeParameters[] = {"limit",  "after",        "order",    "topic",
                                                    "since",  "until",        "callback", "kind",
                                                    "status", "subscription", "message"};
constexpr std::string_view kDeadLetterParameters[] = {"limit", "after", "order",    "topic",
                                                      "since", "until", "callback", "subscription"};

struct Collection {
  std::string_view path;
  std::string_view one;
  char letter;
  std::span<const std::string_view> parameters;
  ReadAnswer (*list)(const Store& store, const Filters& filters);
  std::optional<Json> (*show)(const Store& store, std::int64_t id);
  std::optional<Store::IdKind> ids;  // nothing: they stay
};

const Collection kCollections[] = {
    {"topics", "topic", kTopicLetter, kTopicParameters, ListTopics, ShowTopic, std::nullopt},
    {"subscriptions", "subscription", kSubscriptionLetter, kSubscriptionParameters,
     ListSubscriptions, ShowSubscription, Store::IdKind::kSubscription},
    {"messages", "message", kMessageLetter, kMessageParameters, ListMessages, ShowMessage,
     Store::IdKind::kMessage},
    {"exchanges", "exchange", kExchangeLetter, kExchangeParameters, ListExchanges, ShowExchange,
     Store::IdKind::kExchange},
    {"dead-letters", "dead letter", kDeadLetterLetter, kDeadLetterParameters, ListDeadLetters,
     ShowDeadLetter, Store::IdKind::kDeadLetter},
};

ReadAnswer Status(const Store& store, const ReadContext& context) {
  ReadAnswer answer;
  answer.body["version"] = context.version;
  answer.body["url"] = context.hub_url.empty() ? Json() : Json(context.hub_url);
  answer.body["now"] = FormatRfc3339(context.now);
  answer.body["uptime_seconds"] = Json();
  if (context.started) {
    answer.body["uptime_seconds"] = (context.now - *context.started) / std::chrono::seconds(1);
  }
  answer.body["counts"] = View(store.CountAll());
  const auto fault = store.WriteFault();
  answer.body["write_fault"] = fault ? Json(fault->message) : Json();
  return answer;
}

ReadAnswer ShowOne(const Store& store, const Collection& collection, std::string_view text) {
  const auto id = ParseId(collection.letter, text);
  auto whole = id ? collection.show(store, *id) : std::nullopt;
  if (whole) return {200, std::move(*whole)};
  if (id && collection.ids && store.WasUsed(*collection.ids, *id)) {
    return Refuse(404, "the " + std::string(collection.one) + " " + Quote(text) +
                           " is gone: the hub kept it for its time");
  }
  return Refuse404(collection.one, text);
}

ReadAnswer ShowTimeline(const Store& store, const ReadContext& context, std::string_view text,
                        std::string_view query) {
  static constexpr std::string_view kParameters[] = {"limit", "since", "until"};
  const auto filters = ParseFilters(query, kSubscriptionLetter, kParameters, context.now);
  if (!filters) return Refuse(filters.error());
  const auto id = ParseId(kSubscriptionLetter, text);
  const auto subscription = id ? store.FindSubscription(*id) : std::nullopt;
  if (!subscription) return Refuse404("subscription", text);
  auto steps = Timeline(store, *subscription, *filters);
  if (!steps) return Refuse(steps.error());
  ReadAnswer answer;
  answer.body["now"] = FormatRfc3339(context.now);
  answer.body["subscription"] = Views(store, std::vector{*subscription}).front();
  answer.body.update(*steps);
  return answer;
}

// What is there already: nothing waits for what comes.
ReadAnswer ShowEvents(const Store& store, const ReadContext& context, std::string_view query) {
  const auto asked = ParseEventRequest(store, query, context.now);
  if (!asked) return Refuse(asked.error());
  const auto page =
      ReadEvents(store, asked->after.value_or(store.EndsOfLogs()), asked->filters, asked->limit);
  if (!page) return Refuse(page.error());
  return {200, View(*page)};
}

// A query where none is read: a mistyped filter must not look like an answer.
std::optional<ReadAnswer> RefuseParameters(std::string_view query, Time now) {
  const auto filters = ParseFilters(query, kTopicLetter, {}, now);
  if (filters) return std::nullopt;
  return Refuse(filters.error());
}

}  // namespace

ReadAnswer ReadApi(const Store& store, const ReadContext& context, std::string_view path,
                   std::string_view query) {
  if (!path.starts_with(kRoot)) return Refuse404("path", path);
  std::string_view rest = path.substr(kRoot.size());
  if (rest == "status") {
    if (auto refusal = RefuseParameters(query, context.now)) return *refusal;
    return Status(store, context);
  }
  if (rest == "events") return ShowEvents(store, context, query);
  const std::string_view name = rest.substr(0, rest.find('/'));
  const auto* collection =
      std::find_if(std::begin(kCollections), std::end(kCollections),
                   [&](const Collection& candidate) { return candidate.path == name; });
  if (collection == std::end(kCollections)) return Refuse404("path", path);
  if (rest.size() == name.size()) {
    const auto filters =
        ParseFilters(query, collection->letter, collection->parameters, context.now);
    if (!filters) return Refuse(filters.error());
    return collection->list(store, *filters);
  }
  rest.remove_prefix(name.size() + 1);
  if (name == "subscriptions" && rest.ends_with("/timeline")) {
    return ShowTimeline(store, context, rest.substr(0, rest.rfind('/')), query);
  }
  if (rest.find('/') != std::string_view::npos) return Refuse404("path", path);
  if (auto refusal = RefuseParameters(query, context.now)) return *refusal;
  return ShowOne(store, *collection, rest);
}

}  // namespace websub::hub
