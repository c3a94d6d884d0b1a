#include "cli/commands/inspect_tables.h"

#include <string>

#include "cli/commands/inspect_format.h"
#include "cli/text.h"

namespace websub::cli::inspect {
namespace {

using Kind = Column::Kind;

std::string Count(const Json& item, const std::string& name) {
  return std::to_string(NumberOf(item, name));
}

// A number that is good at zero.
Piece Bad(const Json& item, const std::string& name) {
  return {Count(item, name), NumberOf(item, name) == 0 ? Style::kDim : Style::kBad};
}

Piece Dim(std::string text) {
  return {std::move(text), Style::kDim};
}

Table::Row TopicRow(const Json& item, Time now) {
  return {{TextOf(item, "id"), Style::kStrong},
          {Count(item, "subscriptions")},
          {TextOf(item, "last_message")},
          Dim(Age(TimeOf(item, "fetched_at"), now)),
          Dim(Age(TimeOf(item, "created_at"), now)),
          {TextOf(item, "url")}};
}

// What happens next to a subscription.
std::string NextOf(const Json& item, Time now) {
  const Json& verification = Inside(item, "verification");
  if (!verification.empty()) {
    const std::int64_t attempts = NumberOf(verification, "attempts");
    return "verify " + TextOf(verification, "mode") +
           (attempts == 0 ? "" : ", failed " + std::to_string(attempts) + "x");
  }
  if (const auto retry_at = TimeOf(item, "retry_at")) {
    const std::string when = *retry_at > now ? Age(retry_at, now) : "now";
    return "attempt " + std::to_string(NumberOf(item, "attempts") + 1) + " " + when;
  }
  return NumberOf(item, "behind") > 0 && TextOf(item, "state") == "active" ? "delivery" : "";
}

std::string LeaseOf(const Json& item, Time now) {
  if (const auto ended_at = TimeOf(item, "ended_at")) return "ended " + Age(ended_at, now);
  const auto expires_at = TimeOf(item, "expires_at");
  if (!expires_at) return "";
  return *expires_at > now ? "ends " + Age(expires_at, now) : "over";
}

Table::Row SubscriptionRow(const Json& item, Time now) {
  const std::string state = TextOf(item, "state");
  const std::int64_t behind = NumberOf(item, "behind");
  return {{TextOf(item, "id"), Style::kStrong},
          {state, StateStyle(state)},
          {Count(item, "behind"), behind == 0 ? Style::kDim : Style::kWarning},
          {NextOf(item, now), Style::kWarning},
          {LeaseOf(item, now)},
          Dim(Age(TimeOf(item, "created_at"), now)),
          {TextOf(item, "topic")},
          {TextOf(item, "callback")}};
}

Table::Row MessageRow(const Json& item, Time now) {
  const bool waiting = NumberOf(item, "pending") != 0;
  return {{TextOf(item, "id"), Style::kStrong},
          Dim(Age(TimeOf(item, "created_at"), now)),
          {HumanSize(static_cast<std::size_t>(NumberOf(item, "size")))},
          {TextOf(item, "content_type")},
          {Count(item, "delivered")},
          {Count(item, "pending"), waiting ? Style::kWarning : Style::kDim},
          Bad(item, "dead"),
          {TextOf(item, "topic")}};
}

// Whom an exchange is about. Its own URL says less: that of the hub, or one full of parameters.
std::string AboutOf(const Json& item) {
  for (const char* name : {"callback", "topic", "url"}) {
    std::string text = TextOf(item, name);
    if (!text.empty()) return text;
  }
  return "";
}

Table::Row ExchangeRow(const Json& item, Time now) {
  const Json& timings = Inside(item, "timings");
  const auto total = timings.find("total");
  const bool measured = total != timings.end() && total->is_number();
  return {{TextOf(item, "id"), Style::kStrong},
          Dim(Age(TimeOf(item, "at"), now)),
          {TextOf(item, "direction") == "in" ? "<-" : "->"},
          {TextOf(item, "kind")},
          {Answer(item), AnswerStyle(item)},
          {Count(item, "attempt")},
          Dim(measured ? Span(total->get<double>()) : ""),
          {TextOf(item, "subscription")},
          {TextOf(item, "message")},
          {TextOf(item, "outcome")},
          {AboutOf(item)}};
}

Table::Row DeadLetterRow(const Json& item, Time now) {
  return {{TextOf(item, "id"), Style::kStrong},
          Dim(Age(TimeOf(item, "at"), now)),
          {TextOf(item, "message")},
          {TextOf(item, "subscription")},
          {Count(item, "attempts")},
          {TextOf(item, "reason"), Style::kBad},
          {TextOf(item, "topic")},
          {TextOf(item, "callback")}};
}

}  // namespace

const ListLayout& TopicLayout() {
  static const ListLayout layout{{{"ID"},
                                  {"SUBSCRIBERS", Kind::kNumber, 30},
                                  {"LAST", Kind::kText, 40},
                                  {"FETCHED", Kind::kText, 10},
                                  {"CREATED", Kind::kText, 20},
                                  {"URL", Kind::kUrl}},
                                 TopicRow};
  return layout;
}

const ListLayout& SubscriptionLayout() {
  static const ListLayout layout{{{"ID"},
                                  {"STATE"},
                                  {"BEHIND", Kind::kNumber, 50},
                                  {"NEXT", Kind::kText, 40},
                                  {"LEASE", Kind::kText, 30},
                                  {"CREATED", Kind::kText, 10},
                                  {"TOPIC", Kind::kUrl},
                                  {"CALLBACK", Kind::kUrl}},
                                 SubscriptionRow};
  return layout;
}

const ListLayout& MessageLayout() {
  static const ListLayout layout{{{"ID"},
                                  {"CREATED", Kind::kText, 50},
                                  {"SIZE", Kind::kNumber, 20},
                                  {"TYPE", Kind::kText, 10},
                                  {"DELIVERED", Kind::kNumber, 30},
                                  {"PENDING", Kind::kNumber, 40},
                                  {"DEAD", Kind::kNumber, 35},
                                  {"TOPIC", Kind::kUrl}},
                                 MessageRow};
  return layout;
}

const ListLayout& ExchangeLayout() {
  static const ListLayout layout{{{"ID"},
                                  {"AT", Kind::kText, 70},
                                  {"", Kind::kText, 60},
                                  {"KIND"},
                                  {"ANSWER"},
                                  {"TRY", Kind::kNumber, 10},
                                  {"TOOK", Kind::kNumber, 20},
                                  {"SUB", Kind::kText, 40},
                                  {"MSG", Kind::kText, 45},
                                  {"OUTCOME", Kind::kText, 30},
                                  {"CALLBACK OR TOPIC", Kind::kUrl}},
                                 ExchangeRow};
  return layout;
}

const ListLayout& DeadLetterLayout() {
  static const ListLayout layout{{{"ID"},
                                  {"AT", Kind::kText, 40},
                                  {"MESSAGE"},
                                  {"SUB", Kind::kText, 30},
                                  {"ATTEMPTS", Kind::kNumber, 20},
                                  {"REASON", Kind::kText, 50},
                                  {"TOPIC", Kind::kUrl},
                                  {"CALLBACK", Kind::kUrl}},
                                 DeadLetterRow};
  return layout;
}

}  // namespace websub::cli::inspect
