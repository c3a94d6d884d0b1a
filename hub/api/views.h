// What the hub keeps, as JSON: the one place that says how a topic, a subscription, a message, an
// exchange and a dead letter look from outside. Ids carry a letter (t1, s1, m1, x1, d1), times are
// RFC 3339, what is not there is null. A secret is never shown, only whether there is one.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/exchange.h"
#include "hub/store/query.h"
#include "hub/store/types.h"

namespace websub::hub {

// Keeps the order in which fields are set, so that people find the same field in the same place.
using Json = nlohmann::ordered_json;

inline constexpr char kTopicLetter = 't';
inline constexpr char kSubscriptionLetter = 's';
inline constexpr char kMessageLetter = 'm';
inline constexpr char kExchangeLetter = 'x';
inline constexpr char kDeadLetterLetter = 'd';
inline constexpr char kInboxLetter = 'i';  // of a message that is not in its topic's log yet

std::string PrintId(char letter, std::int64_t id);  // "s1"
// Reads "s1" and "1". Nothing for another letter, zero, or what is no number.
std::optional<std::int64_t> ParseId(char letter, std::string_view text);

// The text of a JSON value. Bytes that are no UTF-8 (peers may send such) become U+FFFD; never
// throws.
std::string Dump(const Json& json);

// Milliseconds, exact to the microsecond: 1.123.
double Milliseconds(Duration duration);

Json View(const Topic& topic, std::int64_t active_subscriptions);
// `behind`: messages not yet acknowledged. The first intent is shown as the pending verification.
Json View(const Subscription& subscription, std::int64_t behind,
          const std::vector<Intent>& intents);
Json View(const Message& message, const MessageProgress& progress);  // without its body
Json ViewWhole(const Message& message, const MessageProgress& progress);
Json View(const Exchange& exchange);  // without heads and bodies
// `carried` is the message that a delivery or a content publish carried, where it is still kept:
// its body is the request's. `request_body_note` tells where a delivery left out entries of a feed.
Json ViewWhole(const Exchange& exchange, const std::optional<Message>& carried);
Json View(const DeadLetter& dead_letter);
Json View(const Counts& counts);
Json View(const PhaseTimings& timings);  // only the phases that happened

}  // namespace websub::hub
