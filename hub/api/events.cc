#include "hub/api/events.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/form.h"
#include "core/mask_urls.h"
#include "core/text.h"
#include "hub/api/filters.h"

namespace websub::hub {

namespace {

constexpr std::string_view kMessageKind = "message";
constexpr std::string_view kDeadLetterKind = "dead-letter";
constexpr std::string_view kCreatedKind = "created";
constexpr char kChangeLetter = 'c';
constexpr Duration kLongestWait = std::chrono::seconds(60);

bool IsStateKind(std::string_view kind) {
  return kind == kCreatedKind || ParseSubscriptionState(kind);
}

bool IsKind(std::string_view kind) {
  return kind == kMessageKind || kind == kDeadLetterKind || IsStateKind(kind) ||
         ParseExchangeKind(kind);
}

Json TextOrNull(std::string text) {
  return text.empty() ? Json() : Json(std::move(text));
}

Json Begin(std::string_view type, Time at, std::string_view kind) {
  return Json{{"type", type}, {"at", FormatRfc3339(at)}, {"kind", kind}};
}

Json Describe(const Exchange& exchange) {
  Json out = Begin("exchange", exchange.at, Name(exchange.kind));
  const Json view = View(exchange);
  for (const auto& [name, value] : view.items()) out[name] = value;
  return out;
}

Json Describe(const Message& message) {
  Json out = Begin("message", message.created_at, kMessageKind);
  out["id"] = PrintId(kMessageLetter, message.id);
  out["topic"] = MaskUrls(message.topic);
  out["content_type"] = TextOrNull(message.content_type);
  out["size"] = message.size;
  return out;
}

Json Describe(const DeadLetter& letter) {
  Json out = Begin("dead_letter", letter.at, kDeadLetterKind);
  const Json view = View(letter);
  for (const auto& [name, value] : view.items()) out[name] = value;
  return out;
}

Json Describe(const StateChange& change) {
  Json out = Begin("state", change.at, change.state);
  out["subscription"] =
      change.subscription_id ? Json(PrintId(kSubscriptionLetter, *change.subscription_id)) : Json();
  out["topic"] = MaskUrls(change.topic);
  out["callback"] = TextOrNull(MaskUrls(change.callback));
  return out;
}

Time TimeOf(const Exchange& exchange) {
  return exchange.at;
}
Time TimeOf(const Message& message) {
  return message.created_at;
}
Time TimeOf(const DeadLetter& letter) {
  return letter.at;
}
Time TimeOf(const StateChange& change) {
  return change.at;
}

std::string_view KindOf(const Exchange& exchange) {
  return Name(exchange.kind);
}
std::string_view KindOf(const Message&) {
  return kMessageKind;
}
std::string_view KindOf(const DeadLetter&) {
  return kDeadLetterKind;
}
std::string_view KindOf(const StateChange& change) {
  return change.state;
}

// What one log has behind a position, in order.
struct Log {
  struct Row {
    std::int64_t id = 0;
    Time at;
    bool wanted = true;  // false: it is only passed
    std::function<Json()> describe;
  };

  std::int64_t EventPosition::* place = nullptr;
  std::vector<Row> rows;
  std::size_t next = 0;
  std::int64_t end = 0;  // where all rows are taken, one has come so far
  bool goes_on = false;  // there are more rows behind these

  bool taken() const { return next == rows.size(); }
};

class Merge {
 public:
  Merge(const Store& store, const EventPosition& after, const EventFilters& filters,
        std::size_t limit)
      : store_(store), filters_(filters), limit_(limit), ends_(store.EndsOfLogs()) {
    page_.position = after;
  }

  Result<EventPage> Run() {
    std::optional<Error> fault;
    const auto note = [&fault](const Result<void>& read) {
      if (!read) fault = read.error();
    };
    // At the same time what caused something comes before it.
    note(ReadChanges());
    note(ReadMessages());
    note(ReadExchanges());
    note(ReadDeadLetters());
    if (fault) return tl::unexpected(*fault);
    Take();
    return std::move(page_);
  }

