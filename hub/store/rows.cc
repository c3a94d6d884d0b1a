#include "hub/store/rows.h"

#include <algorithm>
#include <memory>

namespace websub::hub {

Topic ReadTopic(const Rows& rows) {
  Topic topic;
  topic.id = rows.Int(0);
  topic.url = rows.Text(1);
  topic.last_message = rows.Int(2);
  topic.created_at = rows.At(3);
  topic.etag = rows.Text(4);
  topic.last_modified = rows.Text(5);
  topic.content_hash = rows.Text(6);
  topic.fetched_at = rows.MaybeAt(7);
  topic.registered_at = rows.MaybeAt(8);
  topic.registered_by = rows.Text(9);
  return topic;
}

std::string SelectSubscriptionBy(std::string_view index) {
  constexpr std::string_view kRow = " AS row ";
  std::string select(kSelectSubscription);
  return select.insert(select.find(kRow) + kRow.size(), "INDEXED BY " + std::string(index) + " ");
}

Subscription ReadSubscription(const Rows& rows) {
  Subscription subscription;
  subscription.id = rows.Int(0);
  subscription.topic_id = rows.Int(1);
  subscription.topic = rows.Text(2);
  subscription.callback = rows.Text(3);
  subscription.secret =
      rows.Secret(4, {SealPlace::What::kSecret, subscription.topic_id, subscription.callback});
  subscription.state =
      ParseSubscriptionState(rows.Text(5)).value_or(SubscriptionState::kUnverified);
  subscription.lease = std::chrono::seconds(rows.Int(6));
  subscription.created_at = rows.At(7);
  subscription.verified_at = rows.MaybeAt(8);
  subscription.expires_at = rows.MaybeAt(9);
  subscription.ended_at = rows.MaybeAt(10);
  subscription.cursor = rows.Int(11);
  subscription.attempts = static_cast<int>(rows.Int(12));
  subscription.first_attempt = rows.MaybeAt(13);
  subscription.retry_at = rows.MaybeAt(14);
  subscription.identity = rows.Text(15);
  subscription.algorithm = ParseSignatureAlgorithm(rows.Text(16));
  subscription.base = rows.MaybeInt(17).value_or(0);
  return subscription;
}

Intent ReadIntent(const Rows& rows) {
  Intent intent;
  intent.id = rows.Int(0);
  intent.subscription_id = rows.Int(1);
  intent.mode = rows.Text(2) == Name(Mode::kUnsubscribe) ? Mode::kUnsubscribe : Mode::kSubscribe;
  intent.topic = rows.Text(3);
  intent.callback = rows.Text(4);
  const TopicId topic_id = rows.Int(14);
  intent.secret = rows.Secret(5, {SealPlace::What::kSecret, topic_id, intent.callback});
  intent.lease = std::chrono::seconds(rows.Int(6));
  intent.created_at = rows.At(7);
  intent.attempts = static_cast<int>(rows.Int(8));
  intent.due_at = rows.At(9);
  intent.identity = rows.Text(10);
  intent.algorithm = ParseSignatureAlgorithm(rows.Text(11));
  intent.verify_token = rows.Secret(12, {SealPlace::What::kVerifyToken, topic_id, intent.callback});
  if (!rows.IsNull(13)) intent.denial = rows.Text(13);
  return intent;
}

Message ReadMessage(const Rows& rows) {
  Message message;
  message.id = rows.Int(0);
  message.topic_id = rows.Int(1);
  message.topic = rows.Text(2);
  message.created_at = rows.At(3);
  message.content_type = rows.Text(4);
  message.hubs = SplitLines(rows.Text(5));
  message.self = rows.Text(6);
  message.size = static_cast<std::size_t>(rows.Int(7));
  return message;
}

Message ReadWholeMessage(const Rows& rows) {
  Message message = ReadMessage(rows);
  message.body = std::make_shared<const std::string>(rows.Text(8));
  return message;
}

LaneRow ReadLane(const Rows& rows, int first_column, TopicId topic) {
  LaneRow lane;
  int column = first_column;
  lane.id = rows.Int(column++);
  lane.callback = rows.Text(column++);
  lane.origin = rows.Text(column++);
  lane.secret = rows.Secret(column++, {SealPlace::What::kSecret, topic, lane.callback});
  lane.expires_at = rows.At(column++);
  lane.cursor = rows.Int(column++);
  lane.attempts = static_cast<int>(rows.Int(column++));
  lane.first_attempt = rows.MaybeAt(column++);
  lane.retry_at = rows.MaybeAt(column++);
  lane.algorithm = ParseSignatureAlgorithm(rows.Text(column++));
  lane.base = rows.Int(column);
  return lane;
}

Exchange ReadExchange(const Rows& rows) {
  Exchange exchange;
  exchange.id = rows.Int(0);
  exchange.at = rows.At(1);
  exchange.direction = rows.Text(2) == Name(Direction::kIn) ? Direction::kIn : Direction::kOut;
  exchange.kind = ParseExchangeKind(rows.Text(3)).value_or(ExchangeKind::kDeliver);
  exchange.subscription_id = rows.MaybeInt(4);
  exchange.message_id = rows.MaybeInt(5);
  exchange.topic = rows.Text(6);
  exchange.callback = rows.Text(7);
  exchange.url = rows.Text(8);
  exchange.peer = rows.Text(9);
  exchange.attempt = static_cast<int>(rows.Int(10));
  exchange.status = static_cast<int>(rows.Int(11));
  exchange.fault = ParseFault(rows.Text(12)).value_or(Fault::kNone);
  exchange.outcome = rows.Text(13);
  exchange.timings.resolve = rows.MaybeDuration(14);
  exchange.timings.connect = rows.MaybeDuration(15);
  exchange.timings.tls = rows.MaybeDuration(16);
  exchange.timings.first_byte = rows.MaybeDuration(17);
  exchange.timings.total = Duration(rows.Int(18));
  exchange.response_body_size = static_cast<std::size_t>(rows.Int(19));
  exchange.identity = rows.Text(20);
  return exchange;
}

Exchange ReadWholeExchange(const Rows& rows) {
  Exchange exchange = ReadExchange(rows);
  exchange.request_head = rows.Text(21);
  exchange.request_body = rows.Text(22);
  exchange.response_head = rows.Text(23);
  exchange.response_body = rows.Text(24);
  if (const auto at = rows.MaybeInt(25)) {
    exchange.request_head.insert(
        std::min(static_cast<std::size_t>(*at), exchange.request_head.size()), rows.Text(26));
  }
  return exchange;
}

DeadLetter ReadDeadLetter(const Rows& rows) {
  DeadLetter letter;
  letter.id = rows.Int(0);
  letter.subscription_id = rows.Int(1);
  letter.message_id = rows.Int(2);
  letter.topic = rows.Text(3);
  letter.callback = rows.Text(4);
  letter.attempts = static_cast<int>(rows.Int(5));
  letter.reason = rows.Text(6);
  letter.at = rows.At(7);
  return letter;
}

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    if (!text.empty()) text += '\n';
    text += line;
  }
  return text;
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string Sql(std::string_view select, std::string_view rest) {
  std::string sql;
  sql.reserve(select.size() + rest.size());
  sql += select;
  sql += rest;
  return sql;
}

}  // namespace websub::hub
