// One subscription on the loop: asks the hub, waits for the verification, renews, and leaves. What
// is right to answer is decided by Subscriber.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/subscribe_report.h"
#include "cli/commands/subscribe_request.h"
#include "cli/commands/subscriber.h"
#include "cli/exit_status.h"
#include "core/backoff.h"
#include "core/url.h"
#include "hub/clock.h"
#include "hub/http/loop.h"
#include "hub/random.h"
#include "hub/transport.h"

namespace websub::cli {

struct SubscriptionPlan {
  std::string topic;              // hub.topic
  std::vector<std::string> hubs;  // URLs; the first that accepts is used
  Url callback;                   // what the hub is told
  std::string secret;             // empty: none
  std::optional<std::chrono::seconds> lease;
  Duration verify_timeout{};
  HubExtras extras = {};
};

// What came to the listener and was for no subscription: the last of it.
struct Strays {
  std::string listener;  // "127.0.0.1:40123"
  std::string request;   // "GET /x from 192.0.2.1:5000"; empty: none came
  std::string broken;    // what was no request; empty: nothing
};

class Subscription {
 public:
  // What it works with; all of it outlives the subscription.
  struct Surroundings {
    const hub::Clock& clock;
    hub::Random& random;
    hub::http::Loop& loop;
    hub::Transport& transport;
    SubscribeReport& report;
    Strays& strays;
  };
  struct Events {
    // It is in a new state: look at SetUp() and Left().
    std::function<void()> on_change;
    // It could not be set up, was denied, or was lost: it is over, and that was reported.
    std::function<void(ExitStatus status)> on_over;
  };

  Subscription(Surroundings surroundings, SubscriptionPlan plan, Events events);

  void Start();
  // Unsubscribes, where it is subscribed; Left() tells when that is done. Call it once.
  void Leave();
  CallbackDecision OnRequest(const CallbackRequest& request, std::string_view peer);
  // Its answer was written, or not: tells what it meant, and acts on it. Deliveries are the
  // caller's.
  void OnAnswered(const CallbackMeaning& meaning, bool written);

  // A verification was given another answer than it wants, on purpose.
  void OnAnsweredBadly();

  // A delivery was answered with a failure: the hub may send it again.
  void OnFailed(const std::string& message_id) { subscriber_.Forget(message_id); }

  // A delivery was answered 410: where the hub takes that for the end, there is nothing left to
  // unsubscribe from.
  void OnGone() { gone_ = true; }

  bool SetUp() const { return accepted_ && subscriber_.active(); }
  bool Left() const { return left_; }
  bool Over() const { return over_; }
  const SubscriptionFacts& facts() const { return facts_; }
  const std::string& secret() const { return plan_.secret; }

 private:
  void Ask(RequestKind kind);
  void OnHubAnswer(RequestKind kind, const HubAnswer& answer);
  void OnAccepted(RequestKind kind, const HubAnswer& answer);
  void OnSyncAnswer(RequestKind kind, const HubAnswer& answer);
  bool VerifiedFirst(const HubAnswer& answer) const;
  void OnSubscribeFailed(const HubAnswer& answer);
  void OnRenewalFailed(HubVerdict verdict, const std::string& sentence,
                       const std::optional<Finding>& finding);
  void OnVerifyTimeout(RequestKind kind, const HubAnswer& answer);
  void OnConfirmed(const Verified& verified);
  void OnUnsubscribeAnswer(const HubAnswer& answer);
  void OnLeaseTimer();
  void SetLeaseTimer();
  void End(ExitStatus status, std::string sentence, const std::optional<Finding>& finding = {});
  void Warn(const std::string& hub_url);
  SubscriptionRequest MakeRequest(Mode mode) const;

  Surroundings with_;
  SubscriptionPlan plan_;
  Events events_;
  Subscriber subscriber_;
  SubscriptionFacts facts_;
  std::size_t hub_ = 0;  // index in the plan
  bool accepted_ = false;
  bool asking_ = false;     // a request is under way, or its verification
  bool answering_ = false;  // a verification, whose answer is not yet written
  bool leaving_ = false;
  bool gone_ = false;
  bool left_answered_ = false;
  bool left_ = false;
  bool over_ = false;
  bool expired_ = false;
  bool warned_of_secret_ = false;
  bool warned_of_callback_ = false;
  std::string unwanted_;  // what came in place of the verification, and from where
  std::optional<Finding> unwanted_finding_;
  std::string peer_;   // of the last request
  Duration waited_{};  // for the verification
  int failures_ = 0;   // of this renewal
  Time first_failure_;
  std::optional<Time> next_attempt_;
  hub::http::Timer verify_timer_;
  hub::http::Timer lease_timer_;
};

}  // namespace websub::cli
