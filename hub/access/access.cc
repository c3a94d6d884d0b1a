#include "hub/access/access.h"

namespace websub::hub {

std::string_view Name(Act act) {
  switch (act) {
    case Act::kSubscribe:
      return "subscription";
    case Act::kUnsubscribe:
      return "unsubscription";
    case Act::kPublish:
      return "update_message";
    case Act::kRegister:
      return "register_topic";
    case Act::kDeregister:
      return "deregister_topic";
  }
  return "";
}

}  // namespace websub::hub
