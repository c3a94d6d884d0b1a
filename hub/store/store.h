// Everything the hub keeps, in one SQLite file. It speaks of topics, subscriptions and messages,
// never of SQL, so that another engine can stand beside it without a change in delivery.
//
// Writes are handed to one writer thread, which gathers what waits and commits it as one
// transaction (WAL, flushed to the disk, except for Record); `done` is called through the executor
// once the commit is on disk, or with an error: kUnavailable where the disk is full or failing
// (nothing was kept), kNotFound or kConflict where the sentence says so. An operation that fails
// leaves the others of its group alone. Writes take effect in the order in which they were handed
// over.
//
// Reads are answered at once, on the calling thread, from a connection of their own; they see all
// that has been reported done. One thread reads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/exchange.h"
#include "core/result.h"
#include "hub/store/changes.h"
#include "hub/store/query.h"
#include "hub/store/retention.h"
#include "hub/store/secret_key.h"
#include "hub/store/types.h"

namespace websub::hub {

template <typename T>
using Done = std::function<void(Result<T>)>;

// Runs a task on the thread that owns the hub's decisions (the loop, or a queue in a test).
using Executor = std::function<void(std::function<void()>)>;

struct StoreOptions {
  std::string path;  // ":memory:" keeps nothing
  enum class Access { kOwner, kReadOnly } access = Access::kOwner;
  std::size_t max_bytes =
      0;  // the file grows no further: then the disk counts as full; 0: no limit
  // kOwner: secrets are sealed with this key (hub/store/sealer.h); a file where they are not, or
  // are with the old one, is brought to that first. kReadOnly needs no key: then a secret is some
  // text that is not empty where there is one.
  std::optional<SecretKey> secret_key = std::nullopt;
  std::optional<SecretKey> old_secret_key = std::nullopt;
  // On the thread that reads or the writer's: of a secret that is not the one that was sealed.
  std::function<void(const std::string& sentence)> on_notice = nullptr;
};

// What is written down together. Shared with the writer, so that the caller still has it where it
// could not be kept.
struct RecordBatch {
  std::vector<DeliveryOutcome> outcomes;
  std::vector<Exchange> exchanges;
};

class Store {
 public:
  // kOwner creates the file and its folder where missing, brings an older schema up to date, and
  // holds a lock that ends with the process: kConflict names the process that holds it. kReadOnly
  // reads beside a running hub. kNotFound: no such file (kReadOnly). kInvalid: not a database of
  // websub, or one from a newer version, or sealed with a key that is not given: nothing is touched
  // then. kUnavailable: no permission, disk full.
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options, Executor executor);
  // Commits what was handed over, then closes. `done` callbacks that are still out are not called.
  ~Store();

  // ----- Subscriptions

  // Keeps a request until it is verified. Subscribe: makes a pending subscription unless one is
  // pending or active for that topic and callback. Unsubscribe: kNotFound where there is none (the
  // caller decides whether to verify all the same).
  void AddIntent(NewIntent intent, Done<Intent> done);
  // kTooMany: a new subscription would be one too many for the callback's host.
  // The verification failed in a way that may pass.
  void RetryIntent(IntentId id, int attempts, Time due_at, Done<void> done);
  // The callback confirmed. Subscribe: the subscription becomes (or stays) active with the intent's
  // secret and lease counted from `now`; a new one starts after the message `since`, or at the end
  // of its topic's log where that is nothing or forgotten, a renewed one keeps its cursor and
  // clears nothing else (HUB-REQ-05, HUB-REQ-07). A subscription that ended while the renewal was
  // being verified starts anew, under a new id. Unsubscribe: it becomes kUnsubscribed (HUB-REQ-08).
  // Earlier requests about it that still wait are dropped: the latest that was confirmed holds.
  // kNotFound where the intent is no more.
  void ConfirmIntent(IntentId id, std::optional<MessageId> since, Time now,
                     Done<Subscription> done);
  // The callback refused, or answered wrongly, or never: the intent is dropped. A pending
  // subscription becomes `state` (kUnverified or kDenied), unless another subscribe request for it
  // still waits, which then decides; an active one stays exactly as it was (HUB-REQ-06). A refused
  // unsubscribe changes nothing.
  // With kDenied the callback is to be told: see EndSubscription.
  void RejectIntent(IntentId id, SubscriptionState state, std::string reason, Time now,
                    Done<void> done);
  // The intent has been seen to, or is given up: nothing else changes.
  void DropIntent(IntentId id, Done<void> done);
  // Ends an active or pending subscription (kExpired, kDenied, …) and drops its intents. The secret
  // of one that has ended, however it did, is kept no longer.
  // With kDenied, an intent is kept that tells the callback so, with the reason (HUB-VAL-01).
  void EndSubscription(SubscriptionId id, SubscriptionState state, std::string reason, Time now,
                       Done<void> done);
  // Ends active subscriptions whose lease is over at `now` and tells which (HUB-VER-04): those that
  // ended first, no more than some hundred at once. NextLeaseEnd tells of others.
  void ExpireLeases(Time now, Done<std::vector<SubscriptionId>> done);

