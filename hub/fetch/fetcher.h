// What a ping leads to: a conditional GET of the topic; where the content has changed it is
// appended to the topic's log, with the links that it advertises.
//
// Pings for a topic whose fetch waits join it; one that comes while a fetch runs causes another, so
// that the newest content is never missed. Validators are only sent where they can be trusted: a
// Last-Modified (or an ETag made from it) that is as young as the answer says nothing about a
// change within the same second, and those of an answer behind a redirect belong to another URL.
//
// What is due is read from the store once, page by page, and waits for its turn in memory
// (hub/delivery/turns.h). As many bodies as may be in flight may be in memory at once, so there are
// few, and topics that stall have only a part of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "core/backoff.h"
#include "core/feed_diff.h"
#include "hub/clock.h"
#include "hub/delivery/due_walk.h"
#include "hub/delivery/turns.h"
#include "hub/fetch/getter.h"
#include "hub/random.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

struct FetcherOptions : GetOptions {
  RetryPolicy retry{.retries = 6,
                    .base = std::chrono::seconds(1),
                    .max = std::chrono::minutes(5),
                    .give_up_after = std::chrono::hours(1)};
  TurnsOptions turns{.pace = {.fewest = 1, .first = 4, .most = 16}, .max_running = 64};
  std::string hub_url = {};  // advertised where the content names no hub
  FeedDiff feed_diff = FeedDiff::kOff;
};

// Used on the loop's thread only.
class Fetcher {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Fetcher(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
          Random& random, FetcherOptions options, std::function<void()> wake);

  // Fetches that were requested then were kept.
  void Requested(Time at);
  // Starts nothing more; what is in flight goes on.
  void Stop();

  Time Run(Time now);
  std::size_t in_flight() const { return turns_.running(); }

  // The content had changed: a message was appended.
  std::function<void(const Message&)> on_message;

 private:
  // One try of a job, over its redirects.
  struct Fetch {
    FetchJob job;
    Topic topic;
    Turns::Ticket ticket;
  };

  using FetchPtr = std::shared_ptr<Fetch>;

  // Which may start
  void Wake();
  bool ReadDue(Time now);
  void Admit(const FetchJob& job);
  std::optional<FetchJob> Find(TopicId topic);
  void Start(TopicId topic, const Turns::Ticket& ticket, Time now);

  // One attempt
  void Finish(const FetchPtr& fetch, Got got);
  void Changed(const FetchPtr& fetch, Got got, Time now);
  void Unchanged(const FetchPtr& fetch, FetchedContent content, Exchange exchange,
                 std::string outcome);
  void Failed(const FetchPtr& fetch, OutgoingResult result, Exchange exchange, Time now);
  void Abandon(const FetchPtr& fetch, const std::string& reason, Exchange exchange, Time now);
  void Done(const Fetch& fetch, const Result<void>& kept);

  Store& store_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const FetcherOptions options_;
  std::function<void()> wake_;

  Turns turns_;  // by the topic's id
  Getter getter_;
  DueWalk walk_;
  std::unordered_set<TopicId> known_;  // those that wait for their turn, or have it
  Time paused_until_ = Time::min();    // while the store takes no writes
  bool stopped_ = false;
};

}  // namespace websub::hub
