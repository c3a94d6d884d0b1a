#include "cli/bench/swarm.h"

#include <algorithm>

#include "core/signature.h"

namespace websub::cli::bench {
namespace {

constexpr int kSecretDigits = 8;  // behind what all secrets share

}  // namespace

Swarm::Swarm(SwarmOptions options, const Places& places, Ledger& ledger)
    : options_(std::move(options)),
      places_(places),
      ledger_(ledger),
      states_(options_.subscribers),
      newest_(options_.topics),
      sampled_(std::min<std::size_t>(options_.subscribers, kSamples)) {}

std::string Swarm::Secret(std::uint32_t subscriber) const {
  std::string number = std::to_string(subscriber);
  if (number.size() < kSecretDigits) number.insert(0, kSecretDigits - number.size(), '0');
  return options_.secret + number;
}

void Swarm::WantSubscribed(std::uint32_t subscriber) {
  states_[subscriber] = State::kAsked;
}

void Swarm::WantUnsubscribed(std::uint32_t subscriber) {
  states_[subscriber] = State::kLeaving;
}

bool Swarm::IsVerified(std::uint32_t subscriber) const {
  return states_[subscriber] == State::kVerified;
}

void Swarm::SetNewest(std::uint32_t topic, std::uint32_t sequence) {
  newest_[topic] = sequence;
}

std::string Swarm::FirstDenial() const {
  const std::lock_guard lock(mutex_);
  return first_denial_;
}

SinkHandler::Answer Swarm::OnDelivery(const SinkDelivery& delivery) {
  const Ledger::Kind kind =
      ledger_.Take(delivery.subscriber, ReadMark(delivery.body), delivery.body.size(), delivery.at);
  if (kind == Ledger::Kind::kStalled) return Answer::kNever;
  if (options_.signatures != SignatureChecks::kNone && kind != Ledger::Kind::kForeign) {
    LookAtSignature(delivery, kind);
  }
  return Answer::k204;
}

void Swarm::LookAtSignature(const SinkDelivery& delivery, Ledger::Kind kind) {
  if (options_.signatures == SignatureChecks::kAll) {
    return Check(delivery.subscriber, HeadField(delivery.head, "x-hub-signature"), delivery.body);
  }
  const std::uint32_t subscriber = delivery.subscriber;
  if (kind != Ledger::Kind::kFirst || subscriber >= sampled_.size() || sampled_[subscriber]) return;
  sampled_[subscriber] = true;
  if (sample_bytes_ + delivery.body.size() > kSampleBytes) return;
  sample_bytes_ += delivery.body.size();
  samples_.push_back({subscriber, std::string(HeadField(delivery.head, "x-hub-signature")),
                      std::string(delivery.body)});
}

void Swarm::Check(std::uint32_t subscriber, std::string_view signature, std::string_view body) {
  ++signatures_.checked;
  const SignatureCheck check = CheckSignature(
      signature.empty() ? std::nullopt : std::optional(signature), Secret(subscriber), body);
  if (check.verdict == SignatureVerdict::kValid) return;
  if (signatures_.wrong++ == 0) signatures_.first_fault = check.sentence;
}

SignatureNumbers Swarm::Signatures() {
  for (const Sample& sample : samples_) Check(sample.subscriber, sample.signature, sample.body);
  samples_.clear();
  return signatures_;
}

bool Swarm::OnVerification(std::size_t origin, std::uint32_t subscriber,
                           const Verification& asked) {
  if (subscriber >= options_.subscribers || origin != places_.OriginOf(subscriber)) return false;
  if (asked.topic != places_.Topic(ledger_.TopicOf(subscriber))) return false;
  const State state = states_[subscriber];
  if (asked.mode == Mode::kSubscribe) {
    if (state == State::kVerified) return true;  // asked again: the answer stays
    if (state != State::kAsked && state != State::kDenied) return false;
    states_[subscriber] = State::kVerified;
    ++verified_;
    return true;
  }
  if (state == State::kLeft) return true;
  if (state != State::kLeaving) return false;
  states_[subscriber] = State::kLeft;
  ++left_;
  return true;
}

void Swarm::OnDenial(std::size_t, std::uint32_t subscriber, const Denial& denial) {
  if (subscriber >= options_.subscribers || states_[subscriber] != State::kAsked) return;
  states_[subscriber] = State::kDenied;
  ++denied_;
  const std::lock_guard lock(mutex_);
  if (first_denial_.empty()) first_denial_ = denial.reason.empty() ? "no reason" : denial.reason;
}

// The links make the hub find itself and the topic that was subscribed to (PUB-DISC-01).
std::string Swarm::OnFetch(std::uint32_t topic) {
  if (topic >= options_.topics) return "";
  const std::string content = MakeContent({options_.run, topic, newest_[topic]}, options_.size);
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nLink: <" + options_.hub +
         ">; rel=\"hub\", <" + places_.Topic(topic) +
         ">; rel=\"self\"\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
         content;
}

}  // namespace websub::cli::bench