 private:
  bool WantsAny(bool (*of_log)(std::string_view)) const {
    return filters_.kinds.empty() ||
           std::any_of(filters_.kinds.begin(), filters_.kinds.end(), of_log);
  }

  template <typename Query>
  Query Begin(std::int64_t EventPosition::* place) const {
    Query query;
    query.limit = limit_;
    query.topic = filters_.topic;
    if (page_.position.*place > 0) query.after = page_.position.*place;
    return query;
  }

  template <typename Query>
  Result<void> Read(std::int64_t EventPosition::* place, const Query& query) {
    auto found = store_.List(query);
    if (!found) return tl::unexpected(found.error());
    Log& log = logs_.emplace_back();
    log.place = place;
    log.goes_on = found->size() == limit_;
    for (auto& row : *found) {
      const std::string_view kind = KindOf(row);
      const bool wanted =
          filters_.kinds.empty() ||
          std::find(filters_.kinds.begin(), filters_.kinds.end(), kind) != filters_.kinds.end();
      const auto id = row.id;
      const Time at = TimeOf(row);
      log.rows.push_back({id, at, wanted, nullptr});
      if (wanted) {
        log.rows.back().describe = [kept = std::make_shared<const std::decay_t<decltype(row)>>(
                                        std::move(row))] { return Describe(*kept); };
      }
    }
    const std::int64_t last = log.rows.empty() ? 0 : log.rows.back().id;
    log.end = log.goes_on ? last : std::max({last, ends_.*place, page_.position.*place});
    if (log.rows.empty()) page_.position.*place = log.end;
    return {};
  }

  // Nothing of it is asked for.
  Result<void> Skip(std::int64_t EventPosition::* place) {
    page_.position.*place = std::max(ends_.*place, page_.position.*place);
    return {};
  }

  Result<void> ReadExchanges() {
    const auto place = &EventPosition::exchange;
    if (!WantsAny([](std::string_view kind) { return ParseExchangeKind(kind).has_value(); })) {
      return Skip(place);
    }
    auto query = Begin<ExchangeQuery>(place);
    query.callback = filters_.callback;
    query.subscription = filters_.subscription;
    query.status = filters_.status;
    if (filters_.kinds.size() == 1) query.kind = ParseExchangeKind(filters_.kinds.front());
    return Read(place, query);
  }

  Result<void> ReadMessages() {
    const auto place = &EventPosition::message;
    if (filters_.status || filters_.subscription || filters_.callback ||
        !WantsAny([](std::string_view kind) { return kind == kMessageKind; })) {
      return Skip(place);
    }
    return Read(place, Begin<MessageQuery>(place));
  }

  Result<void> ReadDeadLetters() {
    const auto place = &EventPosition::dead_letter;
    if (filters_.status ||
        !WantsAny([](std::string_view kind) { return kind == kDeadLetterKind; })) {
      return Skip(place);
    }
    auto query = Begin<DeadLetterQuery>(place);
    query.callback = filters_.callback;
    query.subscription = filters_.subscription;
    return Read(place, query);
  }

  Result<void> ReadChanges() {
    const auto place = &EventPosition::change;
    if (filters_.status || !WantsAny(IsStateKind)) return Skip(place);
    auto query = Begin<ChangeQuery>(place);
    query.callback = filters_.callback;
    query.subscription = filters_.subscription;
    return Read(place, query);
  }

  // The log whose next row is the earliest. None where that cannot be told: the rows of a log that
  // goes on are used up.
  Log* Next() {
    Log* first = nullptr;
    for (Log& log : logs_) {
      if (log.taken()) {
        if (log.goes_on) return nullptr;
        continue;
      }
      if (first == nullptr || log.rows[log.next].at < first->rows[first->next].at) first = &log;
    }
    return first;
  }

