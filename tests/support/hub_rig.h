// The deciding parts of the hub, wired as hub/hub.cc wires them, on a real store, a manual clock
// and a transport that the test answers.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/delivery/deliverer.h"
#include "hub/fetch/fetcher.h"
#include "hub/fetch/inbox.h"
#include "hub/intent/verifier.h"
#include "hub/store/recorder.h"
#include "tests/support/fake_transport.h"
#include "tests/support/fixed_random.h"
#include "tests/support/store_fixture.h"

namespace websub::tests {

using namespace std::chrono_literals;

class HubRig : public StoreFixture {
 public:
  HubRig() {
    delivery.retry = {.retries = 12, .base = 1s, .max = 1h, .give_up_after = 24h};
    fetch.hub_url = push.hub_url = "https://hub.example/hub";
  }
  ~HubRig() { Crash(); }

  // Starts with the options as they stand. Called once the test has set them.
  void Start() {
    const auto wake = [this] { Wake(); };
    recorder = std::make_unique<hub::Recorder>(*store, clock, record, wake);
    recorder->on_exchange = [this](const Exchange& exchange) { exchanges.push_back(exchange); };
    deliverer = std::make_unique<hub::Deliverer>(*store, transport, *recorder, clock, random,
                                                 delivery, wake);
    recorder->on_kept = [this](const std::vector<hub::DeliveryOutcome>& kept) {
      deliverer->Kept(kept);
    };
    verifier =
        std::make_unique<hub::Verifier>(*store, transport, *recorder, clock, random, verify, wake);
    verifier->on_confirmed = [this](const hub::Subscription& subscription) {
      confirmed.push_back(subscription);
      if (subscription.state != hub::SubscriptionState::kActive) {
        return deliverer->Ended(subscription.id);
      }
      deliverer->Renewed(subscription);
      if (subscription.expires_at) lease_due_ = std::min(lease_due_, *subscription.expires_at);
      Wake();
    };
    fetcher =
        std::make_unique<hub::Fetcher>(*store, transport, *recorder, clock, random, fetch, wake);
    fetcher->on_message = [this](const hub::Message& message) {
      messages.push_back(message);
      deliverer->Wake(message.topic_id, message.id);
    };
    inbox = std::make_unique<hub::Inbox>(*store, transport, *recorder, clock, random, push, wake);
    inbox->on_message = fetcher->on_message;
    lease_due_ = Time::min();
    expiring_ = run_posted_ = false;
    deliverer->Start();
    Wake();
    Settle();
  }

  // The process is gone: nothing more is written, and what was in flight is answered to nobody.
  void Crash() {
    transport.Forget();
    deliverer.reset();
    verifier.reset();
    fetcher.reset();
    inbox.reset();
    recorder.reset();
    store.reset();
    queue.RunReady();
    next_ = Time::max();
  }
  void Restart() {
    Crash();
    Open();
    Start();
  }
  // As Hub::Stop: what is in flight is cancelled, everything is put on disk.
  void Stop() {
    deliverer->Stop();
    verifier->Stop();
    fetcher->Stop();
    inbox->Stop();
    transport.CancelAll();
    bool flushed = false;
    recorder->Flush([&] { flushed = true; });
    REQUIRE(queue.RunUntil([&] { return flushed; }));
  }

  // Lets everything happen that needs no time and no answer of a peer. After it nothing may be due.
  void Settle() {
    int at_once = 0;
    for (int round = 0;; ++round) {
      REQUIRE_MESSAGE(round < 2000, "never comes to rest");
      const std::size_t before = runs_;
      StoreFixture::Record({});  // all writes before it are reported
      queue.RunReady();
      if (runs_ != before) continue;
      if (next_ > clock.Now()) break;
      REQUIRE_MESSAGE(++at_once < 100, "asks to be run again at once, for ever");
      Run();
    }
  }

  // Lets `duration` pass: answers requests as `peers` says, and runs the parts whenever they asked
  // for it.
  void RunFor(Duration duration) {
    const Time end = clock.Now() + duration;
    for (int step = 0;; ++step) {
      REQUIRE_MESSAGE(step < 200000, "too busy");
      Settle();
      if (transport.AnswerBy(peers)) continue;
      const Time next = std::min(next_, transport.NextTimeout());
      if (next > end) break;
      clock.Set(next);
      Run();
    }
    clock.Set(end);
    Run();
    Settle();
  }
  // So that what was added to the recorder is kept.
  void Keep() { RunFor(50ms); }

  // Runs until the parts next asked to be run, and says how long that was.
  Duration ToNextDue() {
    Settle();
    const Duration wait = next_ - clock.Now();
    REQUIRE(next_ != Time::max());
    clock.Set(next_);
    Run();
    Settle();
    return wait;
  }
  Time next_due() const { return next_; }

