#include "tests/support/quick_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <vector>

namespace websub::tests {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::uint64_t kWakeKey = ~std::uint64_t{0};

void Check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

struct Connection {
  int fd = -1;
  std::size_t port = 0;
  std::string in;
  std::string out;
  bool answering = false;  // a delayed answer, or none ever, is due
  bool writable = false;   // asked epoll for room
};

}  // namespace

std::string_view QuickRequest::Field(std::string_view name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos) {
    at += 2;
    const auto end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, end == head.npos ? head.npos : end - at);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) {
      return line.substr(name.size() + 2);
    }
    at = end;
  }
  return {};
}

struct QuickServer::Impl {
  explicit Impl(Handler the_handler) : handler(std::move(the_handler)) {}

  Handler handler;
  int poll = -1;
  int wake = -1;
  std::vector<int> listeners;
  std::vector<std::uint16_t> ports;
  std::uint64_t next_key = 0;
  std::unordered_map<std::uint64_t, Connection> connections;
  std::multimap<SteadyTime, std::pair<std::uint64_t, QuickReply>> delayed;
  std::thread thread;

  std::mutex mutex;
  std::condition_variable settled;
  bool stopping = false;          // guarded by mutex
  std::uint64_t asked = 0;        // guarded by mutex: calls of Settle
  std::uint64_t answered = 0;     // guarded by mutex
  std::array<char, 65536> block;  // the thread's

  void Listen();
  void Watch(int operation, int fd, std::uint64_t key, std::uint32_t events) const;
  void Run();
  bool RunOnce();
  int NextWait() const;
  void Accept(std::size_t port);
  void Handle(std::uint64_t key, std::uint32_t events);
  void ReadSome(std::uint64_t key);
  bool TakeRequest(std::uint64_t key, Connection& connection);
  void Reply(std::uint64_t key, const QuickReply& reply);
  void Write(std::uint64_t key);
  void Drop(std::uint64_t key);
};

void QuickServer::Impl::Watch(int operation, int fd, std::uint64_t key,
                              std::uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  Check(epoll_ctl(poll, operation, fd, &event) == 0, "epoll_ctl");
}

void QuickServer::Impl::Listen() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  Check(
      bind(fd, generic, size) == 0 && listen(fd, 4096) == 0 && getsockname(fd, generic, &size) == 0,
      "the quick server cannot listen");
  ports.push_back(ntohs(address.sin_port));
  listeners.push_back(fd);
  Watch(EPOLL_CTL_ADD, fd, next_key++, EPOLLIN);  // the first keys are the listeners'
}

void QuickServer::Impl::Run() {
  while (true) {
    std::uint64_t settle = 0;
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      settle = asked;
    }
    if (RunOnce()) continue;
    const std::lock_guard lock(mutex);
    if (answered == settle) continue;
    answered = settle;  // nothing was ready after it was asked
    settled.notify_all();
  }
}

// Tells whether anything was ready.
bool QuickServer::Impl::RunOnce() {
  {
    const std::lock_guard lock(mutex);
    if (asked != answered) {
      const std::uint64_t one = 1;  // no wait
      Check(write(wake, &one, sizeof one) == sizeof one, "eventfd");
    }
  }
  std::array<epoll_event, 256> events{};
  const int count = epoll_wait(poll, events.data(), events.size(), NextWait());
  bool any = false;
  for (int i = 0; i < count; ++i) {
    const auto& event = events.at(static_cast<std::size_t>(i));
    if (event.data.u64 == kWakeKey) {
      std::uint64_t ignored = 0;
      Check(read(wake, &ignored, sizeof ignored) == sizeof ignored, "eventfd");
      continue;
    }
    any = true;
    if (event.data.u64 < listeners.size()) {
      Accept(event.data.u64);
    } else {
      Handle(event.data.u64, event.events);
    }
  }
  const auto now = std::chrono::steady_clock::now();
  while (!delayed.empty() && delayed.begin()->first <= now) {
    const auto [key, reply] = delayed.begin()->second;
    delayed.erase(delayed.begin());
    if (connections.contains(key)) Reply(key, reply);
  }
  return any;
}

int QuickServer::Impl::NextWait() const {
  if (delayed.empty()) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(delayed.begin()->first -
                                                                 std::chrono::steady_clock::now());
  return static_cast<int>(std::max(wait.count(), std::chrono::milliseconds::rep{0}));
}

