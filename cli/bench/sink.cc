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
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <list>
#include <thread>

#include "cli/bench/listener.h"

namespace websub::cli::bench {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;
constexpr std::size_t kFirstPending = 16 * 1024;
constexpr std::string_view kNoContent = "HTTP/1.1 204 No Content\r\n\r\n";
constexpr std::string_view kNoContentClose = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
constexpr std::string_view kNotFound = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kBadRequest =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// What an event of epoll belongs to: a port or a connection.
struct Source {
  enum class Kind { kPort, kConnection, kStop };
  explicit Source(Kind the_kind) : kind(the_kind) {}
  const Kind kind;
  Descriptor descriptor;
};

struct Port : Source {
  explicit Port(std::size_t the_origin) : Source(Kind::kPort), origin(the_origin) {}
  std::size_t origin;
};

struct Connection : Source {
  Connection(std::size_t the_origin, SinkLimits limits)
      : Source(Kind::kConnection), origin(the_origin), reader(limits) {}
  std::size_t origin;
  SinkReader reader;
  std::string pending;       // the request under way, where it did not come in one piece
  std::size_t filled = 0;    // bytes of it that are there
  std::string out;           // what the peer has not taken yet
  bool stalled = false;      // it gets no answer any more
  bool closing = false;      // once `out` is written
  std::uint32_t events = 0;  // that epoll watches
  std::list<Connection>::iterator place;
};

struct Target {
  enum class Kind { kNone, kSubscriber, kTopic };
  Kind kind = Kind::kNone;
  std::uint32_t number = 0;
  std::string_view query;
};

Target ReadTarget(std::string_view target) {
  Target read;
  const bool subscriber = target.starts_with("/s/");
  if (!subscriber && !target.starts_with("/t/")) return read;
  const char* const end = target.data() + target.size();
  const auto [behind, error] = std::from_chars(target.data() + 3, end, read.number);
  if (error != std::errc() || (behind != end && *behind != '/' && *behind != '?')) return read;
  read.kind = subscriber ? Target::Kind::kSubscriber : Target::Kind::kTopic;
  const std::size_t mark = target.find('?', static_cast<std::size_t>(behind - target.data()));
  if (mark != std::string_view::npos) read.query = target.substr(mark + 1);
  return read;
}

// The thread and what it serves.
class Worker {
 public:
  explicit Worker(SinkLimits limits) : limits_(limits), stop_(Source::Kind::kStop) {}
  ~Worker() { Stop(); }

  Result<void> Open();
  void Add(std::unique_ptr<Port> port);
  void Start(SinkHandler& handler) {
    handler_ = &handler;
    thread_ = std::thread([this] { Run(); });
  }
  void Stop();
  SinkCounts Counts();

 private:
  void Run();
  void Accept(Port& port);
  void OnEvent(Connection& connection, std::uint32_t events);
  // These tell whether the connection is still there.
  bool Read(Connection& connection);
  bool Consume(Connection& connection, char* data, std::size_t size);
  bool Flush(Connection& connection);

  void HandleAll(Connection& connection, char* data, std::size_t size);
  void Keep(Connection& connection, const char* data, std::size_t size);
  void Handle(Connection& connection, const SinkRequest& request, SteadyTime at);
  void Deliver(Connection& connection, const SinkRequest& request, std::uint32_t subscriber,
               SteadyTime at);
  void Get(Connection& connection, const SinkRequest& request, const Target& target);
  void Refuse(std::string_view answer);
  void Watch(Connection& connection, std::uint32_t events);
  void Drop(Connection& connection);

  const SinkLimits limits_;
  SinkHandler* handler_ = nullptr;
  Descriptor epoll_;
  Descriptor spare_;  // given up for a moment where descriptors run out
  Source stop_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::list<Connection> connections_;
  std::vector<char> buffer_ = std::vector<char>(kReadSize);
  std::string answers_;  // to what one recv brought
  std::thread thread_;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

// Only the worker's own thread counts: no locked instruction is needed.
void Increment(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

Result<void> Worker::Open() {
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

void Worker::Add(std::unique_ptr<Port> port) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = static_cast<Source*>(port.get())}};
  epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, port->descriptor.number(), &event);
  ports_.push_back(std::move(port));
}

void Worker::Stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  // An eventfd takes a one as long as its count is not at its limit.
  if (write(stop_.descriptor.number(), &one, sizeof one) < 0) return;
  thread_.join();
}

