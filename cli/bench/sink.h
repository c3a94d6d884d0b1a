// The subscribers' side of `bench`: a minimal receiver of deliveries on bare epoll. It listens on
// some ports, each an origin of its own to a hub, answers verifications of intent and deliveries,
// and tells a handler of each. One recv and one send a request, nothing allocated on the way.
//
// Paths: /s/N is the callback of subscriber N, /t/N is topic N (for hubs that fetch); what stands
// behind the number, a token for instance, is not looked at.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/bench/sink_request.h"
#include "core/result.h"
#include "core/verification.h"

namespace websub::cli::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

struct SinkDelivery {
  std::size_t origin = 0;        // index of the port it came to
  std::uint32_t subscriber = 0;  // as the path says; any number
  std::string_view head;         // whole; see HeadField
  std::string_view body;
  SteadyTime at;
};

// Called on the sink's thread. Views end with the call.
class SinkHandler {
 public:
  enum class Answer {
    k204,
    kNever,  // as a stalled server: the connection stays open and silent
    k404,
  };

  virtual ~SinkHandler() = default;
  virtual Answer OnDelivery(const SinkDelivery& delivery) = 0;
  // Whether the challenge is echoed; otherwise 404 (SUB-VER-01, SUB-VER-02).
  virtual bool OnVerification(std::size_t origin, std::uint32_t subscriber,
                              const Verification& asked) = 0;
  virtual void OnDenial(std::size_t origin, std::uint32_t subscriber, const Denial& denial) = 0;
  // A whole answer to GET /t/N, with its head; empty: 404.
  virtual std::string OnFetch(std::uint32_t topic) = 0;
};

struct SinkOptions {
  std::string address = "127.0.0.1";    // IPv4 or IPv6
  std::vector<std::uint16_t> ports{0};  // 0: a free one
  SinkLimits limits;
};

// Numbers of the sink itself; they may be read once it has started.
struct SinkCounts {
  std::uint64_t connections = 0;  // accepted
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;              // no HTTP, over a limit, or no known path
  std::chrono::microseconds cpu_time{0};  // of its thread
};

class Sink {
 public:
  // Listens; whoever connects waits until Start. kInvalid where the address is none, kNetwork where
  // it or a port cannot be had.
  static Result<std::unique_ptr<Sink>> Listen(SinkOptions options);
  ~Sink();  // closes every connection

  // Answers from now on, on a thread of its own. Called once; the handler outlives the sink.
  void Start(SinkHandler& handler);
  const std::vector<std::uint16_t>& ports() const;  // in the order of the options
  SinkCounts Counts() const;

  struct Impl;

 private:
  explicit Sink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::cli::bench
