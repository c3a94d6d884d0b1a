// Who follows what happens, live (hub/api/events.h): streams of server-sent events, and requests
// that wait for something.
//
// The idea. Nothing is pushed: each follower has a position, and looks into the store when
// something was committed. One that is slow is not asked for what it cannot take and looks later;
// nothing piles up for it. While nobody follows, a commit costs one comparison. Under load a
// follower looks every 20 ms for a page of at most 1000 events: it may fall behind what happens,
// and catches up, and the hub's own work goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "hub/api/events.h"
#include "hub/clock.h"
#include "hub/http/server.h"

namespace websub::hub {

struct EventFeedOptions {
  std::size_t max_followers = 64;  // beyond: 503
  Duration heartbeat = std::chrono::seconds(15);
  Duration pause = std::chrono::milliseconds(20);         // between two looks of one follower
  Duration fault_pause = std::chrono::milliseconds(500);  // where the store could not be read
};

// Used on the loop's thread only. Held by a shared_ptr: streams outlive the connections' server.
class EventFeed : public std::enable_shared_from_this<EventFeed> {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  EventFeed(const Store& store, const Clock& clock, EventFeedOptions options,
            std::function<void()> wake);

  // GET /api/v1/events. Server-sent events, from Last-Event-ID, `after`, `since` or now on; each
  // with its position as `id`, its type as `event`. A comment and the position every heartbeat.
  // Where the request accepts application/json: one page, as soon as there is something on it or
  // `timeout` is over.
  void Follow(const http::Request& request, const http::Respond& respond);
  // GET /api/v1/events/wait: the first event that matches behind `after`, or of all that is kept;
  // 408 where there is none within `timeout` (10s).
  void Wait(const http::Request& request, const http::Respond& respond);

  // Something was committed.
  void Changed();
  // Tells those whose time has come; says when to be called next (Time::max() where nothing waits).
  Time Run(Time now);
  // Ends all streams and waits, and those that come from now on.
  void Stop();

  std::size_t followers() const { return streams_ + waiting_.size(); }

 private:
  friend class EventStream;

  // A page, empty where it is due; or an error: the hub stops.
  using Told = std::function<void(const Result<EventPage>&)>;

  // Waits for one page that is not empty, once.
  struct Waiting {
    EventRequest request;
    EventPosition position;
    Time look_at;  // max: something must be committed first
    Time due;      // then it gets an empty page
    Told done;
  };
  using WaitingId = std::uint64_t;  // in the order in which they came

  bool IsFull(const http::Respond& respond) const;
  WaitingId Add(Waiting waiting);
  std::optional<EventPage> Look(Waiting& each, Time now);

  const Store& store_;
  const Clock& clock_;
  const EventFeedOptions options_;
  const std::function<void()> wake_;
  std::map<WaitingId, Waiting> waiting_;
  WaitingId last_id_ = 0;
  std::size_t streams_ = 0;
  Time looked_ = Time::min();
  bool stopped_ = false;
};

}  // namespace websub::hub
