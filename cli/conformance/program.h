// A command that a suite runs: a shell starts it, its output is kept, and what it started ends with
// it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"

namespace websub::cli::conformance {

// For use in a shell's command line: bare where the shell leaves it alone, else in quotes.
std::string ShellWord(std::string_view text);

class Program {
 public:
  static constexpr std::size_t kMaxOutput = 8 * 1024 * 1024;  // bytes of each stream that are kept

  // Runs `sh -c COMMAND` with this process's environment, without input, in a process group of its
  // own. kUnavailable where no process can be made.
  static Result<std::unique_ptr<Program>> Start(const std::string& command);
  ~Program();  // End, without grace
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // How the shell ended, 128 + the signal where one killed it; nothing while it runs.
  std::optional<int> status() const;
  std::string Out() const;  // so far
  std::string Err() const;

  // SIGTERM to the whole group.
  void Terminate();
  // Waits until the shell has ended and nobody writes output any more; false when `wait` is over
  // before.
  bool Wait(Duration wait) const;
  // SIGTERM, and SIGKILL for what is left when `grace` is over. Afterwards nothing of it runs.
  void End(Duration grace);

  struct Impl;

 private:
  explicit Program(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::cli::conformance
