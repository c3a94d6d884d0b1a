// What happens, as a sequence that can be left and taken up again: exchanges, messages, dead
// letters and changes of state, read from the store, where they were written down. So whoever
// follows sees the same live and later, from the hub and from its file, and nobody keeps anything
// for those who are away.
//
// The idea. Each of the four is a log of its own (hub/store/changes.h). A position is how far one
// has come in each of them. Reading merges what lies behind it by time; every event carries the
// position behind itself. Cost: one look at each log for a page, by the ways that the lists of
// /api/v1 go.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "hub/api/views.h"
#include "hub/store/store.h"

namespace websub::hub {

using EventPosition = LogEnds;  // up to there everything is known

// "x120.m3.d0.c7": opaque to others, and a value that Last-Event-ID may have.
std::string PrintPosition(const EventPosition& position);

// All that are set must be met. A topic, a callback or a subscription leaves out what has none; a
// status leaves out all but exchanges, a subscription also messages.
struct EventFilters {
  std::optional<std::string> topic;
  std::optional<std::string> callback;
  std::optional<SubscriptionId> subscription;
  std::optional<int> status;
  std::vector<std::string> kinds;  // any of them; empty: all
};

// Of every event: "type", "at" and "kind", and then
//   type exchange     as View(Exchange); kind is the exchange's
//   type message      "id", "topic", "content_type", "size": it was appended; kind message
//   type dead_letter  as View(DeadLetter); kind dead-letter
//   type state        "subscription", "topic", "callback"; kind is the state that the subscription
//   came to
//                     (pending, active, …), or created: a topic came to be, the other two are null
struct Event {
  EventPosition position;  // behind it
  std::string type;
  Json body;
};

struct EventPage {
  std::vector<Event> events;
  EventPosition position;  // behind all that was looked at, whether it matched or not
  bool more = false;       // there may be more right behind
};

// At most `limit` (1 to 1000) events that match, behind `after`, the earliest first.
Result<EventPage> ReadEvents(const Store& store, const EventPosition& after,
                             const EventFilters& filters, std::size_t limit);

// What was asked for, of /api/v1/events and /api/v1/events/wait.
struct EventRequest {
  EventFilters filters;
  std::optional<EventPosition> after;  // nothing was said
  std::size_t limit = 100;
  Duration timeout{0};
};

// Reads `topic`, `callback`, `subscription`, `status`, `kind` (several with commas), `limit`,
// `timeout` (up to a minute), and one of `after` (a position, or the id of an exchange, a message
// or a dead letter) and `since`. kInvalid names the parameter at fault, kNotFound an id that the
// store does not have.
Result<EventRequest> ParseEventRequest(const Store& store, std::string_view query, Time now);

// A position that was given to somebody, in this store: the beginning where it lies behind the
// ends, since then it is of another store.
Result<EventPosition> ParsePosition(const Store& store, std::string_view text);

// An event as JSON, its "position" included.
Json View(const Event& event);
// {"items": […], "next": the position behind them, "more": bool}
Json View(const EventPage& page);

}  // namespace websub::hub
