#include "cli/commands/inspect_request.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace websub::cli::inspect {
namespace {

using Act = Request::Act;

constexpr Parameter kTopic{"topic", &InspectOptions::topic};
constexpr Parameter kCallback{"callback", &InspectOptions::callback};
constexpr Parameter kState{"state", &InspectOptions::state};
constexpr Parameter kKind{"kind", &InspectOptions::kind};
constexpr Parameter kStatus{"status", &InspectOptions::status};
constexpr Parameter kSince{"since", &InspectOptions::since};
constexpr Parameter kUntil{"until", &InspectOptions::until};
constexpr Parameter kSubscription{"subscription", &InspectOptions::subscription};
constexpr Parameter kMessage{"message", &InspectOptions::message};
constexpr Parameter kOrder{"order", &InspectOptions::order};

constexpr Parameter kOfTopics[] = {kTopic, kSince, kUntil, kOrder};
constexpr Parameter kOfSubscriptions[] = {kTopic, kCallback, kState, kSince, kUntil, kOrder};
constexpr Parameter kOfMessages[] = {kTopic, kSubscription, kSince, kUntil, kOrder};
constexpr Parameter kOfExchanges[] = {kTopic,        kCallback, kKind,  kStatus, kSince,
                                      kSubscription, kMessage,  kUntil, kOrder};
constexpr Parameter kOfDeadLetters[] = {kTopic, kCallback, kSubscription, kSince, kUntil, kOrder};
constexpr Parameter kOfTimeline[] = {kSince, kUntil};
constexpr Parameter kOfWatch[] = {kTopic, kCallback, kKind, kStatus, kSubscription, kSince};

// Every filter, by the flag that sets it.
constexpr Parameter kFlags[] = {kTopic, kCallback, kState,        kKind,    kStatus,
                                kSince, kUntil,    kSubscription, kMessage, kOrder};

constexpr Collection kCollections[] = {
    {"topics", "topic", 't', kOfTopics, TopicLayout,
     "no topics yet: websub subscribe URL or websub publish URL makes one"},
    {"subscriptions", "subscription", 's', kOfSubscriptions, SubscriptionLayout,
     "no subscriptions yet: websub subscribe URL makes one (--all shows those that ended, too)"},
    {"messages", "message", 'm', kOfMessages, MessageLayout,
     "no messages yet: websub publish URL sends one"},
    {"exchanges", "exchange", 'x', kOfExchanges, ExchangeLayout,
     "no exchanges yet: websub subscribe URL and websub publish URL make some"},
    {"dead-letters", "dead_letter", 'd', kOfDeadLetters, DeadLetterLayout,
     "no dead letters: no delivery was given up"},
};

constexpr std::size_t kMostIds = 1000;

// What is no list.
struct Verb {
  std::string_view name;
  Act act;
  std::size_t min_ids;
  std::size_t max_ids;
  std::span<const Parameter> parameters;
  std::string_view needs;  // where no id is given
};

constexpr Verb kVerbs[] = {
    {"show", Act::kShow, 1, 1, {}, "an id, such as x1: websub inspect exchanges lists some"},
    {"timeline", Act::kTimeline, 1, 1, kOfTimeline,
     "an id, such as s1: websub inspect subscriptions --all lists some"},
    {"explain",
     Act::kExplain,
     1,
     1,
     {},
     "a topic or an id, such as s1: websub inspect subscriptions --all lists some"},
    {"resend",
     Act::kResend,
     1,
     1,
     {},
     "the id of an exchange or a dead letter, such as x3 or d1: websub inspect exchanges lists "
     "some"},
    {"retry",
     Act::kResend,
     1,
     1,
     {},
     "the id of a dead letter, such as d1: websub inspect dead-letters lists some"},
    {"export",
     Act::kExport,
     1,
     kMostIds,
     {},
     "ids of exchanges, such as x3: websub inspect exchanges lists some"},
    {"watch", Act::kWatch, 0, 0, kOfWatch, ""},
    {"status", Act::kSummary, 0, 0, {}, ""},
};

template <typename Entry, std::size_t size>
const Entry* Find(const Entry (&entries)[size], std::string_view name) {
  const auto* found = std::find_if(std::begin(entries), std::end(entries),
                                   [&](const Entry& entry) { return entry.name == name; });
  return found == std::end(entries) ? nullptr : found;
}

const Collection* FindLetter(char letter) {
  const auto* found = std::find_if(std::begin(kCollections), std::end(kCollections),
                                   [&](const Collection& c) { return c.letter == letter; });
  return found == std::end(kCollections) ? nullptr : found;
}

// A flag that says nothing about what is asked for would be an answer to another question.
std::optional<std::string> Misplaced(const InspectOptions& options, const Request& request) {
  const std::string& what = options.what.front();
  const auto refuse = [&](std::string_view flag) {
    return "--" + std::string(flag) + " does not go with " + what;
  };
  for (const Parameter& flag : kFlags) {
    const bool taken = std::any_of(request.parameters.begin(), request.parameters.end(),
                                   [&](const Parameter& p) { return p.filter == flag.filter; });
    if ((options.*flag.filter).has_value() && !taken) return refuse(flag.name);
  }
  if (request.act != Act::kWatch) {
    if (options.count) return refuse("count");
    if (options.timeout) return refuse("timeout");
    if (options.idle) return refuse("idle");
  }
  if (options.to && request.act != Act::kResend) return refuse("to");
  if (request.act != Act::kExport) {
    if (options.har) return refuse("har");
    if (options.curl) return refuse("curl");
    if (options.raw) return refuse("raw");
  }
  if (options.part != "both" && !options.raw) return "--part goes with export --raw only";
  return std::nullopt;
}

Result<void> CheckIds(const Verb& verb, const std::vector<std::string>& ids) {
  const std::string name(verb.name);
  if (ids.size() < verb.min_ids) {
    return Fail(ErrorCode::kInvalid, name + " needs " + std::string(verb.needs));
  }
  if (ids.size() <= verb.max_ids) return {};
  return Fail(ErrorCode::kInvalid,
              verb.max_ids == 0
                  ? name + " takes no id; websub inspect show " + ids.front() + " shows one"
                  : name + " takes one id, and there is " + ids[1] + " too");
}

// What holds a request: exchanges, and dead letters by their deliveries.
Result<void> CheckSent(const std::string& what, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    const char letter = id.empty() ? '\0' : id[0];
    if (letter == 'd' || (letter == 'x' && what != "retry")) continue;
    return Fail(ErrorCode::kInvalid,
                what + " " + id +
                    (what == "retry" ? ": the id of a dead letter begins with d"
                                     : ": the id of an exchange begins with "
                                       "x, that of a dead letter with d"));
  }
  return {};
}