  void Take() {
    while (page_.events.size() < limit_) {
      Log* const log = Next();
      if (log == nullptr) break;
      const Log::Row& row = log->rows[log->next++];
      page_.position.*(log->place) = log->taken() ? log->end : row.id;
      if (!row.wanted) continue;
      Json body = row.describe();
      std::string type = body.at("type");
      page_.events.push_back({page_.position, std::move(type), std::move(body)});
    }
    page_.more = std::any_of(logs_.begin(), logs_.end(),
                             [](const Log& log) { return log.goes_on || !log.taken(); });
  }

  const Store& store_;
  const EventFilters& filters_;
  const std::size_t limit_;
  const EventPosition ends_;
  std::vector<Log> logs_;
  EventPage page_;
};

// ----- Parameters

template <typename Query>
Result<std::int64_t> LastUntil(const Store& store, Time until) {
  Query query;
  query.limit = 1;
  query.order = Order::kNewestFirst;
  query.until = until;
  const auto found = store.List(query);
  if (!found) return tl::unexpected(found.error());
  return found->empty() ? 0 : found->front().id;
}

Result<EventPosition> PositionAt(const Store& store, Time until) {
  const std::array found = {
      LastUntil<ExchangeQuery>(store, until), LastUntil<MessageQuery>(store, until),
      LastUntil<DeadLetterQuery>(store, until), LastUntil<ChangeQuery>(store, until)};
  for (const auto& each : found) {
    if (!each) return tl::unexpected(each.error());
  }
  return EventPosition{*found[0], *found[1], *found[2], *found[3]};
}

// Where everything is known up to the moment of one thing.
Result<EventPosition> PositionOf(const Store& store, std::string_view id) {
  std::optional<Time> at;
  std::int64_t EventPosition::* place = nullptr;
  const char letter = id.empty() ? '\0' : id.front();
  const auto number = ParseId(letter, id).value_or(0);
  if (letter == kExchangeLetter) {
    place = &EventPosition::exchange;
    if (const auto exchange = store.FindExchange(number)) at = exchange->at;
  } else if (letter == kMessageLetter) {
    place = &EventPosition::message;
    if (const auto message = store.FindMessage(number)) at = message->created_at;
  } else if (letter == kDeadLetterLetter) {
    place = &EventPosition::dead_letter;
    if (const auto letter_row = store.FindDeadLetter(number)) at = letter_row->at;
  }
  if (place == nullptr || number == 0) {
    return Fail(ErrorCode::kInvalid, Quote(id) +
                                         " is neither a position that an event came with nor an id "
                                         "such as x1, m1 or d1");
  }
  if (!at) return Fail(ErrorCode::kNotFound, "the hub has no " + std::string(id));
  auto position = PositionAt(store, *at);
  if (position) (*position).*place = number;
  return position;
}

Result<std::vector<std::string>> ParseKinds(std::string_view text) {
  std::vector<std::string> kinds;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view kind = text.substr(0, comma);
    if (!IsKind(kind)) {
      return Fail(ErrorCode::kInvalid,
                  "kind: " + Quote(kind) +
                      " is none of subscribe, unsubscribe, publish, register, deregister, verify, "
                      "deny, fetch, deliver, hook, message, dead-letter, created, pending, active, "
                      "unverified, denied, unsubscribed, expired, gone");
    }
    kinds.emplace_back(kind);
    if (comma == std::string_view::npos) return kinds;
    text.remove_prefix(comma + 1);
  }
}

// What stands in `form` under that name, which is then taken out of it.
Result<std::optional<std::string>> TakeField(Form& form, std::string_view name) {
  std::optional<std::string> value;
  for (const FormField& field : form) {
    if (field.name != name) continue;
    if (value) return Fail(ErrorCode::kInvalid, std::string(name) + " is given twice");
    value = field.value;
  }
  std::erase_if(form, [&](const FormField& field) { return field.name == name; });
  return value;
}

Result<Duration> ParseTimeout(const std::string& text) {
  const auto timeout = ParseDuration(text);
  if (timeout && *timeout >= Duration::zero() && *timeout <= kLongestWait) return *timeout;
  return Fail(ErrorCode::kInvalid,
              "timeout: " + Quote(text) + " is no duration of up to 60s, such as 10s");
}

}  // namespace

