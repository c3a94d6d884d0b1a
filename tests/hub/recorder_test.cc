#include "hub/store/recorder.h"

#include <doctest/doctest.h>

#include "tests/support/full_disk.h"
#include "tests/support/store_fixture.h"

namespace websub::tests {

using namespace std::chrono_literals;
using hub::DeliveryOutcome;
using hub::Recorder;
using hub::RecorderOptions;

namespace {

Exchange Note(const std::string& outcome) {
  Exchange exchange;
  exchange.outcome = outcome;
  return exchange;
}

class Recording : public StoreFixture {
 public:
  void Start(RecorderOptions options = {}) {
    recorder = std::make_unique<Recorder>(*store, clock, options, [this] { ++wakes; });
    recorder->on_kept = [this](const std::vector<DeliveryOutcome>& outcomes) {
      for (const auto& outcome : outcomes) kept.push_back(outcome.message_id);
      ++batches;
    };
  }
  // Runs, and lets the store answer what it was handed.
  Time Run() {
    const Time next = recorder->Run(clock.Now());
    Record({});
    queue.RunReady();
    return next;
  }
  void Flush() {
    bool flushed = false;
    recorder->Flush([&] { flushed = true; });
    REQUIRE(queue.RunUntil([&] { return flushed; }));
  }
  void AddOutcome(const hub::Subscription& subscription, hub::MessageId message) {
    DeliveryOutcome outcome;
    outcome.subscription_id = subscription.id;
    outcome.message_id = message;
    outcome.now = clock.Now();
    recorder->Add(outcome, Note("m" + std::to_string(message)));
  }
  std::vector<std::string> Notes() {
    auto listed = store->List(hub::ExchangeQuery{});
    REQUIRE(listed.has_value());
    std::vector<std::string> notes;
    for (const auto& exchange : *listed) notes.push_back(exchange.outcome);
    std::sort(notes.begin(), notes.end());
    return notes;
  }

