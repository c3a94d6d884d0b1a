// Subscriptions, and the requests that wait for their verification.
#include <utility>

#include "core/url.h"
#include "hub/store/due_rows.h"
#include "hub/store/impl.h"
#include "hub/store/rows.h"
#include "hub/store/topics.h"

namespace websub::hub {

namespace {

std::optional<Subscription> Load(Database& database, SubscriptionId id) {
  Rows rows = database.Ask(Sql(kSelectSubscription, "WHERE row.id = ?"), id);
  if (!rows.Next()) return std::nullopt;
  return ReadSubscription(rows);
}

std::optional<Subscription> LoadInForce(Database& database, const std::string& topic,
                                        const std::string& callback) {
  Rows rows = database.Ask(
      Sql(kSelectSubscription,
          "WHERE row.topic_id = (SELECT id FROM topic WHERE url = ?) AND row.callback = ? "
          "AND row.state IN ('pending', 'active')"),
      topic, callback);
  if (!rows.Next()) return std::nullopt;
  return ReadSubscription(rows);
}

std::optional<Intent> LoadIntent(Database& database, IntentId id) {
  Rows rows = database.Ask(Sql(kSelectIntent, "WHERE row.id = ?"), id);
  if (!rows.Next()) return std::nullopt;
  return ReadIntent(rows);
}

Error NoIntent() {
  return {ErrorCode::kNotFound, "the request has ended already"};
}

// Many that end at the same time are no reason to keep others waiting.
constexpr std::size_t kEndAtOnce = 500;

// Empty for what is no URL: nothing is ever sent there.
std::string OriginOf(const std::string& callback) {
  const auto url = Url::Parse(callback);
  return url ? url->Origin() : std::string();
}

std::string_view NameOf(const std::optional<SignatureAlgorithm>& algorithm) {
  return algorithm ? Name(*algorithm) : std::string_view();
}

Error Unreadable() {
  return {ErrorCode::kInvalid, "the secret is not the one that was sealed for this subscription"};
}

SubscriptionId AddPending(Database& database, const NewIntent& intent) {
  const TopicId topic = TopicFor(database, intent.topic, intent.now);
  database.Run(
      "INSERT INTO subscription (topic_id, callback, origin, secret, state, lease, created_at, "
      "identity, algorithm) VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
      topic, intent.callback, OriginOf(intent.callback),
      database.Sealed(intent.secret, {SealPlace::What::kSecret, topic, intent.callback}),
      intent.lease, intent.now, intent.identity, NameOf(intent.algorithm));
  return database.LastId();
}

// False where it is not in force.
bool End(Database& database, SubscriptionId id, SubscriptionState state, Time now) {
  return database.Run(
             "UPDATE subscription SET state = ?, secret = '', ended_at = ?, retry_at = NULL "
             "WHERE id = ? AND state IN ('pending', 'active')",
             Name(state), now, id) == 1;
}

void Activate(Database& database, const Subscription& subscription, const Intent& intent,
              std::optional<MessageId> since, Time now) {
  database.Run(
      "UPDATE subscription SET state = 'active', secret = ?, lease = ?, verified_at = ?, "
      "expires_at = ?, identity = ?, algorithm = ? WHERE id = ?",
      database.Sealed(intent.secret,
                      {SealPlace::What::kSecret, subscription.topic_id, subscription.callback}),
      intent.lease, now, now + Duration(intent.lease), intent.identity, NameOf(intent.algorithm),
      subscription.id);
  if (subscription.state == SubscriptionState::kActive) return;
  database.Run(
      "UPDATE subscription SET start = coalesce("
      "(SELECT ?2 WHERE ?2 = 0 OR EXISTS (SELECT 1 FROM message WHERE id = ?2)), "
      "(SELECT last_message FROM topic WHERE id = topic_id)) WHERE id = ?1",
      subscription.id, since);
  database.Run(
      "INSERT INTO position (subscription_id, topic_id, cursor, waits) "
      "SELECT id, topic_id, start, 1 FROM subscription WHERE id = ?",
      subscription.id);
  database.Run(
      "INSERT INTO standing (topic_id, message_id, waiting) "
      "SELECT topic_id, cursor, 1 FROM position WHERE subscription_id = ? "
      "ON CONFLICT DO UPDATE SET waiting = waiting + 1",
      subscription.id);
}

Result<Subscription> ConfirmSubscribe(Database& database, const Intent& intent,
                                      std::optional<MessageId> since, Time now) {
  if (IsUnreadable(intent.secret)) return tl::unexpected(Unreadable());
  // Not by the intent's id: what it was about may have ended, and another may be in force since.
  std::optional<Subscription> current = LoadInForce(database, intent.topic, intent.callback);
  if (!current) {
    const SubscriptionId made = AddPending(
        database, {intent.mode, intent.topic, intent.callback, intent.secret, intent.lease, now,
                   intent.identity, intent.algorithm, intent.verify_token});
    current = Load(database, made);
  }
  Activate(database, *current, intent, since, now);
  return *Load(database, current->id);
}

Result<Subscription> ConfirmUnsubscribe(Database& database, const Intent& intent, Time now) {
  const std::optional<Subscription> current = LoadInForce(database, intent.topic, intent.callback);
  if (current) End(database, current->id, SubscriptionState::kUnsubscribed, now);
  return *Load(database, current ? current->id : intent.subscription_id);
}

// Counts no further than the limit.
bool IsHostFull(Database& database, const NewIntent& intent) {
  const auto url = Url::Parse(intent.callback);
  if (intent.most_on_host == 0 || !url) return false;
  std::size_t count = 0;
  for (const std::string scheme : {"http", "https"}) {
    const std::string host =
        url->host().find(':') == std::string::npos ? url->host() : "[" + url->host() + "]";
    // Between the two lie the origins of this host, with any port.
    const std::string first = scheme + "://" + host + ":";
    const std::string last = scheme + "://" + host + ";";
    Rows rows = database.Ask(
        "SELECT count(*) FROM (SELECT 1 FROM subscription INDEXED BY subscription_host "
        "WHERE origin > ? AND origin < ? AND state IN ('pending', 'active') LIMIT ?)",
        first, last, intent.most_on_host);
    rows.Next();
    count += static_cast<std::size_t>(rows.Int(0));
  }
  return count >= intent.most_on_host;
}

std::string SealedToken(Database& database, const NewIntent& intent, TopicId topic) {
  return database.Sealed(intent.verify_token,
                         {SealPlace::What::kVerifyToken, topic, intent.callback});
}

Result<Intent> AddSubscribe(Database& database, const NewIntent& intent) {
  if (IsUnreadable(intent.secret)) return tl::unexpected(Unreadable());
  const std::optional<Subscription> current = LoadInForce(database, intent.topic, intent.callback);
  if (!current && IsHostFull(database, intent)) {
    return Fail(ErrorCode::kTooMany, "the host of the callback has " +
                                         std::to_string(intent.most_on_host) +
                                         " subscriptions here, and may have no more");
  }
  const SubscriptionId subscription = current ? current->id : AddPending(database, intent);
  const TopicId topic = current ? current->topic_id : TopicFor(database, intent.topic, intent.now);
  database.Run(
      "INSERT INTO intent (subscription_id, mode, secret, lease, created_at, due_at, identity, "
      "algorithm, verify_token) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)",
      subscription, Name(intent.mode),
      database.Sealed(intent.secret, {SealPlace::What::kSecret, topic, intent.callback}),
      intent.lease, intent.now, intent.identity, NameOf(intent.algorithm),
      SealedToken(database, intent, topic));
  return *LoadIntent(database, database.LastId());
}

Result<Intent> AddUnsubscribe(Database& database, const NewIntent& intent) {
  const std::optional<Subscription> current = LoadInForce(database, intent.topic, intent.callback);
  if (!current) {
    return Fail(ErrorCode::kNotFound, "no subscription of this callback to this topic exists");
  }
  database.Run(
      "INSERT INTO intent (subscription_id, mode, secret, lease, created_at, due_at, identity, "
      "verify_token) VALUES (?1, ?2, '', 0, ?3, ?3, ?4, ?5)",
      current->id, Name(intent.mode), intent.now, intent.identity,
      SealedToken(database, intent, current->topic_id));
  return *LoadIntent(database, database.LastId());
}

// The latest request that was confirmed holds, also where an earlier one was about a subscription
// that has ended since.
void DropUpTo(Database& database, const Intent& intent) {
  database.Run(
      "DELETE FROM intent WHERE id <= ?1 AND subscription_id IN ("
      "SELECT id FROM subscription INDEXED BY subscription_callback WHERE callback = ?2 "
      "AND topic_id = (SELECT id FROM topic WHERE url = ?3))",
      intent.id, intent.callback, intent.topic);
}

void AddDenial(Database& database, SubscriptionId id, const std::string& reason, Time now) {
  database.Run(
      "INSERT INTO intent (subscription_id, mode, secret, lease, created_at, due_at, reason) "
      "VALUES (?1, 'denied', '', 0, ?2, ?2, ?3)",
      id, now, reason);
}

// With its intents. False where it is not in force.
bool EndForGood(Database& database, SubscriptionId id, SubscriptionState state,
                const std::string& reason, Time now) {
  if (!End(database, id, state, now)) return false;
  database.Run("DELETE FROM intent WHERE subscription_id = ?", id);
  if (state == SubscriptionState::kDenied) AddDenial(database, id, reason, now);
  return true;
}

void Reject(Database& database, const Intent& intent, SubscriptionState state,
            const std::string& reason, Time now) {
  database.Run("DELETE FROM intent WHERE id = ?", intent.id);
  // A refused unsubscribe says nothing against the subscription.
  if (intent.mode == Mode::kUnsubscribe) return;
  // Pending only: an active one stays as it was (HUB-REQ-06). While another request for the same
  // pending subscription is being verified, that one decides.
  const int ended = database.Run(
      "UPDATE subscription SET state = ?1, secret = '', ended_at = ?2 "
      "WHERE id = ?3 AND state = 'pending' "
      "AND NOT EXISTS (SELECT 1 FROM intent WHERE subscription_id = ?3 AND mode = ?4)",
      Name(state), now, intent.subscription_id, Name(Mode::kSubscribe));
  if (ended > 0 && state == SubscriptionState::kDenied) {
    AddDenial(database, intent.subscription_id, reason, now);
  }
}

constexpr const char* kWalkIntents =
    "SELECT row.due_at, row.id, row.subscription_id, subscription.origin, row.attempts "
    "FROM intent AS row INDEXED BY intent_due "
    "CROSS JOIN subscription ON subscription.id = row.subscription_id";

DueIntent ReadDueIntent(const Rows& rows) {
  return {.place = {rows.At(0), rows.Int(1)},
          .subscription_id = rows.Int(2),
          .origin = rows.Text(3),
          .attempts = static_cast<int>(rows.Int(4))};
}

}  // namespace

void Store::AddIntent(NewIntent intent, Done<Intent> done) {
  impl_->Write<Intent>(
      [intent = std::move(intent)](Database& database) {
        return intent.mode == Mode::kSubscribe ? AddSubscribe(database, intent)
                                               : AddUnsubscribe(database, intent);
      },
      std::move(done));
}

void Store::RetryIntent(IntentId id, int attempts, Time due_at, Done<void> done) {
  impl_->Write<void>(
      [=](Database& database) -> Result<void> {
        if (database.Run("UPDATE intent SET attempts = ?, due_at = ? WHERE id = ?", attempts,
                         due_at, id) == 0) {
          return tl::unexpected(NoIntent());
        }
        return {};
      },
      std::move(done));
}

void Store::ConfirmIntent(IntentId id, std::optional<MessageId> since, Time now,
                          Done<Subscription> done) {
  impl_->Write<Subscription>(
      [=](Database& database) -> Result<Subscription> {
        const std::optional<Intent> intent = LoadIntent(database, id);
        if (!intent) return tl::unexpected(NoIntent());
        DropUpTo(database, *intent);
        return intent->mode == Mode::kSubscribe ? ConfirmSubscribe(database, *intent, since, now)
                                                : ConfirmUnsubscribe(database, *intent, now);
      },
      std::move(done));
}

void Store::RejectIntent(IntentId id, SubscriptionState state, std::string reason, Time now,
                         Done<void> done) {
  impl_->Write<void>(
      [=, reason = std::move(reason)](Database& database) -> Result<void> {
        const std::optional<Intent> intent = LoadIntent(database, id);
        if (!intent) return tl::unexpected(NoIntent());
        Reject(database, *intent, state, reason, now);
        return {};
      },
      std::move(done));
}

void Store::DropIntent(IntentId id, Done<void> done) {
  impl_->Write<void>(
      [id](Database& database) -> Result<void> {
        if (database.Run("DELETE FROM intent WHERE id = ?", id) == 0) {
          return tl::unexpected(NoIntent());
        }
        return {};
      },
      std::move(done));
}

void Store::EndSubscription(SubscriptionId id, SubscriptionState state, std::string reason,
                            Time now, Done<void> done) {
  impl_->Write<void>(
      [=, reason = std::move(reason)](Database& database) -> Result<void> {
        if (!EndForGood(database, id, state, reason, now)) {
          return Fail(ErrorCode::kNotFound, "no such subscription is in force");
        }
        return {};
      },
      std::move(done));
}

void Store::DenySubscriptionsTo(std::string topic, std::string reason, Time now,
                                Done<std::vector<SubscriptionId>> done) {
  impl_->Write<std::vector<SubscriptionId>>(
      [topic = std::move(topic), reason = std::move(reason),
       now](Database& database) -> Result<std::vector<SubscriptionId>> {
        std::vector<SubscriptionId> ended;
        {
          Rows rows = database.Ask(
              "SELECT id FROM subscription INDEXED BY subscription_topic WHERE "
              "topic_id = (SELECT id FROM topic WHERE url = ?) AND state IN ('pending', 'active') "
              "LIMIT ?",
              topic, kEndAtOnce);
          while (rows.Next()) ended.push_back(rows.Int(0));
        }
        for (const SubscriptionId id : ended) {
          EndForGood(database, id, SubscriptionState::kDenied, reason, now);
        }
        return ended;
      },
      std::move(done));
}

void Store::ExpireLeases(Time now, Done<std::vector<SubscriptionId>> done) {
  impl_->Write<std::vector<SubscriptionId>>(
      [now](Database& database) -> Result<std::vector<SubscriptionId>> {
        std::vector<SubscriptionId> ended;
        Rows rows = database.Ask(
            "UPDATE subscription SET state = 'expired', secret = '', ended_at = ?1, "
            "retry_at = NULL WHERE id IN (SELECT id FROM subscription INDEXED BY "
            "subscription_lease WHERE state = 'active' AND expires_at <= ?1 "
            "ORDER BY expires_at LIMIT ?2) RETURNING id",
            now, kEndAtOnce);
        while (rows.Next()) ended.push_back(rows.Int(0));
        return ended;
      },
      std::move(done));
}

std::vector<DueIntent> Store::DueIntents(Time now, DuePlace after, std::size_t limit) const {
  return impl_->Read([&](Database& database) {
    static const DueStatements kStatements(kWalkIntents, "row.due_at", "row.id");
    return ReadDue(database, kStatements, now, after, limit, ReadDueIntent);
  });
}

std::optional<Intent> Store::FirstDueIntent(SubscriptionId id, Time now) const {
  return impl_->Read([&](Database& database) -> std::optional<Intent> {
    // The + keeps the engine from walking all that is due.
    Rows rows = database.Ask(Sql(kSelectIntent,
                                 "WHERE row.subscription_id = ? AND +row.due_at <= ? "
                                 "ORDER BY row.id LIMIT 1"),
                             id, now);
    if (!rows.Next()) return std::nullopt;
    return ReadIntent(rows);
  });
}

std::optional<Time> Store::NextIntentDue(Time after) const {
  return impl_->Read([after](Database& database) {
    return ReadNextDue(database, "SELECT min(due_at) FROM intent WHERE due_at > ?", after);
  });
}

std::optional<Time> Store::NextLeaseEnd() const {
  return impl_->Read([](Database& database) -> std::optional<Time> {
    Rows rows = database.Ask(
        "SELECT min(expires_at) FROM subscription INDEXED BY subscription_lease "
        "WHERE state = 'active'");
    rows.Next();
    return rows.MaybeAt(0);
  });
}

std::optional<Subscription> Store::FindSubscription(SubscriptionId id) const {
  return impl_->Read([&](Database& database) { return Load(database, id); });
}

std::optional<Subscription> Store::FindSubscription(const std::string& topic,
                                                    const std::string& callback) const {
  return impl_->Read([&](Database& database) { return LoadInForce(database, topic, callback); });
}

std::vector<Intent> Store::IntentsOf(SubscriptionId id) const {
  return impl_->Read([&](Database& database) {
    std::vector<Intent> intents;
    Rows rows =
        database.Ask(Sql(kSelectIntent, "WHERE row.subscription_id = ? ORDER BY row.id"), id);
    while (rows.Next()) intents.push_back(ReadIntent(rows));
    return intents;
  });
}

}  // namespace websub::hub
