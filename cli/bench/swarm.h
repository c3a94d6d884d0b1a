// The subscribers of `bench`, all of them: what they answer to a hub, and what they make of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "cli/bench/ledger.h"
#include "cli/bench/places.h"
#include "cli/bench/sink.h"

namespace websub::cli::bench {

enum class SignatureChecks {
  kNone,    // no secret was given
  kSample,  // the first delivery of each of the first subscribers, looked at when all is over
  kAll,     // every delivery, while it is answered
};

struct SwarmOptions {
  std::uint64_t run = 0;
  std::uint32_t subscribers = 0;
  std::uint32_t topics = 1;
  std::size_t size = 0;  // of the content
  std::string secret;    // what every secret begins with
  std::string hub;       // for the Link header of what topics answer
  SignatureChecks signatures = SignatureChecks::kSample;
};

struct SignatureNumbers {
  std::uint64_t checked = 0;
  std::uint64_t wrong = 0;  // invalid or missing
  std::string first_fault;  // a sentence about the first wrong one
};

// The handler's functions run on the sink's thread; the others may be called on any other.
class Swarm : public SinkHandler {
 public:
  static constexpr std::size_t kSamples = 1000;
  static constexpr std::size_t kSampleBytes = 16 * 1024 * 1024;

  Swarm(SwarmOptions options, const Places& places, Ledger& ledger);

  // Unique to each subscriber (SUB-REQ-06).
  std::string Secret(std::uint32_t subscriber) const;
  // That a verification of this kind is to be confirmed from now on (SUB-VER-02).
  void WantSubscribed(std::uint32_t subscriber);
  void WantUnsubscribed(std::uint32_t subscriber);
  bool IsVerified(std::uint32_t subscriber) const;
  // What the topic has to show from now on.
  void SetNewest(std::uint32_t topic, std::uint32_t sequence);

  std::uint32_t verified() const { return verified_.load(); }
  std::uint32_t denied() const { return denied_.load(); }
  std::uint32_t left() const { return left_.load(); }
  std::string FirstDenial() const;
  // When the sink has ended: also checks what was kept for it.
  SignatureNumbers Signatures();

  Answer OnDelivery(const SinkDelivery& delivery) override;
  bool OnVerification(std::size_t origin, std::uint32_t subscriber,
                      const Verification& asked) override;
  void OnDenial(std::size_t origin, std::uint32_t subscriber, const Denial& denial) override;
  std::string OnFetch(std::uint32_t topic) override;

 private:
  enum class State : std::uint8_t { kNone, kAsked, kVerified, kDenied, kLeaving, kLeft };
  struct Sample {
    std::uint32_t subscriber = 0;
    std::string signature;
    std::string body;
  };

  void LookAtSignature(const SinkDelivery& delivery, Ledger::Kind kind);
  void Check(std::uint32_t subscriber, std::string_view signature, std::string_view body);

  const SwarmOptions options_;
  const Places& places_;
  Ledger& ledger_;
  std::vector<std::atomic<State>> states_;
  std::vector<std::atomic<std::uint32_t>> newest_;  // sequence, by topic
  std::atomic<std::uint32_t> verified_ = 0;
  std::atomic<std::uint32_t> denied_ = 0;
  std::atomic<std::uint32_t> left_ = 0;
  mutable std::mutex mutex_;
  std::string first_denial_;  // guarded by mutex_
  SignatureNumbers signatures_;
  std::vector<bool> sampled_;
  std::vector<Sample> samples_;
  std::size_t sample_bytes_ = 0;
};

}  // namespace websub::cli::bench
