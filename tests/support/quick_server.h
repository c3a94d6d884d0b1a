// A server for many requests: one thread, epoll, connections kept alive, on several ports. It
// shares no code with the hub, takes many thousands of deliveries a second, and can misbehave
// while it answers. For a few requests, or to look at them later, use HttpPeer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace websub::tests {

struct QuickRequest {
  std::size_t port = 0;     // which of the ports: 0, 1, …
  std::string_view method;  // these live while the handler runs
  std::string_view target;
  std::string_view head;  // with the request line, without the empty line
  std::string_view body;

  // The value of the field, by its exact name; empty where there is none.
  std::string_view Field(std::string_view name) const;
};

struct QuickReply {
  enum class How {
    kAnswer,
    kReset,     // the connection is reset in place of an answer
    kBreakOff,  // it ends in the middle of the answer's head
    kSilence,   // nothing, for as long as the server lives
  };
  int status = 204;
  std::string body;
  How how = How::kAnswer;
  std::chrono::milliseconds delay{0};
};

class QuickServer {
 public:
  // Called on the server's thread, for one request at a time.
  using Handler = std::function<QuickReply(const QuickRequest&)>;

  // Listens on so many free ports of 127.0.0.1 until its end.
  QuickServer(std::size_t ports, Handler handler);
  ~QuickServer();
  QuickServer(const QuickServer&) = delete;
  QuickServer& operator=(const QuickServer&) = delete;

  std::string Url(std::size_t port, const std::string& target) const;
  // Waits until all that has arrived so far has been handled.
  void Settle();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::tests
