#include "hub/api/event_feed.h"

#include <algorithm>
#include <utility>

#include "core/form.h"
#include "hub/api/respond.h"

namespace websub::hub {

namespace {

constexpr Duration kDefaultWait = std::chrono::seconds(10);
constexpr std::size_t kStreamPage = 100;  // events written at once

http::Response Refusal(const Error& error) {
  auto response = Refuse(error);
  response.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = Dump(Json{{"error", error.message}}) + "\n";
  return response;
}

bool WantsJson(const http::Request& request) {
  const auto accept = request.Field("Accept");
  return accept && accept->find("application/json") != std::string_view::npos;
}

std::string IdLine(const EventPosition& position) {
  return "id: " + PrintPosition(position) + "\n";
}

}  // namespace

// One stream of server-sent events: the next part is asked for when the one before is on its way.
class EventStream : public http::BodySource, public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(std::shared_ptr<EventFeed> feed, EventRequest request, EventPosition position)
      : feed_(std::move(feed)), request_(std::move(request)), position_(position) {
    ++feed_->streams_;
  }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream() override {
    feed_->waiting_.erase(waits_as_);
    --feed_->streams_;
  }

  void Next(std::function<void(std::string)> ready) override {
    if (feed_->stopped_) return ready("");
    // What a client knows that has seen nothing yet, and lost the stream.
    if (!std::exchange(begun_, true))
      return ready(": this is what happens\n" + IdLine(position_) + "\n");
    const Time now = feed_->clock_.Now();
    waits_as_ = feed_->Add({.request = request_,
                            .position = position_,
                            .look_at = std::max(now, next_look_),
                            .due = now + feed_->options_.heartbeat,
                            .done = [weak = weak_from_this(),
                                     ready = std::move(ready)](const Result<EventPage>& page) {
                              if (const auto self = weak.lock()) self->Tell(page, ready);
                            }});
    next_look_ = now + feed_->options_.pause;
  }

 private:
  void Tell(const Result<EventPage>& page, const std::function<void(std::string)>& ready) {
    if (!page) return ready("");
    position_ = page->position;
    if (page->events.empty()) return ready(": still here\n" + IdLine(position_) + "\n");
    std::string part;
    for (const Event& event : page->events) {
      part +=
          IdLine(event.position) + "event: " + event.type + "\ndata: " + Dump(View(event)) + "\n\n";
    }
    ready(std::move(part));
  }

  const std::shared_ptr<EventFeed> feed_;
  const EventRequest request_;
  EventPosition position_;
  Time next_look_ = Time::min();
  bool begun_ = false;
  EventFeed::WaitingId waits_as_ = 0;
};

EventFeed::EventFeed(const Store& store, const Clock& clock, EventFeedOptions options,
                     std::function<void()> wake)
    : store_(store), clock_(clock), options_(options), wake_(std::move(wake)) {}

bool EventFeed::IsFull(const http::Respond& respond) const {
  if (stopped_) {
    respond(Refusal({ErrorCode::kUnavailable, "the hub is stopping"}));
  } else if (followers() >= options_.max_followers) {
    respond(Refusal({ErrorCode::kUnavailable, std::to_string(followers()) +
                                                  " others follow the events already; try later"}));
  } else {
    return false;
  }
  return true;
}

void EventFeed::Follow(const http::Request& request, const http::Respond& respond) {
  const Time now = clock_.Now();
  auto asked = ParseEventRequest(store_, request.Query(), now);
  if (asked && !WantsJson(request)) {
    // What a browser sends again, behind what the URL said at first.
    if (const auto last = request.Field("Last-Event-ID"); last && !last->empty()) {
      auto position = ParsePosition(store_, *last);
      if (!position) {
        return respond(
            Refusal({position.error().code, "Last-Event-ID: " + position.error().message}));
      }
      asked->after = *position;
    }
  }
  if (!asked) return respond(Refusal(asked.error()));
  if (IsFull(respond)) return;
  const EventPosition position = asked->after.value_or(store_.EndsOfLogs());
  if (!WantsJson(request)) {
    asked->limit = std::min(asked->limit, kStreamPage);
    http::Response response;
    response.fields = {{"Content-Type", "text/event-stream"},
                       {"Cache-Control", "no-store"},
                       {"X-Accel-Buffering", "no"}};  // a proxy that gathers would hold it back
    response.source =
        std::make_shared<EventStream>(shared_from_this(), *std::move(asked), position);
    return respond(std::move(response));
  }
  const Time due = now + asked->timeout;
  Add({.request = *std::move(asked),
       .position = position,
       .look_at = now,
       .due = due,
       .done = [respond](const Result<EventPage>& page) {
         respond(page ? JsonResponse(200, View(*page)) : Refusal(page.error()));
       }});
}

void EventFeed::Wait(const http::Request& request, const http::Respond& respond) {
  const Time now = clock_.Now();
  auto asked = ParseEventRequest(store_, request.Query(), now);
  if (!asked) return respond(Refusal(asked.error()));
  if (IsFull(respond)) return;
  const auto query = ParseForm(request.Query());
  if (!query || !FindField(*query, "timeout")) asked->timeout = kDefaultWait;
  asked->limit = 1;
  const EventPosition position = asked->after.value_or(EventPosition{});
  const Duration timeout = asked->timeout;
  Add({.request = *std::move(asked),
       .position = position,
       .look_at = now,
       .due = now + timeout,
       .done = [respond, timeout](const Result<EventPage>& page) {
         if (!page) return respond(Refusal(page.error()));
         if (!page->events.empty()) return respond(JsonResponse(200, View(page->events.front())));
         respond(JsonResponse(
             408, Json{{"error", "nothing of that kind within " + FormatDuration(timeout)},
                       {"next", PrintPosition(page->position)}}));
       }});
}

EventFeed::WaitingId EventFeed::Add(Waiting waiting) {
  waiting_.emplace(++last_id_, std::move(waiting));
  wake_();
  return last_id_;
}

void EventFeed::Changed() {
  if (waiting_.empty()) return;
  const Time now = clock_.Now();
  const Time look_at = looked_ > now - options_.pause ? looked_ + options_.pause : now;
  for (auto& [id, each] : waiting_) each.look_at = std::min(each.look_at, look_at);
  wake_();
}

// One look of one that waits; its page where it waits no more.
std::optional<EventPage> EventFeed::Look(Waiting& each, Time now) {
  EventPage page;
  if (each.look_at <= now) {
    looked_ = now;
    auto read = ReadEvents(store_, each.position, each.request.filters, each.request.limit);
    if (read) {
      page = *std::move(read);
      each.position = page.position;
      each.look_at = page.more ? now : Time::max();
    } else {
      each.look_at = now + options_.fault_pause;
    }
  }
  if (page.events.empty() && each.due > now) return std::nullopt;
  page.position = each.position;
  return page;
}

Time EventFeed::Run(Time now) {
  // Told last: whoever is told may come back at once, or take others with him.
  std::vector<std::pair<Told, EventPage>> told;
  Time next = Time::max();
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    if (auto page = Look(each->second, now)) {
      told.emplace_back(std::move(each->second.done), *std::move(page));
      each = waiting_.erase(each);
    } else {
      next = std::min({next, each->second.look_at, each->second.due});
      ++each;
    }
  }
  for (const auto& [done, page] : told) done(page);
  return next;
}

void EventFeed::Stop() {
  stopped_ = true;
  for (const auto& [id, each] : std::exchange(waiting_, {})) {
    each.done(Fail(ErrorCode::kUnavailable, "the hub is stopping"));
  }
}

}  // namespace websub::hub
