#include "cli/bench/sink.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "cli/bench/sink_worker.h"

namespace websub::cli::bench {
namespace {

constexpr std::size_t kFirstPending = 16 * 1024;

}  // namespace

Result<void> SinkWorker::Open() {
  epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  stop_.descriptor = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  spare_ = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!epoll_.valid() || !stop_.descriptor.valid()) {
    return Fail(ErrorCode::kNetwork, std::string("cannot listen: ") + std::strerror(errno));
  }
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &stop_}};
  epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, stop_.descriptor.number(), &event);
  return {};
}

void SinkWorker::Add(std::unique_ptr<Port> port) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = static_cast<Source*>(port.get())}};
  epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, port->descriptor.number(), &event);
  ports_.push_back(std::move(port));
}

void SinkWorker::Stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  // An eventfd takes a one as long as its count is not at its limit.
  if (write(stop_.descriptor.number(), &one, sizeof one) < 0) return;
  thread_.join();
}

SinkCounts SinkWorker::Counts() {
  SinkCounts counts;
  counts.connections = accepted_.load(std::memory_order_relaxed);
  counts.requests = requests_.load(std::memory_order_relaxed);
  counts.refused = refused_.load(std::memory_order_relaxed);
  clockid_t clock{};
  timespec time{};
  if (pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) return counts;
  if (clock_gettime(clock, &time) != 0) return counts;
  counts.cpu_time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  return counts;
}

void SinkWorker::Run() {
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count =
        epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()), -1);
    for (int at = 0; at < count; ++at) {
      const epoll_event& event = events[static_cast<std::size_t>(at)];
      Source* const source = static_cast<Source*>(event.data.ptr);
      switch (source->kind) {
        case Source::Kind::kStop:
          return;
        case Source::Kind::kPort:
          Accept(static_cast<Port&>(*source));
          break;
        case Source::Kind::kConnection:
          OnEvent(static_cast<Connection&>(*source), event.events);
          break;
      }
    }
  }
}

void SinkWorker::Accept(Port& port) {
  while (true) {
    Descriptor accepted(
        accept4(port.descriptor.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted.valid()) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      if ((errno != EMFILE && errno != ENFILE) || !spare_.valid()) return;
      // Without a descriptor the peer would stay in the queue and wake us for ever: turn it away.
      spare_.Close();
      accepted = Descriptor(accept4(port.descriptor.number(), nullptr, nullptr, SOCK_CLOEXEC));
      accepted.Close();
      spare_ = Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
      continue;
    }
    const int on = 1;
    setsockopt(accepted.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection& connection = connections_.emplace_back(port.origin, limits_);
    connection.place = std::prev(connections_.end());
    connection.descriptor = std::move(accepted);
    connection.events = EPOLLIN;
    epoll_event event{.events = EPOLLIN, .data = {.ptr = static_cast<Source*>(&connection)}};
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, connection.descriptor.number(), &event) != 0) {
      Drop(connection);
      continue;
    }
    Increment(accepted_);
  }
}

// Its descriptor leaves epoll as it is closed; a connection has one event in a round at most.
void SinkWorker::Drop(Connection& connection) {
  connections_.erase(connection.place);
}

void SinkWorker::Watch(Connection& connection, std::uint32_t events) {
  if (connection.events == events) return;
  connection.events = events;
  epoll_event event{.events = events, .data = {.ptr = static_cast<Source*>(&connection)}};
  epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, connection.descriptor.number(), &event);
}

void SinkWorker::OnEvent(Connection& connection, std::uint32_t events) {
  if (connection.stalled && connection.out.empty()) {
    // It watches for nothing but the peer's leaving.
    if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0) Drop(connection);
    return;
  }
  if (!connection.out.empty()) {
    if (!Flush(connection) || !connection.out.empty()) return;
    // Requests that had come already go before new ones.
    Consume(connection, connection.pending.data(), connection.filled);
    return;
  }
  Read(connection);
}

