#include "hub/fetch/inbox.h"

#include <utility>

#include "hub/delivery/outcome.h"

namespace websub::hub {

namespace {

// What content is that came along without a type.
constexpr const char* kPlainText = "text/plain";

// Those that need no fetch take turns among themselves.
DueQueue::Job JobOf(const DueEntry& due) {
  const auto url = Url::Parse(due.content_url);
  return {.place = due.place,
          .about = due.place.id,
          .origin = url ? url->Origin() : std::string(),
          .attempts = due.attempts};
}

}  // namespace

Inbox::Inbox(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
             Random& random, InboxOptions options, std::function<void()> wake)
    : store_(store),
      recorder_(recorder),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      queue_(options_.turns, clock, Source(), std::move(wake)),
      getter_(transport, recorder, clock, queue_.turns(), options_) {}

DueQueue::Source Inbox::Source() {
  return {
      .page =
          [this](Time now, DuePlace after, std::size_t limit) {
            return DueQueue::JobsOf(store_.DueInbox(now, after, limit), JobOf);
          },
      .next = [this](Time now) { return store_.NextInboxDue(now); },
      .find = [this](InboxId id, Time now) -> std::optional<DueQueue::Job> {
        const auto entry = store_.FindInbox(id);
        if (!entry || !entry->due_at || *entry->due_at > now) return std::nullopt;
        return JobOf({.place = {*entry->due_at, id},
                      .content_url = entry->content_url,
                      .attempts = entry->attempts});
      },
      .has_fault = [this] { return store_.WriteFault().has_value(); },
      .start = [this](const Turns::Turn& turn, Time now) { Start(turn, now); },
  };
}

void Inbox::Start(const Turns::Turn& turn, Time now) {
  auto entry = store_.FindInbox(turn.id);
  // It has ended, or the clock was set back.
  if (!entry || !entry->due_at || *entry->due_at > now) return queue_.Drop(turn);
  auto its = std::make_shared<Try>(Try{std::move(*entry), turn, {}});
  if (its->entry.content_url.empty()) return Publish(its);
  const auto url = Url::Parse(its->entry.content_url);
  if (!url) {  // it was one when it came
    Exchange exchange;
    exchange.at = now;
    exchange.fault = Fault::kBadUrl;
    return StandIn(its, "contentUrl is no URL that can be fetched", std::move(exchange));
  }
  getter_.Get({.url = *url,
               .validators = {},
               .topic = its->entry.topic,
               .identity = its->entry.identity,
               .attempt = its->entry.attempts + 1,
               .ticket = turn.ticket},
              [this, its](Got got) { Finish(its, std::move(got)); });
}

// Its content came with it, and those before it are done with.
void Inbox::Publish(const TryPtr& its) {
  queue_.turns().Answered(its->turn.ticket, Duration(0));
  Exchange exchange;
  exchange.at = clock_.Now();
  exchange.direction = Direction::kIn;
  exchange.kind = ExchangeKind::kPublish;
  exchange.topic = its->entry.topic;
  exchange.identity = its->entry.identity;
  exchange.status = 202;
  Keep(its, {its->entry.topic, its->entry.content_type, store_.InboxBody(its->entry.id)},
       "those before it are done with", std::move(exchange));
}

void Inbox::Finish(const TryPtr& its, Got got) {
  if (got.how == Got::How::kStopped) {
    FillFromResult(got.exchange, std::move(got.result));
    got.exchange.outcome = "the hub stopped; it is fetched when the hub runs again";
    recorder_.Add(std::move(got.exchange));
    return Done(*its, {});
  }
  if (got.how == Got::How::kMayPass) return Failed(its, std::move(got));
  if (got.how == Got::How::kAnswered && got.result.Ok2xx()) return Fetched(its, std::move(got));
  std::string reason = got.reason.empty() ? DescribeFailure(got.result) : std::move(got.reason);
  FillFromResult(got.exchange, std::move(got.result));
  StandIn(its, reason, std::move(got.exchange));
}

void Inbox::Fetched(const TryPtr& its, Got got) {
  std::string type = its->entry.content_type;
  if (type.empty()) type = FirstField(HeadFields(got.result.head), "Content-Type");
  auto body = std::make_shared<const std::string>(got.result.body);
  FillFromResult(got.exchange, std::move(got.result));
  Keep(its, {its->entry.topic, std::move(type), std::move(body)}, "fetched",
       std::move(got.exchange));
}

void Inbox::Failed(const TryPtr& its, Got got) {
  const InboxEntry& entry = its->entry;
  const Time now = clock_.Now();
  const int attempts = entry.attempts + 1;
  const Time first = entry.attempts > 0 ? entry.first_attempt : now;
  const auto outcome = ClassifyWhole(
      got.result,
      {.number = attempts, .first_attempt = first, .now = now, .jitter = random_.Unit()},
      entry.has_body ? options_.retry_with_content : options_.retry);
  FillFromResult(got.exchange, std::move(got.result));
  if (const auto* retry = std::get_if<RetryAt>(&outcome)) {
    got.exchange.outcome = got.reason + RetryIn(retry->at, now);
    recorder_.Add(std::move(got.exchange));
    return store_.RetryInbox(entry.id, attempts, first, retry->at,
                             [this, its](const Result<void>& kept) { Done(*its, kept); });
  }
  const auto* given_up = std::get_if<GivenUp>(&outcome);
  StandIn(its, given_up != nullptr ? given_up->reason : got.reason, std::move(got.exchange));
}

// The fetch has failed for good.
void Inbox::StandIn(const TryPtr& its, const std::string& reason, Exchange exchange) {
  const InboxEntry& entry = its->entry;
  exchange.kind = ExchangeKind::kFetch;
  exchange.topic = entry.topic;
  exchange.identity = entry.identity;
  if (entry.has_body) {
    return Keep(its,
                {entry.topic, entry.content_type.empty() ? kPlainText : entry.content_type,
                 store_.InboxBody(entry.id)},
                reason + "; contentBase64 is used", std::move(exchange));
  }
  exchange.outcome = "given up: " + reason;
  recorder_.Add(std::move(exchange));
  its->next_due = clock_.Now();
  store_.DropInbox(entry.id, *its->next_due,
                   [this, its](const Result<void>& kept) { Done(*its, kept); });
}

void Inbox::Keep(const TryPtr& its, PushedContent content, std::string outcome, Exchange exchange) {
  if (!content.body) {  // the store cannot be read
    return Done(*its, Fail(ErrorCode::kUnavailable, "the message cannot be read"));
  }
  its->next_due = clock_.Now();
  store_.FinishInbox(
      its->entry.id,
      PushedMessage(std::move(content), options_.hub_url, options_.feed_diff, *its->next_due),
      [this, its, outcome = std::move(outcome),
       exchange = std::move(exchange)](const Result<Message>& kept) mutable {
        if (kept) {
          exchange.message_id = kept->id;
          exchange.outcome = outcome + ": message m" + std::to_string(kept->id);
          if (on_message) on_message(*kept);
        } else {
          exchange.outcome = outcome + ", but not kept: " + kept.error().message;
        }
        recorder_.Add(std::move(exchange));
        Done(*its, kept ? Result<void>() : tl::unexpected(kept.error()));
      });
}

void Inbox::Done(const Try& its, const Result<void>& kept) {
  if (its.next_due) queue_.Kept(*its.next_due);
  queue_.Done(its.turn, kept);
}

}  // namespace websub::hub
