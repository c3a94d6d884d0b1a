#include "cli/exit_status.h"

namespace websub::cli {

ExitStatus StatusOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNetwork:
      return ExitStatus::kNetwork;
    case ErrorCode::kInternal:
      return ExitStatus::kInternal;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kTooLarge:
    case ErrorCode::kTooMany:
    case ErrorCode::kForbidden:
    case ErrorCode::kUnavailable:
      break;
  }
  return ExitStatus::kUsage;
}

ExitStatus StatusOfSignal(int signal) {
  return static_cast<ExitStatus>(128 + signal);
}

}  // namespace websub::cli
