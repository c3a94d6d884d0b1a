// One program that runs, as the thread of Programs drives it. Private to hub/hooks.
#pragma once

#include <poll.h>
#include <sys/types.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "hub/descriptor.h"
#include "hub/hooks/programs.h"

namespace websub::hub {

class Program {
 public:
  // kUnavailable where there are no more processes or files, or the command is too long.
  static Result<std::unique_ptr<Program>> Start(const ProgramJob& job,
                                                std::chrono::milliseconds grace);
  ~Program();  // kills it where it is not gone, and does not wait
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void AddTo(std::vector<pollfd>& polled) const;
  SteadyTime due() const;  // when Work wants to be called at the latest

  // Does what can be done without waiting.
  void Work(SteadyTime now);
  // Begins to end it, where it has not ended.
  void End(SteadyTime now, ProgramResult::End why);

  std::optional<ProgramResult> TakeResult() { return std::exchange(result_, std::nullopt); }
  bool gone() const { return gone_; }

 private:
  Program(const ProgramJob& job, std::chrono::milliseconds grace);
  Result<void> Spawn(const ProgramJob& job);
  bool HasEnded() const;
  void Feed();
  void Read(Descriptor& from, std::string& to, std::size_t keep);
  void Reap();
  void Signal(int signal) const;

  const std::chrono::milliseconds grace_;
  const SteadyTime deadline_;
  const std::size_t max_out_;
  const std::size_t max_err_;
  const std::string input_;
  std::size_t fed_ = 0;  // bytes of the input that were taken
  pid_t pid_ = 0;
  Descriptor process_;  // becomes readable when it ends; invalid where the system has no such thing
  Descriptor in_;
  Descriptor out_;
  Descriptor err_;
  ProgramResult so_far_;
  std::optional<ProgramResult> result_;
  std::optional<SteadyTime> kill_at_;  // set: it was told to end
  bool gone_ = false;                  // reaped: the pid may be another process's
};

}  // namespace websub::hub
