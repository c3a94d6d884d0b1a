// Requests of other systems byte for byte, and subscribers that keep what they got byte for byte.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/hub_process.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {

// One request or answer.
struct RawMessage {
  std::string start;  // "GET /cb?… HTTP/1.1", "HTTP/1.1 204 No Content"
  std::string head;   // with the start and the empty line
  std::string body;

  int status() const;                                    // of an answer
  std::string method() const;                            // of a request
  std::string path() const;                              // up to '?'
  std::string query() const;                             // not decoded
  std::string Parameter(const std::string& name) const;  // of the query, decoded once; or ""
  std::optional<std::string> Field(std::string_view name) const;  // in any case, the first
};

RawMessage ReadRaw(RawConnection& connection);

// A request to the hub as it goes over the wire: `lines` are those of its head, each ended by "\n",
// without Host and Content-Length, which follow from where the hub is and what the body is.
std::string RawRequest(const HubProcess& hub, const std::string& lines, const std::string& body);
// Sends that on a connection of its own and reads the answer.
RawMessage SendRaw(const HubProcess& hub, const std::string& lines, const std::string& body = "");

// A whole answer, head included: "200 OK" and the body as text/plain.
std::string RawAnswer(const std::string& status, const std::string& body = "");

// A server on loopback that answers bytes and keeps what it was sent.
class RawReceiver {
 public:
  using Play = std::function<std::string(const RawMessage&)>;  // the whole answer
  explicit RawReceiver(Play play);

  std::string Url(const std::string& target = "/") const { return server_.Url(target); }
  std::vector<RawMessage> Got(const std::string& method) const;
  // Waits until that many of them came.
  bool WaitFor(const std::string& method, std::size_t count) const;

 private:
  Play play_;
  mutable std::mutex mutex_;
  std::vector<RawMessage> got_;  // guarded by mutex_
  RawServer server_;             // ends before what its scripts use
};

}  // namespace websub::tests
