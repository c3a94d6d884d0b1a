// What a subscriber asks a hub for (section 5.1).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/form.h"
#include "core/result.h"
#include "core/signature.h"
#include "core/url.h"

namespace websub {

enum class Mode { kSubscribe, kUnsubscribe };

std::string_view Name(Mode mode);  // "subscribe"

// PubSubHubbub 0.3: when the hub is to verify.
enum class VerifyMode {
  kAsync,  // after it has answered, as WebSub does
  kSync,   // before it answers
};

struct SubscriptionRequest {
  Mode mode = Mode::kSubscribe;
  std::string topic;  // decoded once, else as sent: 1 to kMaxTopic bytes of UTF-8 without control
                      // characters; not always a URL (some hubs and their users name topics)
  Url callback;
  std::optional<std::chrono::seconds> lease;  // as asked; never set on unsubscribe (HUB-REQ-08)
  std::optional<std::string> secret;          // 1 to 199 bytes
  VerifyMode verify = VerifyMode::kAsync;     // the first hub.verify that is known
  std::string verify_token = {};              // hub.verify_token; empty: none (PubSubHubbub 0.3)
  // hub.signature_algorithm: a wish of the subscriber, our own extension, which other hubs ignore.
  std::optional<SignatureAlgorithm> algorithm = {};
};

inline constexpr std::size_t kMaxSecret = 199;        // bytes (HUB-REQ-03: less than 200)
inline constexpr std::size_t kMaxTopic = 8192;        // bytes
inline constexpr std::size_t kMaxCallback = 8192;     // bytes
inline constexpr std::size_t kMaxVerifyToken = 1024;  // bytes

// Whether that may be a topic: a URL or a plain name. kInvalid says what is wrong with it.
Result<void> CheckTopic(std::string_view topic);

// Reads a subscribe or unsubscribe request. Parameters it does not know are ignored (HUB-REQ-04).
// An empty hub.secret or hub.lease_seconds counts as not sent. kInvalid names the parameter at
// fault (HUB-REQ-12): "hub.callback: …". It also points out a required parameter sent under a
// mangled name
// ("hub_mode") and one that is given twice with different values.
Result<SubscriptionRequest> ParseSubscriptionRequest(const Form& form);

// The form that ParseSubscriptionRequest reads back to the same request.
Form ToForm(const SubscriptionRequest& request);

}  // namespace websub
