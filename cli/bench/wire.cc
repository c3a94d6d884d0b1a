#include "cli/bench/wire.h"

#include <future>

namespace websub::cli::bench {

Result<std::unique_ptr<Wire>> Wire::Make(hub::http::ClientOptions options) {
  std::unique_ptr<Wire> wire(new Wire);
  auto client = hub::http::Client::Make(wire->loop_, std::move(options));
  if (!client) return tl::unexpected(client.error());
  wire->client_ = *std::move(client);
  wire->thread_ = std::thread([raw = wire.get()] { raw->loop_.Run(); });
  return wire;
}

Wire::~Wire() {
  if (!thread_.joinable()) return;
  // The client belongs to the loop's thread.
  loop_.Post([this] {
    client_.reset();
    loop_.Stop();
  });
  thread_.join();
}

void Wire::Settle() {
  std::promise<void> ran;
  Post([&ran] { ran.set_value(); });
  ran.get_future().wait();
}

ParallelCalls::ParallelCalls(Wire& wire, std::uint32_t count, std::uint32_t in_flight, Make make)
    : wire_(wire), count_(count), in_flight_(in_flight), make_(std::move(make)) {}

void ParallelCalls::Start() {
  wire_.Post([this] { Fill(); });
}

void ParallelCalls::Fill() {
  while (!stopped_ && flying_ < in_flight_ && next_ < count_) {
    ++flying_;
    wire_.client().Send(make_(next_++),
                        [this](hub::OutgoingResult answer) { OnAnswer(std::move(answer)); });
  }
  if (flying_ == 0) finished_ = true;
}

void ParallelCalls::OnAnswer(hub::OutgoingResult answer) {
  --flying_;
  if (answer.fault == Fault::kNone && answer.Ok2xx()) {
    ++accepted_;
  } else {
    ++(answer.fault == Fault::kNone ? refused_ : failed_);
    if (!trouble_) trouble_ = std::make_unique<Trouble>(Trouble{std::move(answer)});
  }
  Fill();
}

}  // namespace websub::cli::bench
