#include "cli/conformance/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>

#include "core/text.h"

namespace websub::cli::conformance {
namespace {

bool IsPlain(char c) {
  return IsAlpha(c) || IsDigit(c) || std::string_view("-_./:,+@%=").find(c) != std::string::npos;
}

struct Pipe {
  int read = -1;
  int write = -1;

  bool Open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  void CloseWrite() {
    if (write >= 0) close(write);
    write = -1;
  }
  ~Pipe() {
    if (read >= 0) close(read);
    CloseWrite();
  }
};

}  // namespace

std::string ShellWord(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), IsPlain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

struct Program::Impl {
  pid_t pid = 0;
  std::array<Pipe, 2> outputs;  // stdout, stderr
  Pipe stop;                    // closing its end for writing ends the reader
  std::thread waiter;
  std::thread reader;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::array<std::string, 2> texts;  // guarded by mutex
  std::optional<int> status;         // guarded by mutex
  bool silent = false;               // guarded by mutex: nobody can write output any more
  bool reaped = false;               // used by the owner's thread only

  int Spawn(const std::string& command);
  void Read();
  void WaitForShell();
};

// 0, or why there is no process.
int Program::Impl::Spawn(const std::string& command) {
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  std::array<char*, 4> args = {shell.data(), flag.data(), text.data(), nullptr};

  // This process ignores them; what it runs should not.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&defaults, signal);
  }
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, outputs[0].write, 1);
  posix_spawn_file_actions_adddup2(&actions, outputs[1].write, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  const int failed = posix_spawn(&pid, "/bin/sh", &actions, &attributes, args.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  for (Pipe& output : outputs) output.CloseWrite();
  return failed;
}

void Program::Impl::Read() {
  std::array<pollfd, 3> watched = {pollfd{outputs[0].read, POLLIN, 0},
                                   pollfd{outputs[1].read, POLLIN, 0}, pollfd{stop.read, 0, 0}};
  std::array<char, 65536> buffer{};
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
    for (std::size_t which = 0; which < 2; ++which) {
      if (watched[which].fd < 0 || watched[which].revents == 0) continue;
      const auto size = read(watched[which].fd, buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) {
        watched[which].fd = -1;
        continue;
      }
      const std::scoped_lock lock(mutex);
      std::string& text = texts[which];
      text.append(buffer.data(),
                  std::min(static_cast<std::size_t>(size), kMaxOutput - text.size()));
    }
    if (watched[2].revents != 0) break;
  }
  const std::scoped_lock lock(mutex);
  silent = true;
  changed.notify_all();
}

// Without reaping it, so that its id and its group's stay ours.
void Program::Impl::WaitForShell() {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  const std::scoped_lock lock(mutex);
  status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  changed.notify_all();
}

Program::Program(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Program::~Program() {
  End(Duration::zero());
}

Result<std::unique_ptr<Program>> Program::Start(const std::string& command) {
  auto impl = std::make_unique<Impl>();
  int failed = 0;
  if (!impl->outputs[0].Open() || !impl->outputs[1].Open() || !impl->stop.Open()) failed = errno;
  if (failed == 0) failed = impl->Spawn(command);
  if (failed != 0) {
    return Fail(ErrorCode::kUnavailable,
                std::string("cannot run a command: ") + std::strerror(failed));
  }
  impl->waiter = std::thread([its = impl.get()] { its->WaitForShell(); });
  impl->reader = std::thread([its = impl.get()] { its->Read(); });
  return std::unique_ptr<Program>(new Program(std::move(impl)));
}

std::optional<int> Program::status() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->status;
}

std::string Program::Out() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->texts[0];
}

std::string Program::Err() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->texts[1];
}

void Program::Terminate() {
  if (!impl_->reaped) kill(-impl_->pid, SIGTERM);
}

bool Program::Wait(Duration wait) const {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, wait, [this] { return impl_->status && impl_->silent; });
}

void Program::End(Duration grace) {
  if (impl_->reaped) return;
  if (grace > Duration::zero()) {
    Terminate();
    Wait(grace);
  }
  kill(-impl_->pid, SIGKILL);
  impl_->waiter.join();
  waitpid(impl_->pid, nullptr, 0);
  impl_->reaped = true;
  impl_->stop.CloseWrite();  // a process that left the group may still hold the output open
  impl_->reader.join();
}

}  // namespace websub::cli::conformance
