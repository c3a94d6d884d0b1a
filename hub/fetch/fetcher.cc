#include "hub/fetch/fetcher.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/digest.h"
#include "core/request_head.h"
#include "hub/delivery/outcome.h"

namespace websub::hub {

namespace {

constexpr Duration kStoreWait = std::chrono::seconds(5);
constexpr Duration kCrowdedWait = std::chrono::milliseconds(50);
// Where the fetches that are due first all wait for a slow origin: how far, and how often, to look
// behind them.
constexpr std::size_t kWideLook = 2048;
constexpr Duration kWideLookEvery = std::chrono::milliseconds(100);
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
      transport_(transport),
      recorder_(recorder),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      wake_(std::move(wake)) {}

void Fetcher::Wake() {
  next_due_ = Time::min();
  wake_();
}

void Fetcher::Stop() {
  stopped_ = true;
}

Time Fetcher::Run(Time now) {
  if (stopped_) return Time::max();
  if (next_due_ > now) return next_due_;
  if (paused_until_ > now) return paused_until_;
  if (busy_.size() >= options_.max_in_flight) return Time::max();  // an answer wakes us
  bool more = StartDue(now, busy_.size() + options_.max_in_flight);
  if (more && now >= wide_look_at_) {
    wide_look_at_ = now + kWideLookEvery;
    more = StartDue(now, kWideLook);
  }
  if (busy_.size() >= options_.max_in_flight) return Time::max();
  return next_due_ = more ? now + kCrowdedWait : store_.NextFetchDue(now).value_or(Time::max());
}

// Tells whether more may be due than was looked at.
bool Fetcher::StartDue(Time now, std::size_t limit) {
  const auto due = store_.DueFetches(now, {}, limit);
  for (const auto& job : due) {
    if (busy_.size() >= options_.max_in_flight) break;
    if (!busy_.contains(job.topic_id)) Start(job, now);
  }
  return due.size() >= limit;
}

void Fetcher::Start(const FetchJob& job, Time now) {
  const auto url = Url::Parse(job.topic);
  const std::string origin = url ? url->Origin() : std::string();
  const auto load = origins_.find(origin);
  if (load != origins_.end() && load->second >= options_.max_per_origin) return;  // Done wakes us
  auto topic = store_.FindTopic(job.topic_id);
  if (!topic) return;
  auto fetch = std::make_shared<Fetch>();
  fetch->job = job;
  fetch->topic = std::move(*topic);
  busy_.emplace(job.topic_id, origin);
  ++origins_[origin];
  if (!url) {
    Exchange exchange;
    exchange.at = now;
    exchange.fault = Fault::kBadUrl;
    return Abandon(*fetch, "the topic is no URL that can be fetched", std::move(exchange), now);
  }
  Get(std::move(fetch), *url, now);
}

void Fetcher::Get(std::shared_ptr<Fetch> fetch, const Url& url, Time now) {
  FieldList fields = {{"Accept", "*/*"}};
  // The validators belong to the topic's own URL. Where it redirects now, what it leads to gets
  // none: the body's digest still tells whether the content changed.
  const Topic& topic = fetch->topic;
  if (!topic.content_hash.empty() && fetch->hops.empty()) {
    if (!topic.etag.empty()) fields.emplace_back("If-None-Match", topic.etag);
    if (!topic.last_modified.empty()) fields.emplace_back("If-Modified-Since", topic.last_modified);
  }
  OutgoingRequest request;
  request.url = url;
  request.head = RequestHead("GET", url, fields);
  request.max_body = options_.max_body;
  request.timeout = options_.timeout;
  const bool own = url.text().starts_with(options_.own_base + "/topics/");
  request.addresses = own ? AddressRule::kAny : options_.addresses;

  Exchange exchange;
  exchange.at = now;
  exchange.kind = ExchangeKind::kFetch;
  exchange.topic = topic.url;
  exchange.url = url.text();
  exchange.attempt = fetch->job.attempts + 1;
  exchange.request_head = MaskHead(request.head);
  transport_.Send(std::move(request),
                  [this, fetch = std::move(fetch), url,
                   exchange = std::move(exchange)](OutgoingResult result) mutable {
                    Finish(std::move(fetch), url, std::move(exchange), std::move(result));
                  });
}

void Fetcher::Finish(std::shared_ptr<Fetch> fetch, const Url& url, Exchange exchange,
                     OutgoingResult result) {
  const Time now = clock_.Now();
  const FieldList fields = HeadFields(result.head);
  fetch->hops.push_back({.url = url.text(),
                         .status = result.status,
                         .location = FirstField(fields, "Location"),
                         .link_headers = AllFields(fields, "Link")});
  if (result.fault == Fault::kCancelled) {
    FillFromResult(exchange, std::move(result));
    exchange.outcome = "the hub stopped; it is fetched when the hub runs again";
    recorder_.Add(std::move(exchange));
    return Done(fetch->job.topic_id, {});
  }
  if (IsRedirect(result.status)) {
    const auto next_text = ResolveReference(url.text(), fetch->hops.back().location);
    const auto next = next_text ? Url::Parse(*next_text) : tl::unexpected(next_text.error());
    FillFromResult(exchange, std::move(result));
    if (fetch->hops.back().location.empty() || !next) {
      return Abandon(*fetch, "redirected to no URL that can be fetched", std::move(exchange), now);
    }
    if (static_cast<int>(fetch->hops.size()) > options_.max_redirects) {
      return Abandon(*fetch, "more than " + std::to_string(options_.max_redirects) + " redirects",
                     std::move(exchange), now);
    }
    exchange.outcome = "redirected to " + next->text();
    recorder_.Add(std::move(exchange));
    return Get(std::move(fetch), *next, now);
  }
  if (result.status == 304) {
    FetchedContent content{.etag = fetch->topic.etag,
                           .last_modified = fetch->topic.last_modified,
                           .content_hash = fetch->topic.content_hash,
                           .now = now};
    FillFromResult(exchange, std::move(result));
    return Unchanged(*fetch, std::move(content), std::move(exchange), "not changed");
  }
  if (result.fault != Fault::kNone || result.status == 429 || result.status >= 500) {
    return Failed(*fetch, std::move(result), std::move(exchange), now);
  }
  if (!result.Ok2xx() || result.body_cut) {
    const std::string reason = result.Ok2xx() ? "the content is larger than " +
                                                    std::to_string(options_.max_body) + " bytes"
                                              : DescribeFailure(result);
    FillFromResult(exchange, std::move(result));
    return Abandon(*fetch, reason, std::move(exchange), now);
  }
  Changed(*fetch, std::move(result), std::move(exchange), now);
}

void Fetcher::Changed(const Fetch& fetch, OutgoingResult result, Exchange exchange, Time now) {
  const FieldList fields = HeadFields(result.head);
  FetchedContent content{
      .etag = {}, .last_modified = {}, .content_hash = Sha256Hex(result.body), .now = now};
  if (fetch.hops.size() == 1) KeepValidators(fields, content);
  if (content.content_hash == fetch.topic.content_hash) {
    FillFromResult(exchange, std::move(result));
    return Unchanged(fetch, std::move(content), std::move(exchange), "fetched, not changed");
  }
  FetchedTopic fetched;
  fetched.hops = fetch.hops;
  fetched.content_type = FirstField(fields, "Content-Type");
  fetched.body = std::move(result.body);
  const Discovery links = Discover(fetched);

  NewMessage message;
  message.topic = fetch.topic.url;
  message.content_type = fetched.content_type;                                     // HUB-DIS-02
  message.hubs = links.hubs.empty() ? std::vector{options_.hub_url} : links.hubs;  // HUB-DIS-03
  message.self = links.self.value_or(fetch.topic.url);
  message.body = std::make_shared<const std::string>(std::move(fetched.body));
  message.now = now;
  result.body = *message.body;
  FillFromResult(exchange, std::move(result));

  const TopicId id = fetch.topic.id;
  store_.FinishFetch(
      id, fetch.job.pings, std::move(content), std::move(message),
      [this, id, exchange = std::move(exchange)](Result<std::optional<Message>> kept) mutable {
        if (kept && *kept) {
          exchange.message_id = (*kept)->id;
          exchange.outcome = "changed: message m" + std::to_string((*kept)->id);
          if (on_message) on_message(**kept);
        } else {
          exchange.outcome = kept ? "changed" : "changed, but not kept: " + kept.error().message;
        }
        recorder_.Add(std::move(exchange));
        Done(id, kept ? Result<void>() : tl::unexpected(kept.error()));
      });
}

void Fetcher::Unchanged(const Fetch& fetch, FetchedContent content, Exchange exchange,
                        std::string outcome) {
  exchange.outcome = std::move(outcome);
  recorder_.Add(std::move(exchange));
  const TopicId id = fetch.topic.id;
  store_.FinishFetch(id, fetch.job.pings, std::move(content), std::nullopt,
                     [this, id](Result<std::optional<Message>> kept) {
                       Done(id, kept ? Result<void>() : tl::unexpected(kept.error()));
                     });
}

void Fetcher::Failed(const Fetch& fetch, OutgoingResult result, Exchange exchange, Time now) {
  const int attempts = fetch.job.attempts + 1;
  const Time first = fetch.job.attempts > 0 ? fetch.job.first_attempt : now;
  // A head may have come before the body broke off: that content is not whole.
  const auto outcome = ClassifyWhole(
      result, {.number = attempts, .first_attempt = first, .now = now, .jitter = random_.Unit()},
      options_.retry);
  std::string reason = DescribeFailure(result);
  FillFromResult(exchange, std::move(result));
  if (const auto* retry = std::get_if<RetryAt>(&outcome)) {
    exchange.outcome = reason + RetryIn(retry->at, now);
    recorder_.Add(std::move(exchange));
    const TopicId id = fetch.topic.id;
    store_.RetryFetch(id, fetch.job.pings, attempts, first, retry->at,
                      [this, id](const Result<void>& kept) { Done(id, kept); });
    return;
  }
  Abandon(fetch, reason, std::move(exchange), now);
}

void Fetcher::Abandon(const Fetch& fetch, const std::string& reason, Exchange exchange, Time now) {
  exchange.kind = ExchangeKind::kFetch;
  exchange.topic = fetch.topic.url;
  exchange.outcome = "given up: " + reason;
  recorder_.Add(std::move(exchange));
  const TopicId id = fetch.job.topic_id;
  store_.AbandonFetch(id, fetch.job.pings, now,
                      [this, id](const Result<void>& kept) { Done(id, kept); });
}

void Fetcher::Done(TopicId topic, const Result<void>& kept) {
  const auto busy = busy_.find(topic);
  if (const auto load = origins_.find(busy->second); --load->second == 0) origins_.erase(load);
  busy_.erase(busy);
  // The job is still there: it is fetched once more, but not over and over.
  if (!kept && kept.error().code == ErrorCode::kUnavailable) {
    paused_until_ = clock_.Now() + kStoreWait;
  }
  Wake();
}

}  // namespace websub::hub
