#include "hub/fetch/fetcher.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/digest.h"
#include "core/feed_diff.h"
#include "hub/delivery/outcome.h"

namespace websub::hub {

namespace {

constexpr Duration kStoreWait = std::chrono::seconds(5);
// How much is done before the loop gets its turn again.
constexpr std::size_t kPage = 256;
constexpr int kPagesPerRun = 4;
constexpr int kStartsPerRun = 64;
// How much older than the answer a Last-Modified must be to say anything: it counts whole seconds.
constexpr Duration kTrustedAge = std::chrono::seconds(2);

// The validators of an answer that can be trusted to change with the content. Its age is told by
// the server's own clock only.
void KeepValidators(const FieldList& fields, FetchedContent& content) {
  const std::string modified = FirstField(fields, "Last-Modified");
  const auto modified_at = ParseHttpDate(modified);
  const auto answered_at = ParseHttpDate(FirstField(fields, "Date"));
  if (modified_at && (!answered_at || *answered_at - *modified_at < kTrustedAge)) return;
  content.etag = FirstField(fields, "ETag");
  if (modified_at) content.last_modified = modified;
}

}  // namespace

Fetcher::Fetcher(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
                 Random& random, FetcherOptions options, std::function<void()> wake)
    : store_(store),
      recorder_(recorder),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      wake_(std::move(wake)),
      turns_(options_.turns),
      getter_(transport, recorder, clock, turns_, options_) {}

void Fetcher::Requested(Time at) {
  walk_.GoBack(at);
  wake_();
}

void Fetcher::Wake() {
  walk_.Expect(Time::min());
  wake_();
}

void Fetcher::Stop() {
  stopped_ = true;
}

Time Fetcher::Run(Time now) {
  if (stopped_) return Time::max();
  paused_until_ = std::min(paused_until_, now + kStoreWait);  // the clock may have been set back
  if (paused_until_ > now) return paused_until_;
  bool more = true;
  for (int pages = 0; more && pages < kPagesPerRun; ++pages) more = ReadDue(now);
  int started = 0;
  for (; started < kStartsPerRun; ++started) {
    const auto turn = turns_.Next();
    if (!turn) break;
    Start(turn->id, turn->ticket, now);
  }
  if (more || started > 0) wake_();
  return walk_.next() > now ? walk_.next() : Time::max();  // otherwise an answer wakes us
}

// Tells whether there may be more to read at once.
bool Fetcher::ReadDue(Time now) {
  if (!walk_.HasMore(now, turns_.room())) return false;
  const auto due = store_.DueFetches(now, walk_.place(), kPage);
  for (const FetchJob& job : due) Admit(job);
  if (!due.empty()) walk_.MoveTo({due.back().due_at, due.back().topic_id});
  if (due.size() == kPage) return true;
  walk_.End(store_.NextFetchDue(now));
  if (store_.WriteFault()) walk_.StartAnew(now + kStoreWait);
  return false;
}

void Fetcher::Admit(const FetchJob& job) {
  if (known_.contains(job.topic_id)) return;
  const auto url = Url::Parse(job.topic);
  const std::string origin = url ? url->Origin() : std::string();
  if (!turns_.HasRoomFor(origin)) return walk_.PutOff({job.due_at, job.topic_id});
  known_.insert(job.topic_id);
  turns_.Add(job.topic_id, origin,
             job.attempts > 0 ? Turns::Trust::kSuspect : Turns::Trust::kFresh);
}

std::optional<FetchJob> Fetcher::Find(TopicId topic) {
  auto job = store_.FindFetch(topic);
  if (!job && store_.WriteFault()) walk_.StartAnew(clock_.Now() + kStoreWait);
  return job;
}

void Fetcher::Start(TopicId id, const Turns::Ticket& ticket, Time now) {
  // Read now: pings that came while it waited have joined.
  auto job = Find(id);
  auto topic = job ? store_.FindTopic(id) : std::nullopt;
  if (!topic || job->due_at > now) {  // it has ended, or the clock was set back
    known_.erase(id);
    turns_.End(ticket);
    return Wake();
  }
  auto fetch = std::make_shared<Fetch>();
  fetch->job = std::move(*job);
  fetch->topic = std::move(*topic);
  fetch->ticket = ticket;
  const auto url = Url::Parse(fetch->job.topic);
  if (!url) {
    Exchange exchange;
    exchange.at = now;
    exchange.fault = Fault::kBadUrl;
    return Abandon(std::move(fetch), "the topic is no URL that can be fetched", std::move(exchange),
                   now);
  }
  // The validators belong to the topic's own URL. Where it redirects now, what it leads to gets
  // none: the body's digest still tells whether the content changed.
  FieldList validators;
  if (const Topic& its = fetch->topic; !its.content_hash.empty()) {
    if (!its.etag.empty()) validators.emplace_back("If-None-Match", its.etag);
    if (!its.last_modified.empty()) validators.emplace_back("If-Modified-Since", its.last_modified);
  }
  GetRequest request{.url = *url,
                     .validators = std::move(validators),
                     .topic = fetch->topic.url,
                     .identity = {},
                     .attempt = fetch->job.attempts + 1,
                     .ticket = ticket};
  getter_.Get(std::move(request),
              [this, fetch = std::move(fetch)](Got got) { Finish(fetch, std::move(got)); });
}

void Fetcher::Finish(const FetchPtr& fetch, Got got) {
  const Time now = clock_.Now();
  switch (got.how) {
    case Got::How::kStopped:
      FillFromResult(got.exchange, std::move(got.result));
      got.exchange.outcome = "the hub stopped; it is fetched when the hub runs again";
      recorder_.Add(std::move(got.exchange));
      return Done(*fetch, {});
    case Got::How::kMayPass:
      return Failed(fetch, std::move(got.result), std::move(got.exchange), now);
    case Got::How::kFinal:
      FillFromResult(got.exchange, std::move(got.result));
      return Abandon(fetch, got.reason, std::move(got.exchange), now);
    case Got::How::kAnswered:
      break;
  }
  if (got.result.status != 304) return Changed(fetch, std::move(got), now);
  FetchedContent content{.etag = fetch->topic.etag,
                         .last_modified = fetch->topic.last_modified,
                         .content_hash = fetch->topic.content_hash,
                         .now = now};
  FillFromResult(got.exchange, std::move(got.result));
  Unchanged(fetch, std::move(content), std::move(got.exchange), "not changed");
}

void Fetcher::Changed(const FetchPtr& fetch, Got got, Time now) {
  OutgoingResult& result = got.result;
  Exchange& exchange = got.exchange;
  const FieldList fields = HeadFields(result.head);
  FetchedContent content{
      .etag = {}, .last_modified = {}, .content_hash = Sha256Hex(result.body), .now = now};
  if (got.hops.size() == 1) KeepValidators(fields, content);
  if (content.content_hash == fetch->topic.content_hash) {
    FillFromResult(exchange, std::move(result));
    return Unchanged(fetch, std::move(content), std::move(exchange), "fetched, not changed");
  }
  FetchedTopic fetched;
  fetched.hops = std::move(got.hops);
  fetched.content_type = FirstField(fields, "Content-Type");
  fetched.body = std::move(result.body);
  const Discovery links = Discover(fetched);

  NewMessage message;
  message.topic = fetch->topic.url;
  message.content_type = fetched.content_type;                                     // HUB-DIS-02
  message.hubs = links.hubs.empty() ? std::vector{options_.hub_url} : links.hubs;  // HUB-DIS-03
  message.self = links.self.value_or(fetch->topic.url);
  message.body = std::make_shared<const std::string>(std::move(fetched.body));
  message.now = now;
  if (options_.feed_diff == FeedDiff::kOn) {
    message.entries = DigestsOf(ReadFeed(message.content_type, *message.body));
  }
  result.body = *message.body;
  FillFromResult(exchange, std::move(result));

  store_.FinishFetch(
      fetch->topic.id, fetch->job.pings, std::move(content), std::move(message),
      [this, fetch, exchange = std::move(exchange)](Result<std::optional<Message>> kept) mutable {
        if (kept && *kept) {
          exchange.message_id = (*kept)->id;
          exchange.outcome = "changed: message m" + std::to_string((*kept)->id);
          if (on_message) on_message(**kept);
        } else {
          exchange.outcome = kept ? "changed" : "changed, but not kept: " + kept.error().message;
        }
        recorder_.Add(std::move(exchange));
        Done(*fetch, kept ? Result<void>() : tl::unexpected(kept.error()));
      });
}

void Fetcher::Unchanged(const FetchPtr& fetch, FetchedContent content, Exchange exchange,
                        std::string outcome) {
  exchange.outcome = std::move(outcome);
  recorder_.Add(std::move(exchange));
  store_.FinishFetch(fetch->topic.id, fetch->job.pings, std::move(content), std::nullopt,
                     [this, fetch](Result<std::optional<Message>> kept) {
                       Done(*fetch, kept ? Result<void>() : tl::unexpected(kept.error()));
                     });
}

void Fetcher::Failed(const FetchPtr& fetch, OutgoingResult result, Exchange exchange, Time now) {
  const int attempts = fetch->job.attempts + 1;
  const Time first = fetch->job.attempts > 0 ? fetch->job.first_attempt : now;
  // A head may have come before the body broke off: that content is not whole.
  const auto outcome = ClassifyWhole(
      result, {.number = attempts, .first_attempt = first, .now = now, .jitter = random_.Unit()},
      options_.retry);
  std::string reason = DescribeFailure(result);
  FillFromResult(exchange, std::move(result));
  if (const auto* retry = std::get_if<RetryAt>(&outcome)) {
    exchange.outcome = reason + RetryIn(retry->at, now);
    recorder_.Add(std::move(exchange));
    store_.RetryFetch(fetch->topic.id, fetch->job.pings, attempts, first, retry->at,
                      [this, fetch](const Result<void>& kept) { Done(*fetch, kept); });
    return;
  }
  Abandon(fetch, reason, std::move(exchange), now);
}

void Fetcher::Abandon(const FetchPtr& fetch, const std::string& reason, Exchange exchange,
                      Time now) {
  exchange.kind = ExchangeKind::kFetch;
  exchange.topic = fetch->topic.url;
  exchange.outcome = "given up: " + reason;
  recorder_.Add(std::move(exchange));
  store_.AbandonFetch(fetch->topic.id, fetch->job.pings, now,
                      [this, fetch](const Result<void>& kept) { Done(*fetch, kept); });
}

void Fetcher::Done(const Fetch& fetch, const Result<void>& kept) {
  const Time now = clock_.Now();
  const TopicId id = fetch.topic.id;
  turns_.End(fetch.ticket);
  // The job is still there: it is fetched once more, but not over and over.
  if (!kept && kept.error().code == ErrorCode::kUnavailable) paused_until_ = now + kStoreWait;
  known_.erase(id);
  if (!stopped_) {
    const auto job = Find(id);  // a ping may have come meanwhile
    if (job && job->due_at <= now) Admit(*job);
  }
  Wake();
}

}  // namespace websub::hub
