// What `bench` sends to the hub: a client on a loop and a thread of its own, and calls in parallel.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/result.h"
#include "hub/http/client.h"
#include "hub/http/loop.h"

namespace websub::cli::bench {

// The first thing that went wrong with a kind of call.
struct Trouble {
  hub::OutgoingResult answer;  // a fault, or a status that is not 2xx
  bool refused() const { return answer.fault == Fault::kNone; }
};

class Wire {
 public:
  static Result<std::unique_ptr<Wire>> Make(hub::http::ClientOptions options);
  ~Wire();  // ends what is under way

  // Runs on the wire's thread, in the order posted.
  void Post(std::function<void()> task) { loop_.Post(std::move(task)); }
  // Waits until what was posted before has run.
  void Settle();
  hub::http::Client& client() { return *client_; }  // on the wire's thread

 private:
  Wire() = default;
  hub::http::Loop loop_;
  std::unique_ptr<hub::http::Client> client_;
  std::thread thread_;
};

// `count` calls, so many at a time. Lives until it has finished or the wire is gone. The numbers
// may be read at any time.
class ParallelCalls {
 public:
  using Make = std::function<hub::OutgoingRequest(std::uint32_t number)>;

  // Calls `make` on the wire's thread.
  ParallelCalls(Wire& wire, std::uint32_t count, std::uint32_t in_flight, Make make);

  void Start();
  // No more calls are begun; those under way end.
  void Stop() { stopped_ = true; }

  bool finished() const { return finished_; }
  std::uint32_t answered() const { return accepted_ + refused_ + failed_; }
  std::uint32_t accepted() const { return accepted_; }
  std::uint32_t refused() const { return refused_; }
  std::uint32_t failed() const { return failed_; }
  // Once finished; nothing where all went well.
  const std::unique_ptr<Trouble>& trouble() const { return trouble_; }

 private:
  void Fill();
  void OnAnswer(hub::OutgoingResult answer);

  Wire& wire_;
  const std::uint32_t count_;
  const std::uint32_t in_flight_;
  const Make make_;
  std::uint32_t next_ = 0;
  std::uint32_t flying_ = 0;
  std::unique_ptr<Trouble> trouble_;
  std::atomic<std::uint32_t> accepted_ = 0;
  std::atomic<std::uint32_t> refused_ = 0;
  std::atomic<std::uint32_t> failed_ = 0;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> finished_ = false;
};

}  // namespace websub::cli::bench
