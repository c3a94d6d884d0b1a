// An HTTP server that is not our own code (cpp-httplib), to talk to as hubs, topics and subscribers
// do: it answers what it was told to and remembers what it was asked.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/deadline.h"

namespace websub::tests {

using PeerFields = std::vector<std::pair<std::string, std::string>>;

struct PeerRequest {
  std::string method;
  std::string target;  // as sent: path and query, not decoded
  std::string path;    // the target up to '?'
  std::string query;
  PeerFields fields;  // sorted by name, repeated ones in order
  std::string body;

  std::optional<std::string> Field(const std::string& name) const;  // any case, the first
};

struct PeerAnswer {
  int status = 200;
  PeerFields fields;
  std::string body;
  std::chrono::milliseconds delay{0};  // before it answers; ends early when the peer is dropped
};

class HttpPeer {
 public:
  using Handler = std::function<PeerAnswer(const PeerRequest&)>;

  HttpPeer();   // listens on 127.0.0.1, on a free port; answers 404 to whatever it was not told of
  ~HttpPeer();  // stops
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  int port() const;
  std::string Url(const std::string& target = "/") const;  // "http://127.0.0.1:PORT/…"

  // What a path answers, whatever the query; "" as method: any. Called again it replaces the
  // answer. HEAD gets what GET is told unless it has an answer of its own. Handlers run on threads
  // of the server.
  void On(const std::string& method, const std::string& path, PeerAnswer answer);
  void On(const std::string& method, const std::string& path, Handler handler);

  std::vector<PeerRequest> Requests() const;
  std::vector<PeerRequest> Requests(const std::string& method, const std::string& path) const;
  // Waits until that many came, whatever their path; what has come then.
  std::vector<PeerRequest> WaitForRequests(
      std::size_t count, std::chrono::milliseconds deadline = kTestDeadline) const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::tests
