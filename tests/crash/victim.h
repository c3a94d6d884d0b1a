// The hub that a crash run kills, and the calls that its publishers and subscribers make to it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

// How long a crash run waits for something that makes no progress.
inline constexpr auto kCrashPatience = std::chrono::seconds(30);

// A client of the hub for one thread: keeps its connection, and its calls fail while the hub is
// down.
class HubClient {
 public:
  explicit HubClient(const std::string& base);
  ~HubClient();
  HubClient(const HubClient&) = delete;
  HubClient& operator=(const HubClient&) = delete;

  // The status; 0: no answer came.
  int Send(const std::string& method, const std::string& target, const std::string& type,
           const std::string& body);
  int PostForm(const std::vector<std::pair<std::string, std::string>>& fields);
  // The state of the newest subscription of that callback; empty where it could not be had.
  std::string StateOf(const std::string& callback);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

// The hub's process, on a file and a port that stay the same.
class Victim {
 public:
  void Start();
  // The first time it also finds out the port to keep. Throws where the hub does not start.
  void WaitUntilReady();
  // Its status, and what it said.
  Finished End(int signal);
  const std::string& base() const { return base_; }

 private:
  TempDir folder_;
  std::unique_ptr<Process> process_;
  std::string base_;
  std::string listen_ = "127.0.0.1:0";
};

}  // namespace websub::tests
