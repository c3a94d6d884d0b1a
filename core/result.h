// Errors as values: what failed, and a sentence that a user can act on.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace websub {

// What kind of thing failed. Turned into an HTTP status in hub/api/respond.cc and into an exit
// status in cli/exit_status.cc, and nowhere else.
enum class ErrorCode {
  kInvalid,      // the input is wrong; the message names the part at fault
  kNotFound,     // the thing named does not exist
  kConflict,     // the thing exists already, or is in a state that forbids this
  kTooLarge,     // over a limit; the message says which
  kForbidden,    // policy says no
  kTooMany,      // over a limit for one peer or host; trying later may work
  kUnavailable,  // cannot be done now (full disk, locked file); trying later may work
  kNetwork,      // name lookup, connect, TLS, timeout of one call
  kInternal,     // a fault of this program
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // one sentence, no trailing newline
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// Something odd in what a peer sent that did not stop us from reading it.
struct Warning {
  std::string code;        // stable, for scripts: "link-without-angle-brackets"
  std::string message;     // one sentence: what is wrong and what was assumed
  std::size_t column = 0;  // 1-based byte position in the text that was read; 0 where there is none

  bool operator==(const Warning&) const = default;
};

}  // namespace websub
