#include "tests/support/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>

extern char** environ;

namespace websub::tests {
namespace {

void Check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

// A developer's own files of settings have no say: those of the user are looked for where there are
// none, and websub.toml only where a test names the folder to run in.
std::map<std::string, std::string> WithoutSettings(std::map<std::string, std::string> added,
                                                   const std::string& directory) {
  added.emplace("XDG_CONFIG_HOME", "/nonexistent");
  if (directory.empty()) added.emplace("WEBSUB_NO_CONFIG", "1");
  return added;
}

std::vector<std::string> MakeEnvironment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string name(text.substr(0, text.find('=')));
    const bool dropped = name.starts_with("WEBSUB_") || name.ends_with("_PROXY") ||
                         name.ends_with("_proxy") || name == "NO_COLOR" || added.contains(name);
    if (!dropped) result.emplace_back(text);
  }
  for (const auto& [name, value] : added) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

struct Process::Impl {
  int pid = -1;
  int input = -1;
  std::array<int, 2> outputs{-1, -1};  // stdout, stderr
  std::array<std::thread, 2> readers;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::array<std::string, 2> texts;  // guarded by mutex
  int open = 2;                      // guarded by mutex
  bool discard = false;              // guarded by mutex
  std::optional<int> status;

  void Read(std::size_t which);
  bool WaitForText(std::size_t which, const std::string& text, std::chrono::milliseconds deadline);
  bool Reap(std::chrono::steady_clock::time_point deadline);
};

void Process::Impl::Read(std::size_t which) {
  std::array<char, 65536> buffer{};
  while (true) {
    const auto size = read(outputs[which], buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex);
    if (size > 0) texts[which].append(buffer.data(), static_cast<std::size_t>(size));
    if (size <= 0) --open;
    changed.notify_all();
    if (size <= 0) return;
    if (which == 0 && discard) {
      close(outputs[0]);
      outputs[0] = -1;
      --open;
      return;
    }
  }
}

bool Process::Impl::WaitForText(std::size_t which, const std::string& text,
                                std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex);
  const auto found = [&] { return texts[which].find(text) != std::string::npos; };
  changed.wait_for(lock, deadline, [&] { return found() || open == 0; });
  return found();
}

// Waits for its end without taking longer than the deadline.
bool Process::Impl::Reap(std::chrono::steady_clock::time_point deadline) {
  while (!status) {
    int raw = 0;
    const int ended = waitpid(pid, &raw, WNOHANG);
    if (ended == pid) status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    if (ended == 0 && std::chrono::steady_clock::now() >= deadline) return false;
    if (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

Process::Process(ProcessOptions options) : impl_(std::make_unique<Impl>()) {
  std::array<std::array<int, 2>, 3> pipes{};
  for (auto& ends : pipes) Check(pipe2(ends.data(), O_CLOEXEC) == 0, "pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipes[0][0], 0);
  posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 1);
  posix_spawn_file_actions_adddup2(&actions, pipes[2][1], 2);
  if (!options.directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  for (int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> args = std::move(options.args);
  args.insert(args.begin(), options.program);
  std::vector<std::string> environment =
      MakeEnvironment(WithoutSettings(options.environment, options.directory));
  const int error = posix_spawn(&impl_->pid, options.program.c_str(), &actions, &attributes,
                                Pointers(args).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(pipes[0][0]);
  close(pipes[1][1]);
  close(pipes[2][1]);
  Check(error == 0, "posix_spawn");
  impl_->input = pipes[0][1];
  impl_->outputs = {pipes[1][0], pipes[2][0]};
  std::signal(SIGPIPE, SIG_IGN);  // it may end before it has read its input
  for (std::size_t i = 0; i < 2; ++i)
    impl_->readers[i] = std::thread([this, i] { impl_->Read(i); });
}

Process::~Process() {
  CloseInput();
  if (!impl_->status) kill(impl_->pid, SIGKILL);
  impl_->Reap(std::chrono::steady_clock::time_point::max());
  for (auto& reader : impl_->readers) reader.join();
  for (int output : impl_->outputs) {
    if (output >= 0) close(output);
  }
}

int Process::pid() const {
  return impl_->pid;
}

void Process::Write(const std::string& input) {
  std::size_t written = 0;
  while (written < input.size()) {
    const auto size = write(impl_->input, input.data() + written, input.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    written += static_cast<std::size_t>(size);
  }
}

void Process::CloseInput() {
  if (impl_->input >= 0) close(impl_->input);
  impl_->input = -1;
}

void Process::CloseOutput() {
  const std::lock_guard lock(impl_->mutex);
  impl_->discard = true;  // at the next bytes: a read under way cannot be ended from here
}

void Process::Signal(int signal) {
  if (!impl_->status) kill(impl_->pid, signal);
}

std::string Process::Out() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->texts[0];
}

std::string Process::Err() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->texts[1];
}

bool Process::WaitForOut(const std::string& text, std::chrono::milliseconds deadline) {
  return impl_->WaitForText(0, text, deadline);
}

bool Process::WaitForErr(const std::string& text, std::chrono::milliseconds deadline) {
  return impl_->WaitForText(1, text, deadline);
}

Finished Process::Wait(std::chrono::milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  if (!impl_->Reap(until)) return {-1, Out(), Err()};
  {
    // A child of its own may hold the pipes open: that is no reason to wait for ever.
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait_until(lock, until, [&] { return impl_->open == 0; });
  }
  return {*impl_->status, Out(), Err()};
}

Finished RunWebsub(std::vector<std::string> args, const std::string& input,
                   std::map<std::string, std::string> environment) {
  Process process(
      {.args = std::move(args), .environment = std::move(environment), .directory = {}});
  process.Write(input);
  process.CloseInput();
  return process.Wait();
}

std::string WriteFile(const TempDir& folder, const std::string& name, const std::string& content) {
  const std::string file = folder.File(name);
  std::ofstream stream(file, std::ios::binary);
  stream << content;
  stream.close();
  Check(!stream.fail(), "cannot write a file of the test");
  return file;
}

}  // namespace websub::tests
