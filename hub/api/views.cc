#include "hub/api/views.h"

#include <charconv>
#include <system_error>

#include "core/base64.h"
#include "core/mask_urls.h"
#include "core/text.h"
#include "hub/delivery/feed_reduction.h"

namespace websub::hub {
namespace {

Json IdOrNull(char letter, std::optional<std::int64_t> id) {
  return id && *id != 0 ? Json(PrintId(letter, *id)) : Json();
}

Json TimeOrNull(const std::optional<Time>& time) {
  return time ? Json(FormatRfc3339(*time)) : Json();
}

Json TextOrNull(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

// Text under `name`; what is no UTF-8 under `name`_base64.
void PutBytes(Json& out, const std::string& name, std::string_view bytes) {
  if (IsUtf8(bytes)) {
    out[name] = bytes;
  } else {
    out[name + "_base64"] = EncodeBase64(bytes);
  }
}

}  // namespace

std::string PrintId(char letter, std::int64_t id) {
  return letter + std::to_string(id);
}

std::optional<std::int64_t> ParseId(char letter, std::string_view text) {
  if (text.starts_with(letter)) text.remove_prefix(1);
  if (text.empty() || text.front() == '-') return std::nullopt;
  std::int64_t id = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (fault != std::errc() || end != text.data() + text.size() || id == 0) return std::nullopt;
  return id;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double Milliseconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

Json View(const Topic& topic, std::int64_t active_subscriptions) {
  Json out;
  out["id"] = PrintId(kTopicLetter, topic.id);
  out["url"] = MaskUrls(topic.url);
  out["subscriptions"] = active_subscriptions;
  out["last_message"] = IdOrNull(kMessageLetter, topic.last_message);
  out["created_at"] = FormatRfc3339(topic.created_at);
  out["fetched_at"] = TimeOrNull(topic.fetched_at);
  out["etag"] = TextOrNull(topic.etag);
  out["last_modified"] = TextOrNull(topic.last_modified);
  out["content_hash"] = TextOrNull(topic.content_hash);
  out["registered_at"] = TimeOrNull(topic.registered_at);
  out["registered_by"] = TextOrNull(topic.registered_by);
  return out;
}

Json View(const Subscription& subscription, std::int64_t behind,
          const std::vector<Intent>& intents) {
  Json out;
  out["id"] = PrintId(kSubscriptionLetter, subscription.id);
  out["topic"] = MaskUrls(subscription.topic);
  out["callback"] = MaskUrls(subscription.callback);
  out["state"] = Name(subscription.state);
  out["secret"] = !subscription.secret.empty();
  out["algorithm"] = subscription.algorithm ? Json(Name(*subscription.algorithm)) : Json();
  out["identity"] = TextOrNull(subscription.identity);
  out["lease_seconds"] = subscription.lease.count();
  out["created_at"] = FormatRfc3339(subscription.created_at);
  out["verified_at"] = TimeOrNull(subscription.verified_at);
  out["expires_at"] = TimeOrNull(subscription.expires_at);
  out["ended_at"] = TimeOrNull(subscription.ended_at);
  out["cursor"] = IdOrNull(kMessageLetter, subscription.cursor);
  out["behind"] = behind;
  out["attempts"] = subscription.attempts;
  out["retry_at"] = TimeOrNull(subscription.retry_at);
  out["verification"] = Json();
  if (!intents.empty()) {
    const Intent& intent = intents.front();
    out["verification"] = Json{{"mode", intent.denial ? "denied" : Name(intent.mode)},
                               {"attempts", intent.attempts},
                               {"due_at", FormatRfc3339(intent.due_at)}};
  }
  return out;
}

Json View(const Message& message, const MessageProgress& progress) {
  Json out;
  out["id"] = PrintId(kMessageLetter, message.id);
  out["topic"] = MaskUrls(message.topic);
  out["content_type"] = TextOrNull(message.content_type);
  out["size"] = message.size;
  out["hubs"] = message.hubs;
  out["self"] = TextOrNull(MaskUrls(message.self));
  out["created_at"] = FormatRfc3339(message.created_at);
  out["delivered"] = progress.delivered;
  out["pending"] = progress.pending;
  out["dead"] = progress.dead;
  return out;
}

Json ViewWhole(const Message& message, const MessageProgress& progress) {
  Json out = View(message, progress);
  if (message.body) PutBytes(out, "body", *message.body);
  return out;
}

Json View(const Exchange& exchange) {
  Json out;
  out["id"] = PrintId(kExchangeLetter, exchange.id);
  out["at"] = FormatRfc3339(exchange.at);
  out["direction"] = Name(exchange.direction);
  out["kind"] = Name(exchange.kind);
  out["subscription"] = IdOrNull(kSubscriptionLetter, exchange.subscription_id);
  out["message"] = IdOrNull(kMessageLetter, exchange.message_id);
  out["topic"] = TextOrNull(MaskUrls(exchange.topic.str()));
  out["callback"] = TextOrNull(MaskUrls(exchange.callback.str()));
  out["url"] = TextOrNull(MaskUrls(exchange.url.str()));
  out["peer"] = TextOrNull(exchange.peer);
  out["identity"] = TextOrNull(exchange.identity);
  out["attempt"] = exchange.attempt;
  out["status"] = exchange.status == 0 ? Json() : Json(exchange.status);
  out["fault"] = exchange.fault == Fault::kNone ? Json() : Json(Name(exchange.fault));
  out["outcome"] = TextOrNull(exchange.outcome);
  out["timings"] = View(exchange.timings);
  return out;
}

Json ViewWhole(const Exchange& exchange, const std::optional<Message>& carried) {
  Json out = View(exchange);
  PutBytes(out, "request_head", exchange.request_head);
  const bool from_message =
      exchange.message_id && exchange.request_body.empty() &&
      (exchange.kind == ExchangeKind::kDeliver || exchange.kind == ExchangeKind::kPublish);
  if (!from_message) {
    PutBytes(out, "request_body", exchange.request_body);
  } else if (carried && carried->body) {
    PutBytes(out, "request_body", *carried->body);
  } else {
    out["request_body"] = Json();  // the message is kept no longer
  }
  if (exchange.kind == ExchangeKind::kDeliver) {
    const auto entries = FirstField(HeadFields(exchange.request_head), kEntriesField);
    if (!entries.empty()) out["request_body_note"] = "of the message's entries, " + entries;
  }
  PutBytes(out, "response_head", exchange.response_head);
  PutBytes(out, "response_body", exchange.response_body);
  out["response_body_size"] = exchange.response_body_size;
  return out;
}

Json View(const DeadLetter& dead_letter) {
  Json out;
  out["id"] = PrintId(kDeadLetterLetter, dead_letter.id);
  out["at"] = FormatRfc3339(dead_letter.at);
  out["subscription"] = PrintId(kSubscriptionLetter, dead_letter.subscription_id);
  out["message"] = PrintId(kMessageLetter, dead_letter.message_id);
  out["topic"] = MaskUrls(dead_letter.topic);
  out["callback"] = MaskUrls(dead_letter.callback);
  out["attempts"] = dead_letter.attempts;
  out["reason"] = dead_letter.reason;
  return out;
}

Json View(const Counts& counts) {
  Json out;
  out["topics"] = counts.topics;
  out["subscriptions"] = Json{{"pending", counts.pending}, {"active", counts.active}};
  out["messages"] = counts.messages;
  out["exchanges"] = counts.exchanges;
  out["dead_letters"] = counts.dead_letters;
  out["waiting_fetches"] = counts.waiting_fetches;
  out["inbox"] = counts.inbox;
  out["retrying"] = counts.retrying;
  return out;
}

Json View(const PhaseTimings& timings) {
  Json out = Json::object();
  if (timings.resolve) out["resolve"] = Milliseconds(*timings.resolve);
  if (timings.connect) out["connect"] = Milliseconds(*timings.connect);
  if (timings.tls) out["tls"] = Milliseconds(*timings.tls);
  if (timings.first_byte) out["first_byte"] = Milliseconds(*timings.first_byte);
  out["total"] = Milliseconds(timings.total);
  return out;
}

}  // namespace websub::hub
