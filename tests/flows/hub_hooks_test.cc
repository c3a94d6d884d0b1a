// The operator's own code has its say at the real hub (--hook, --hook-command).
#include <doctest/doctest.h>

#include "tests/support/process.h"

namespace websub::tests {
namespace {

TEST_CASE("flags of hooks that cannot be meant are refused") {
  const auto status = [](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"serve", "--listen", ":0", "--db", ":memory:"});
    flags.insert(flags.end(), {"--", "true"});
    return RunWebsub(std::move(flags)).status;
  };
  CHECK(status({"--hook", ":9/ask"}) == 0);
  CHECK(status({"--hook-command", "true", "--hook-events", "subscription,update_message"}) == 0);
  CHECK(status({"--hook", ":9/ask", "--hook-command", "true"}) == 2);
  CHECK(status({"--hook", "ask"}) == 2);
  CHECK(status({"--hook-command", " "}) == 2);
  CHECK(status({"--hook-events", "subscribe"}) == 2);
  CHECK(status({"--hook-timeout", "0"}) == 2);
  CHECK(status({"--hook-concurrency", "0"}) == 2);
}

}  // namespace
}  // namespace websub::tests
