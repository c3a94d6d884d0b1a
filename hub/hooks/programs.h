// Runs programs beside the loop: one thread starts them, feeds them, reads what they write and ends
// those that take too long. Nothing here blocks whoever asks.
//
// Each program leads a process group of its own. When its time is up, or it writes too much, the
// group gets SIGTERM and, where the program has not ended after `grace`, SIGKILL. A program that
// ended by itself is over: what it left running in the background is its own, and is waited for no
// longer even while it holds the output open.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace websub::hub {

using SteadyTime = std::chrono::steady_clock::time_point;

struct ProgramJob {
  std::string command;                 // for /bin/sh -c
  std::vector<std::string> variables;  // "NAME=value", beside or instead of those of this process
  std::string input;                   // its stdin, which is closed then
  SteadyTime deadline;
  std::size_t max_out = 64 * 1024;  // bytes of stdout; more ends it
  std::size_t max_err = 4 * 1024;   // bytes of stderr that are kept
};

struct ProgramResult {
  enum class End {
    kExited,
    kSignalled,
    kTimedOut,
    kTooMuch,     // more than max_out
    kNotStarted,  // `detail` says why
  };
  End end = End::kNotStarted;
  int status = 0;  // the exit status, or the signal's number
  std::string out;
  std::string err;
  std::string detail;
};

struct ProgramsOptions {
  std::chrono::milliseconds grace = std::chrono::milliseconds(500);  // from SIGTERM to SIGKILL
};

// Used on the loop's thread only.
class Programs {
 public:
  // `post` is for any thread and runs a task on the loop's.
  Programs(std::function<void(std::function<void()>)> post, ProgramsOptions options = {});
  // Ends what runs, as a time-out does, and waits for that. Nothing is called any more.
  ~Programs();

  // Calls `done` once the answer is known, and then `gone` once nothing of the program is left to
  // wait for: for one that was ended that is later. Neither before Run returns.
  void Run(ProgramJob job, std::function<void(ProgramResult)> done, std::function<void()> gone);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::hub
