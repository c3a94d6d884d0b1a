// Verification of intent and denial (sections 5.2 and 5.3), from both sides.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.h"
#include "core/subscription_request.h"

namespace websub {

struct Verification {
  Mode mode = Mode::kSubscribe;
  std::string topic;
  std::string challenge;
  std::optional<std::chrono::seconds> lease;  // sent on subscribe only
  std::string verify_token = {};              // as the subscriber gave it; empty: none
  bool operator==(const Verification&) const = default;
};

struct Denial {
  std::string topic;
  std::string reason;  // may be empty
  bool operator==(const Denial&) const = default;
};

// The callback's own query stays, ours is appended (HUB-REQ-09, HUB-VER-01).
std::string VerificationUrl(const Url& callback, const Verification& verification);
std::string DenialUrl(const Url& callback, const Denial& denial);

enum class EchoVerdict {
  kMatches,
  kBadStatus,  // not 2xx (HUB-VER-03); redirects too
  kEmpty,
  kTrailingNewline,  // the challenge and then white space, or white space before it
  kByteOrderMark,
  kQuoted,
  kJson,       // the challenge as a JSON string member
  kHtml,       // the challenge inside markup
  kTruncated,  // the start of the challenge
  kDifferent,
};

struct EchoCheck {
  EchoVerdict verdict = EchoVerdict::kDifferent;
  std::string sentence;  // what came and what to change; empty when it matches
};

// Only 2xx and a body equal to the challenge, byte for byte, verifies; nothing matches an empty
// challenge. The other verdicts say which of the known mistakes the body shows.
EchoCheck CheckEcho(int status, std::string_view body, std::string_view challenge);

// The subscriber's side: what a GET on its callback asks. Parameters of the callback's own that
// stand beside are ignored, broken ones too; where a name occurs twice the last one counts, as the
// hub appends its own. kInvalid names what is missing or wrong.
using CallbackQuery = std::variant<Verification, Denial>;
Result<CallbackQuery> ParseCallbackQuery(std::string_view query);

}  // namespace websub
