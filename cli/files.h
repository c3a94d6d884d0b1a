// Files that a flag names.
#pragma once

#include <string>

#include "cli/environment.h"
#include "core/result.h"

namespace websub::cli {

inline constexpr std::size_t kMaxInput = 256 * 1024 * 1024;  // bytes

// The whole file; "-" is stdin. kNotFound, kForbidden or kTooLarge with a sentence that names the
// file.
Result<std::string> ReadInput(Environment& environment, const std::string& file,
                              std::size_t limit = kMaxInput);

// For --ready-file: whole or not at all, so that whoever waits for it never reads half a URL.
Result<void> WriteReadyFile(const std::string& file, const std::string& text);

}  // namespace websub::cli
