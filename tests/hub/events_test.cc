#include "hub/api/events.h"

#include <doctest/doctest.h>

#include "hub/api/event_feed.h"
#include "hub/api/read_api.h"
#include "tests/support/store_fixture.h"

namespace websub::hub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kTopic = "https://example.org/feed";
const std::string kOther = "https://example.org/other";
const std::string kCallback = "https://peer.example/cb";

class Events : public tests::StoreFixture {
 public:
  Events() {
    feed = std::make_shared<EventFeed>(*store, clock, options, [this] { ++woken; });
  }
  ~Events() { feed->Stop(); }

  void Keep(ExchangeKind kind, int status, const std::string& topic = kTopic) {
    clock.Advance(milliseconds(1));
    Exchange exchange;
    exchange.at = clock.Now();
    exchange.kind = kind;
    exchange.topic = topic;
    exchange.status = status;
    REQUIRE(Record({}, {exchange}).has_value());
    feed->Changed();
  }
  void KeepMessage(const std::string& topic = kTopic) {
    clock.Advance(milliseconds(1));
    Publish(topic, "hello");
    feed->Changed();
  }
  void GiveUp(const Subscription& subscription, const Message& message) {
    DeliveryOutcome outcome;
    outcome.kind = DeliveryOutcome::Kind::kGivenUp;
    outcome.subscription_id = subscription.id;
    outcome.message_id = message.id;
    outcome.reason = "answered 500";
    outcome.now = clock.Now();
    REQUIRE(Record({outcome}).has_value());
  }

  std::vector<std::string> Kinds(const EventPosition& after, const EventFilters& filters = {},
                                 std::size_t limit = 100) {
    const auto page = ReadEvents(*store, after, filters, limit);
    REQUIRE(page.has_value());
    std::vector<std::string> kinds;
    for (const Event& event : page->events) kinds.push_back(event.body["kind"]);
    return kinds;
  }

  http::Request Ask(const std::string& target, const std::string& accept = "application/json") {
    http::Request request;
    request.method = "GET";
    request.target = target;
    request.fields = {{"Accept", accept}};
    return request;
  }
  // What is answered to a request for /api/v1/events or events/wait; nothing while it waits.
  std::shared_ptr<std::optional<http::Response>> Begin(const http::Request& request) {
    auto answer = std::make_shared<std::optional<http::Response>>();
    const auto respond = [answer](http::Response response) { *answer = std::move(response); };
    if (request.Path().ends_with("/wait")) {
      feed->Wait(request, respond);
    } else {
      feed->Follow(request, respond);
    }
    feed->Run(clock.Now());
    return answer;
  }
  Json Answered(const std::shared_ptr<std::optional<http::Response>>& answer) {
    REQUIRE(answer->has_value());
    return Json::parse((*answer)->body);
  }
  // The next part of a stream; "…" where there is none yet.
  std::string Part(http::BodySource& source) {
    auto part = std::make_shared<std::string>("…");
    source.Next([part](std::string told) { *part = std::move(told); });
    feed->Run(clock.Now());
    parts.push_back(part);
    return *part;
  }

  EventFeedOptions options;
  int woken = 0;
  std::vector<std::shared_ptr<std::string>> parts;
  std::shared_ptr<EventFeed> feed;
};

using Strings = std::vector<std::string>;

EventFilters OfKinds(Strings kinds) {
  EventFilters filters;
  filters.kinds = std::move(kinds);
  return filters;
}
template <typename Member, typename Wanted>
EventFilters With(Member EventFilters::* member, Wanted wanted, Strings kinds = {}) {
  EventFilters filters = OfKinds(std::move(kinds));
  filters.*member = wanted;
  return filters;
}

}  // namespace

TEST_CASE_FIXTURE(Events, "everything that happens is told in the order of time") {
  Keep(ExchangeKind::kSubscribe, 202);
  clock.Advance(milliseconds(1));
  const auto subscription = Subscribe(kTopic, kCallback);
  Keep(ExchangeKind::kVerify, 200);
  clock.Advance(milliseconds(1));
  const auto message = Publish(kTopic, "hello");
  Keep(ExchangeKind::kDeliver, 500);
  clock.Advance(milliseconds(1));
  GiveUp(subscription, message);
  CHECK(Kinds({}) == Strings{"subscribe", "created", "pending", "active", "verify", "message",
                             "deliver", "dead-letter"});
  clock.Advance(milliseconds(1));
  REQUIRE(Wait<void>([&](auto done) {
            store->EndSubscription(subscription.id, SubscriptionState::kExpired, "", clock.Now(),
                                   done);
          }).has_value());
  CHECK(Kinds({}).back() == "expired");
}

