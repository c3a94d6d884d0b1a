#include "cli/commands/inspect_facts.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "cli/commands/inspect_format.h"
#include "core/findings.h"

namespace websub::cli::inspect {
namespace {

constexpr int kFew = 4;              // exchanges of a kind that are looked at
constexpr int kManyTopics = 1000;    // among them one may differ in its spelling only
constexpr int kManyPublishes = 200;  // the same
constexpr std::size_t kMostAlmostTopics = 3;

// The number of "x12"; 0 where there is none.
std::int64_t IdOf(const Json& object, const std::string& name) {
  const std::string text = TextOf(object, name);
  std::int64_t id = 0;
  if (text.size() > 1) std::from_chars(text.data() + 1, text.data() + text.size(), id);
  return id;
}

std::optional<std::int64_t> IdOrNothing(const Json& object, const std::string& name) {
  const std::int64_t id = IdOf(object, name);
  return id == 0 ? std::nullopt : std::optional(id);
}

enum class Wanted {
  kRow,    // as the list shows it
  kWhole,  // with heads and bodies
  kOdd,    // whole where it was no success
};

// Asks, and remembers the first failure, so that a gathering reads as a list of what is needed.
class Gatherer {
 public:
  explicit Gatherer(const AskApi& ask) : ask_(ask) {}

  Json Get(const std::string& path, const Form& query) {
    if (failure_) return Json::object();
    auto answer = ask_("/api/v1/" + path, query);
    if (answer) return *std::move(answer);
    failure_ = answer.error();
    return Json::object();
  }

  Json List(const std::string& what, Form query, int limit) {
    query.push_back({"limit", std::to_string(limit)});
    Json page = Get(what, query);
    return Inside(page, "items");
  }

  std::vector<Exchange> Exchanges(std::string_view kind, Form query, int limit,
                                  Wanted wanted = Wanted::kRow) {
    query.push_back({"kind", std::string(kind)});
    std::vector<Exchange> exchanges;
    for (const Json& row : List("exchanges", std::move(query), limit)) {
      const std::int64_t status = NumberOf(row, "status");
      const bool odd = status < 200 || status > 299;
      const bool whole = wanted == Wanted::kWhole || (wanted == Wanted::kOdd && odd);
      exchanges.push_back(ReadExchange(whole ? Get("exchanges/" + TextOf(row, "id"), {}) : row));
    }
    return exchanges;
  }

  std::optional<ExplainedMessage> Message(Form query) {
    const Json rows = List("messages", std::move(query), 1);
    if (rows.empty()) return std::nullopt;
    return ExplainedMessage{IdOf(rows.front(), "id"),
                            TimeOf(rows.front(), "created_at").value_or(Time{})};
  }

  const std::optional<ExitStatus>& failure() const { return failure_; }

