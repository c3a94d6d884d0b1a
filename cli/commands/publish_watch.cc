#include "cli/commands/publish_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>

namespace websub::cli {
namespace {

// Not IN_ACCESS or IN_OPEN: our own looking must not make news.
constexpr std::uint32_t kEvents = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |
                                  IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR;

}  // namespace

struct FolderWatch::Impl {
  int news = -1;  // of inotify
  int stop = -1;  // an eventfd
  std::function<void(std::string_view)> changed;
  std::thread thread;

  ~Impl() {
    if (news >= 0) close(news);
    if (stop >= 0) close(stop);
  }
  void Run();
  void Read();
};

void FolderWatch::Impl::Run() {
  std::array<pollfd, 2> ends{{{news, POLLIN, 0}, {stop, POLLIN, 0}}};
  while (true) {
    if (poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) return;
    if (ends[1].revents != 0) return;
    if (ends[0].revents != 0) Read();
  }
}

void FolderWatch::Impl::Read() {
  alignas(inotify_event) std::array<char, 16384> buffer{};
  const ssize_t got = read(news, buffer.data(), buffer.size());
  for (ssize_t at = 0; at < got;) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const char* const name = buffer.data() + at + sizeof event;
    at += static_cast<ssize_t>(sizeof event + event.len);
    // The watch of a folder that is gone is taken back by itself; that is no news any more.
    if ((event.mask & IN_IGNORED) != 0) continue;
    changed(event.len > 0 ? std::string_view(name, strnlen(name, event.len)) : std::string_view());
  }
}

FolderWatch::FolderWatch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<FolderWatch>> FolderWatch::Make(
    std::function<void(std::string_view name)> changed) {
  auto impl = std::make_unique<Impl>();
  impl->news = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  impl->stop = eventfd(0, EFD_CLOEXEC);
  if (impl->news < 0 || impl->stop < 0) {
    return Fail(ErrorCode::kUnavailable,
                "the system gives no watch for files: " + std::string(std::strerror(errno)));
  }
  impl->changed = std::move(changed);
  impl->thread = std::thread([raw = impl.get()] { raw->Run(); });
  return std::unique_ptr<FolderWatch>(new FolderWatch(std::move(impl)));
}

FolderWatch::~FolderWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(impl_->stop, &one, sizeof one);
  impl_->thread.join();
}

bool FolderWatch::Follow(const std::string& folder) {
  return inotify_add_watch(impl_->news, folder.c_str(), kEvents) >= 0;
}

}  // namespace websub::cli