TEST_CASE_FIXTURE(Events, "a walk in pages of any size tells each event once") {
  for (int i = 0; i < 7; ++i) {
    Keep(ExchangeKind::kPublish, 204);
    KeepMessage(i % 2 == 0 ? kTopic : kOther);
  }
  const Strings whole = Kinds({});
  REQUIRE(whole.size() == 16);  // and two topics
  for (const std::size_t limit : {1, 2, 3, 5, 100}) {
    CAPTURE(limit);
    Strings walked;
    EventPosition position;
    bool more = true;
    for (int pages = 0; more && pages < 100; ++pages) {
      const auto page = ReadEvents(*store, position, {}, limit);
      REQUIRE(page.has_value());
      CHECK(page->events.size() <= limit);
      for (const Event& event : page->events) walked.push_back(event.body["kind"]);
      position = page->position;
      more = page->more;
    }
    CHECK(walked == whole);
  }
  // From the position of each event on, what follows is what followed.
  const auto page = ReadEvents(*store, {}, {}, 100);
  for (std::size_t i = 0; i < page->events.size(); ++i) {
    const auto position = ParsePosition(*store, PrintPosition(page->events[i].position));
    REQUIRE(position.has_value());
    CHECK(Kinds(*position) ==
          Strings(whole.begin() + static_cast<std::ptrdiff_t>(i) + 1, whole.end()));
  }
}

TEST_CASE_FIXTURE(Events, "filters leave out what does not match and pass it all the same") {
  const auto subscription = Subscribe(kTopic, kCallback);
  Subscribe(kOther, kCallback + "/2");
  Keep(ExchangeKind::kDeliver, 204);
  Keep(ExchangeKind::kDeliver, 500, kOther);
  Keep(ExchangeKind::kFetch, 500);
  KeepMessage();
  CHECK(Kinds({}, OfKinds({"deliver"})) == Strings{"deliver", "deliver"});
  CHECK(Kinds({}, With(&EventFilters::topic, kOther)) ==
        Strings{"created", "pending", "active", "deliver"});
  CHECK(Kinds({}, With(&EventFilters::status, 500)) == Strings{"deliver", "fetch"});
  CHECK(Kinds({}, With(&EventFilters::subscription, subscription.id)) ==
        Strings{"pending", "active"});
  CHECK(Kinds({}, With(&EventFilters::callback, kCallback + "/2")) == Strings{"pending", "active"});
  CHECK(Kinds({}, With(&EventFilters::topic, kTopic, {"fetch", "message", "active"})) ==
        Strings{"active", "fetch", "message"});
  const auto none = ReadEvents(*store, {}, OfKinds({"gone"}), 10);
  REQUIRE(none.has_value());
  CHECK(none->events.empty());
  CHECK_FALSE(none->more);
  CHECK(PrintPosition(none->position) == PrintPosition(store->EndsOfLogs()));
}