bool SinkWorker::Read(Connection& connection) {
  const int number = connection.descriptor.number();
  const bool fresh = connection.filled == 0;
  if (!fresh && connection.pending.size() - connection.filled < kFirstPending) {
    connection.pending.resize(connection.pending.size() * 2);
  }
  char* const to = fresh ? buffer_.data() : connection.pending.data() + connection.filled;
  const std::size_t room = fresh ? buffer_.size() : connection.pending.size() - connection.filled;
  const ssize_t size = recv(number, to, room, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (size <= 0) {
    Drop(connection);
    return false;
  }
  if (fresh) return Consume(connection, buffer_.data(), static_cast<std::size_t>(size));
  connection.filled += static_cast<std::size_t>(size);
  return Consume(connection, connection.pending.data(), connection.filled);
}

// Keeps what is not used up for the next time.
void SinkWorker::Keep(Connection& connection, const char* data, std::size_t size) {
  std::string& pending = connection.pending;
  connection.filled = size;
  if (size == 0) {
    if (pending.capacity() > kSinkBuffer) pending = {};
    return;
  }
  if (data == pending.data()) return;
  const bool own = data > pending.data() && data <= pending.data() + pending.size();
  if (!own && pending.size() < size + kFirstPending) pending.resize(size + kFirstPending);
  std::memmove(pending.data(), data, size);
}

bool SinkWorker::Consume(Connection& connection, char* data, std::size_t size) {
  while (true) {
    HandleAll(connection, data, size);
    const bool more = answers_.size() >= kSinkBuffer;
    if (answers_.empty()) {
      if (connection.stalled) Watch(connection, EPOLLRDHUP);
      return true;
    }
    const ssize_t sent =
        send(connection.descriptor.number(), answers_.data(), answers_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      Drop(connection);
      return false;
    }
    if (sent != static_cast<ssize_t>(answers_.size()) || connection.closing || connection.stalled) {
      connection.out = answers_.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent));
      if (!Flush(connection)) return false;
    }
    if (!more || !connection.out.empty()) return true;
    data = connection.pending.data();
    size = connection.filled;
  }
}

// Writes what is left; while there is something, nothing more is read.
bool SinkWorker::Flush(Connection& connection) {
  std::string& out = connection.out;
  if (!out.empty()) {
    const ssize_t sent = send(connection.descriptor.number(), out.data(), out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      Drop(connection);
      return false;
    }
    if (sent > 0) out.erase(0, static_cast<std::size_t>(sent));
  }
  if (!out.empty()) {
    Watch(connection, EPOLLOUT);
    return true;
  }
  if (connection.closing) {
    shutdown(connection.descriptor.number(), SHUT_WR);
    Drop(connection);
    return false;
  }
  Watch(connection, connection.stalled ? EPOLLRDHUP : EPOLLIN);
  return true;
}

struct Sink::Impl {
  explicit Impl(SinkLimits limits) : worker(limits) {}
  std::vector<std::uint16_t> ports;
  SinkWorker worker;
};

Sink::Sink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Sink::~Sink() = default;

Result<std::unique_ptr<Sink>> Sink::Listen(SinkOptions options) {
  auto impl = std::make_unique<Impl>(options.limits);
  impl->ports = std::move(options.ports);
  if (const auto opened = impl->worker.Open(); !opened) return tl::unexpected(opened.error());
  for (std::size_t origin = 0; origin < impl->ports.size(); ++origin) {
    auto listening = bench::Listen(options.address, impl->ports[origin]);
    if (!listening) return tl::unexpected(listening.error());
    auto port = std::make_unique<Port>(origin);
    port->descriptor = *std::move(listening);
    impl->worker.Add(std::move(port));
  }
  return std::unique_ptr<Sink>(new Sink(std::move(impl)));
}

void Sink::Start(SinkHandler& handler) {
  impl_->worker.Start(handler);
}

const std::vector<std::uint16_t>& Sink::ports() const {
  return impl_->ports;
}

SinkCounts Sink::Counts() const {
  return impl_->worker.Counts();
}

}  // namespace websub::cli::bench
