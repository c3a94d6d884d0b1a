// What a ping leads to: a conditional GET of the topic; where the content has changed it is
// appended to the topic's log, with the links that it advertises.
//
// Pings for a topic whose fetch waits join it; one that comes while a fetch runs causes another, so
// that the newest content is never missed. Validators are only sent where they can be trusted: a
// Last-Modified (or an ETag made from it) that is as young as the answer says nothing about a
// change within the same second, and those of an answer behind a redirect belong to another URL.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/backoff.h"
#include "core/discovery.h"
#include "hub/clock.h"
#include "hub/random.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

struct FetcherOptions {
  RetryPolicy retry{.retries = 6,
                    .base = std::chrono::seconds(1),
                    .max = std::chrono::minutes(5),
                    .give_up_after = std::chrono::hours(1)};
  Duration timeout = std::chrono::seconds(10);
  AddressRule addresses = AddressRule::kAny;
  std::size_t max_in_flight = 64;
  std::size_t max_per_origin = 16;          // so that a silent one leaves room for others
  std::size_t max_body = 10 * 1024 * 1024;  // bytes of a topic's content
  int max_redirects = 5;
  std::string hub_url;  // advertised where the content names no hub
  // "http://127.0.0.1:4820": the topics that the hub hosts itself, under /topics/, may be fetched
  // whatever the rule.
  std::string own_base;
};

// Used on the loop's thread only.
class Fetcher {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Fetcher(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
          Random& random, FetcherOptions options, std::function<void()> wake);

  // A fetch job was kept, or may be due.
  void Wake();
  // Starts nothing more; what is in flight goes on.
  void Stop();

  Time Run(Time now);
  std::size_t in_flight() const { return busy_.size(); }

  // The content had changed: a message was appended.
  std::function<void(const Message&)> on_message;

 private:
  // One try of a job, over its redirects.
  struct Fetch {
    FetchJob job;
    Topic topic;
    std::vector<DiscoveryHop> hops;
  };
  bool StartDue(Time now, std::size_t limit);
  void Start(const FetchJob& job, Time now);
  void Get(std::shared_ptr<Fetch> run, const Url& url, Time now);
  void Finish(std::shared_ptr<Fetch> run, const Url& url, Exchange exchange, OutgoingResult result);
  void Changed(const Fetch& run, OutgoingResult result, Exchange exchange, Time now);
  void Unchanged(const Fetch& run, FetchedContent content, Exchange exchange, std::string outcome);
  void Failed(const Fetch& run, OutgoingResult result, Exchange exchange, Time now);
  void Abandon(const Fetch& run, const std::string& reason, Exchange exchange, Time now);
  void Done(TopicId topic, const Result<void>& kept);

  Store& store_;
  Transport& transport_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const FetcherOptions options_;
  std::function<void()> wake_;

  Time next_due_ = Time::min();                 // when a fetch may be due; min: ask the store
  Time paused_until_ = Time::min();             // while the store takes no writes
  Time wide_look_at_ = Time::min();             // not before then
  std::map<TopicId, std::string> busy_;         // with their origin
  std::map<std::string, std::size_t> origins_;  // how many of busy_ each has
  bool stopped_ = false;
};

}  // namespace websub::hub
