// Fan-out to subscriptions that a hub has already (see fill_store): listens as their subscribers,
// publishes, and counts.
//
//   fan_out PORTS
//
// The first line that it prints is {"ports": [...]}; the ports stay as long as it runs, so that a
// database can be filled with them and a hub started on it. Then, for each line on its standard
// input
//
//   HUB TOPIC SUBSCRIBERS MESSAGES BYTES SECONDS
//
// it sends so many messages to TOPIC at HUB, waits until all subscribers have had all of them, for
// SECONDS at most, and prints one JSON object.
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cli/bench/content.h"
#include "cli/bench/ledger.h"
#include "cli/bench/sink.h"
#include "cli/bench/wire.h"
#include "core/form.h"
#include "core/request_head.h"
#include "core/url.h"

namespace {

using namespace websub;
using namespace websub::cli::bench;
using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const std::string& sentence) {
  std::fprintf(stderr, "fan_out: %s\n", sentence.c_str());
  std::exit(3);
}

// Writes what comes into the books of the round that is open.
class Subscribers : public SinkHandler {
 public:
  // Books stay until the end: a late delivery may still be written into the last ones.
  void Open(Ledger* ledger) { ledger_.store(ledger, std::memory_order_release); }

  Answer OnDelivery(const SinkDelivery& delivery) override {
    if (Ledger* const ledger = ledger_.load(std::memory_order_acquire)) {
      ledger->Take(delivery.subscriber, ReadMark(delivery.body), delivery.body.size(), delivery.at);
    }
    return Answer::k204;
  }
  bool OnVerification(std::size_t, std::uint32_t, const Verification&) override { return true; }
  void OnDenial(std::size_t, std::uint32_t, const Denial&) override {}
  std::string OnFetch(std::uint32_t) override { return ""; }

 private:
  std::atomic<Ledger*> ledger_ = nullptr;
};

struct Round {
  std::string hub;
  std::string topic;
  std::uint32_t subscribers = 0;
  std::uint32_t messages = 0;
  std::size_t size = 0;
  double seconds = 0;
};

hub::OutgoingRequest MakeRequest(const Url& url, const std::string& content) {
  hub::OutgoingRequest request;
  request.url = url;
  request.head = RequestHead(
      "POST", url,
      {{"Content-Type", "text/plain"}, {"Content-Length", std::to_string(content.size())}});
  request.body = std::make_shared<const std::string>(content);
  request.timeout = std::chrono::seconds(60);
  return request;
}

template <typename Done>
bool WaitUntil(Clock::time_point limit, Done done) {
  while (!done()) {
    if (Clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

double Milliseconds(std::optional<Duration> time) {
  return time ? static_cast<double>(time->count()) / 1000 : 0;
}

nlohmann::ordered_json Play(const Round& round, std::uint64_t run, Sink& sink,
                            Subscribers& subscribers, std::vector<std::unique_ptr<Ledger>>& books) {
  LedgerShape shape;
  shape.run = run;
  shape.subscribers = round.subscribers;
  shape.messages = round.messages;
  shape.size = round.size;
  if (const auto fits = Ledger::Check(shape); !fits) Die(fits.error().message);
  Ledger& ledger = *books.emplace_back(std::make_unique<Ledger>(shape));
  for (std::uint32_t each = 0; each < round.subscribers; ++each) ledger.Owe(each);
  subscribers.Open(&ledger);
  const auto url = Url::Parse(
      AppendQuery(round.hub, EncodeForm({{"hub.mode", "publish"}, {"hub.topic", round.topic}})));
  if (!url) Die(url.error().message);
  auto wire = Wire::Make({});
  if (!wire) Die(wire.error().message);
  const auto limit = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                        std::chrono::duration<double>(round.seconds));
  const SinkCounts before = sink.Counts();
  ParallelCalls calls(**wire, round.messages, 1, [&](std::uint32_t sequence) {
    hub::OutgoingRequest request = MakeRequest(*url, MakeContent({run, 0, sequence}, round.size));
    ledger.Sent(0, sequence, Clock::now());
    return request;
  });
  calls.Start();
  bool whole = WaitUntil(limit, [&] { return calls.finished(); });
  const std::uint64_t wanted = std::uint64_t{round.subscribers} * round.messages;
  whole = whole && WaitUntil(limit, [&] { return ledger.Delivered() >= wanted; });
  wire->reset();
  const SinkCounts after = sink.Counts();
  subscribers.Open(nullptr);
  if (calls.accepted() != round.messages) Die("the hub did not take every message");
  for (std::uint32_t sequence = 0; sequence < round.messages; ++sequence) {
    ledger.Answered(0, sequence, Clock::now(), PublishState::kAccepted);
  }
  const LedgerNumbers numbers = ledger.Numbers();
  const auto requests = static_cast<double>(after.requests - before.requests);
  return {
      {"whole", whole},
      {"subscribers", round.subscribers},
      {"messages", round.messages},
      {"delivered", numbers.delivered},
      {"lost", numbers.lost},
      {"duplicated", numbers.duplicated},
      {"out_of_order", numbers.out_of_order},
      {"deliveries_per_second", numbers.deliveries_per_second.value_or(0)},
      {"p50_ms", Milliseconds(numbers.latency.Percentile(50))},
      {"max_ms", Milliseconds(numbers.latency.Max())},
      {"sink_cpu_us_per_request",
       requests == 0 ? 0
                     : static_cast<double>((after.cpu_time - before.cpu_time).count()) / requests}};
}

}  // namespace

int main(int argc, char** argv) {
  const int ports = argc == 2 ? std::atoi(argv[1]) : 0;
  if (ports < 1 || ports > 10'000) Die("usage: fan_out PORTS");
  SinkOptions options;
  options.ports.assign(static_cast<std::size_t>(ports), 0);
  const auto sink = Sink::Listen(std::move(options));
  if (!sink) Die(sink.error().message);
  Subscribers subscribers;
  std::vector<std::unique_ptr<Ledger>> books;
  (*sink)->Start(subscribers);
  std::cout << nlohmann::json{{"ports", (*sink)->ports()}} << std::endl;
  std::string line;
  for (std::uint64_t run = 1; std::getline(std::cin, line); ++run) {
    std::istringstream words(line);
    Round round;
    if (!(words >> round.hub >> round.topic >> round.subscribers >> round.messages >> round.size >>
          round.seconds)) {
      Die("not a round: " + line);
    }
    std::cout << Play(round, run, **sink, subscribers, books) << std::endl;
  }
  return 0;
}