void QuickServer::Impl::Accept(std::size_t port) {
  while (true) {
    const int fd = accept4(listeners[port], nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::uint64_t key = next_key++;
    Connection& connection = connections[key];
    connection.fd = fd;
    connection.port = port;
    Watch(EPOLL_CTL_ADD, fd, key, EPOLLIN);
  }
}

void QuickServer::Impl::Handle(std::uint64_t key, std::uint32_t events) {
  if (connections.contains(key) && (events & EPOLLOUT) != 0) Write(key);
  if (connections.contains(key) && (events & ~std::uint32_t{EPOLLOUT}) != 0) ReadSome(key);
}

void QuickServer::Impl::ReadSome(std::uint64_t key) {
  Connection& connection = connections.at(key);
  while (true) {
    const auto size = read(connection.fd, block.data(), block.size());
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return Drop(key);
    connection.in.append(block.data(), static_cast<std::size_t>(size));
    while (TakeRequest(key, connection)) {
      if (!connections.contains(key)) return;
    }
    if (!connections.contains(key)) return;
  }
}

// Handles one request where a whole one has come; the connection may be gone then.
bool QuickServer::Impl::TakeRequest(std::uint64_t key, Connection& connection) {
  if (connection.answering) return false;
  const auto end = connection.in.find(kHeadEnd);
  if (end == std::string::npos) return false;
  const std::string_view all = connection.in;
  QuickRequest request;
  request.port = connection.port;
  request.head = all.substr(0, end);
  request.method = all.substr(0, all.find(' '));
  const auto target = request.method.size() + 1;
  request.target = all.substr(target, all.find(' ', target) - target);
  const std::string length(request.Field("Content-Length"));
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  const std::size_t whole = end + kHeadEnd.size() + size;
  if (all.size() < whole) return false;
  request.body = all.substr(whole - size, size);
  const QuickReply reply = handler(request);
  connection.in.erase(0, whole);
  if (reply.how == QuickReply::How::kSilence) {
    connection.answering = true;
  } else if (reply.delay.count() > 0) {
    connection.answering = true;
    delayed.emplace(std::chrono::steady_clock::now() + reply.delay, std::pair(key, reply));
  } else {
    Reply(key, reply);
  }
  return true;
}

void QuickServer::Impl::Reply(std::uint64_t key, const QuickReply& reply) {
  Connection& connection = connections.at(key);
  connection.answering = false;
  if (reply.how == QuickReply::How::kReset) {
    const linger at_once{1, 0};
    setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return Drop(key);
  }
  connection.out += "HTTP/1.1 " + std::to_string(reply.status) + " Whatever\r\n";
  if (reply.how == QuickReply::How::kBreakOff) {
    Write(key);
    if (connections.contains(key)) Drop(key);
    return;
  }
  if (reply.status != 204) {
    connection.out += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
  }
  connection.out += "\r\n";
  if (reply.status != 204) connection.out += reply.body;
  Write(key);
}

void QuickServer::Impl::Write(std::uint64_t key) {
  Connection& connection = connections.at(key);
  while (!connection.out.empty()) {
    const auto size =
        send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EAGAIN) break;
    if (size < 0) return Drop(key);
    connection.out.erase(0, static_cast<std::size_t>(size));
  }
  const bool more = !connection.out.empty();
  if (more == connection.writable) return;
  connection.writable = more;
  Watch(EPOLL_CTL_MOD, connection.fd, key, more ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void QuickServer::Impl::Drop(std::uint64_t key) {
  const auto found = connections.find(key);
  close(found->second.fd);
  connections.erase(found);
}

QuickServer::QuickServer(std::size_t ports, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(handler))) {
  impl_->poll = epoll_create1(EPOLL_CLOEXEC);
  impl_->wake = eventfd(0, EFD_CLOEXEC);
  impl_->Watch(EPOLL_CTL_ADD, impl_->wake, kWakeKey, EPOLLIN);
  for (std::size_t i = 0; i < ports; ++i) impl_->Listen();
  impl_->thread = std::thread([this] { impl_->Run(); });
}

QuickServer::~QuickServer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(impl_->wake, &one, sizeof one);
  impl_->thread.join();
  for (const auto& [key, connection] : impl_->connections) close(connection.fd);
  for (const int fd : impl_->listeners) close(fd);
  close(impl_->wake);
  close(impl_->poll);
}

std::string QuickServer::Url(std::size_t port, const std::string& target) const {
  return "http://127.0.0.1:" + std::to_string(impl_->ports.at(port)) + target;
}

void QuickServer::Settle() {
  std::unique_lock lock(impl_->mutex);
  const std::uint64_t mine = ++impl_->asked;
  const std::uint64_t one = 1;
  Check(write(impl_->wake, &one, sizeof one) == sizeof one, "eventfd");
  impl_->settled.wait(lock, [&] { return impl_->answered >= mine; });
}

}  // namespace websub::tests
