#pragma once

// How long a test waits for what must happen: long enough for a sanitizer's build on a machine that
// does much else. No test waits for it unless it fails.

#include <chrono>

namespace websub::tests {

inline constexpr std::chrono::seconds kTestDeadline{90};

}  // namespace websub::tests
