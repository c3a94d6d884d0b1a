// What a hook is told, in the form in which it is told. Pure.
#pragma once

#include <string>
#include <vector>

#include "hub/hooks/hooks.h"

namespace websub::hub {

// What becomes of the Authorization value that a peer sent.
enum class Authorization {
  kLeftOut,
  kMasked,  // "***", for the record
  kTold,    // for hooks that authenticate
};

// One JSON object, without a newline: "event", "ts", "topic", "callback", "identity", "peer",
// "params" (an object with the details), and "authorization" where there is one to tell. A text
// that is empty is null. Bytes that are not UTF-8 become U+FFFD. A detail whose name says that it
// is a secret or a token is left out, whoever put it there, and passwords in URLs are masked.
std::string QuestionJson(const HookQuestion& question, Authorization authorization);

// "WEBSUB_EVENT=subscription", and WEBSUB_TOPIC, WEBSUB_CALLBACK and WEBSUB_IDENTITY, empty ones
// included.
std::vector<std::string> QuestionVariables(const HookQuestion& question);

}  // namespace websub::hub