 private:
  const AskApi& ask_;
  std::optional<ExitStatus> failure_;
};

// Topics that are spelled almost like this one, and what came for them.
std::vector<AlmostTopic> GatherAlmost(Gatherer& gather, const std::string& topic) {
  std::vector<AlmostTopic> almost;
  const auto add = [&](AlmostTopic other) {
    const bool known = std::any_of(almost.begin(), almost.end(),
                                   [&](const AlmostTopic& each) { return each.url == other.url; });
    if (!known && almost.size() < kMostAlmostTopics && MayMeanTheSame(other.url, topic)) {
      almost.push_back(std::move(other));
    }
  };
  for (const Exchange& publish : gather.Exchanges("publish", {}, kManyPublishes)) {
    add({publish.topic.str(), publish.at, publish.id});
  }
  for (const Json& row : gather.List("topics", {}, kManyTopics)) {
    add({TextOf(row, "url"), std::nullopt, 0});
  }
  for (AlmostTopic& other : almost) {
    if (other.published_at) continue;
    if (const auto message = gather.Message({{"topic", other.url}})) {
      other.published_at = message->at;
    }
  }
  return almost;
}

void GatherTopicSteps(Gatherer& gather, ExplanationFacts& facts) {
  const Form of_topic{{"topic", facts.topic}};
  facts.publishes = gather.Exchanges("publish", of_topic, kFew, Wanted::kOdd);
  facts.fetches = gather.Exchanges("fetch", of_topic, kFew);
  facts.newest = gather.Message(of_topic);
  const bool published =
      std::any_of(facts.publishes.begin(), facts.publishes.end(), [&](const Exchange& publish) {
        return !facts.subscription || publish.at >= facts.subscription->verified_at;
      });
  if (!published || !facts.subscription) facts.almost = GatherAlmost(gather, facts.topic);
}

ExplainedSubscription ReadSubscription(const Json& json) {
  ExplainedSubscription its;
  its.callback = TextOf(json, "callback");
  its.state = TextOf(json, "state");
  its.created_at = TimeOf(json, "created_at").value_or(Time{});
  its.verified_at = TimeOf(json, "verified_at");
  its.expires_at = TimeOf(json, "expires_at");
  its.ended_at = TimeOf(json, "ended_at");
  its.lease_seconds = NumberOf(json, "lease_seconds");
  its.cursor = IdOf(json, "cursor");
  its.behind = NumberOf(json, "behind");
  its.retry_at = TimeOf(json, "retry_at");
  its.verification_due = TimeOf(Inside(json, "verification"), "due_at");
  return its;
}

void GatherDelivery(Gatherer& gather, const Form& of_subscription, ExplanationFacts& facts) {
  const ExplainedSubscription& its = *facts.subscription;
  // In order, one at a time: the newest are about the message that it waits for, or has last.
  // (Asked for by the message, they would be looked for among the deliveries to all subscribers.)
  facts.deliveries = gather.Exchanges("deliver", of_subscription, kFew, Wanted::kOdd);
  if (its.behind > 0) {
    Form waiting = of_subscription;
    waiting.push_back({"order", "oldest"});
    facts.next = gather.Message(std::move(waiting));
  }
  const Json dead = gather.List("dead-letters", of_subscription, 1);
  if (dead.empty()) return;
  const Json& letter = dead.front();
  facts.dead_letter = {IdOf(letter, "message"), TimeOf(letter, "at").value_or(Time{}),
                       static_cast<int>(NumberOf(letter, "attempts")), TextOf(letter, "reason")};
}

tl::expected<GatheredFacts, ExitStatus> End(const Gatherer& gather, GatheredFacts gathered) {
  if (gather.failure()) return tl::unexpected(*gather.failure());
  return gathered;
}

}  // namespace

Exchange ReadExchange(const Json& json) {
  Exchange exchange;
  exchange.id = IdOf(json, "id");
  exchange.at = TimeOf(json, "at").value_or(Time{});
  exchange.direction = TextOf(json, "direction") == "in" ? Direction::kIn : Direction::kOut;
  exchange.kind = ParseExchangeKind(TextOf(json, "kind")).value_or(ExchangeKind::kDeliver);
  exchange.subscription_id = IdOrNothing(json, "subscription");
  exchange.message_id = IdOrNothing(json, "message");
  exchange.topic = TextOf(json, "topic");
  exchange.callback = TextOf(json, "callback");
  exchange.url = TextOf(json, "url");
  exchange.peer = TextOf(json, "peer");
  exchange.attempt = static_cast<int>(NumberOf(json, "attempt"));
  exchange.request_head = BytesOf(json, "request_head").value_or("");
  exchange.request_body = BytesOf(json, "request_body").value_or("");
  exchange.response_head = BytesOf(json, "response_head").value_or("");
  exchange.response_body = BytesOf(json, "response_body").value_or("");
  exchange.response_body_size = static_cast<std::size_t>(NumberOf(json, "response_body_size"));
  exchange.status = static_cast<int>(NumberOf(json, "status"));
  exchange.fault = ParseFault(TextOf(json, "fault")).value_or(Fault::kNone);
  exchange.outcome = TextOf(json, "outcome");
  const Json& timings = Inside(json, "timings");
  if (const auto total = timings.find("total"); total != timings.end() && total->is_number()) {
    exchange.timings.total = std::chrono::round<Duration>(
        std::chrono::duration<double, std::milli>(total->get<double>()));
  }
  return exchange;
}

tl::expected<GatheredFacts, ExitStatus> GatherSubscription(const AskApi& ask,
                                                           const Json& subscription, Time now) {
  Gatherer gather(ask);
  GatheredFacts gathered{TextOf(subscription, "id"), {}};
  ExplanationFacts& facts = gathered.facts;
  facts.now = now;
  facts.topic = TextOf(subscription, "topic");
  facts.subscription = ReadSubscription(subscription);
  const Form own{{"subscription", gathered.id}};
  facts.requests = gather.Exchanges("subscribe", own, 1);
  facts.verifications = gather.Exchanges("verify", own, kFew, Wanted::kWhole);
  if (facts.subscription->state == "denied") {
    facts.denials = gather.Exchanges("deny", own, 1);
    facts.hooks = gather.Exchanges(
        "hook", {{"topic", facts.topic}, {"callback", facts.subscription->callback}}, kFew);
  }
  if (facts.subscription->verified_at) {
    GatherTopicSteps(gather, facts);
    GatherDelivery(gather, own, facts);
  }
  return End(gather, std::move(gathered));
}

tl::expected<GatheredFacts, ExitStatus> GatherTopic(const AskApi& ask, const std::string& topic,
                                                    Time now) {
  Gatherer gather(ask);
  GatheredFacts gathered;
  gathered.facts.now = now;
  gathered.facts.topic = topic;
  gathered.facts.requests = gather.Exchanges("subscribe", {{"topic", topic}}, kFew, Wanted::kWhole);
  GatherTopicSteps(gather, gathered.facts);
  return End(gather, std::move(gathered));
}

}  // namespace websub::cli::inspect
