#include "tests/support/small_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace websub::tests {

namespace {

constexpr const char* kUnshare = "/usr/bin/unshare";
constexpr const char* kNsenter = "/usr/bin/nsenter";
constexpr std::size_t kBlock = 4096;

}  // namespace

SmallDisk::SmallDisk(std::size_t bytes) {
  if (!std::filesystem::exists(kUnshare) || !std::filesystem::exists(kNsenter)) {
    missing_ = "unshare and nsenter are not installed";
    return;
  }
  std::filesystem::create_directory(folder_.File("disk"));
  ProcessOptions options;
  options.program = kUnshare;
  options.args = {"--map-root-user", "--mount", "sh", "-c",
                  "mount -t tmpfs -o size=" + std::to_string(bytes) + " none '" +
                      folder_.File("disk") + "' && echo mounted && exec cat"};
  holder_ = std::make_unique<Process>(std::move(options));
  if (holder_->WaitForOut("mounted\n")) return;
  missing_ = "no file system may be mounted here: " + holder_->Err();
  std::replace(missing_.begin(), missing_.end(), '\n', ' ');
}

std::vector<std::string> SmallDisk::Prefix() const {
  return {kNsenter,  "--user",   "--preserve-credentials",
          "--mount", "--target", std::to_string(holder_->pid())};
}

std::string SmallDisk::File(const std::string& name) const {
  return folder_.File("disk/" + name);
}

std::string SmallDisk::Outside(const std::string& name) const {
  return "/proc/" + std::to_string(holder_->pid()) + "/root" + File(name);
}

void SmallDisk::Fill(std::size_t leave) {
  const std::string filler = Outside("filler");
  const int file = open(filler.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("the disk cannot be filled");
  const std::string block(kBlock, 'x');
  while (write(file, block.data(), block.size()) > 0) {
  }
  const auto size = lseek(file, 0, SEEK_END);
  const auto less = size - static_cast<off_t>(std::min(leave, static_cast<std::size_t>(size)));
  const bool cut = ftruncate(file, less) == 0;
  close(file);
  if (!cut) throw std::runtime_error("the disk cannot be filled");
}

void SmallDisk::MakeRoom() {
  std::filesystem::remove(Outside("filler"));
}

}  // namespace websub::tests