std::string PrintPosition(const EventPosition& position) {
  return PrintId(kExchangeLetter, position.exchange) + "." +
         PrintId(kMessageLetter, position.message) + "." +
         PrintId(kDeadLetterLetter, position.dead_letter) + "." +
         PrintId(kChangeLetter, position.change);
}

Result<EventPosition> ParsePosition(const Store& store, std::string_view text) {
  if (text.find('.') == std::string_view::npos) return PositionOf(store, text);
  constexpr std::pair<char, std::int64_t EventPosition::*> kParts[] = {
      {kExchangeLetter, &EventPosition::exchange},
      {kMessageLetter, &EventPosition::message},
      {kDeadLetterLetter, &EventPosition::dead_letter},
      {kChangeLetter, &EventPosition::change}};
  const EventPosition ends = store.EndsOfLogs();
  EventPosition position;
  bool of_another_store = false;
  std::string_view rest = text;
  for (const auto& [letter, place] : kParts) {
    const auto dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    const auto number = part == std::string{letter, '0'} ? 0 : ParseId(letter, part).value_or(-1);
    if (!part.starts_with(letter) || number < 0) {
      return Fail(ErrorCode::kInvalid, Quote(text) + " is no position that an event came with");
    }
    position.*place = number;
    of_another_store |= number > ends.*place;
    rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  }
  if (PrintPosition(position) != text) {
    return Fail(ErrorCode::kInvalid, Quote(text) + " is no position that an event came with");
  }
  return of_another_store ? EventPosition{} : position;
}

Result<EventPage> ReadEvents(const Store& store, const EventPosition& after,
                             const EventFilters& filters, std::size_t limit) {
  return Merge(store, after, filters, limit).Run();
}

Result<EventRequest> ParseEventRequest(const Store& store, std::string_view query, Time now) {
  static constexpr std::string_view kOthers[] = {"topic",  "callback", "subscription",
                                                 "status", "limit",    "since"};
  auto form = ParseForm(query);
  if (!form) return tl::unexpected(form.error());
  EventRequest request;
  std::array<std::optional<std::string>, 3> own;
  for (std::size_t i = 0; const std::string_view name : {"kind", "after", "timeout"}) {
    auto value = TakeField(*form, name);
    if (!value) return tl::unexpected(value.error());
    own[i++] = *std::move(value);
  }
  const auto& [kind, after, timeout] = own;
  const auto others = ParseFilters(EncodeForm(*form), kExchangeLetter, kOthers, now);
  if (!others) {
    const bool unknown = others.error().message.find("is no parameter here") != std::string::npos;
    return Fail(others.error().code,
                others.error().message + (unknown ? ", kind, after, timeout" : ""));
  }
  request.filters = {.topic = others->topic,
                     .callback = others->callback,
                     .subscription = others->subscription,
                     .status = others->status,
                     .kinds = {}};
  request.limit = others->limit;
  if (kind) {
    auto kinds = ParseKinds(*kind);
    if (!kinds) return tl::unexpected(kinds.error());
    request.filters.kinds = *std::move(kinds);
  }
  if (timeout) {
    const auto span = ParseTimeout(*timeout);
    if (!span) return tl::unexpected(span.error());
    request.timeout = *span;
  }
  if (after && others->since) {
    return Fail(ErrorCode::kInvalid, "after: since says where to begin, too; give one of them");
  }
  if (after || others->since) {
    const auto position =
        after ? ParsePosition(store, *after) : PositionAt(store, *others->since - Duration(1));
    if (!position) {
      return Fail(position.error().code, (after ? "after: " : "") + position.error().message);
    }
    request.after = *position;
  }
  return request;
}

Json View(const Event& event) {
  Json out = event.body;
  out["position"] = PrintPosition(event.position);
  return out;
}

Json View(const EventPage& page) {
  Json out;
  out["items"] = Json::array();
  for (const Event& event : page.events) out["items"].push_back(View(event));
  out["next"] = PrintPosition(page.position);
  out["more"] = page.more;
  return out;
}

}  // namespace websub::hub