  // Those due at `now` that lie after `after`, by time, then by id.
  std::vector<DueIntent> DueIntents(Time now, DuePlace after, std::size_t limit) const;
  // Of those about the subscription that are due at `now`, the first accepted.
  std::optional<Intent> FirstDueIntent(SubscriptionId id, Time now) const;
  // The earliest later than `after`: DueIntents tells those up to it.
  std::optional<Time> NextIntentDue(Time after) const;
  std::optional<Time> NextLeaseEnd() const;
  std::optional<Subscription> FindSubscription(SubscriptionId id) const;
  // The pending or active one.
  std::optional<Subscription> FindSubscription(const std::string& topic,
                                               const std::string& callback) const;

  // ----- Registered topics

  // A publisher announces a topic. kConflict where that has been done already.
  void RegisterTopic(std::string url, std::string identity, Time now, Done<void> done);
  // kNotFound where it is not registered, kConflict while it has subscriptions in force.
  void DeregisterTopic(std::string url, Done<void> done);
  // Denies the subscriptions to a topic that are in force, as EndSubscription does, and tells
  // which: no more than some hundred at once.
  void DenySubscriptionsTo(std::string topic, std::string reason, Time now,
                           Done<std::vector<SubscriptionId>> done);

  // ----- Topics, messages, fetches

  // Appends to the topic's log (made where it does not exist).
  void AppendMessage(NewMessage message, Done<Message> done);
  // Keeps the content of a hosted topic and appends it to the log of `message.topic`, in one
  // transaction.
  void PutHosted(std::string name, NewMessage message, Done<Message> done);
  // A fetch job for each topic: a new one is due at once; a waiting one is joined, and one that
  // waits for a retry is due at once, too.
  void RequestFetches(std::vector<std::string> topics, Time now, Done<void> done);
  // The fetch that was started at `pings` has ended: unchanged, or with a message to append. The
  // job ends unless a ping came meanwhile, which makes it due again at once.
  void FinishFetch(TopicId topic, std::int64_t pings, FetchedContent content,
                   std::optional<NewMessage> message, Done<std::optional<Message>> done);
  // The fetch that was started at `pings` failed in a way that may pass: due again at `due_at`, or
  // at once where a ping came meanwhile.
  void RetryFetch(TopicId topic, std::int64_t pings, int attempts, Time first_attempt, Time due_at,
                  Done<void> done);
  // Given up: the job ends unless a ping came meanwhile.
  void AbandonFetch(TopicId topic, std::int64_t pings, Time now, Done<void> done);

  std::optional<Topic> FindTopic(TopicId id) const;
  std::optional<Topic> FindTopic(const std::string& url) const;
  std::optional<HostedTopic> FindHosted(const std::string& name) const;
  std::optional<HostedTopic> FindHostedRow(const std::string& name) const;  // without its body
  // Those due at `now` that lie after `after`, by time, then by the topic's id.
  std::vector<FetchJob> DueFetches(Time now, DuePlace after, std::size_t limit) const;
  std::optional<FetchJob> FindFetch(TopicId topic) const;
  // The earliest later than `after`: DueFetches tells those up to it.
  std::optional<Time> NextFetchDue(Time after) const;

  // ----- The inbox: messages that wait for their content, or behind such a one

  // In order, all or none. One that needs no fetch is appended at once where none of its topic
  // waits; otherwise it queues. So the messages of a topic that come this way stay in order.
  void AddToInbox(std::vector<NewInboxEntry> entries, Done<std::vector<InboxReceipt>> done);
  // The entry goes and `message` is appended to its topic's log (and is what the hub shows, where
  // it hosts the topic), in one transaction; the next entry of the topic is due at `message.now`.
  // kNotFound where the entry is no more.
  void FinishInbox(InboxId id, NewMessage message, Done<Message> done);
  // The fetch failed in a way that may pass.
  void RetryInbox(InboxId id, int attempts, Time first_attempt, Time due_at, Done<void> done);
  // Given up: the entry goes, and the next of its topic is due.
  void DropInbox(InboxId id, Time now, Done<void> done);

  // Those due at `now` that lie after `after`, by time, then by id.
  std::vector<DueEntry> DueInbox(Time now, DuePlace after, std::size_t limit) const;
  std::optional<InboxEntry> FindInbox(InboxId id) const;
  // Null where the entry has none, or is no more.
  std::shared_ptr<const std::string> InboxBody(InboxId id) const;
  // The earliest later than `after`: DueInbox tells those up to it.
  std::optional<Time> NextInboxDue(Time after) const;

