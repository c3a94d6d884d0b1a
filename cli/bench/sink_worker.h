// The inside of the sink: its thread, ports and connections. Private to sink.cc, which moves bytes,
// and sink_answers.cc, which makes something of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/bench/listener.h"
#include "cli/bench/sink.h"
#include "cli/bench/sink_request.h"

namespace websub::cli::bench {

// Of what one recv may bring, and of answers that wait to be sent at once.
inline constexpr std::size_t kSinkBuffer = 256 * 1024;

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

// Only the worker's own thread counts: no locked instruction is needed.
inline void Increment(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

struct SinkTarget;

// The thread and what it serves.
class SinkWorker {
 public:
  explicit SinkWorker(SinkLimits limits) : limits_(limits), stop_(Source::Kind::kStop) {}
  ~SinkWorker() { Stop(); }

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
  void Get(Connection& connection, const SinkRequest& request, const SinkTarget& target);
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
  std::vector<char> buffer_ = std::vector<char>(kSinkBuffer);
  std::string answers_;  // to what one recv brought
  std::thread thread_;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

}  // namespace websub::cli::bench
