// What the classes of this room share of Asio. Private to hub/http.
#pragma once

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <string>

#include "hub/http/loop.h"

namespace websub::hub::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Bound to the loop's own executor: the type-erased default costs an allocation here and there.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using SteadyClock = std::chrono::steady_clock;
using SteadyTimer =
    asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

struct Loop::Impl {
  asio::io_context io{1};  // one thread runs it; any may post
  asio::executor_work_guard<Executor> work{io.get_executor()};
  std::list<asio::signal_set> signals;
};

// Waits beyond this are as good as for ever, and adding them to a clock must not overflow.
inline Duration Bounded(Duration wait) {
  return std::clamp(wait, Duration::zero(), Duration(std::chrono::hours(24 * 365)));
}

inline SteadyClock::time_point After(Duration wait) {
  return SteadyClock::now() + Bounded(wait);
}

inline Duration Since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<Duration>(SteadyClock::now() - start);
}

// "127.0.0.1:3000", "[::1]:3000".
std::string Written(const tcp::endpoint& endpoint);

// A deadline that is moved with every request and almost never reached. Moving it later costs
// nothing: the timer that runs already wakes early, looks again and waits for the rest.
class Deadline {
 public:
  explicit Deadline(asio::io_context& io) : timer_(io) {}

  // Calls owner->OnDeadline() at `due`, unless the deadline is moved, cleared, or the owner is
  // gone.
  template <typename Owner>
  void Set(SteadyClock::time_point due, const std::shared_ptr<Owner>& owner) {
    due_ = due;
    if (wakes_ <= due) return;
    Wait(std::weak_ptr<Owner>(owner));
  }

  void Clear() { due_ = kNever; }

  // Clears, and lets go of the timer too.
  void Stop() {
    Clear();
    wakes_ = kNever;
    ++turn_;
    timer_.cancel();
  }

 private:
  static constexpr SteadyClock::time_point kNever = SteadyClock::time_point::max();

  template <typename Owner>
  void Wait(std::weak_ptr<Owner> weak) {
    wakes_ = due_;
    timer_.expires_at(due_);
    timer_.async_wait([this, weak = std::move(weak), turn = ++turn_](const error_code&) mutable {
      const std::shared_ptr<Owner> owner = weak.lock();
      if (!owner || turn != turn_) return;  // gone, or a later wait took over
      wakes_ = kNever;
      if (due_ == kNever) return;
      if (SteadyClock::now() < due_) return Wait(std::move(weak));
      due_ = kNever;
      owner->OnDeadline();
    });
  }

  SteadyTimer timer_;
  SteadyClock::time_point due_ = kNever;
  SteadyClock::time_point wakes_ = kNever;  // when the wait that runs ends
  unsigned turn_ = 0;
};

}  // namespace websub::hub::http