  // ----- Delivery

  // Outcomes and exchanges of one flush, as one transaction, in order. Tells the ids of the
  // exchanges, which follow each other. The topic and the callback of a delivery (kDeliver, of a
  // subscription and a message) are those of its subscription: they are not written again. What is
  // recorded outlives the process; the loss of power may take the latest records (the deliveries
  // they tell of are repeated then).
  void Record(std::shared_ptr<const RecordBatch> batch, Done<std::vector<ExchangeId>> done);

  // Topics that have a message and an active subscription: those where somebody may be behind.
  // Costs one look for each topic, however many subscriptions there are.
  std::vector<TopicId> TopicsWithMessages() const;
  // Looks at no more than `limit` active subscriptions of the topic with an id greater than
  // `after`, so that a page costs the same however few are behind.
  LanePage PageBehind(TopicId topic, SubscriptionId after, std::size_t limit) const;
  // Only those whose callback lies on this origin.
  LanePage PageBehind(TopicId topic, const std::string& origin, SubscriptionId after,
                      std::size_t limit) const;
  // Active subscriptions whose retry is due at `now` and lies after `place`, by time, then by id.
  std::vector<DueRetry> DueRetries(Time now, RetryPlace place, std::size_t limit) const;
  // Only those whose callback lies on this origin.
  std::vector<DueRetry> DueRetries(Time now, const std::string& origin, RetryPlace place,
                                   std::size_t limit) const;
  // The earliest retry later than `after`: DueRetries tells those up to it.
  std::optional<Time> NextRetryDue(Time after) const;
  // Its message was taken after all, at a person's wish: the letter goes, and the message counts as
  // delivered. kNotFound where there is none.
  void RedeemDeadLetter(DeadLetterId id, Done<void> done);
  // The first message of the topic after `after`, with its body.
  std::optional<Message> NextMessage(TopicId topic, MessageId after) const;
  // For each digest whether the topic had it in its message `until` or in one before
  // (NewMessage::entries). False where that is not known, or not any more.
  std::vector<bool> HaveAppeared(TopicId topic, MessageId until,
                                 const std::vector<std::string>& digests) const;

  // ----- Forgetting

  // One step of a few milliseconds. `looked_at` is what the step before told, 0 in the first.
  // Nothing goes that a delivery still needs. Ids in exchanges and dead letters may come to lead
  // nowhere.
  void Prune(const RetentionPolicy& policy, MessageId looked_at, Time now,
             Done<PruneProgress> done);
  // Something had this id once: where it is not found, it was pruned.
  enum class IdKind { kSubscription, kMessage, kDeadLetter, kExchange };
  bool WasUsed(IdKind kind, std::int64_t id) const;

  // ----- Looking

  Result<std::vector<Topic>> List(const TopicQuery& query) const;
  Result<std::vector<Subscription>> List(const SubscriptionQuery& query) const;
  Result<std::vector<Message>> List(const MessageQuery& query) const;    // without bodies
  Result<std::vector<Exchange>> List(const ExchangeQuery& query) const;  // without heads and bodies
  Result<std::vector<DeadLetter>> List(const DeadLetterQuery& query) const;
  Result<std::vector<StateChange>> List(const ChangeQuery& query) const;
  LogEnds EndsOfLogs() const;
  std::optional<Message> FindMessage(MessageId id) const;     // with its body
  std::optional<Exchange> FindExchange(ExchangeId id) const;  // whole
  std::vector<Intent> IntentsOf(SubscriptionId id) const;     // in order
  Counts CountAll() const;
  StoreSize Size() const;

  // --- Reports
  // --------------------------------------------------------------------------------------

  // For each cursor, in the order given, how many messages of the topic lie behind it. Costs one
  // walk over the messages behind the lowest of them, however many there are.
  std::vector<std::int64_t> CountBehind(TopicId topic, const std::vector<MessageId>& cursors) const;
  // For each message of the topic, in the order given. Those who took it count also after their
  // subscription has ended. Costs no walk over subscriptions: they are counted by their cursors.
  std::vector<MessageProgress> ProgressOf(TopicId topic,
                                          const std::vector<Message>& messages) const;
  // For each topic, in the order given, its active subscriptions.
  std::vector<std::int64_t> CountActive(const std::vector<TopicId>& topics) const;
  ExchangeExcerpt ExcerptOf(ExchangeId id) const;  // empty where it is no more
  std::optional<DeadLetter> FindDeadLetter(DeadLetterId id) const;

  // Nothing where writes go through; otherwise the last failure, until a write succeeds again.
  std::optional<Error> WriteFault() const;

  struct Impl;

 private:
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::hub
