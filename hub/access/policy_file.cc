#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "hub/access/jwks.h"
#include "hub/access/policy.h"

namespace websub::hub {

namespace {

constexpr std::size_t kMaxPolicy = 32 * 1024 * 1024;

std::string WarningFor(const std::string& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0) return {};
  if ((status.st_mode & S_IWOTH) != 0) {
    return file + ": everybody on this machine may change it; chmod o-rwx it";
  }
  if ((status.st_mode & S_IROTH) != 0) {
    return file + ": everybody on this machine may read it; chmod o-rwx it";
  }
  return {};
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& file, std::size_t limit) {
  std::error_code folder;
  if (std::filesystem::is_directory(file, folder)) {
    return Fail(ErrorCode::kInvalid, "it is a folder");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const int reason = errno;
    return Fail(reason == EACCES ? ErrorCode::kForbidden : ErrorCode::kNotFound,
                reason == 0 ? "it cannot be opened" : std::strerror(reason));
  }
  std::string text;
  std::array<char, 16384> part;
  while (text.size() <= limit && stream) {
    stream.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) return Fail(ErrorCode::kUnavailable, "it cannot be read");
  if (text.size() > limit) {
    return Fail(ErrorCode::kTooLarge, "it is larger than " + std::to_string(limit) + " bytes");
  }
  return text;
}

Result<PolicyFile> ReadPolicyFile(const std::string& file) {
  const auto fail = [&file](const Error& error) {
    return Fail(error.code, file + ": " + error.message);
  };
  const auto text = ReadSmallFile(file, kMaxPolicy);
  if (!text) return fail(text.error());
  auto policy = ParsePolicy(*text, std::filesystem::path(file).parent_path().string());
  if (!policy) return fail(policy.error());
  for (std::size_t i = 0; i < policy->jwt.size(); ++i) {
    const std::string& jwks = policy->jwt[i].jwks;
    if (IsKeyUrl(jwks)) continue;
    const auto keys = ReadJwkFile(jwks);
    const std::string where = "jwt[" + std::to_string(i) + "].jwks: " + jwks + ": ";
    if (!keys) return fail({keys.error().code, where + keys.error().message});
    if (keys->size() == 0) {
      return fail({ErrorCode::kInvalid, where + "it holds no RSA, P-256 or Ed25519 key"});
    }
  }
  return PolicyFile{std::move(*policy), WarningFor(file)};
}

}  // namespace websub::hub