Result<const Collection*> CollectionOf(const std::string& id) {
  const Collection* const collection = FindLetter(id.empty() ? '\0' : id[0]);
  if (collection != nullptr) return collection;
  return Fail(ErrorCode::kInvalid, "show " + id +
                                       ": an id begins with the letter of its kind: t for a topic, "
                                       "s subscription, m message, x exchange, d dead letter");
}

}  // namespace

Form QueryOf(const InspectOptions& options, std::span<const Parameter> parameters) {
  Form query;
  for (const Parameter& parameter : parameters) {
    const auto& value = options.*parameter.filter;
    if (value) query.push_back({std::string(parameter.name), *value});
  }
  return query;
}

Result<Request> Understand(const InspectOptions& options) {
  const std::string& what = options.what.front();
  Request request;
  request.ids.assign(options.what.begin() + 1, options.what.end());
  if (const Verb* const verb = Find(kVerbs, what)) {
    request.act = verb->act;
    request.parameters = verb->parameters;
    if (const auto fits = CheckIds(*verb, request.ids); !fits) return tl::unexpected(fits.error());
  } else if ((request.collection = Find(kCollections, what)) != nullptr) {
    request.parameters = request.collection->parameters;
    if (!request.ids.empty()) {
      return Fail(ErrorCode::kInvalid,
                  what + " takes no id; websub inspect show " + request.ids.front() + " shows one");
    }
  } else {
    return Fail(
        ErrorCode::kInvalid,
        "cannot inspect " + what +
            ": there are topics, subscriptions, messages, exchanges, dead-letters, show "
            "ID, timeline SUBSCRIPTION, explain SUBSCRIPTION or TOPIC, watch, resend ID, retry "
            "ID, export ID, status");
  }
  if (request.act == Act::kResend || request.act == Act::kExport) {
    if (auto fits = CheckSent(what, request.ids); !fits) return tl::unexpected(fits.error());
  }
  if (request.act == Act::kShow) {
    const auto collection = CollectionOf(request.ids.front());
    if (!collection) return tl::unexpected(collection.error());
    request.collection = *collection;
  }
  if (auto misplaced = Misplaced(options, request)) {
    return Fail(ErrorCode::kInvalid, *std::move(misplaced));
  }
  return request;
}

}  // namespace websub::cli::inspect
