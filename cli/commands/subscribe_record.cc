#include "cli/commands/subscribe_record.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/text.h"

namespace websub::cli {
namespace {

constexpr std::size_t kCopied = 64 * 1024;  // bytes at a time

tl::unexpected<Error> CannotRecord(const std::string& file, int error) {
  return Fail(error == EACCES || error == EPERM ? ErrorCode::kForbidden : ErrorCode::kUnavailable,
              "cannot record to " + file + ": " + std::strerror(error));
}

int CopyFile(int to, const std::string& name) {
  const hub::Descriptor from(open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return errno;
  std::array<char, kCopied> buffer{};
  for (;;) {
    const ssize_t got = read(from.number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    const int failed = WriteAll(to, {buffer.data(), static_cast<std::size_t>(got)});
    if (failed != 0) return failed;
  }
}

}  // namespace

int WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string RecordedHead(std::string_view head, std::size_t body_size) {
  std::string recorded;
  bool has_length = false;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    if (line.empty()) break;
    const std::string_view name = line.substr(0, line.find(':'));
    if (EqualIgnoringCase(name, "Transfer-Encoding") || EqualIgnoringCase(name, "Trailer")) {
      continue;
    }
    if (EqualIgnoringCase(name, "Content-Length")) has_length = true;
    recorded.append(line).append("\r\n");
  }
  if (!has_length) recorded += "Content-Length: " + std::to_string(body_size) + "\r\n";
  return recorded + "\r\n";
}

Result<std::unique_ptr<RequestRecord>> RequestRecord::Open(std::string file) {
  hub::Descriptor opened(open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!opened.valid()) return CannotRecord(file, errno);
  return std::unique_ptr<RequestRecord>(new RequestRecord(std::move(file), std::move(opened)));
}

Result<void> RequestRecord::Append(std::string_view head, std::string_view body) {
  struct stat before{};
  fstat(file_.number(), &before);
  std::string request = RecordedHead(head, body.size());
  request += body;
  const int failed = WriteAll(file_.number(), request);
  return failed == 0 ? Result<void>() : Undo(static_cast<std::size_t>(before.st_size), failed);
}

Result<void> RequestRecord::AppendFile(std::string_view head, const std::string& body_file,
                                       std::size_t size) {
  struct stat before{};
  fstat(file_.number(), &before);
  int failed = WriteAll(file_.number(), RecordedHead(head, size));
  if (failed == 0) failed = CopyFile(file_.number(), body_file);
  return failed == 0 ? Result<void>() : Undo(static_cast<std::size_t>(before.st_size), failed);
}

Result<void> RequestRecord::Undo(std::size_t size, int error) {
  [[maybe_unused]] const int cut = ftruncate(file_.number(), static_cast<off_t>(size));
  return CannotRecord(name_, error);
}

}  // namespace websub::cli
