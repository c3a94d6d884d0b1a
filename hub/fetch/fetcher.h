// What a ping leads to: a conditional GET of the topic; where the content has changed it is
// appended to the topic's log, with the links that it advertises.
//
// Pings for a topic whose fetch waits join it; one that comes while a fetch runs causes another, so
// that the newest content is never missed. Validators are only sent where they can be trusted: a
// Last-Modified (or an ETag made from it) that is as young as the answer says nothing about a
// change within the same second, and those of an answer behind a redirect belong to another URL.
//
// What is due waits for its turn in a queue (hub/delivery/due_queue.h). As many bodies as may be in
// flight may be in memory at once, so there are few, and topics that stall have only a part of
// them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hub/clock.h"
#include "hub/delivery/due_queue.h"
#include "hub/fetch/content_options.h"
#include "hub/fetch/getter.h"
#include "hub/random.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

// Used on the loop's thread only.
class Fetcher {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Fetcher(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
          Random& random, ContentOptions options, std::function<void()> wake);

  // Fetches that were requested then were kept.
  void Requested(Time at) { queue_.Kept(at); }
  // Starts nothing more; what is in flight goes on.
  void Stop() { queue_.Stop(); }

  Time Run(Time now) { return queue_.Run(now); }
  std::size_t in_flight() const { return queue_.running(); }

  // The content had changed: a message was appended.
  std::function<void(const Message&)> on_message;

 private:
  // One try of a job, over its redirects.
  struct Fetch {
    FetchJob job;
    Topic topic;
    Turns::Turn turn;
  };

  using FetchPtr = std::shared_ptr<Fetch>;

  DueQueue::Source Source();

  // One attempt
  void Start(const Turns::Turn& turn, Time now);
  void Finish(const FetchPtr& fetch, Got got);
  void Changed(const FetchPtr& fetch, Got got, Time now);
  void Unchanged(const FetchPtr& fetch, FetchedContent content, Exchange exchange,
                 std::string outcome);
  void Failed(const FetchPtr& fetch, OutgoingResult result, Exchange exchange, Time now);
  void Abandon(const FetchPtr& fetch, const std::string& reason, Exchange exchange, Time now);

  Store& store_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const ContentOptions options_;

  DueQueue queue_;  // by the topic's id
  Getter getter_;
};

}  // namespace websub::hub
