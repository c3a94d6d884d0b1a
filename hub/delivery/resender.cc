#include "hub/delivery/resender.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/notification.h"
#include "hub/delivery/feed_reduction.h"
#include "hub/delivery/message_cache.h"
#include "hub/store/sealer.h"

namespace websub::hub {

namespace {

constexpr std::size_t kMostAtOnce = 16;
constexpr std::size_t kLookedAt = 50;  // exchanges of the message, to find the new one

std::string Id(char letter, std::int64_t id) {
  return letter + std::to_string(id);
}

Error KeptNoLonger(MessageId message) {
  return {ErrorCode::kConflict, "the message " + Id('m', message) + " is kept no longer"};
}

}  // namespace

Resender::Resender(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
                   const DeliveryOptions& options)
    : store_(store), transport_(transport), recorder_(recorder), clock_(clock), options_(options) {}

void Resender::Resend(ExchangeId id, Sent done) {
  const auto exchange = store_.FindExchange(id);
  if (!exchange) return done(Fail(ErrorCode::kNotFound, "there is no exchange " + Id('x', id)));
  if (exchange->kind != ExchangeKind::kDeliver || !exchange->message_id ||
      !exchange->subscription_id) {
    return done(Fail(ErrorCode::kConflict, Id('x', id) + " is no delivery (" +
                                               std::string(Name(exchange->kind)) +
                                               "); websub inspect resend " + Id('x', id) +
                                               " --to URL sends it from here"));
  }
  auto message = store_.FindMessage(*exchange->message_id);
  if (message) message->body = SentBody(store_, *exchange, *message);
  if (!message || !message->body) return done(tl::unexpected(KeptNoLonger(*exchange->message_id)));
  message->size = message->body->size();
  Send({.message = *std::move(message),
        .entries = FirstField(HeadFields(exchange->request_head), kEntriesField),
        .subscription = *exchange->subscription_id,
        .attempt = exchange->attempt + 1,
        .letter = 0,
        .done = std::move(done)});
}

void Resender::Retry(DeadLetterId id, Sent done) {
  const auto letter = store_.FindDeadLetter(id);
  if (!letter) return done(Fail(ErrorCode::kNotFound, "there is no dead letter " + Id('d', id)));
  auto message = store_.FindMessage(letter->message_id);
  if (!message || !message->body) return done(tl::unexpected(KeptNoLonger(letter->message_id)));
  Send({.message = *std::move(message),
        .entries = "",
        .subscription = letter->subscription_id,
        .attempt = letter->attempts + 1,
        .letter = id,
        .done = std::move(done)});
}

void Resender::Send(Job job) {
  const auto refuse = [&](ErrorCode code, std::string sentence) {
    job.done(Fail(code, std::move(sentence)));
  };
  const auto subscription = store_.FindSubscription(job.subscription);
  if (!subscription || subscription->state != SubscriptionState::kActive) {
    return refuse(ErrorCode::kConflict,
                  "the subscription " + Id('s', job.subscription) + " is not in force" +
                      (subscription ? ": " + std::string(Name(subscription->state)) : ""));
  }
  if (IsUnreadable(subscription->secret)) {
    return refuse(ErrorCode::kUnavailable,
                  "the secret of " + Id('s', job.subscription) + " cannot be read");
  }
  if (in_flight_ >= kMostAtOnce) {
    return refuse(ErrorCode::kTooMany,
                  std::to_string(in_flight_) + " are being sent again already");
  }
  auto callback = Url::Parse(subscription->callback);
  if (!callback) return refuse(callback.error().code, callback.error().message);

  const std::string_view ruled = options_.rules.ContentTypeFor(subscription->callback);
  if (!ruled.empty()) job.message.content_type = ruled;
  std::string signature;
  if (!subscription->secret.empty()) {  // HUB-SIG-01, HUB-SIG-03
    const SignatureAlgorithm algorithm =
        options_.AlgorithmFor(subscription->algorithm, subscription->callback);
    signature = Signer(algorithm, subscription->secret).Sign(*job.message.body);
  }
  const std::string shared = SharedHeadOf(job.message, job.entries);
  Exchange exchange;
  exchange.at = clock_.Now();
  exchange.direction = Direction::kOut;
  exchange.kind = ExchangeKind::kDeliver;
  exchange.subscription_id = job.subscription;
  exchange.message_id = job.message.id;
  exchange.topic = job.message.topic;
  exchange.callback = callback->shared_text();
  exchange.url = exchange.callback;
  exchange.attempt = job.attempt;

  OutgoingRequest request;
  request.head = NotificationHead(NotificationStart(*callback), shared, job.attempt, signature);
  request.url = *std::move(callback);
  request.body = job.message.body;
  request.timeout = options_.timeout;
  request.addresses = options_.addresses;
  ++in_flight_;
  transport_.Send(std::move(request),
                  [this, job = std::make_shared<const Job>(std::move(job)),
                   exchange = std::move(exchange)](OutgoingResult result) mutable {
                    --in_flight_;
                    Finish(*job, std::move(exchange), std::move(result));
                  });
}

void Resender::Finish(const Job& job, Exchange exchange, OutgoingResult result) {
  const bool taken = result.Ok2xx();
  exchange.request_head = MaskHead(result.sent_head);
  exchange.outcome = result.fault == Fault::kCancelled ? "the hub stopped"
                     : taken                           ? "delivered, sent again by hand"
                             : DescribeFailure(result) + ", sent again by hand";
  FillFromResult(exchange, std::move(result));
  recorder_.Add(exchange);
  // Its id is known once it is kept; what waits is handed over at once.
  recorder_.Flush([this, job, exchange = std::move(exchange), taken] {
    if (!taken || job.letter == 0) return Tell(job, exchange);
    store_.RedeemDeadLetter(job.letter, [this, job, exchange](const Result<void>&) {
      Tell(job, exchange);  // where it went meanwhile, all the better
    });
  });
}

void Resender::Tell(const Job& job, Exchange exchange) {
  ExchangeQuery query;
  query.message = exchange.message_id;
  query.order = Order::kNewestFirst;
  query.limit = kLookedAt;
  if (const auto found = store_.List(query)) {
    const auto own = std::find_if(found->begin(), found->end(), [&](const Exchange& each) {
      return each.subscription_id == exchange.subscription_id && each.at == exchange.at &&
             each.attempt == exchange.attempt;
    });
    if (own != found->end()) exchange.id = own->id;
  }
  job.done(std::move(exchange));
}

}  // namespace websub::hub
