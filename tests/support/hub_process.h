// The real hub as a process: `websub serve` on a free port with a file of its own, and the calls
// that a test makes to it by a client that is not our own code.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/http_ask.h"
#include "tests/support/http_peer.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

// The value of an answer's field, in any case.
std::optional<std::string> FieldOf(const PeerAnswer& answer, const std::string& name);

// "name=value&…", percent-encoded.
std::string FormBody(const std::vector<std::pair<std::string, std::string>>& fields);

// Where a hub runs and keeps its file, where that matters.
struct HubPlace {
  std::vector<std::string> prefix;  // put before its command line, the program's whole path first
  std::string file;                 // empty: in a folder of its own
};

class HubProcess {
 public:
  // Starts it and waits until it is ready; throws where it is not within ten seconds.
  explicit HubProcess(std::vector<std::string> flags = {}, HubPlace place = {});

  const std::string& base() const { return base_; }  // "http://127.0.0.1:PORT"
  std::string Hub() const { return base_ + "/hub"; }
  std::string Topic(const std::string& name) const { return base_ + "/topics/" + name; }
  std::string File() const { return place_.file.empty() ? folder_.File("hub.db") : place_.file; }
  Process& process() { return *process_; }

  // Ends it with the signal and starts it again, on the same port and file.
  void Restart(int signal);
  Finished End(int signal);
  void Start();

  PeerAnswer Post(const std::vector<std::pair<std::string, std::string>>& form);
  PeerAnswer Subscribe(const std::string& topic, const std::string& callback,
                       std::vector<std::pair<std::string, std::string>> more = {});
  PeerAnswer Put(const std::string& name, const std::string& body,
                 const std::string& type = "text/plain");
  // GET under /api/v1, as JSON.
  nlohmann::json Get(const std::string& path);
  // Polls until the subscription of that callback is in that state (as /api/v1 names it).
  bool WaitForState(const std::string& callback, const std::string& state);
  // Subscribes and waits until it is active.
  bool SubscribeVerified(const std::string& topic, const std::string& callback,
                         std::vector<std::pair<std::string, std::string>> more = {});

 private:
  TempDir folder_;
  std::vector<std::string> flags_;
  HubPlace place_;
  std::unique_ptr<Process> process_;
  std::string base_;
  std::string listen_ = "127.0.0.1:0";
};

// Polls until `done` says so, for at most ten seconds.
bool Eventually(const std::function<bool()>& done);

// A callback at `path` of the peer: echoes every challenge, and answers deliveries with `status`.
void PlaySubscriber(HttpPeer& peer, const std::string& path, int status = 204);

}  // namespace websub::tests
