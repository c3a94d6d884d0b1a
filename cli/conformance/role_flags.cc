#include "cli/conformance/role_flags.h"

#include <array>
#include <string>
#include <vector>

#include "cli/given_flags.h"

namespace websub::cli::conformance {
namespace {

struct RoleFlags {
  std::string_view role;
  std::vector<std::string_view> flags;
};

const std::array<RoleFlags, 3>& All() {
  static const std::array<RoleFlags, 3> all = {{
      {"hub", {"--publish-style", "--topic", "--denied-topic"}},
      {"subscriber",
       {"--start-cmd", "--interactive", "--observe-cmd", "--observe-url", "--observe-output"}},
      {"publisher", {"--publish-cmd"}},
  }};
  return all;
}

}  // namespace

Result<void> CheckRoleFlags(const Environment& environment, std::string_view role) {
  for (const RoleFlags& each : All()) {
    if (each.role == role) continue;
    if (const auto flag = FirstGiven(environment, each.flags)) {
      return Fail(ErrorCode::kInvalid, *flag + " belongs to the role " + std::string(each.role) +
                                           ": leave it out for a " + std::string(role));
    }
  }
  return {};
}

}  // namespace websub::cli::conformance
