// The publishers of `bench`: each has a topic of its own and sends one message after the other, so
// that there is an order to judge deliveries by.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "cli/bench/ledger.h"
#include "cli/bench/swarm.h"
#include "cli/bench/wire.h"
#include "cli/hub_access.h"
#include "core/url.h"

namespace websub::cli::bench {

enum class PublishKind {
  kContent,  // POST HUB?hub.mode=publish&hub.topic=T with the content
  kPing,     // a form with hub.mode=publish; the hub fetches the topic
  kAuto,     // content, or pings where the hub answers 4xx to the first
};

struct PublisherOptions {
  std::string hub;
  HeaderFields headers = {};  // sent along
  std::uint64_t run = 0;
  std::uint32_t topics = 1;
  std::uint32_t messages = 0;     // of each topic
  std::uint32_t connections = 1;  // publishes under way at a time
  std::size_t size = 0;
  PublishKind kind = PublishKind::kAuto;
  // The next message of a topic is only sent when all have had the one before. Pings always wait: a
  // hub takes two that come together for one.
  bool wait = false;
  Duration timeout = std::chrono::seconds(30);  // of a call
};

// Lives until it has finished or the wire is gone.
class Publisher {
 public:
  Publisher(PublisherOptions options, Wire& wire, const Places& places, Swarm& swarm,
            Ledger& ledger);

  void Start();
  // From any thread: all have had this message.
  void Complete(std::uint32_t topic, std::uint32_t sequence);
  // From any thread: does not wait any longer for the messages that are awaited now.
  void GiveUpWaiting();
  // From any thread: no more is sent.
  void Stop() { stopped_ = true; }

  // Every publish has been answered, and every wait is over.
  bool finished() const { return finished_.load(std::memory_order_acquire); }
  std::uint64_t answered() const { return answered_; }
  bool waits() const { return waits_; }
  // Once finished.
  PublishKind kind() const { return kind_; }
  const std::unique_ptr<Trouble>& trouble() const { return trouble_; }

 private:
  struct Topic {
    Url url;  // of a publish with content
    std::string head;
    std::uint32_t next = 0;  // sequence
    bool complete = false;   // the one that was sent last
    bool waiting = false;
  };

  void Prepare();
  void Fill();
  void Send(std::uint32_t topic);
  hub::OutgoingRequest MakeRequest(std::uint32_t topic, std::uint32_t sequence) const;
  void OnAnswer(std::uint32_t topic, hub::OutgoingResult answer);
  bool FallBackToPing(std::uint32_t topic, const hub::OutgoingResult& answer);
  void GoOn(std::uint32_t topic);

  const PublisherOptions options_;
  Wire& wire_;
  const Places& places_;
  Swarm& swarm_;
  Ledger& ledger_;
  Url hub_;
  PublishKind kind_;
  std::vector<Topic> topics_;
  std::deque<std::uint32_t> ready_;
  std::uint32_t flying_ = 0;
  std::uint32_t waiting_ = 0;
  bool probing_ = true;  // the first answer tells whether the others are worth sending
  std::unique_ptr<Trouble> trouble_;
  std::atomic<bool> waits_;
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> finished_ = false;
};

}  // namespace websub::cli::bench
