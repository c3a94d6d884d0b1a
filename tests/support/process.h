// Runs the real binary as a user does: arguments, environment and input go in, output and status
// come back. Every wait has a deadline; a process that is dropped is killed.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/deadline.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

struct ProcessOptions {
  std::vector<std::string> args;  // behind the program's name
  std::map<std::string, std::string>
      environment;  // added; WEBSUB_*, proxies and NO_COLOR are not inherited, nor settings read
  std::string program = WEBSUB_BINARY;
  std::string directory;  // to run in; empty: the test's own
};

struct Finished {
  int status =
      -1;  // of the exit, 128 + n where signal n killed it, -1 where it did not end in time
  std::string out;
  std::string err;
};

class Process {
 public:
  explicit Process(ProcessOptions options);
  ~Process();  // kills it where it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const;
  void Write(const std::string& input);  // to its stdin
  void CloseInput();
  void CloseOutput();  // as `| head` does: nobody reads its stdout any more
  void Signal(int signal);

  std::string Out() const;  // so far
  std::string Err() const;
  // Waits until the output holds the text; tells whether it came in time.
  bool WaitForOut(const std::string& text, std::chrono::milliseconds deadline = kTestDeadline);
  bool WaitForErr(const std::string& text, std::chrono::milliseconds deadline = kTestDeadline);
  // Waits until it has ended and all of its output is read.
  Finished Wait(std::chrono::milliseconds deadline = kTestDeadline);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

// Starts it, gives it the input, and waits for its end.
Finished RunWebsub(std::vector<std::string> args, const std::string& input = "",
                   std::map<std::string, std::string> environment = {});

// Writes a file into the folder and tells its path.
std::string WriteFile(const TempDir& folder, const std::string& name, const std::string& content);

}  // namespace websub::tests
