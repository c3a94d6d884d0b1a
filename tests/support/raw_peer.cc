#include "tests/support/raw_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace websub::tests {

namespace {

constexpr int kPatience = 10'000;  // milliseconds

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

const sockaddr* Generic(const sockaddr_in& address) {
  return std::bit_cast<const sockaddr*>(&address);
}

std::uint16_t PortOf(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, std::bit_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

int Bound(const std::string& literal, std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  if (fd < 0 || inet_pton(AF_INET, literal.c_str(), &address.sin_addr) != 1 ||
      bind(fd, Generic(address), sizeof address) != 0) {
    throw std::runtime_error("cannot bind a loopback port");
  }
  return fd;
}

bool Ready(int fd, short events) {
  pollfd wait{fd, events, 0};
  return poll(&wait, 1, kPatience) == 1;
}

std::size_t ContentLength(std::string_view head) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  const auto at =
      std::search(head.begin(), head.end(), kName.begin(), kName.end(),
                  [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
  if (at == head.end()) return 0;
  return std::stoul(std::string(at + static_cast<std::ptrdiff_t>(kName.size()), head.end()));
}

}  // namespace

RawConnection::RawConnection(std::uint16_t port)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in address = Loopback(port);
  if (connect(fd_, Generic(address), sizeof address) != 0) {
    Close();
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
}

RawConnection::RawConnection(Adopted, int fd) : fd_(fd) {}
RawConnection RawConnection::Adopt(int fd) {
  return RawConnection(Adopted{}, fd);
}

RawConnection::RawConnection(RawConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      kept_(std::move(other.kept_)),
      ended_(other.ended_),
      timed_out_(other.timed_out_) {}

RawConnection::~RawConnection() {
  Close();
}

void RawConnection::Close() {
  if (fd_ < 0) return;
  shutdown(fd_, SHUT_RDWR);  // a RawServer holds the socket too
  close(std::exchange(fd_, -1));
}

void RawConnection::Reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(std::exchange(fd_, -1));
}

bool RawConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!Ready(fd_, POLLOUT)) return false;
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawConnection::Receive() {
  if (ended_) return false;
  std::array<char, 16384> piece{};
  timed_out_ = !Ready(fd_, POLLIN);
  const ssize_t size = timed_out_ ? 0 : recv(fd_, piece.data(), piece.size(), 0);
  ended_ = size <= 0;
  if (!ended_) kept_.append(piece.data(), static_cast<std::size_t>(size));
  return !ended_;
}

std::string RawConnection::Read(std::size_t size) {
  while (kept_.size() < size && Receive()) {
  }
  std::string taken = kept_.substr(0, size);
  kept_.erase(0, taken.size());
  return taken;
}

std::string RawConnection::ReadUntil(std::string_view mark) {
  std::size_t at = kept_.find(mark);
  while (at == std::string::npos && Receive()) at = kept_.find(mark);
  return Read(at == std::string::npos ? kept_.size() : at + mark.size());
}

std::string RawConnection::ReadAll() {
  while (Receive()) {
  }
  return std::exchange(kept_, {});
}

std::string RawConnection::ReadMessage() {
  const std::string head = ReadUntil("\r\n\r\n");
  return head + Read(ContentLength(head));
}

bool RawConnection::WaitForClose() {
  while (Receive()) kept_.clear();
  return !timed_out_;
}

RawServer::RawServer(Script script, const std::string& address, std::uint16_t port)
    : script_(std::move(script)), listener_(Bound(address, port)) {
  port_ = PortOf(listener_);
  listen(listener_, 128);
  acceptor_ = std::thread([this] { Accept(); });
}

void RawServer::Accept() {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      close(fd);
      return;
    }
    open_.push_back(fd);
    const int number = ++accepted_;
    scripts_.emplace_back([this, fd, number] {
      RawConnection connection = RawConnection::Adopt(dup(fd));
      script_(connection, number);
      connection.Close();
      const std::lock_guard done(mutex_);
      std::erase(open_, fd);
      close(fd);
    });
  }
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  for (std::thread& script : scripts_) script.join();
}

std::string RawServer::Url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

void AnswerAll(RawConnection& connection, int) {
  while (!connection.ReadMessage().empty()) connection.Write(kOkAnswer);
}

std::uint16_t UnusedPort() {
  const int fd = Bound("127.0.0.1", 0);
  const std::uint16_t port = PortOf(fd);
  close(fd);
  return port;
}

}  // namespace websub::tests
