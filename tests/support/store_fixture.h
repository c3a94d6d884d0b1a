// A store with the queue that its answers come through, for tests that want each write done at
// once.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "hub/store/store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/task_queue.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

class StoreFixture {
 public:
  StoreFixture() { Open(); }

  void Open(std::size_t max_bytes = 0) {
    auto opened =
        hub::Store::Open({file, hub::StoreOptions::Access::kOwner, max_bytes}, queue.Executor());
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    store = std::move(*opened);
  }
  void Reopen() {
    store.reset();
    Open();
  }

  // Hands over a write and waits for its answer:
  //   Wait<Intent>([&](auto done) { store->AddIntent(intent, done); })
  template <typename T, typename Call>
  Result<T> Wait(Call call) {
    std::optional<Result<T>> answer;
    call(hub::Done<T>([&answer](Result<T> result) { answer = std::move(result); }));
    REQUIRE(queue.RunUntil([&] { return answer.has_value(); }));
    return std::move(*answer);
  }

  Result<hub::Intent> Ask(Mode mode, const std::string& topic, const std::string& callback,
                          const std::string& secret = "",
                          std::chrono::seconds lease = std::chrono::seconds(3600)) {
    return Wait<hub::Intent>([&](auto done) {
      store->AddIntent({mode, topic, callback, secret, lease, clock.Now()}, done);
    });
  }
  Result<hub::Subscription> Confirm(hub::IntentId id) {
    return Wait<hub::Subscription>(
        [&](auto done) { store->ConfirmIntent(id, std::nullopt, clock.Now(), done); });
  }
  Result<void> Reject(hub::IntentId id, hub::SubscriptionState state) {
    return Wait<void>([&](auto done) { store->RejectIntent(id, state, "", clock.Now(), done); });
  }
  hub::Subscription Subscribe(const std::string& topic, const std::string& callback,
                              const std::string& secret = "",
                              std::chrono::seconds lease = std::chrono::seconds(3600)) {
    const auto intent = Ask(Mode::kSubscribe, topic, callback, secret, lease);
    REQUIRE(intent.has_value());
    const auto subscription = Confirm(intent->id);
    REQUIRE(subscription.has_value());
    return *subscription;
  }
  hub::NewMessage Content(const std::string& topic, const std::string& body) {
    hub::NewMessage message;
    message.topic = topic;
    message.content_type = "text/plain";
    message.hubs = {"https://hub.example/"};
    message.self = topic;
    message.body = std::make_shared<const std::string>(body);
    message.now = clock.Now();
    return message;
  }
  hub::Message Publish(const std::string& topic, const std::string& body) {
    const auto message =
        Wait<hub::Message>([&](auto done) { store->AppendMessage(Content(topic, body), done); });
    REQUIRE(message.has_value());
    return *message;
  }
  Result<std::vector<hub::ExchangeId>> Record(std::vector<hub::DeliveryOutcome> outcomes,
                                              std::vector<Exchange> exchanges = {}) {
    const auto batch = std::make_shared<const hub::RecordBatch>(
        hub::RecordBatch{std::move(outcomes), std::move(exchanges)});
    return Wait<std::vector<hub::ExchangeId>>([&](auto done) { store->Record(batch, done); });
  }

  TempDir folder;
  std::string file = folder.File("hub.db");
  ManualClock clock;
  TaskQueue queue;
  std::unique_ptr<hub::Store> store;  // closed before the rest goes
};

}  // namespace websub::tests
