#include "cli/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace websub::cli {
namespace {

Result<std::string> ReadAll(std::istream& stream, const std::string& name, std::size_t limit) {
  std::string bytes;
  std::array<char, 16384> buffer{};
  while (stream.read(buffer.data(), buffer.size()) || stream.gcount() > 0) {
    bytes.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
    if (bytes.size() > limit) {
      return Fail(ErrorCode::kTooLarge,
                  name + " is larger than " + std::to_string(limit) + " bytes");
    }
  }
  if (stream.bad()) return Fail(ErrorCode::kUnavailable, name + " could not be read to its end");
  return bytes;
}

}  // namespace

Result<std::string> ReadInput(Environment& environment, const std::string& file,
                              std::size_t limit) {
  if (file == "-") return ReadAll(environment.in, "standard input", limit);
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return Fail(ErrorCode::kInvalid, file + " is a folder: name a file");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return Fail(errno == EACCES ? ErrorCode::kForbidden : ErrorCode::kNotFound,
                "cannot read " + file + ": " + std::strerror(errno));
  }
  return ReadAll(stream, file, limit);
}

Result<void> WriteReadyFile(const std::string& file, const std::string& text) {
  const std::string part = file + ".part";
  const int descriptor = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool written = descriptor >= 0 &&
                 write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (descriptor >= 0) written = close(descriptor) == 0 && written;
  if (!written || rename(part.c_str(), file.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    unlink(part.c_str());
    return Fail(ErrorCode::kInvalid, "--ready-file " + file + ": " + reason);
  }
  return {};
}

}  // namespace websub::cli
