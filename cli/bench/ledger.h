// The books of `bench`: which message every subscriber has had, exactly, in what order and how
// late.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "cli/bench/content.h"
#include "cli/bench/histogram.h"
#include "cli/bench/sink.h"
#include "core/result.h"

namespace websub::cli::bench {

// Subscriber N follows topic N % topics. The last `stalled` of the subscribers never answer: what
// is sent to them is counted, and nothing is expected of it.
struct LedgerShape {
  std::uint64_t run = 0;
  std::uint32_t subscribers = 0;
  std::uint32_t stalled = 0;
  std::uint32_t topics = 1;
  std::uint32_t messages = 0;  // of each topic
  std::size_t size = 0;        // bytes of each body
};

enum class PublishState : std::uint8_t {
  kNone,
  kSent,      // no answer yet
  kAccepted,  // 2xx: it is owed to every subscriber
  kRefused,   // another answer
  kUnknown,   // no answer: it may come or not
};

struct LedgerNumbers {
  std::uint64_t published = 0;  // sent to the hub
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t unanswered = 0;
  std::uint64_t expected = 0;      // accepted messages times the subscribers that they are owed to
  std::uint64_t delivered = 0;     // of those, how many came
  std::uint64_t lost = 0;          // of those, how many did not
  std::uint64_t duplicated = 0;    // deliveries of what that subscriber had had already
  std::uint64_t out_of_order = 0;  // first deliveries behind a later message of the topic
  std::uint64_t foreign = 0;       // no message of this run, or not of that subscriber's topic
  std::uint64_t damaged = 0;       // bodies of another size than was published
  std::uint64_t stalled_attempts = 0;
  std::optional<double> deliveries_per_second;  // from the first publish to the last delivery
  std::optional<double> accepts_per_second;     // from the first publish to the last answer
  Histogram latency;                            // from sending the publish to each delivery
  Histogram answer;                             // from sending the publish to its answer
  Histogram burst;  // from the answer to the last delivery, of messages that all have had
};

// Take is called on the sink's thread, Sent and Answered on the publisher's; the numbers are read
// when both have ended. The rest may be called by anybody at any time.
class Ledger {
 public:
  enum class Kind { kFirst, kDuplicate, kStalled, kForeign };

  // kInvalid where the books would not fit into memory: subscribers times messages is bounded.
  static Result<void> Check(const LedgerShape& shape);
  explicit Ledger(const LedgerShape& shape);

  std::uint32_t TopicOf(std::uint32_t subscriber) const { return subscriber % shape_.topics; }
  bool IsStalled(std::uint32_t subscriber) const {
    return subscriber >= shape_.subscribers - shape_.stalled;
  }
  // That its messages are owed to it from now on. Before the first message only.
  void Owe(std::uint32_t subscriber);
  std::uint32_t OwedOf(std::uint32_t topic) const { return owed_[topic]; }

  // Before the first message: called when every subscriber of a topic has had a message, on the
  // sink's thread.
  void OnComplete(std::function<void(std::uint32_t topic, std::uint32_t sequence)> complete) {
    on_complete_ = std::move(complete);
  }

  void Sent(std::uint32_t topic, std::uint32_t sequence, SteadyTime at);
  void Answered(std::uint32_t topic, std::uint32_t sequence, SteadyTime at, PublishState state);
  Kind Take(std::uint32_t subscriber, std::optional<Mark> mark, std::size_t size, SteadyTime at);

  // First deliveries to subscribers that are no stalled ones.
  std::uint64_t Delivered() const { return first_.load(std::memory_order_relaxed); }
  // Of any delivery.
  std::uint64_t Arrivals() const { return arrivals_.load(std::memory_order_relaxed); }

  // Whether every accepted message has reached all that it is owed to. Asked by one thread, once
  // all publishes are answered.
  bool AllDelivered();

  LedgerNumbers Numbers() const;

 private:
  struct Message {
    std::atomic<SteadyTime::rep> sent = 0;
    std::atomic<std::uint32_t> missing = 0;  // subscribers that have not had it
    SteadyTime answered{};
    SteadyTime last{};  // delivery
    PublishState state = PublishState::kNone;
  };
  struct Subscriber {
    std::uint32_t next = 0;  // one behind the latest message that it has had
    bool owed = false;
  };

  Message& At(std::uint32_t topic, std::uint32_t sequence) {
    return messages_[std::size_t{topic} * shape_.messages + sequence];
  }
  bool Mine(std::uint32_t subscriber, const std::optional<Mark>& mark) const;
  bool Had(std::uint32_t subscriber, std::uint32_t sequence) const;
  void CountPublishes(LedgerNumbers& numbers) const;
  void CountDeliveries(LedgerNumbers& numbers) const;

  const LedgerShape shape_;
  const std::size_t words_;  // of `had_`, for each subscriber
  std::vector<Message> messages_;
  std::size_t delivered_up_to_ = 0;  // messages ahead of this one need no second look
  std::vector<std::uint32_t> owed_;  // by topic
  std::vector<Subscriber> subscribers_;
  std::vector<std::uint64_t> had_;  // a bit for each message
  std::function<void(std::uint32_t, std::uint32_t)> on_complete_;
  Histogram latency_;
  std::atomic<std::uint64_t> first_ = 0;
  std::atomic<std::uint64_t> arrivals_ = 0;
  std::uint64_t duplicated_ = 0;
  std::uint64_t out_of_order_ = 0;
  std::uint64_t foreign_ = 0;
  std::uint64_t damaged_ = 0;
  std::uint64_t stalled_attempts_ = 0;
  SteadyTime last_delivery_{};
};

}  // namespace websub::cli::bench
