#include "cli/child.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <mutex>

namespace websub::cli {

struct Child::Impl {
  pid_t pid = 0;
  std::mutex mutex;
  bool ended = false;  // guarded by mutex; once it is set the pid may be another process's
  std::thread waiter;
};

Child::Child(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Child::~Child() {
  Wait();
}

void Child::Wait() {
  if (impl_->waiter.joinable()) impl_->waiter.join();
}

Result<std::unique_ptr<Child>> Child::Start(const std::vector<std::string>& command,
                                            const std::vector<std::string>& variables,
                                            std::function<void(int)> ended) {
  std::vector<char*> args;
  for (const auto& arg : command) args.push_back(const_cast<char*>(arg.c_str()));
  args.push_back(nullptr);
  std::vector<char*> env;
  for (char** inherited = environ; *inherited != nullptr; ++inherited) {
    bool replaced = false;
    for (const auto& variable : variables) {
      const auto name = variable.substr(0, variable.find('=') + 1);
      replaced = replaced || std::strncmp(*inherited, name.c_str(), name.size()) == 0;
    }
    if (!replaced) env.push_back(*inherited);
  }
  for (const auto& variable : variables) env.push_back(const_cast<char*>(variable.c_str()));
  env.push_back(nullptr);

  // This process ignores them; what it runs should not.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

  // It gets the three streams, and none of our sockets and files.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);

  auto impl = std::make_unique<Impl>();
  const int failed =
      posix_spawnp(&impl->pid, args[0], &actions, &attributes, args.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Fail(ErrorCode::kNotFound, "cannot run " + command[0] + ": " + std::strerror(failed));
  }
  impl->waiter = std::thread([impl = impl.get(), ended = std::move(ended)] {
    // Waits without reaping, so that the pid stays ours until `ended` is set.
    siginfo_t info;
    while (waitid(P_PID, static_cast<id_t>(impl->pid), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    int status = 0;
    {
      const std::lock_guard lock(impl->mutex);
      impl->ended = true;
      waitpid(impl->pid, &status, 0);
    }
    ended(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  });
  return std::unique_ptr<Child>(new Child(std::move(impl)));
}

void Child::Send(int signal) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->ended) kill(impl_->pid, signal);
}

void Child::Terminate() {
  Send(SIGTERM);
}

void Child::Kill() {
  Send(SIGKILL);
}

}  // namespace websub::cli
