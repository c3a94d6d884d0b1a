// The exit statuses, frozen: scripts rely on them.
#pragma once

#include "core/result.h"

namespace websub::cli {

enum class ExitStatus {
  kDone = 0,
  kInternal = 1,       // a bug
  kUsage = 2,          // bad flag, bad value, unreadable file
  kNetwork = 3,        // DNS, connect, TLS, timeout of one call
  kCheckFailed = 4,    // signature, expectation, conformance
  kHubRefused = 5,     // the hub answered 4xx or 5xx
  kDenied = 6,         // the subscription was denied
  kNotVerified = 7,    // verification did not come or did not match
  kNotFound = 8,       // discovery found no hub or no topic
  kTimeout = 124,      // --timeout or --idle ran out
  kInterrupted = 130,  // SIGINT
  kTerminated = 143,   // SIGTERM
};

// The one place that turns an error into a status: kNetwork and kInternal by name, everything else
// is something that the caller of the program can change.
ExitStatus StatusOf(const Error& error);

// 128 + the signal's number.
ExitStatus StatusOfSignal(int signal);

}  // namespace websub::cli
