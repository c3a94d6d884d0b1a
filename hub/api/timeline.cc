#include "hub/api/timeline.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace websub::hub {
namespace {

struct Step {
  Time at;
  // What happens within one microsecond (a clock in a test stands still) is told in the order in
  // which one thing leads to the other; within an exchange's kind the id tells it.
  int rank = 0;
  std::int64_t id = 0;
  Json view;

  bool operator<(const Step& other) const {
    return std::tie(at, rank, id) < std::tie(other.at, other.rank, other.id);
  }
};

enum Rank { kMessageRank = 1, kExchangeRank = 2, kDeadLetterRank = 3, kStateRank = 4 };

// The newest steps of several streams, each of which gave its newest rows.
class Story {
 public:
  explicit Story(std::size_t limit) : limit_(limit) {}

  void Add(Step step) { steps_.push_back(std::move(step)); }

  // A stream has older rows than it gave.
  void NoteCut() { cut_ = true; }

  Json Tell() {
    std::sort(steps_.begin(), steps_.end());
    if (steps_.size() > limit_) {
      steps_.erase(steps_.begin(), steps_.end() - static_cast<std::ptrdiff_t>(limit_));
      cut_ = true;
    }
    Json out;
    out["steps"] = Json::array();
    const Step* before = nullptr;
    for (Step& step : steps_) {
      step.view["gap"] = before ? Json(Milliseconds(step.at - before->at)) : Json();
      out["steps"].push_back(step.view);
      before = &step;
    }
    out["truncated"] = cut_;
    return out;
  }

