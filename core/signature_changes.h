// The changes that senders and receivers are known to make to a body or a secret between signing
// and checking. For core/signature_diagnosis.cc.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/signature_diagnosis.h"

namespace websub {

struct SignatureTry {
  SignatureChange change;
  // What was signed, or what signed it, given what is here; nothing where the change does not
  // apply.
  std::function<std::optional<std::string>(std::string_view)> apply;
};

// In the order in which they are to be tried: the likely ones first. Each is linear in the length
// of the body, and makes at most eight times as much of it, or 16 MiB where it decompresses.
std::vector<SignatureTry> BodyTries();
std::vector<SignatureTry> SecretTries();

}  // namespace websub
