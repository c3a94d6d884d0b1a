#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "hub/store/exchanges.h"

namespace websub::hub {

namespace {

constexpr std::size_t kLongestHead = 4096;  // beyond it is not looked for common lines
constexpr std::size_t kShortestCommon = 64;

bool IsDelivery(const Exchange& exchange) {
  return exchange.kind == ExchangeKind::kDeliver && exchange.subscription_id && exchange.message_id;
}

// What the heads of a message's deliveries have in common.
struct SharedHead {
  std::size_t first = 0;  // places in the batch
  std::size_t last = 0;
  std::string_view bytes;  // empty: nothing
};

// Which of them can share is told by one batch alone, so that nothing has to be remembered between
// two: a batch of a fan-out has hundreds of one message.
class SharedHeads {
 public:
  explicit SharedHeads(const std::vector<Exchange>& exchanges) {
    for (std::size_t i = 0; i < exchanges.size(); ++i) {
      if (!IsDelivery(exchanges[i])) continue;
      const auto [found, made] = heads_.try_emplace(*exchanges[i].message_id);
      if (made) found->second.first = i;
      found->second.last = i;
    }
    for (auto& [message, head] : heads_) {
      if (head.first == head.last) continue;
      head.bytes =
          CommonLines(exchanges[head.first].request_head, exchanges[head.last].request_head);
    }
  }

  const std::unordered_map<MessageId, SharedHead>& all() const { return heads_; }

 private:
  std::unordered_map<MessageId, SharedHead> heads_;
};

class Keeper {
 public:
  Keeper(Database& database, const std::vector<Exchange>& exchanges)
      : database_(database),
        exchanges_(exchanges),
        heads_(exchanges),
        insert_(
            database,
            "INSERT INTO exchange (id, segment, at, direction, kind, topic_id, "
            "subscription_id, message_id, topic, callback, url, peer, attempt, status, fault, "
            "outcome, resolve, connect, tls, first_byte, total, response_body_size, head_at, "
            "head_id, request_head, request_body, response_head, response_body, identity) VALUES "
            "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "?)") {
    Rows rows = database.Ask("SELECT last_exchange FROM segment ORDER BY id DESC LIMIT 1");
    first_id_ = rows.Next() ? rows.Int(0) + 1 : 1;
  }

  std::vector<ExchangeId> KeepAll() {
    KeepHeads();
    std::vector<ExchangeId> ids;
    ids.reserve(exchanges_.size());
    for (std::size_t i = 0; i < exchanges_.size(); ++i) {
      ids.push_back(IdOf(i));
      Keep(exchanges_[i], ids.back());
    }
    CountInSegments();
    return ids;
  }

 private:
  ExchangeId IdOf(std::size_t place) const { return first_id_ + static_cast<ExchangeId>(place); }

  void KeepHeads() {
    Repeated insert(database_, "INSERT INTO head (id, last_exchange, bytes) VALUES (?, ?, ?)");
    for (const auto& [message, head] : heads_.all()) {
      if (head.bytes.empty()) continue;
      insert.Run(IdOf(head.first), IdOf(head.last), Blob{head.bytes});
    }
  }

  void Keep(const Exchange& exchange, ExchangeId id) {
    const std::optional<TopicId> topic =
        IsDelivery(exchange) ? TopicOf(exchange.topic.str()) : std::nullopt;
    if (!topic) return KeepWhole(exchange, id);

    std::optional<std::size_t> head_at;
    std::optional<ExchangeId> head_id;
    rest_.clear();
    std::string_view request_head = exchange.request_head;
    const SharedHead& shared = heads_.all().at(*exchange.message_id);
    const std::size_t at =
        shared.bytes.empty() ? std::string_view::npos : request_head.find(shared.bytes);
    if (at != std::string_view::npos) {
      head_at = at;
      head_id = IdOf(shared.first);
      rest_.append(request_head.substr(0, at))
          .append(request_head.substr(at + shared.bytes.size()));
      request_head = rest_;
    }
    const bool own_url = !(exchange.url == exchange.callback);
    Insert(exchange, id, SegmentOf(id), topic, std::nullopt, std::nullopt,
           own_url ? std::optional<std::string_view>(exchange.url.str()) : std::nullopt, head_at,
           head_id, request_head);
  }

