// The books of `bench`: every number against what the test itself has sent.
#include "cli/bench/ledger.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

namespace websub::cli::bench {
namespace {

using Kind = Ledger::Kind;

SteadyTime At(int milliseconds) {
  return SteadyTime(std::chrono::milliseconds(1000 + milliseconds));
}

constexpr LedgerShape kShape{
    .run = 9, .subscribers = 4, .stalled = 1, .topics = 1, .messages = 5, .size = 100};

struct Books {
  Ledger ledger;

  explicit Books(const LedgerShape& shape = kShape) : ledger(shape) {
    for (std::uint32_t each = 0; each < shape.subscribers; ++each) ledger.Owe(each);
  }
  void Publish(std::uint32_t sequence, int at, PublishState state = PublishState::kAccepted,
               std::uint32_t topic = 0) {
    ledger.Sent(topic, sequence, At(at));
    ledger.Answered(topic, sequence, At(at + 1), state);
  }
  Kind Take(std::uint32_t subscriber, std::uint32_t sequence, int at, std::uint32_t topic = 0) {
    return ledger.Take(subscriber, Mark{9, topic, sequence}, 100, At(at));
  }
};

TEST_CASE("a whole run has lost nothing") {
  Books books;
  for (std::uint32_t sequence = 0; sequence < 5; ++sequence) {
    books.Publish(sequence, static_cast<int>(sequence) * 10);
    for (std::uint32_t each = 0; each < 3; ++each) {
      CHECK(books.Take(each, sequence, static_cast<int>(sequence * 10 + each + 2)) == Kind::kFirst);
    }
  }
  const LedgerNumbers numbers = books.ledger.Numbers();
  CHECK(numbers.published == 5);
  CHECK(numbers.accepted == 5);
  CHECK(numbers.expected == 15);
  CHECK(numbers.delivered == 15);
  CHECK(numbers.lost == 0);
  CHECK(numbers.duplicated == 0);
  CHECK(numbers.out_of_order == 0);
  CHECK(numbers.latency.count() == 15);
  CHECK(numbers.latency.Max() == Duration(4000));
  CHECK(numbers.burst.count() == 5);
  CHECK(numbers.burst.Max() == Duration(3000));
  CHECK(numbers.answer.Max() == Duration(1000));
  CHECK(*numbers.deliveries_per_second == doctest::Approx(15 / 0.044));
  CHECK(*numbers.accepts_per_second == doctest::Approx(5 / 0.041));
}

TEST_CASE("what did not come is lost only where it was accepted") {
  Books books;
  books.Publish(0, 0);
  books.Publish(1, 1, PublishState::kRefused);
  books.Publish(2, 2, PublishState::kUnknown);
  books.ledger.Sent(0, 3, At(3));
  books.Take(0, 0, 5);
  books.Take(0, 2, 6);  // came although nobody said so
  const LedgerNumbers numbers = books.ledger.Numbers();
  CHECK(numbers.published == 4);
  CHECK(numbers.accepted == 1);
  CHECK(numbers.refused == 1);
  CHECK(numbers.unanswered == 2);
  CHECK(numbers.expected == 3);
  CHECK(numbers.delivered == 1);
  CHECK(numbers.lost == 2);
  CHECK(numbers.burst.count() == 0);
  CHECK(numbers.latency.count() == 2);
}

TEST_CASE("every delivery beyond the first is a duplicate and never out of order") {
  Books books;
  books.Publish(0, 0);
  books.Publish(1, 0);
  CHECK(books.Take(0, 0, 1) == Kind::kFirst);
  CHECK(books.Take(0, 0, 2) == Kind::kDuplicate);
  CHECK(books.Take(0, 1, 3) == Kind::kFirst);
  CHECK(books.Take(0, 0, 4) == Kind::kDuplicate);
  CHECK(books.Take(1, 0, 4) == Kind::kFirst);
  const LedgerNumbers numbers = books.ledger.Numbers();
  CHECK(numbers.duplicated == 2);
  CHECK(numbers.out_of_order == 0);
  CHECK(numbers.delivered == 3);
  CHECK(numbers.lost == 3);
  CHECK(numbers.latency.count() == 3);
}

TEST_CASE("a first delivery behind a later message is out of order") {
  Books books;
  for (std::uint32_t sequence = 0; sequence < 5; ++sequence) books.Publish(sequence, 0);
  for (const std::uint32_t sequence : {1U, 0U, 4U, 2U, 3U}) books.Take(0, sequence, 5);
  for (const std::uint32_t sequence : {0U, 2U, 3U, 4U})
    books.Take(1, sequence, 5);  // a gap is none
  const LedgerNumbers numbers = books.ledger.Numbers();
  CHECK(numbers.out_of_order == 3);
  CHECK(numbers.lost == 1 + 5);
}

TEST_CASE("order is judged for each topic and subscriber on its own") {
  LedgerShape shape = kShape;
  shape.topics = 2;
  shape.stalled = 0;
  Books books(shape);
  for (const std::uint32_t topic : {0U, 1U}) {
    books.Publish(0, 0, PublishState::kAccepted, topic);
    books.Publish(1, 0, PublishState::kAccepted, topic);
  }
  books.Take(0, 1, 1, 0);
  books.Take(2, 0, 1, 0);
  books.Take(1, 0, 1, 1);
  books.Take(3, 1, 1, 1);
  CHECK(books.ledger.Numbers().out_of_order == 0);
  CHECK(books.ledger.Numbers().expected == 8);
  CHECK(books.ledger.Numbers().lost == 4);
}

TEST_CASE("stalled subscribers are counted apart") {
  Books books;
  books.Publish(0, 0);
  CHECK(books.Take(3, 0, 1) == Kind::kStalled);
  CHECK(books.Take(3, 0, 2) == Kind::kStalled);
  const LedgerNumbers numbers = books.ledger.Numbers();
  CHECK(numbers.stalled_attempts == 2);
  CHECK(numbers.duplicated == 0);
  CHECK(numbers.expected == 3);
  CHECK(numbers.latency.count() == 0);
}

TEST_CASE("what was not published here is foreign") {
  LedgerShape shape = kShape;
  shape.topics = 2;
  Books books(shape);
  books.Publish(0, 0);
  CHECK(books.ledger.Take(0, std::nullopt, 100, At(1)) == Kind::kForeign);
  CHECK(books.ledger.Take(0, Mark{8, 0, 0}, 100, At(1)) == Kind::kForeign);
  CHECK(books.ledger.Take(4, Mark{9, 0, 0}, 100, At(1)) == Kind::kForeign);
  CHECK(books.ledger.Take(1, Mark{9, 0, 0}, 100, At(1)) == Kind::kForeign);
  CHECK(books.ledger.Take(0, Mark{9, 0, 5}, 100, At(1)) == Kind::kForeign);
  CHECK(books.ledger.Take(0, Mark{9, 0, 1}, 100, At(1)) == Kind::kForeign);  // not sent yet
  CHECK(books.ledger.Numbers().foreign == 6);
  CHECK(books.ledger.Arrivals() == 0);
  books.ledger.Take(0, Mark{9, 0, 0}, 99, At(1));
  CHECK(books.ledger.Numbers().damaged == 1);
}

TEST_CASE("a message is complete once all that it is owed to have had it") {
  Books books;
  std::vector<std::uint32_t> complete;
  books.ledger.OnComplete(
      [&](std::uint32_t, std::uint32_t sequence) { complete.push_back(sequence); });
  books.Publish(0, 0);
  books.Publish(1, 0);
  books.Take(0, 0, 1);
  books.Take(0, 1, 1);
  books.Take(1, 1, 1);
  books.Take(1, 0, 1);
  books.Take(1, 0, 1);
  books.Take(3, 0, 1);
  CHECK(complete.empty());
  books.Take(2, 1, 1);
  CHECK(complete == std::vector<std::uint32_t>{1});
  books.Take(2, 0, 1);
  CHECK(complete == std::vector<std::uint32_t>{1, 0});
}

TEST_CASE("subscribers that were never verified are owed nothing") {
  Ledger ledger(kShape);
  ledger.Owe(1);
  ledger.Owe(1);
  CHECK(ledger.OwedOf(0) == 1);
  ledger.Sent(0, 0, At(0));
  ledger.Answered(0, 0, At(1), PublishState::kAccepted);
  ledger.Take(0, Mark{9, 0, 0}, 100, At(2));
  CHECK(ledger.Numbers().expected == 1);
  CHECK(ledger.Numbers().lost == 1);
}

TEST_CASE("the counts of any sequence agree with a count by sets") {
  std::mt19937 random(11);
  LedgerShape shape{
      .run = 9, .subscribers = 7, .stalled = 2, .topics = 3, .messages = 130, .size = 100};
  Books books(shape);
  for (std::uint32_t topic = 0; topic < 3; ++topic) {
    for (std::uint32_t sequence = 0; sequence < 130; ++sequence) {
      books.Publish(sequence, 0, PublishState::kAccepted, topic);
    }
  }
  std::vector<std::set<std::uint32_t>> had(7);
  std::uint64_t duplicated = 0, out_of_order = 0, attempts = 0, delivered = 0;
  for (int round = 0; round < 1500; ++round) {
    const auto subscriber = static_cast<std::uint32_t>(random() % 7);
    const auto sequence = static_cast<std::uint32_t>(random() % 130);
    books.Take(subscriber, sequence, 1, subscriber % 3);
    if (subscriber >= 5) {
      ++attempts;
    } else if (had[subscriber].count(sequence) != 0) {
      ++duplicated;
    } else {
      if (!had[subscriber].empty() && *had[subscriber].rbegin() > sequence) ++out_of_order;
      had[subscriber].insert(sequence);
      ++delivered;
    }
  }
  const LedgerNumbers numbers = books.ledger.Numbers();
  CHECK(numbers.expected == 5 * 130);
  CHECK(numbers.delivered == delivered);
  CHECK(numbers.lost == 5 * 130 - delivered);
  CHECK(numbers.duplicated == duplicated);
  CHECK(numbers.out_of_order == out_of_order);
  CHECK(numbers.stalled_attempts == attempts);
  CHECK(numbers.foreign == 0);
}

TEST_CASE("books that would not fit into memory are refused") {
  CHECK(Ledger::Check({.subscribers = 1'000'000, .messages = 4'160}));
  CHECK_FALSE(Ledger::Check({.subscribers = 1'000'000, .messages = 4'300}));
  CHECK_FALSE(Ledger::Check({.subscribers = 1, .topics = 10'001, .messages = 1'000}));
}

}  // namespace
}  // namespace websub::cli::bench
