#include "hub/http/loop.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "hub/http/loop_impl.h"

namespace websub::hub::http {

namespace {

void AwaitSignal(asio::signal_set& set, std::shared_ptr<std::function<void(int)>> handler) {
  set.async_wait([&set, handler = std::move(handler)](const error_code& error, int signal) mutable {
    if (error) return;
    const auto call = handler;
    AwaitSignal(set, std::move(handler));
    (*call)(signal);
  });
}

}  // namespace

std::string Written(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

Loop::~Loop() = default;

void Loop::Run() {
  impl_->io.run();
  impl_->io.restart();
}

void Loop::Stop() {
  impl_->io.stop();
}

void Loop::Post(std::function<void()> task) {
  asio::post(impl_->io, std::move(task));
}

void Loop::OnSignals(std::initializer_list<int> signals, std::function<void(int)> handler) {
  asio::signal_set& set = impl_->signals.emplace_back(impl_->io);
  for (const int signal : signals) set.add(signal);
  AwaitSignal(set, std::make_shared<std::function<void(int)>>(std::move(handler)));
}

struct Timer::Impl {
  explicit Impl(asio::io_context& io) : timer(io) {}
  SteadyTimer timer;
  std::function<void()> task;
  unsigned turn = 0;  // tells a wait that was replaced from the one that counts
};

Timer::Timer(Loop& loop) : impl_(std::make_shared<Impl>(loop.impl().io)) {}

Timer::~Timer() {
  Cancel();
}

void Timer::Set(Duration wait, std::function<void()> task) {
  impl_->task = std::move(task);
  impl_->timer.expires_at(After(wait));
  impl_->timer.async_wait([impl = impl_, turn = ++impl_->turn](const error_code&) {
    if (turn != impl->turn) return;
    const auto run = std::exchange(impl->task, nullptr);
    run();
  });
}

void Timer::Cancel() {
  ++impl_->turn;
  impl_->task = nullptr;
  impl_->timer.cancel();
}

}  // namespace websub::hub::http
