#include "hub/store/owner_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace websub::hub {

namespace {

std::string Reason(int number) {
  return std::generic_category().message(number);
}

// The process id that the file holds, or nothing where it is not there (yet).
std::string ReadOwner(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string owner;
  for (ssize_t i = 0; i < size; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') break;
    owner += c;
  }
  return owner;
}

bool WriteOwner(int descriptor) {
  const std::string owner = std::to_string(::getpid()) + "\n";
  return ::ftruncate(descriptor, 0) == 0 &&
         ::pwrite(descriptor, owner.data(), owner.size(), 0) == static_cast<ssize_t>(owner.size());
}

// Whether the path still leads to the file that was locked: the owner before removes it when it
// ends.
bool StillThere(int descriptor, const std::string& path) {
  struct stat held{};
  struct stat found{};
  return ::fstat(descriptor, &held) == 0 && ::stat(path.c_str(), &found) == 0 &&
         held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

}  // namespace

Result<std::unique_ptr<OwnerLock>> OwnerLock::Take(const std::string& file,
                                                   const std::string& name) {
  const std::string path = file + "-owner";
  for (;;) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
      return Fail(ErrorCode::kUnavailable,
                  name + " cannot be opened for writing: " + path + ": " + Reason(errno));
    }
    std::unique_ptr<OwnerLock> lock(new OwnerLock(descriptor, path));
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const int reason = errno;
      lock->path_.clear();  // not ours to remove
      if (reason != EWOULDBLOCK) {
        return Fail(ErrorCode::kUnavailable, name + " cannot be locked: " + Reason(reason));
      }
      const std::string owner = ReadOwner(descriptor);
      return Fail(ErrorCode::kConflict, name + " is in use by another hub" +
                                            (owner.empty() ? "" : " (process " + owner + ")") +
                                            ": stop it, or give this one another file with --db");
    }
    if (!StillThere(descriptor, path)) {
      lock->path_.clear();
      continue;
    }
    if (!WriteOwner(descriptor)) {
      const int reason = errno;
      if (reason == ENOSPC) {
        return Fail(ErrorCode::kUnavailable, "the disk is full: " + path + " cannot be written");
      }
      return Fail(ErrorCode::kUnavailable, path + " cannot be written: " + Reason(reason));
    }
    return lock;
  }
}

OwnerLock::OwnerLock(int descriptor, std::string path)
    : descriptor_(descriptor), path_(std::move(path)) {}

OwnerLock::~OwnerLock() {
  if (!path_.empty()) ::unlink(path_.c_str());  // while it is locked, so that nobody else has it
  ::close(descriptor_);
}

}  // namespace websub::hub
