// The subscriber's side of one subscription, without I/O: what its callback answers, and what that
// means. The caller sends the requests, writes the answers and sets the timers.
//
//   Ask -> (verification) -> OnRequest: Verified -> the answer is written -> Confirm: kSubscribed
//   Ask again before renewal_at -> … -> kRenewed
//   Leave -> … -> kUnsubscribed
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>

#include "core/finding.h"
#include "core/signature.h"
#include "core/subscription_request.h"
#include "core/time.h"

namespace websub::cli {

// A request that came on the callback. Its fields live as long as the call.
struct CallbackRequest {
  std::string_view method;
  std::string_view query;
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> signature;           // X-Hub-Signature
  std::optional<std::string_view> signature_256 = {};  // X-Hub-Signature-256, which is not WebSub's
  std::optional<std::string_view> message_id;          // Websub-Message-Id
  std::optional<std::string_view> attempt;             // Websub-Attempt
  std::string_view body;
  // Where the body is not in memory: what was found while it came in. `body` may be all of it all
  // the same, or empty.
  std::optional<SignatureCheck> check = {};
  std::size_t body_size = 0;
};

// What it means. The hub wants to know whether we want this, and we do: hand it to Confirm once the
// answer is written.
struct Verified {
  Mode mode = Mode::kSubscribe;
  std::optional<std::chrono::seconds> lease;
};
// Something that we did not ask for.
struct Unwanted {
  std::string sentence;  // what came and what was expected
  std::optional<Finding> finding = {};
};
// The subscription is over, or never began (SUB-VER-03).
struct Denied {
  std::string reason;  // may be empty
};
enum class Seen { kFirst, kBefore };
struct Delivery {
  SignatureCheck check;
  std::optional<Finding> finding = {};  // of one that is discarded: why, as far as it can be told
  std::string content_type;
  std::string message_id;  // empty where the hub sends none
  std::optional<int> attempt;
  Seen seen = Seen::kFirst;  // kBefore: a message id that came before

  // Content that must be thrown away (SUB-DIS-02, SUB-DIS-03).
  bool Discarded() const {
    return check.verdict == SignatureVerdict::kInvalid ||
           check.verdict == SignatureVerdict::kMissing;
  }
};
// A delivery for a subscription that is gone, or that we are leaving.
struct TooLate {};

using CallbackMeaning = std::variant<Verified, Unwanted, Denied, Delivery, TooLate>;

struct CallbackDecision {
  int status = 200;
  std::string body;  // to answer with, as text/plain, not a byte more
  CallbackMeaning meaning;
};

enum class Confirmation { kSubscribed, kRenewed, kUnsubscribed };

class Subscriber {
 public:
  // An empty secret is none. With a token every verification has to bring it (PubSubHubbub 0.3).
  Subscriber(std::string topic, std::string secret, std::string verify_token = "");

  const std::string& topic() const { return topic_; }
  const std::string& secret() const { return secret_; }

  // A request to subscribe, or to renew, is about to be sent: its verification is wanted from now
  // on, because a hub may verify before it answers.
  void Ask();
  // The same for unsubscribe: deliveries are not wanted any more.
  void Leave();
  // It is over: nothing is wanted any more.
  void Stop();

  CallbackDecision OnRequest(const CallbackRequest& request);
  // A delivery was answered with a failure: when it comes again that is not a repeat.
  void Forget(const std::string& message_id);
  // The answer to a wanted verification was written: the lease starts (SUB-VER-04).
  Confirmation Confirm(const Verified& verified, Time now);

  bool active() const { return active_; }  // verified, and neither denied nor left
  std::optional<std::chrono::seconds> lease() const { return lease_; }
  // Nothing where the hub told no lease.
  std::optional<Time> renewal_at() const { return renewal_at_; }
  std::optional<Time> lease_end() const { return lease_end_; }

  static constexpr std::size_t kMaxSeen = 10000;     // message ids that are remembered
  static constexpr std::size_t kMaxMessageId = 200;  // bytes of one; a longer one is not
  // A diagnosis tries some fifty changes: of what a stranger sends, no more than this is looked at.
  static constexpr std::size_t kMaxDiagnosed = 1024 * 1024;  // bytes

 private:
  CallbackDecision OnGet(std::string_view query);
  CallbackDecision OnDelivery(const CallbackRequest& request);
  CallbackDecision Refuse(std::string sentence, std::optional<Finding> finding = {}) const;
  Seen Remember(const std::string& message_id);

  std::string topic_;
  std::string secret_;
  std::string verify_token_;
  std::optional<Mode> wanted_;  // what may be verified
  bool active_ = false;
  bool over_ = false;  // denied or stopped
  std::optional<std::chrono::seconds> lease_;
  std::optional<Time> renewal_at_;
  std::optional<Time> lease_end_;
  std::unordered_set<std::string> seen_;
  std::deque<std::string> seen_order_;
};

}  // namespace websub::cli
