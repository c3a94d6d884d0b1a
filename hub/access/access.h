// Who may do what. Every act of a peer is asked for here before it has any effect.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace websub::hub {

enum class Act { kSubscribe, kUnsubscribe, kPublish, kRegister, kDeregister };

// As hooks and scopes name it: "subscription", "unsubscription", "update_message",
// "register_topic", "deregister_topic".
std::string_view Name(Act act);

struct AccessRequest {
  Act act = Act::kSubscribe;
  std::string topic;
  std::string callback;       // of a subscribe or unsubscribe
  std::string authorization;  // the field's value, empty where it did not come; never kept
  std::string peer;           // "127.0.0.1:53211"
  // What else a hook may want to know, without the secret: "hub.lease_seconds", "content_type".
  std::vector<std::pair<std::string, std::string>> details;
  Time now;
};

// It may. Who it is goes into the record; empty: nobody in particular.
struct Allowed {
  std::string identity;
};

// It may not.
struct Refused {
  int status = 403;  // 401, 403, 429, 500, or one of a hook's own
  std::string reason;
  std::string identity;     // where it is known who asked
  std::string challenge;    // the value of WWW-Authenticate, with a 401
  Duration retry_after{0};  // the value of Retry-After, with a 429 or 503
};

// Another hub is to be asked (HUB-REQ-14).
struct Elsewhere {
  int status = 307;  // or 308
  std::vector<std::string> hubs;
  std::string identity;
};

using Decision = std::variant<Allowed, Refused, Elsewhere>;

// Used on the loop's thread only.
class Access {
 public:
  virtual ~Access() = default;
  // Calls `done` once, on the loop's thread: at once where nothing has to be asked elsewhere.
  virtual void Ask(AccessRequest request, std::function<void(Decision)> done) = 0;
};

}  // namespace websub::hub