 private:
  std::size_t limit_;
  std::vector<Step> steps_;
  bool cut_ = false;
};

Json Begin(Time at, std::string_view type, std::string_view kind) {
  return Json{{"at", FormatRfc3339(at)}, {"type", type}, {"kind", kind}};
}

Json Content(const Message& message) {
  return Json{{"message", PrintId(kMessageLetter, message.id)},
              {"content_type", message.content_type.empty() ? Json() : Json(message.content_type)},
              {"size", message.size}};
}

// What the timeline needs beside the subscription itself.
struct Sources {
  std::vector<Exchange> own;
  std::vector<Exchange> topic;  // publish and fetch
  std::vector<Message> messages;
  std::vector<DeadLetter> dead_letters;
};

// The newest `query.limit` rows.
template <typename Query, typename Row>
Result<void> Gather(const Store& store, Query query, Story& story, std::vector<Row>& out) {
  query.order = Order::kNewestFirst;
  auto rows = store.List(query);
  if (!rows) return tl::unexpected(rows.error());
  if (rows->size() == query.limit) {
    query.limit = 1;
    query.after = rows->back().id;
    const auto more = store.List(query);
    if (!more) return tl::unexpected(more.error());
    if (!more->empty()) story.NoteCut();
  }
  std::move(rows->begin(), rows->end(), std::back_inserter(out));
  return {};
}

Result<Sources> GatherAll(const Store& store, const Subscription& subscription,
                          const Filters& filters, Story& story) {
  Sources out;
  const auto narrow = [&](PageQuery& query) {
    query.limit = filters.limit;
    query.since = filters.since;
    query.until = filters.until;
  };
  // What happens on the topic is part of the story only while the subscription lasts.
  const auto narrow_to_topic = [&](PageQuery& query) {
    query.limit = filters.limit;
    query.since = std::max(filters.since.value_or(Time{}), subscription.created_at);
    query.until =
        std::min(filters.until.value_or(Time::max()), subscription.ended_at.value_or(Time::max()));
    query.topic = subscription.topic;
  };

  ExchangeQuery own;
  narrow(own);
  own.subscription = subscription.id;
  ExchangeQuery publish;
  narrow_to_topic(publish);
  publish.kind = ExchangeKind::kPublish;
  ExchangeQuery fetch = publish;
  fetch.kind = ExchangeKind::kFetch;
  MessageQuery messages;
  narrow_to_topic(messages);
  DeadLetterQuery letters;
  narrow(letters);
  letters.subscription = subscription.id;

  auto done = Gather(store, own, story, out.own);
  if (done) done = Gather(store, publish, story, out.topic);
  if (done) done = Gather(store, fetch, story, out.topic);
  if (done) done = Gather(store, messages, story, out.messages);
  if (done) done = Gather(store, letters, story, out.dead_letters);
  if (!done) return tl::unexpected(done.error());
  return out;
}

void AddExchange(const Store& store, const Exchange& exchange, const Message* made, Story& story) {
  Json view = Begin(exchange.at, "exchange", Name(exchange.kind));
  const Json whole = View(exchange);
  for (const auto& [name, value] : whole.items()) {
    if (!view.contains(name)) view[name] = value;
  }
  const ExchangeExcerpt excerpt = store.ExcerptOf(exchange.id);
  view["request_line"] = excerpt.request_line;
  const bool success = exchange.status >= 200 && exchange.status < 300;
  const bool tells = !success && !excerpt.response_start.empty();
  view["response_start"] = tells ? Json(excerpt.response_start) : Json();
  if (made != nullptr) view["content"] = Content(*made);
  story.Add({exchange.at, kExchangeRank, exchange.id, std::move(view)});
}

void AddMessages(const Store& store, const Sources& sources, Story& story) {
  std::map<MessageId, const Message*> unexplained;
  for (const Message& message : sources.messages) unexplained[message.id] = &message;
  for (const Exchange& exchange : sources.topic) {
    const auto made =
        exchange.message_id ? unexplained.find(*exchange.message_id) : unexplained.end();
    AddExchange(store, exchange, made == unexplained.end() ? nullptr : made->second, story);
    if (made != unexplained.end()) unexplained.erase(made);
  }
  for (const auto& [id, message] : unexplained) {
    Json view = Begin(message->created_at, "message", "message");
    view["content"] = Content(*message);
    story.Add({message->created_at, kMessageRank, id, std::move(view)});
  }
}

bool Verified(const Exchange& exchange) {
  return exchange.kind == ExchangeKind::kVerify && exchange.fault == Fault::kNone &&
         exchange.outcome.starts_with("verified");
}

void AddStates(const Subscription& subscription, const Sources& sources, const Filters& filters,
               Story& story) {
  const auto add = [&](Time at, std::string_view state) {
    if (at < filters.since.value_or(Time::min()) || at > filters.until.value_or(Time::max()))
      return;
    story.Add({at, kStateRank, 0, Begin(at, "state", state)});
  };
  const auto shown = [&](Time at, auto matches) {
    return std::any_of(sources.own.begin(), sources.own.end(), [&](const Exchange& exchange) {
      return exchange.at <= at && matches(exchange);
    });
  };
  if (subscription.verified_at && !shown(*subscription.verified_at, Verified)) {
    add(*subscription.verified_at, "verified");
  }
  if (subscription.ended_at) add(*subscription.ended_at, Name(subscription.state));
}

}  // namespace

Result<Json> Timeline(const Store& store, const Subscription& subscription,
                      const Filters& filters) {
  Story story(filters.limit);
  const auto sources = GatherAll(store, subscription, filters, story);
  if (!sources) return tl::unexpected(sources.error());
  for (const Exchange& exchange : sources->own) AddExchange(store, exchange, nullptr, story);
  AddMessages(store, *sources, story);
  for (const DeadLetter& letter : sources->dead_letters) {
    Json view = Begin(letter.at, "dead_letter", "dead-letter");
    view["id"] = PrintId(kDeadLetterLetter, letter.id);
    view["message"] = PrintId(kMessageLetter, letter.message_id);
    view["attempts"] = letter.attempts;
    view["reason"] = letter.reason;
    story.Add({letter.at, kDeadLetterRank, letter.id, std::move(view)});
  }
  AddStates(subscription, *sources, filters, story);
  return story.Tell();
}

}  // namespace websub::hub
