#include "hub/fetch/fetcher.h"

#include <memory>
#include <utility>

#include "core/digest.h"
#include "core/feed_diff.h"
#include "hub/delivery/outcome.h"

namespace websub::hub {

namespace {

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

DueQueue::Job JobOf(const FetchJob& job) {
  const auto url = Url::Parse(job.topic);
  return {.place = {job.due_at, job.topic_id},
          .about = job.topic_id,
          .origin = url ? url->Origin() : std::string(),
          .attempts = job.attempts};
}

}  // namespace

Fetcher::Fetcher(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
                 Random& random, ContentOptions options, std::function<void()> wake)
    : store_(store),
      recorder_(recorder),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      queue_(options_.turns, clock, Source(), std::move(wake)),
      getter_(transport, recorder, clock, queue_.turns(), options_) {}

DueQueue::Source Fetcher::Source() {
  return {
      .page =
          [this](Time now, DuePlace after, std::size_t limit) {
            return DueQueue::JobsOf(store_.DueFetches(now, after, limit), JobOf);
          },
      .next = [this](Time now) { return store_.NextFetchDue(now); },
      .find = [this](TopicId topic, Time now) -> std::optional<DueQueue::Job> {
        const auto job = store_.FindFetch(topic);
        if (!job || job->due_at > now) return std::nullopt;
        return JobOf(*job);
      },
      .has_fault = [this] { return store_.WriteFault().has_value(); },
      .start = [this](const Turns::Turn& turn, Time now) { Start(turn, now); },
  };
}

void Fetcher::Start(const Turns::Turn& turn, Time now) {
  // Read now: pings that came while it waited have joined.
  auto job = store_.FindFetch(turn.id);
  auto topic = job ? store_.FindTopic(turn.id) : std::nullopt;
  // Or it has ended, or the clock was set back.
  if (!topic || job->due_at > now) return queue_.Drop(turn);
  auto fetch = std::make_shared<Fetch>();
  fetch->job = std::move(*job);
  fetch->topic = std::move(*topic);
  fetch->turn = turn;
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
                     .ticket = turn.ticket};
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
      return queue_.Done(fetch->turn, {});
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
        queue_.Done(fetch->turn, kept ? Result<void>() : tl::unexpected(kept.error()));
      });
}

void Fetcher::Unchanged(const FetchPtr& fetch, FetchedContent content, Exchange exchange,
                        std::string outcome) {
  exchange.outcome = std::move(outcome);
  recorder_.Add(std::move(exchange));
  store_.FinishFetch(fetch->topic.id, fetch->job.pings, std::move(content), std::nullopt,
                     [this, fetch](Result<std::optional<Message>> kept) {
                       queue_.Done(fetch->turn,
                                   kept ? Result<void>() : tl::unexpected(kept.error()));
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
                      [this, fetch](const Result<void>& kept) { queue_.Done(fetch->turn, kept); });
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
                      [this, fetch](const Result<void>& kept) { queue_.Done(fetch->turn, kept); });
}

}  // namespace websub::hub
