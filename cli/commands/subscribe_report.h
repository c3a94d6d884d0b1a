// What `subscribe` prints: for people, steps to stderr and notifications to stdout; with --json
// events to stdout.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/subscribe_arrival.h"
#include "cli/commands/subscribe_request.h"
#include "cli/commands/subscriber.h"
#include "cli/environment.h"
#include "cli/output.h"

namespace websub::cli {

// What is said about one subscription.
struct SubscriptionFacts {
  std::string topic;
  std::string hub;
  std::string callback;
  bool has_secret = false;
};

// What the hub's success means: it will verify, or has (204 to hub.verify=sync).
enum class AcceptedAs { kPending, kVerified };

enum class RequestKind { kSubscribe, kRenew, kUnsubscribe };

class SubscribeReport {
 public:
  // Where there are several topics every line for people names its own.
  SubscribeReport(Environment& environment, Output& output, std::size_t topics);

  void Discovered(const std::string& url, const std::string& topic,
                  const std::vector<std::string>& hubs);
  void Requested(const SubscriptionFacts& facts, RequestKind kind,
                 std::optional<std::chrono::seconds> lease);
  void Accepted(const SubscriptionFacts& facts, RequestKind kind, int status, AcceptedAs as);
  void Confirmed(const SubscriptionFacts& facts, Confirmation confirmation,
                 const Subscriber& subscriber);
  void Denied(const SubscriptionFacts& facts, const std::string& reason);
  void Expired(const SubscriptionFacts& facts, Time end);
  void Notification(const SubscriptionFacts& facts, const Arrival& arrival);
  // What came of handing it on.
  void Forwarded(const SubscriptionFacts& facts, const Arrival& arrival, const AppAnswer& answer);
  void Executed(const SubscriptionFacts& facts, const Arrival& arrival, const ProgramEnd& end);
  // Something went wrong; with --json also as an event.
  void Problem(const SubscriptionFacts& facts, const std::string& sentence,
               const std::optional<Finding>& finding = {});
  // What ends the subscription: said with --quiet too, but for its likely cause.
  void Failure(const SubscriptionFacts& facts, const std::string& sentence,
               const std::optional<Finding>& finding = {});
  // For people only, when they want to see more (-v).
  void Detail(const std::string& sentence);
  void Note(const std::string& sentence) { output_.Note(sentence); }
  // What may go wrong, and what to do against it.
  void Warn(const Finding& finding);
  // Why the run ends, with --quiet too.
  void Diagnose(const std::string& sentence) { output_.Diagnose(sentence); }

  // False once nobody reads what is printed.
  bool open() const { return output_.open(); }

 private:
  void Step(const SubscriptionFacts& facts, const std::string& sentence);
  void ErrorEvent(const SubscriptionFacts& facts, const std::string& sentence,
                  const std::optional<Finding>& finding);
  void PrintForPeople(const SubscriptionFacts& facts, const Arrival& arrival);
  void PrintOutput(std::string_view name, std::string_view text);

  Environment& environment_;
  Output& output_;
  bool several_;
};

// What is known of a notification beside its body, as members of its event.
Json NotificationMembers(const std::string& topic, const Arrival& arrival);

// A body for people, each line ended: text escaped but for its line ends, other bytes as the first
// few in hex. With `rows` it is cut to what fits into that many rows of `width` columns, and how
// many bytes are left is said.
struct BodyLimits {
  std::optional<std::size_t> rows;
  std::size_t width = 80;
};
std::string BodyForPeople(std::string_view body, std::string_view content_type,
                          const BodyLimits& limits);

}  // namespace websub::cli
