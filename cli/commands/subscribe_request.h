// The request of a subscriber to a hub (section 5.1), sent on the loop.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/hub_access.h"
#include "core/finding.h"
#include "core/form.h"
#include "core/subscription_request.h"
#include "hub/transport.h"

namespace websub::cli {

enum class HubVerdict {
  kAccepted,     // 2xx
  kRefused,      // any other answer, and redirects that must not be followed
  kUnreachable,  // no answer
};

struct HubAnswer {
  HubVerdict verdict = HubVerdict::kUnreachable;
  int status = 0;
  std::string sentence;                 // why, where it was not accepted; names the hub
  std::optional<Finding> finding = {};  // the likely cause of that, and what to do
  std::string words = {};               // what a hub that accepted said, in a line
  std::string hub;                      // where it answered
  std::string next_hub;  // where to send the next request: as asked, but moved by 308
};

// What goes along with a request beside what WebSub defines.
struct HubExtras {
  HeaderFields fields;  // of --header; they stay with the hub's origin
  Form parameters;      // of --hub-param

  // PubSubHubbub 0.3: the hub was asked to verify before it answers.
  bool Sync() const;
  // hub.verify_token, which a verification has to bring; empty: none.
  std::string VerifyToken() const;
};

// "NAME=VALUE" of --hub-param. kInvalid where it is none, or another flag is for that parameter.
Result<FormField> ParseHubParam(std::string_view text);

// Sends the request to the hub at `url` and follows 307 and 308, repeating the POST with its body
// (SUB-REQ-03). A secret is never taken from https to http. `done` is called once, on the loop,
// never before this returns.
void SendToHub(hub::Transport& transport, const std::string& url,
               const SubscriptionRequest& request, const HubExtras& extras,
               std::function<void(HubAnswer)> done);

// Whether a secret sent there can be read on the way: plain http to another machine (SUB-REQ-06).
bool ExposesSecret(const Url& hub);

// Whether the host of a URL is this machine itself by its name or its address.
bool IsLoopback(const Url& url);

// A URL for people and logs: its password, if it has one, is masked.
std::string ShownUrl(const std::string& url);

}  // namespace websub::cli
