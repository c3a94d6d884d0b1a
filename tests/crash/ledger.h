// What the publishers of a crash run were promised and what the subscribers got, checked against
// each other: at least once, in the order of acceptance, to each subscription.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace websub::tests {

// One publisher's messages on one topic; they are numbered 0, 1, …
using StreamId = std::size_t;
using SubscriberId = std::size_t;

enum class StreamKind {
  kEvery,   // each message that was accepted is to arrive
  kNewest,  // a topic that is fetched: at the end the latest accepted, or a later one, has arrived
};

enum class Promise : std::uint8_t {
  kOpen,        // begun, not ended
  kUnanswered,  // it may arrive or not
  kAccepted,    // answered 2xx: it has to arrive
  kRefused,     // answered otherwise: it must not arrive
};

struct CrashCounts {
  std::size_t accepted = 0;
  std::size_t unanswered = 0;
  std::size_t refused = 0;
  std::size_t deliveries = 0;  // duplicates included
  std::size_t duplicates = 0;
  std::size_t needless = 0;  // of them those that no crash explains: twice in the life of one hub
  std::size_t lost = 0;
  std::size_t reordered = 0;
  std::size_t unwanted = 0;  // refused, changed, kept twice, or to a subscription that had ended
};

// May be used from any thread. All streams are added before the first subscriber.
class Ledger {
 public:
  StreamId AddStream(std::size_t topic, StreamKind kind);

  // ----- Publishing: one message of a stream at a time

  // The number of the stream's next message, which is part of its body.
  std::size_t Begin(StreamId stream);
  void End(StreamId stream, std::size_t number, Promise promise);
  static std::string Body(StreamId stream, std::size_t number, std::size_t filler);

  // ----- Subscribing

  SubscriberId AddSubscriber(std::size_t topic);
  // It is known to be verified: what is begun from now on is promised to it.
  void Verified(SubscriberId subscriber);
  // Its end is asked for: nothing more is promised to it.
  void Ending(SubscriberId subscriber);
  // It is known to have ended: what is begun from now on is not for it.
  void Ended(SubscriberId subscriber);
  // A delivery that the subscriber acknowledges, in the hub's life number `life` (1, 2, …).
  void Arrived(SubscriberId subscriber, std::string_view body, std::string_view message_id,
               int life);

  // ----- Looking

  // First arrivals that are promised and still to come.
  std::size_t Outstanding() const;
  CrashCounts Count() const;
  // What is wrong, a line each, the first hundred.
  std::vector<std::string> Faults() const;

 private:
  struct Stream {
    std::size_t topic = 0;
    StreamKind kind = StreamKind::kEvery;
    std::vector<Promise> promises;  // by number
    std::vector<std::int64_t> ids;  // by number, what the hub called it; 0: not known
    std::int64_t newest = -1;       // the highest number accepted
  };
  struct Arrivals {
    std::vector<int> life;     // by number, that of the latest arrival; 0: none
    std::int64_t newest = -1;  // the highest number that arrived
    std::size_t from = 0;      // the first that is promised
    std::size_t end = 0;       // the first that must not come, once it has ended
  };
  struct Subscriber {
    std::size_t topic = 0;
    bool promised = false;
    bool ended = false;
    std::int64_t last_id = 0;  // of the latest first arrival
    std::map<StreamId, Arrivals> streams;
  };

  static bool Missing(const Stream& stream, const Arrivals& arrivals, std::size_t number);
  static bool NewestMissing(const Stream& stream, const Arrivals& arrivals);
  void FirstArrival(Subscriber& subscriber, StreamId stream, std::size_t number, std::int64_t id,
                    const std::string& name);
  void Fault(std::size_t& count, const std::string& line);

  mutable std::mutex mutex_;
  std::vector<Stream> streams_;          // guarded by mutex_
  std::vector<Subscriber> subscribers_;  // guarded by mutex_
  std::size_t outstanding_ = 0;          // guarded by mutex_; of the streams of kind kEvery
  CrashCounts counts_;                   // guarded by mutex_; `lost` is counted when asked for
  std::vector<std::string> faults_;      // guarded by mutex_
};

}  // namespace websub::tests
