// A storm: everything at once that delivery has to live with, in an order that chance decides, and
// a model of what may be sent, which every request is held against. See deliverer_storm_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/support/full_disk.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

using hub::MessageId;
using hub::SubscriptionId;

class Storm : public HubRig {
 public:
  enum class Limits {
    kTight,  // so that everything has to wait for something
    kWide,   // nothing waits for room: who may be sent to is sent to at once
  };

  Storm(std::uint64_t seed, Limits limits) : engine_(seed), limits_(limits) {
    delivery.retry = {.retries = std::nullopt, .base = 1s, .max = 8s, .give_up_after = 24h * 365};
    delivery.timeout = 24h * 365;  // the test alone answers
    if (Chance(3)) delivery.retry.retries = 2;
    if (limits == Limits::kTight) {
      delivery.page = 2;
      delivery.max_lanes = 5;
      delivery.max_in_flight = 4;
    }
  }

  void Run();

 private:
  struct Sub {
    int topic = 0;
    std::string callback;
    SubscriptionId id = 0;  // 0: not known to be active
    MessageId start = 0;
    Time expires_at;
    bool may_end = false;             // its end was asked for, or it answered 410
    bool ended = false;               // and is known
    int ends = 0;                     // how often one of that
    std::map<MessageId, int> passed;  // taken or given up: the hub's life in which it was
    std::map<MessageId, int> failures;
    MessageId last_sent = 0;        // in this life
    Time not_before = Time::min();  // a retry, as long as the hub lives
    Time surely_due = Time::min();
  };

  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_);
  }
  bool Chance(std::size_t one_in) { return Below(one_in) == 0; }
  Sub& AnySub() { return *subs_[Below(subs_.size())]; }

  void Step();
  void AnswerOne();
  void AskAnew();
  void Ask(Sub& sub);
  void BeginAnew(Sub& sub, const hub::Subscription& subscription);
  void EndOne();
  void PublishOne();
  void CrashAndStart();
  void Calm();

  void Look();
  void LookAt(const FakeTransport::Call& call);
  void LookForStalls();
  void ReadLogs();
  MessageId Next(const Sub& sub) const;
  void Passed(Sub& sub, MessageId message);
  Sub* Find(const std::string& callback);
  bool MayTake(const Sub& sub) const {
    return sub.id != 0 && !sub.may_end && sub.expires_at > clock.Now();
  }

  std::mt19937_64 engine_;
  const Limits limits_;
  int life_ = 1;
  bool clock_was_set_back_ = false;
  std::vector<std::unique_ptr<Sub>> subs_;
  std::map<int, std::vector<MessageId>> logs_;
  std::size_t seen_ = 0;  // calls looked at
  std::optional<FullDisk> full_;
};

}  // namespace websub::tests