SinkCounts Worker::Counts() {
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

void Worker::Run() {
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

void Worker::Accept(Port& port) {
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
void Worker::Drop(Connection& connection) {
  connections_.erase(connection.place);
}

void Worker::Watch(Connection& connection, std::uint32_t events) {
  if (connection.events == events) return;
  connection.events = events;
  epoll_event event{.events = events, .data = {.ptr = static_cast<Source*>(&connection)}};
  epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, connection.descriptor.number(), &event);
}

void Worker::OnEvent(Connection& connection, std::uint32_t events) {
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

bool Worker::Read(Connection& connection) {
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
void Worker::Keep(Connection& connection, const char* data, std::size_t size) {
  std::string& pending = connection.pending;
  connection.filled = size;
  if (size == 0) {
    if (pending.capacity() > kReadSize) pending = {};
    return;
  }
  if (data == pending.data()) return;
  const bool own = data > pending.data() && data <= pending.data() + pending.size();
  if (!own && pending.size() < size + kFirstPending) pending.resize(size + kFirstPending);
  std::memmove(pending.data(), data, size);
}

// Reads requests until there is no whole one left, or the answers are many: a peer that does not
// take them may not fill the memory.
void Worker::HandleAll(Connection& connection, char* data, std::size_t size) {
  const SteadyTime at = std::chrono::steady_clock::now();
  answers_.clear();
  while (size > 0 && answers_.size() < kReadSize && !connection.closing && !connection.stalled) {
    const SinkReader::State state = connection.reader.Feed(data, size);
    if (state == SinkReader::State::kMore) break;
    if (state == SinkReader::State::kContinue) {
      answers_ += kContinue;
      continue;
    }
    if (state == SinkReader::State::kBad) {
      Refuse(kBadRequest);
      connection.closing = true;
      break;
    }
    Increment(requests_);
    connection.closing = !connection.reader.request().keep_alive;
    Handle(connection, connection.reader.request(), at);
    const std::size_t used = connection.reader.size();
    connection.reader.Next();
    data += used;
    size -= used;
  }
  Keep(connection, data, size);
}

bool Worker::Consume(Connection& connection, char* data, std::size_t size) {
  while (true) {
    HandleAll(connection, data, size);
    const bool more = answers_.size() >= kReadSize;
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
bool Worker::Flush(Connection& connection) {
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

void Worker::Refuse(std::string_view answer) {
  Increment(refused_);
  answers_ += answer;
}

void Worker::Handle(Connection& connection, const SinkRequest& request, SteadyTime at) {
  const Target target = ReadTarget(request.target);
  if (request.method == "POST" && target.kind == Target::Kind::kSubscriber) {
    return Deliver(connection, request, target.number, at);
  }
  Get(connection, request, target);
}

void Worker::Deliver(Connection& connection, const SinkRequest& request, std::uint32_t subscriber,
                     SteadyTime at) {
  const SinkDelivery delivery{connection.origin, subscriber, request.head, request.body, at};
  switch (handler_->OnDelivery(delivery)) {
    case SinkHandler::Answer::k204:
      answers_ += connection.closing ? kNoContentClose : kNoContent;
      break;
    case SinkHandler::Answer::kNever:
      connection.stalled = true;
      break;
    case SinkHandler::Answer::k404:
      Refuse(kNotFound);
      break;
  }
}

void Worker::Get(Connection& connection, const SinkRequest& request, const Target& target) {
  const bool head = request.method == "HEAD";
  if (target.kind == Target::Kind::kNone || (!head && request.method != "GET")) {
    return Refuse(kNotFound);
  }
  if (target.kind == Target::Kind::kTopic) {
    const std::string answer = handler_->OnFetch(target.number);
    if (answer.empty()) return Refuse(kNotFound);
    answers_ += head ? answer.substr(0, answer.find("\r\n\r\n") + 4) : answer;
    return;
  }
  const auto asked = ParseCallbackQuery(target.query);
  if (!asked) return Refuse(kNotFound);
  std::string_view echo;
  if (const auto* verification = std::get_if<Verification>(&*asked)) {
    if (!handler_->OnVerification(connection.origin, target.number, *verification)) {
      return Refuse(kNotFound);
    }
    echo = verification->challenge;
  } else {
    handler_->OnDenial(connection.origin, target.number, std::get<Denial>(*asked));
  }
  answers_ += "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ";
  answers_ += std::to_string(echo.size());
  answers_ += "\r\n\r\n";
  if (!head) answers_ += echo;
}

}  // namespace

struct Sink::Impl {
  explicit Impl(SinkLimits limits) : worker(limits) {}
  std::vector<std::uint16_t> ports;
  Worker worker;
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
