// Messages that a publisher handed over and that are not in their topic's log yet: the content of
// the first is to be fetched from the URL that it names, and those behind it wait, so that a
// topic's messages stay in order.
//
// Where the fetch fails, the content that came along with the URL stands in at once (a fault that
// may pass gets one more try). Where none came along, it is tried again as the policy says, and
// then given up: that is recorded, and the next of the topic goes on.
//
// What is due waits for its turn in a queue (hub/delivery/due_queue.h) by the origin of its URL.
// The store lets only the first of a topic be due, so no topic has more than one in flight, and
// none holds up another.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/backoff.h"
#include "hub/clock.h"
#include "hub/delivery/due_queue.h"
#include "hub/fetch/content_options.h"
#include "hub/fetch/getter.h"
#include "hub/fetch/pushed_message.h"
#include "hub/random.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

struct InboxOptions : ContentOptions {
  // Where other content stands in.
  RetryPolicy retry_with_content{.retries = 1,
                                 .base = std::chrono::seconds(1),
                                 .max = std::chrono::seconds(5),
                                 .give_up_after = std::chrono::minutes(1)};
};

// Used on the loop's thread only.
class Inbox {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Inbox(Store& store, Transport& transport, Recorder& recorder, const Clock& clock, Random& random,
        InboxOptions options, std::function<void()> wake);

  // Entries that came then were kept.
  void Added(Time at) { queue_.Kept(at); }
  // Starts nothing more; what is in flight goes on.
  void Stop() { queue_.Stop(); }

  Time Run(Time now) { return queue_.Run(now); }
  std::size_t in_flight() const { return queue_.running(); }

  // A message was appended to its topic's log.
  std::function<void(const Message&)> on_message;

 private:
  // One try of an entry.
  struct Try {
    InboxEntry entry;
    Turns::Turn turn;
    std::optional<Time>
        next_due;  // the next of the topic, once the store has taken that this ended
  };
  using TryPtr = std::shared_ptr<Try>;

  DueQueue::Source Source();

  // One try
  void Start(const Turns::Turn& turn, Time now);
  void Publish(const TryPtr& its);
  void Finish(const TryPtr& its, Got got);
  void Fetched(const TryPtr& its, Got got);
  void Failed(const TryPtr& its, Got got);
  void StandIn(const TryPtr& its, const std::string& reason, Exchange exchange);
  void Keep(const TryPtr& its, PushedContent content, std::string outcome, Exchange exchange);
  void Done(const Try& its, const Result<void>& kept);

  Store& store_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const InboxOptions options_;

  DueQueue queue_;  // by the entry's id
  Getter getter_;
};

}  // namespace websub::hub