  void KeepWhole(const Exchange& exchange, ExchangeId id) {
    Insert(exchange, id, std::nullopt, std::nullopt, exchange.topic.str(), exchange.callback.str(),
           exchange.url.str(), std::nullopt, std::nullopt, exchange.request_head);
  }

  void Insert(const Exchange& exchange, ExchangeId id, std::optional<std::int64_t> segment,
              std::optional<TopicId> topic_id, std::optional<std::string_view> topic,
              std::optional<std::string_view> callback, std::optional<std::string_view> url,
              std::optional<std::size_t> head_at, std::optional<ExchangeId> head_id,
              std::string_view request_head) {
    insert_.Run(id, segment, exchange.at, Name(exchange.direction), Name(exchange.kind), topic_id,
                exchange.subscription_id, exchange.message_id, topic, callback, url, exchange.peer,
                exchange.attempt, exchange.status, Name(exchange.fault), exchange.outcome,
                exchange.timings.resolve, exchange.timings.connect, exchange.timings.tls,
                exchange.timings.first_byte, exchange.timings.total, exchange.response_body_size,
                head_at, head_id, Blob{request_head}, Blob{exchange.request_body},
                Blob{exchange.response_head}, Blob{exchange.response_body}, exchange.identity);
  }

  // A batch has few topics.
  std::optional<TopicId> TopicOf(const std::string& url) {
    const auto [found, made] = topics_.try_emplace(url);
    if (made) {
      Rows rows = database_.Ask("SELECT id FROM topic WHERE url = ?", url);
      if (rows.Next()) found->second = rows.Int(0);
    }
    return found->second;
  }

  void CountInSegments() {
    struct Sum {
      std::int64_t exchanges = 0;
      ExchangeId last = 0;
      Time first_at = Time::max();
      Time last_at = Time::min();
    };
    std::map<std::int64_t, Sum> sums;
    for (std::size_t i = 0; i < exchanges_.size(); ++i) {
      Sum& sum = sums[SegmentOf(IdOf(i))];
      ++sum.exchanges;
      sum.last = IdOf(i);
      sum.first_at = std::min(sum.first_at, exchanges_[i].at);
      sum.last_at = std::max(sum.last_at, exchanges_[i].at);
    }
    for (const auto& [segment, sum] : sums) {
      database_.Run(
          "INSERT INTO segment (id, exchanges, last_exchange, first_at, last_at) "
          "VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
          "exchanges = exchanges + excluded.exchanges, last_exchange = excluded.last_exchange, "
          "first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)",
          segment, sum.exchanges, sum.last, sum.first_at, sum.last_at);
    }
  }

  Database& database_;
  const std::vector<Exchange>& exchanges_;
  const SharedHeads heads_;
  ExchangeId first_id_ = 1;
  std::unordered_map<std::string_view, std::optional<TopicId>> topics_;
  std::string rest_;  // of the head that is written now
  Repeated insert_;
};

}  // namespace

std::vector<ExchangeId> KeepAll(Database& database, const std::vector<Exchange>& exchanges) {
  if (exchanges.empty()) return {};
  return Keeper(database, exchanges).KeepAll();
}

std::string_view CommonLines(std::string_view a, std::string_view b) {
  if (std::max(a.size(), b.size()) > kLongestHead) return {};
  constexpr std::string_view kEnd = "\r\n";
  std::string_view best;
  std::size_t line = a.find(kEnd);
  if (line == std::string_view::npos) return {};
  line += kEnd.size();
  std::size_t begin = line;  // of the run that grows
  while (line < a.size()) {
    const std::size_t found = a.find(kEnd, line);
    const std::size_t next = found == std::string_view::npos ? a.size() : found + kEnd.size();
    if (b.find(a.substr(begin, next - begin)) == std::string_view::npos) {
      // The run ends before this line, and another may begin with it.
      begin = b.find(a.substr(line, next - line)) == std::string_view::npos ? next : line;
    }
    if (next - begin > best.size() && next > begin) best = a.substr(begin, next - begin);
    line = next;
  }
  return best.size() < kShortestCommon ? std::string_view() : best;
}

}  // namespace websub::hub
