// A program that a command runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/result.h"

namespace websub::cli {

class Child {
 public:
  // Starts the program with this process's streams and environment and the variables given
  // ("NAME=value"). `ended` is called once, on a thread of its own, with its exit status, or 128 +
  // the signal that ended it. kNotFound where there is no such program.
  static Result<std::unique_ptr<Child>> Start(const std::vector<std::string>& command,
                                              const std::vector<std::string>& variables,
                                              std::function<void(int status)> ended);
  ~Child();  // waits for its end
  void Wait();

  // Sends SIGTERM unless it has ended.
  void Terminate();
  // The same with SIGKILL, which no program can ignore.
  void Kill();

  struct Impl;

 private:
  explicit Child(std::unique_ptr<Impl> impl);
  void Send(int signal);

  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::cli