  std::unique_ptr<Recorder> recorder;
  int wakes = 0;
  int batches = 0;
  std::vector<hub::MessageId> kept;
};

}  // namespace

TEST_CASE_FIXTURE(Recording, "waits for more until the first has waited long enough") {
  Start();
  CHECK(recorder->Run(clock.Now()) == Time::max());
  recorder->Add(Note("a"));
  CHECK(wakes == 1);
  const Time due = clock.Now() + 20ms;
  CHECK(Run() == due);
  clock.Advance(19999us);
  recorder->Add(Note("b"));
  CHECK(wakes == 1);
  CHECK(Run() == due);
  CHECK(Notes().empty());
  clock.Advance(1us);
  Run();
  CHECK(Notes() == std::vector<std::string>{"a", "b"});
  CHECK(recorder->Run(clock.Now()) == Time::max());
}

TEST_CASE_FIXTURE(Recording, "a full batch goes at once and wakes for it") {
  Start({.flush_at = 3});
  for (const char* note : {"a", "b"}) recorder->Add(Note(note));
  CHECK(wakes == 1);
  Run();
  CHECK(Notes().empty());
  recorder->Add(Note("c"));
  CHECK(wakes == 2);
  Run();
  CHECK(Notes().size() == 3);
}

TEST_CASE_FIXTURE(Recording, "outcomes are kept and told in the order in which they came") {
  Start({.flush_at = 2});
  const auto subscription = Subscribe("https://t.example/", "https://s.example/");
  std::vector<hub::MessageId> sent;
  for (int i = 0; i < 5; ++i) {
    sent.push_back(Publish("https://t.example/", "x").id);
    AddOutcome(subscription, sent.back());
    recorder->Run(clock.Now());  // while a batch is with the store the next ones wait
  }
  Flush();
  CHECK(kept == sent);
  CHECK(batches > 1);
  CHECK(store->FindSubscription(subscription.id)->cursor == sent.back());
}

TEST_CASE_FIXTURE(Recording, "a flush keeps all that was added and then calls back") {
  Start();
  recorder->Add(Note("a"));
  recorder->Run(clock.Now());
  bool flushed = false;
  recorder->Flush([&] { flushed = true; });
  recorder->Add(Note("b"));
  CHECK_FALSE(flushed);
  REQUIRE(queue.RunUntil([&] { return flushed; }));
  CHECK(Notes() == std::vector<std::string>{"a", "b"});
}

TEST_CASE_FIXTURE(Recording, "what flushed may end the recorder") {
  Start();
  const FullDisk full;
  recorder->Add(Note("a"));
  bool flushed = false;
  recorder->Flush([&] {
    recorder.reset();
    flushed = true;
  });
  CHECK(queue.RunUntil([&] { return flushed; }));
}

TEST_CASE_FIXTURE(Recording,
                  "while the store takes no writes nothing is lost nor tried in a rush") {
  Start({.flush_at = 2});
  const auto subscription = Subscribe("https://t.example/", "https://s.example/");
  const auto first = Publish("https://t.example/", "1").id;
  const auto second = Publish("https://t.example/", "2").id;
  {
    const FullDisk full;
    AddOutcome(subscription, first);
    Flush();
    CHECK(kept.empty());
    AddOutcome(subscription, second);
    for (int i = 0; i < 5; ++i) recorder->Add(Note("n"));
    const bool waits = Run() == clock.Now() + 500ms;  // although the batch is full
    CHECK(waits);
    CHECK(kept.empty());
    clock.Advance(500ms);
    Run();
    CHECK(kept.empty());
  }
  const int before = wakes;
  clock.Advance(500ms);
  Run();
  CHECK(kept == std::vector<hub::MessageId>{first, second});
  CHECK(Notes() == std::vector<std::string>{"m" + std::to_string(first),
                                            "m" + std::to_string(second), "n", "n", "n", "n", "n"});
  CHECK(wakes == before);
  CHECK(store->FindSubscription(subscription.id)->cursor == second);
}

TEST_CASE_FIXTURE(Recording, "the oldest exchanges go beyond the limit and outcomes never do") {
  Start({.flush_at = 1000, .max_waiting = 10});
  const auto subscription = Subscribe("https://t.example/", "https://s.example/");
  std::vector<hub::MessageId> sent;
  for (int i = 0; i < 25; ++i) sent.push_back(Publish("https://t.example/", "x").id);
  {
    const FullDisk full;
    for (int i = 0; i < 25; ++i) {
      AddOutcome(subscription, sent[static_cast<std::size_t>(i)]);
      if (i % 4 == 0) Flush();  // fails
    }
    Flush();
  }
  clock.Advance(500ms);
  Run();
  CHECK(kept == sent);
  const auto notes = Notes();
  CHECK(notes.size() <= 10);
  REQUIRE(notes.size() >= 5);
  for (std::size_t i = 0; i < notes.size(); ++i) {  // the last ones
    CHECK(notes[i] == "m" + std::to_string(sent[sent.size() - notes.size() + i]));
  }
}

TEST_CASE_FIXTURE(Recording, "it is behind while more waits than the store takes at once") {
  Start({.flush_at = 2, .behind_at = 3});
  recorder->Add(Note("a"));
  recorder->Add(Note("b"));
  recorder->Run(clock.Now());  // hands both over; the store has not answered yet
  recorder->Add(Note("c"));
  recorder->Add(Note("d"));
  CHECK_FALSE(recorder->IsBehind());
  recorder->Add(Note("e"));
  CHECK(recorder->IsBehind());
  Run();
  clock.Set(clock.Now() + 20ms);
  Run();
  CHECK_FALSE(recorder->IsBehind());
  {
    // Where nothing can be written waiting for it would end all deliveries.
    const FullDisk full;
    for (int i = 0; i < 4; ++i) recorder->Add(Note("f"));
    CHECK(recorder->IsBehind());
    Run();
    CHECK_FALSE(recorder->IsBehind());
  }
  Flush();
}

TEST_CASE_FIXTURE(Recording, "exchanges that wait are bounded in bytes too") {
  Start({.flush_at = 1000, .max_waiting_bytes = 1024 * 1024});
  for (int i = 0; i < 100; ++i) {
    Exchange exchange = Note(std::to_string(i));
    exchange.response_body = std::string(100 * 1024, 'x');
    recorder->Add(std::move(exchange));
  }
  Flush();
  const auto notes = Notes();
  CHECK(notes.size() <= 10);
  CHECK(notes.size() >= 4);
  CHECK(notes.back() == "99");
}

TEST_CASE_FIXTURE(Recording, "a body is cut at the limit and the listener hears it so") {
  Start({.max_body = 4});
  std::string heard;
  recorder->on_exchange = [&](const Exchange& exchange) { heard = exchange.response_body; };
  Exchange exchange = Note("a");
  exchange.request_body = "123456";
  exchange.response_body = "abcdef";
  exchange.response_body_size = 6;
  recorder->Add(exchange);
  CHECK(heard == "abcd");
  Flush();
  const auto kept_exchange = store->FindExchange(1);
  REQUIRE(kept_exchange.has_value());
  CHECK(kept_exchange->request_body == "1234");
  CHECK(kept_exchange->response_body == "abcd");
  CHECK(kept_exchange->response_body_size == 6);
}

TEST_CASE_FIXTURE(Recording, "passwords in URLs are neither told nor kept") {
  Start();
  std::vector<Exchange> told;
  recorder->on_exchange = [&](const Exchange& exchange) { told.push_back(exchange); };
  Exchange exchange;
  exchange.kind = ExchangeKind::kHook;
  exchange.topic = "http://u:s3cret@t.example/";
  exchange.callback = "http://u:s3cret@c.example/cb";
  exchange.url = "http://u:s3cret@c.example/cb?hub.topic=http%3A%2F%2Fu%3As3cret%40t.example%2F";
  exchange.request_body = "{\"callback\":\"http://u:s3cret@c.example/cb\"}";
  exchange.response_head = "HTTP/1.1 302 Found\r\nLocation: http://u:s3cret@d.example/\r\n\r\n";
  exchange.outcome = "redirected to http://u:s3cret@d.example/";
  recorder->Add(exchange);
  exchange.kind = ExchangeKind::kVerify;
  exchange.request_body = "mail a@b";
  recorder->Add(exchange);
  Flush();
  auto listed = store->List(hub::ExchangeQuery{});
  REQUIRE(listed.has_value());
  REQUIRE(listed->size() == 2);
  REQUIRE(told.size() == 2);
  for (const auto* all : {&told, &*listed}) {
    for (const Exchange& each : *all) {
      CHECK(each.topic == "http://u:***@t.example/");
      CHECK(each.callback == "http://u:***@c.example/cb");
      CHECK(each.url == "http://u:***@c.example/cb?hub.topic=http%3A%2F%2Fu%3A***%40t.example%2F");
      CHECK(each.outcome == "redirected to http://u:***@d.example/");
    }
  }
  CHECK(told[0].request_body == "{\"callback\":\"http://u:***@c.example/cb\"}");
  CHECK(told[0].response_head == "HTTP/1.1 302 Found\r\nLocation: http://u:***@d.example/\r\n\r\n");
  CHECK(told[1].request_body == "mail a@b");
}

}  // namespace websub::tests