TEST_CASE_FIXTURE(Events, "a position survives the hub and one of another store begins anew") {
  KeepMessage();
  Keep(ExchangeKind::kFetch, 200);
  const std::string before = PrintPosition(store->EndsOfLogs());
  CHECK(before == "x1.m1.d0.c1");
  feed->Stop();
  Reopen();
  feed = std::make_shared<EventFeed>(*store, clock, options, [] {});
  KeepMessage();
  CHECK(Kinds(*ParsePosition(*store, before)) == Strings{"message"});
  CHECK(PrintPosition(*ParsePosition(*store, "x900.m1.d0.c1")) == "x0.m0.d0.c0");
  // The id of a thing stands for its moment.
  CHECK(Kinds(*ParsePosition(*store, "x1")) == Strings{"message"});
  CHECK(Kinds(*ParsePosition(*store, "m1")) == Strings{"fetch", "message"});
  for (const char* bad : {"", "x", "x1.m1", "x1.m1.d0.c1.", "x1.m1.d0.c1.y2", "m1.x1.d0.c0",
                          "x-1.m0.d0.c0", "s1", "1"}) {
    CAPTURE(bad);
    const auto position = ParsePosition(*store, bad);
    REQUIRE_FALSE(position.has_value());
    CHECK(position.error().code == ErrorCode::kInvalid);
  }
  CHECK(ParsePosition(*store, "x77").error().code == ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(Events, "a page waits for what comes and is empty when its time is over") {
  KeepMessage();
  const auto now = Begin(Ask("/api/v1/events"));
  CHECK(Answered(now)["items"].empty());
  const std::string next = Answered(now)["next"];
  const auto later = Begin(Ask("/api/v1/events?timeout=10s&after=" + next));
  CHECK_FALSE(later->has_value());
  clock.Advance(seconds(1));
  Keep(ExchangeKind::kFetch, 200);
  feed->Run(clock.Now());
  const Json page = Answered(later);
  REQUIRE(page["items"].size() == 1);
  CHECK(page["items"][0]["kind"] == "fetch");
  CHECK(page["items"][0]["position"] == page["next"]);
  const auto never = Begin(Ask("/api/v1/events?timeout=1s"));
  CHECK(feed->Run(clock.Now()) == clock.Now() + seconds(1));
  clock.Advance(seconds(1));
  feed->Run(clock.Now());
  CHECK(Answered(never)["items"].empty());
}

TEST_CASE_FIXTURE(Events, "a wait finds what has happened and what is to come") {
  Keep(ExchangeKind::kDeliver, 500);
  Keep(ExchangeKind::kDeliver, 204);
  const auto past = Begin(Ask("/api/v1/events/wait?kind=deliver&status=204"));
  CHECK(Answered(past)["id"] == "x2");
  const auto next = Begin(Ask("/api/v1/events/wait?kind=deliver&after=x2&timeout=5s"));
  Keep(ExchangeKind::kFetch, 200);
  feed->Run(clock.Now());
  CHECK_FALSE(next->has_value());
  clock.Advance(seconds(1));
  Keep(ExchangeKind::kDeliver, 503);
  feed->Run(clock.Now());
  CHECK(Answered(next)["id"] == "x4");
  const auto none = Begin(Ask("/api/v1/events/wait?kind=gone"));
  clock.Advance(seconds(10) - milliseconds(1));
  feed->Run(clock.Now());
  CHECK_FALSE(none->has_value());
  clock.Advance(milliseconds(1));
  feed->Run(clock.Now());
  REQUIRE(none->has_value());
  CHECK((*none)->status == 408);
  CHECK(Answered(none)["error"] == "nothing of that kind within 10s");
}

TEST_CASE_FIXTURE(Events, "a stream tells where it stands and each event with its position") {
  KeepMessage();
  const auto answer = Begin(Ask("/api/v1/events", "text/event-stream"));
  REQUIRE(answer->has_value());
  CHECK((*answer)->fields[0].second == "text/event-stream");
  auto& source = *(*answer)->source;
  CHECK(Part(source) == ": this is what happens\nid: x0.m1.d0.c1\n\n");
  CHECK(Part(source) == "…");
  clock.Advance(seconds(1));
  Keep(ExchangeKind::kFetch, 200);
  feed->Run(clock.Now());
  CHECK(
      parts.back()->starts_with("id: x1.m1.d0.c1\nevent: exchange\ndata: {\"type\":\"exchange\""));
  CHECK(parts.back()->ends_with("\"position\":\"x1.m1.d0.c1\"}\n\n"));
  CHECK(Part(source) == "…");
  clock.Advance(options.heartbeat);
  feed->Run(clock.Now());
  CHECK(*parts.back() == ": still here\nid: x1.m1.d0.c1\n\n");
  CHECK(feed->followers() == 1);
  Part(source);
  feed->Stop();
  CHECK(parts.back()->empty());
  answer->reset();
  CHECK(feed->followers() == 0);
}

TEST_CASE_FIXTURE(Events, "a stream goes on behind Last-Event-ID") {
  Keep(ExchangeKind::kFetch, 200);
  const std::string last = PrintPosition(store->EndsOfLogs());
  Keep(ExchangeKind::kFetch, 304);
  auto request = Ask("/api/v1/events?since=1h", "*/*");
  request.fields.emplace_back("Last-Event-ID", last);
  const auto answer = Begin(request);
  REQUIRE((*answer)->source);
  Part(*(*answer)->source);
  CHECK(Part(*(*answer)->source).find("\"status\":304") != std::string::npos);
  request.fields.back().second = "no position";
  const auto refused = Begin(request);
  CHECK((*refused)->status == 400);
  CHECK(Answered(refused)["error"].get<std::string>().starts_with("Last-Event-ID: "));
}

TEST_CASE_FIXTURE(Events,
                  "under load a stream looks every 20 ms and costs nothing while nobody follows") {
  CHECK(feed->Run(clock.Now()) == Time::max());
  Keep(ExchangeKind::kFetch, 200);
  CHECK(woken == 0);
  const auto answer = Begin(Ask("/api/v1/events?since=1h", "*/*"));
  auto& source = *(*answer)->source;
  Part(source);
  CHECK(Part(source) != "…");
  Keep(ExchangeKind::kFetch, 200);
  CHECK(Part(source) == "…");
  clock.Advance(options.pause);
  feed->Run(clock.Now());
  CHECK(*parts.back() != "…");
}

TEST_CASE_FIXTURE(Events, "there are so many followers and no more") {
  options.max_followers = 2;
  feed = std::make_shared<EventFeed>(*store, clock, options, [] {});
  const auto stream = Begin(Ask("/api/v1/events", "*/*"));
  const auto waits = Begin(Ask("/api/v1/events/wait?kind=gone"));
  const auto refused = Begin(Ask("/api/v1/events", "*/*"));
  CHECK((*refused)->status == 503);
  stream->reset();
  const auto taken = Begin(Ask("/api/v1/events", "*/*"));
  CHECK((*taken)->status == 200);
}

TEST_CASE_FIXTURE(Events, "what is wrong in a question for events is named") {
  const auto error = [&](const std::string& query) {
    const auto answer = Begin(Ask("/api/v1/events?" + query));
    CHECK((*answer)->status == 400);
    return Answered(answer)["error"].get<std::string>();
  };
  CHECK(error("kind=deliver,nothing").starts_with("kind: \"nothing\" is none of subscribe"));
  CHECK(error("colour=red")
            .find("there are topic, callback, subscription, status, limit, since, "
                  "kind, after, timeout") != std::string::npos);
  CHECK(error("timeout=2m").starts_with("timeout: \"2m\" is no duration of up to 60s"));
  CHECK(error("after=x1&since=10m").starts_with("after: "));
  CHECK(error("kind=deliver&kind=fetch") == "kind is given twice");
  CHECK(error("after=zzz").starts_with("after: \"zzz\""));
}

TEST_CASE_FIXTURE(Events, "the file shows the same events as the running hub") {
  KeepMessage();
  Keep(ExchangeKind::kFetch, 200);
  const ReadContext context{clock.Now(), std::nullopt, "", "1"};
  const auto answer = ReadApi(*store, context, "/api/v1/events", "since=1h&timeout=10s");
  CHECK(answer.status == 200);
  CHECK(answer.body == Answered(Begin(Ask("/api/v1/events?since=1h"))));
  CHECK(ReadApi(*store, context, "/api/v1/events", "after=x99").status == 404);
}

TEST_CASE_FIXTURE(Events, "a dead letter that was taken after all counts as delivered") {
  const auto subscription = Subscribe(kTopic, kCallback);
  const auto message = Publish(kTopic, "hello");
  GiveUp(subscription, message);
  CHECK(store->ProgressOf(message.topic_id, {message})[0].dead == 1);
  const auto redeem = [&] {
    return Wait<void>([&](auto done) { store->RedeemDeadLetter(1, done); });
  };
  CHECK(redeem().has_value());
  CHECK_FALSE(store->FindDeadLetter(1));
  CHECK(store->ProgressOf(message.topic_id, {message})[0].dead == 0);
  CHECK(store->ProgressOf(message.topic_id, {message})[0].delivered == 1);
  CHECK(redeem().error().code == ErrorCode::kNotFound);
}

}  // namespace websub::hub