  // As if the verifier had confirmed it.
  hub::Subscription Subscribe(const std::string& topic, const std::string& callback,
                              const std::string& secret = "",
                              std::chrono::seconds lease = std::chrono::hours(240)) {
    auto subscription = StoreFixture::Subscribe(topic, callback, secret, lease);
    if (verifier) verifier->on_confirmed(subscription);
    return subscription;
  }
  hub::Message PublishAndWake(const std::string& topic, const std::string& body) {
    auto message = Publish(topic, body);
    deliverer->Wake(message.topic_id, message.id);
    return message;
  }
  hub::Intent AskAndWake(Mode mode, const std::string& topic, const std::string& callback,
                         const std::string& secret = "",
                         std::chrono::seconds lease = std::chrono::seconds(3600)) {
    auto intent = Ask(mode, topic, callback, secret, lease);
    REQUIRE(intent.has_value());
    verifier->Wake();
    return *intent;
  }
  void Ping(const std::string& topic) {
    REQUIRE(Wait<void>([&](auto done) {
              store->RequestFetches({topic}, clock.Now(), done);
            }).has_value());
    fetcher->Requested(clock.Now());
  }
  hub::Subscription Now(const hub::Subscription& subscription) {
    const auto found = store->FindSubscription(subscription.id);
    REQUIRE(found.has_value());
    return *found;
  }
  std::vector<hub::DeadLetter> DeadLetters() {
    auto letters = store->List(hub::DeadLetterQuery{});
    REQUIRE(letters.has_value());
    return std::move(*letters);
  }
  // The outcomes recorded of this kind, in order.
  std::vector<std::string> Outcomes(ExchangeKind kind) const {
    std::vector<std::string> outcomes;
    for (const Exchange& exchange : exchanges) {
      if (exchange.kind == kind) outcomes.push_back(exchange.outcome);
    }
    return outcomes;
  }

  void Wake() {
    if (std::exchange(run_posted_, true)) return;
    queue.Post([this] {
      run_posted_ = false;
      if (deliverer) Run();
    });
  }
  void Run() {
    ++runs_;
    const Time now = clock.Now();
    next_ = std::min({recorder->Run(now), verifier->Run(now), fetcher->Run(now), inbox->Run(now),
                      deliverer->Run(now), RunLeases(now)});
  }

  hub::RecorderOptions record;
  hub::DeliveryOptions delivery;
  hub::VerifierOptions verify;
  hub::ContentOptions fetch;
  hub::InboxOptions push;
  FixedRandom random;
  FakeTransport transport{clock};
  std::function<std::optional<hub::OutgoingResult>(const FakeTransport::Call&)> peers;

  std::vector<Exchange> exchanges;           // as they were recorded
  std::vector<hub::Subscription> confirmed;  // by the verifier
  std::vector<hub::Message> messages;        // that fetches and the inbox brought
  std::unique_ptr<hub::Recorder> recorder;
  std::unique_ptr<hub::Deliverer> deliverer;
  std::unique_ptr<hub::Verifier> verifier;
  std::unique_ptr<hub::Fetcher> fetcher;
  std::unique_ptr<hub::Inbox> inbox;

 private:
  Time RunLeases(Time now) {
    if (expiring_) return Time::max();
    if (lease_due_ == Time::min()) lease_due_ = store->NextLeaseEnd().value_or(Time::max());
    if (now < lease_due_) return lease_due_;
    expiring_ = true;
    store->ExpireLeases(now, [this](Result<std::vector<hub::SubscriptionId>> ended) {
      expiring_ = false;
      lease_due_ = ended ? Time::min() : clock.Now() + 5s;
      if (ended) {
        for (const auto id : *ended) deliverer->Ended(id);
      }
      Wake();
    });
    return Time::max();
  }

  std::size_t runs_ = 0;
  bool run_posted_ = false;
  bool expiring_ = false;
  Time lease_due_ = Time::min();
  Time next_ = Time::max();
};

// Callbacks that take what they are sent, and remember it.
class Subscribers {
 public:
  // For HubRig::peers. Fails as `failing` says, stays silent as `silent` says.
  std::optional<hub::OutgoingResult> operator()(const FakeTransport::Call& call) {
    if (silent && silent(call)) return std::nullopt;
    if (failing && failing(call)) return Answer(500);
    received[call.url()].push_back(call.body());
    return Answer(204);
  }

  std::function<bool(const FakeTransport::Call&)> failing;
  std::function<bool(const FakeTransport::Call&)> silent;
  std::map<std::string, std::vector<std::string>> received;  // bodies acknowledged, by callback
};

}  // namespace websub::tests
