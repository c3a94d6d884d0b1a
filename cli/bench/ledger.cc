#include "cli/bench/ledger.h"

#include <algorithm>

namespace websub::cli::bench {
namespace {

constexpr std::uint64_t kMaxCells = std::uint64_t{1} << 32;  // half a gigabyte of bits
constexpr std::uint64_t kMaxMessages = 10'000'000;
constexpr std::uint32_t kWordBits = 64;

Duration Between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<Duration>(to - from);
}

std::optional<double> Rate(std::uint64_t count, SteadyTime from, SteadyTime to) {
  if (count == 0 || to <= from) return std::nullopt;
  return static_cast<double>(count) / std::chrono::duration<double>(to - from).count();
}

// Only one thread writes: no locked instruction is needed.
void Increment(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

Result<void> Ledger::Check(const LedgerShape& shape) {
  const std::uint64_t messages = std::uint64_t{shape.topics} * shape.messages;
  if (messages > kMaxMessages) {
    return Fail(ErrorCode::kInvalid,
                "--topics times --messages is over " + std::to_string(kMaxMessages));
  }
  const std::uint64_t rounded = (std::uint64_t{shape.messages} + kWordBits - 1) / kWordBits;
  if (shape.subscribers * rounded * kWordBits > kMaxCells) {
    return Fail(ErrorCode::kInvalid, "--subscribers times --messages is over " +
                                         std::to_string(kMaxCells) +
                                         " (messages counted in steps of 64)");
  }
  return {};
}

Ledger::Ledger(const LedgerShape& shape)
    : shape_(shape),
      words_((shape.messages + kWordBits - 1) / kWordBits),
      messages_(std::size_t{shape.topics} * shape.messages),
      owed_(shape.topics),
      subscribers_(shape.subscribers),
      had_(shape.subscribers * words_) {}

void Ledger::Owe(std::uint32_t subscriber) {
  if (IsStalled(subscriber) || std::exchange(subscribers_[subscriber].owed, true)) return;
  ++owed_[TopicOf(subscriber)];
}

void Ledger::Sent(std::uint32_t topic, std::uint32_t sequence, SteadyTime at) {
  Message& message = At(topic, sequence);
  message.state = PublishState::kSent;
  message.missing.store(owed_[topic], std::memory_order_relaxed);
  // Whoever sees the time sees what was written before it.
  message.sent.store(at.time_since_epoch().count(), std::memory_order_release);
}

void Ledger::Answered(std::uint32_t topic, std::uint32_t sequence, SteadyTime at,
                      PublishState state) {
  Message& message = At(topic, sequence);
  message.answered = at;
  message.state = state;
}

bool Ledger::Mine(std::uint32_t subscriber, const std::optional<Mark>& mark) const {
  return mark && mark->run == shape_.run && subscriber < shape_.subscribers &&
         mark->topic == TopicOf(subscriber) && mark->sequence < shape_.messages;
}

bool Ledger::Had(std::uint32_t subscriber, std::uint32_t sequence) const {
  const std::uint64_t word = had_[subscriber * words_ + sequence / kWordBits];
  return (word >> (sequence % kWordBits) & 1) != 0;
}

Ledger::Kind Ledger::Take(std::uint32_t subscriber, std::optional<Mark> mark, std::size_t size,
                          SteadyTime at) {
  if (!Mine(subscriber, mark)) {
    ++foreign_;
    return Kind::kForeign;
  }
  Message& message = At(mark->topic, mark->sequence);
  const SteadyTime::rep sent = message.sent.load(std::memory_order_acquire);
  if (sent == 0) {  // nobody has published it yet
    ++foreign_;
    return Kind::kForeign;
  }
  Increment(arrivals_);
  if (IsStalled(subscriber)) {
    ++stalled_attempts_;
    return Kind::kStalled;
  }
  if (size != shape_.size) ++damaged_;
  if (Had(subscriber, mark->sequence)) {
    ++duplicated_;
    return Kind::kDuplicate;
  }
  had_[subscriber * words_ + mark->sequence / kWordBits] |= std::uint64_t{1}
                                                            << (mark->sequence % kWordBits);
  Subscriber& state = subscribers_[subscriber];
  if (mark->sequence < state.next) ++out_of_order_;
  state.next = std::max(state.next, mark->sequence + 1);
  Increment(first_);
  latency_.Add(Between(SteadyTime(SteadyTime::duration(sent)), at));
  last_delivery_ = std::max(last_delivery_, at);
  if (!state.owed) return Kind::kFirst;
  message.last = std::max(message.last, at);
  if (message.missing.fetch_sub(1, std::memory_order_relaxed) == 1 && on_complete_) {
    on_complete_(mark->topic, mark->sequence);
  }
  return Kind::kFirst;
}

bool Ledger::AllDelivered() {
  for (; delivered_up_to_ < messages_.size(); ++delivered_up_to_) {
    const Message& message = messages_[delivered_up_to_];
    if (message.state == PublishState::kAccepted && message.missing.load() > 0) return false;
  }
  return true;
}

void Ledger::CountPublishes(LedgerNumbers& numbers) const {
  SteadyTime first = SteadyTime::max();
  SteadyTime last{};
  for (const Message& message : messages_) {
    if (message.state == PublishState::kNone) continue;
    const SteadyTime sent{SteadyTime::duration(message.sent.load())};
    first = std::min(first, sent);
    ++numbers.published;
    if (message.state == PublishState::kRefused) ++numbers.refused;
    if (message.state != PublishState::kAccepted && message.state != PublishState::kRefused) {
      ++numbers.unanswered;
    }
    if (message.state != PublishState::kAccepted) continue;
    ++numbers.accepted;
    last = std::max(last, message.answered);
    numbers.answer.Add(Between(sent, message.answered));
    const bool owed = message.last != SteadyTime{};
    if (owed && message.missing.load() == 0)
      numbers.burst.Add(Between(message.answered, message.last));
  }
  numbers.accepts_per_second = Rate(numbers.accepted, first, last);
  numbers.deliveries_per_second = Rate(first_.load(), first, last_delivery_);
}

void Ledger::CountDeliveries(LedgerNumbers& numbers) const {
  for (std::uint32_t topic = 0; topic < shape_.topics; ++topic) {
    for (std::uint32_t sequence = 0; sequence < shape_.messages; ++sequence) {
      const Message& message = messages_[std::size_t{topic} * shape_.messages + sequence];
      if (message.state != PublishState::kAccepted) continue;
      numbers.expected += owed_[topic];
      numbers.lost += message.missing.load();
    }
  }
  numbers.delivered = numbers.expected - numbers.lost;
}

LedgerNumbers Ledger::Numbers() const {
  LedgerNumbers numbers;
  CountPublishes(numbers);
  CountDeliveries(numbers);
  numbers.duplicated = duplicated_;
  numbers.out_of_order = out_of_order_;
  numbers.foreign = foreign_;
  numbers.damaged = damaged_;
  numbers.stalled_attempts = stalled_attempts_;
  numbers.latency = latency_;
  return numbers;
}

}  // namespace websub::cli::bench
