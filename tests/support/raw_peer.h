// Peers that speak raw bytes: what our own HTTP code would never send, a test can still see happen.
// They block, on threads of their own, and every wait of theirs is bounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace websub::tests {

// One end of a TCP connection on loopback.
class RawConnection {
 public:
  // Connects to 127.0.0.1; throws where that fails.
  explicit RawConnection(std::uint16_t port);
  // Takes over a socket.
  static RawConnection Adopt(int fd);
  RawConnection(RawConnection&& other) noexcept;
  RawConnection& operator=(RawConnection&&) = delete;
  ~RawConnection();

  // False where the peer is gone or takes nothing for ten seconds.
  bool Write(std::string_view bytes);
  // What came up to and with `mark`, or all there was when the peer closed or fell silent for ten
  // seconds. What came behind the mark is kept for the next call.
  std::string ReadUntil(std::string_view mark);
  std::string Read(std::size_t size);
  std::string ReadAll();
  // A whole HTTP message with a Content-Length, or none.
  std::string ReadMessage();
  // Throws away what comes until the peer closes; false when it falls silent for ten seconds
  // instead.
  bool WaitForClose();
  // Closes with a reset in place of an orderly end.
  void Reset();
  void Close();
  int fd() const { return fd_; }

 private:
  struct Adopted {};
  RawConnection(Adopted, int fd);
  bool Receive();

  int fd_ = -1;
  std::string kept_;
  bool ended_ = false;
  bool timed_out_ = false;
};

// A server on loopback that runs a script for each connection, each on a thread of its own. At its
// end it shuts all connections down, so that no script can hang, and waits for the scripts.
class RawServer {
 public:
  // `number` counts the connections from 1.
  using Script = std::function<void(RawConnection& connection, int number)>;

  // `address` is one of 127.0.0.0/8; port 0 takes a free one.
  explicit RawServer(Script script, const std::string& address = "127.0.0.1",
                     std::uint16_t port = 0);
  ~RawServer();

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }
  // "http://127.0.0.1:PORT" and the path.
  std::string Url(std::string_view path = "/") const;

 private:
  void Accept();

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::mutex mutex_;
  bool stopped_ = false;              // guarded by mutex_
  std::vector<int> open_;             // guarded by mutex_
  std::vector<std::thread> scripts_;  // the accepting thread's, then the destructor's
  std::thread acceptor_;
};

// Answers every request of a connection with 200 and "ok".
inline constexpr std::string_view kOkAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
void AnswerAll(RawConnection& connection, int number);

// A port of 127.0.0.1 where nobody listens.
std::uint16_t UnusedPort();

}  // namespace websub::tests
