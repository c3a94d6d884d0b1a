// Messages that wait for their content, or behind such a one of their topic.
#include <utility>

#include "hub/store/due_rows.h"
#include "hub/store/impl.h"
#include "hub/store/topics.h"

namespace websub::hub {

namespace {

Error NoEntry() {
  return {ErrorCode::kNotFound, "no message waits under this id"};
}

bool HasEntry(Database& database, TopicId topic) {
  return database
      .Ask("SELECT 1 FROM inbox INDEXED BY inbox_topic WHERE topic_id = ? LIMIT 1", topic)
      .Next();
}

Result<InboxReceipt> AddOne(Database& database, const NewInboxEntry& entry) {
  const NewMessage& message = entry.message;
  const TopicId topic = TopicFor(database, message.topic, message.now);
  const bool behind = HasEntry(database, topic);
  if (entry.content_url.empty() && !behind) {
    Result<Message> made = Append(database, topic, message);
    if (!made) return tl::unexpected(made.error());
    ShowHosted(database, entry.hosted, *made);
    return InboxReceipt{.message = std::move(*made), .waits_as = 0};
  }
  const auto due_at = behind ? std::nullopt : std::optional(message.now);
  const auto body = message.body ? std::optional(Blob{*message.body}) : std::nullopt;
  database.Run(
      "INSERT INTO inbox (topic_id, hosted, content_url, content_type, identity, first_attempt, "
      "due_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      topic, entry.hosted, entry.content_url, message.content_type, entry.identity, message.now,
      due_at, body);
  return InboxReceipt{.message = std::nullopt, .waits_as = database.LastId()};
}

struct Removed {
  TopicId topic = 0;
  std::string hosted;
};

// Takes the entry out; the next of its topic is due.
std::optional<Removed> Remove(Database& database, InboxId id, Time now) {
  Removed removed;
  {
    Rows rows = database.Ask("SELECT topic_id, hosted FROM inbox WHERE id = ?", id);
    if (!rows.Next()) return std::nullopt;
    removed = {rows.Int(0), rows.Text(1)};
  }
  database.Run("DELETE FROM inbox WHERE id = ?", id);
  database.Run(
      "UPDATE inbox SET due_at = ?1, first_attempt = ?1 WHERE due_at IS NULL AND id = "
      "(SELECT min(id) FROM inbox INDEXED BY inbox_topic WHERE topic_id = ?2)",
      now, removed.topic);
  return removed;
}

DueEntry ReadDueEntry(const Rows& rows) {
  return {.place = {rows.At(0), rows.Int(1)},
          .content_url = rows.Text(2),
          .attempts = static_cast<int>(rows.Int(3))};
}

}  // namespace

void Store::AddToInbox(std::vector<NewInboxEntry> entries, Done<std::vector<InboxReceipt>> done) {
  impl_->Write<std::vector<InboxReceipt>>(
      [entries = std::move(entries)](Database& database) -> Result<std::vector<InboxReceipt>> {
        std::vector<InboxReceipt> receipts;
        receipts.reserve(entries.size());
        for (const NewInboxEntry& entry : entries) {
          Result<InboxReceipt> receipt = AddOne(database, entry);
          if (!receipt) return tl::unexpected(receipt.error());
          receipts.push_back(std::move(*receipt));
        }
        return receipts;
      },
      std::move(done));
}

void Store::FinishInbox(InboxId id, NewMessage message, Done<Message> done) {
  impl_->Write<Message>(
      [id, message = std::move(message)](Database& database) -> Result<Message> {
        const auto removed = Remove(database, id, message.now);
        if (!removed) return tl::unexpected(NoEntry());
        Result<Message> made = Append(database, removed->topic, message);
        if (made) ShowHosted(database, removed->hosted, *made);
        return made;
      },
      std::move(done));
}

void Store::RetryInbox(InboxId id, int attempts, Time first_attempt, Time due_at, Done<void> done) {
  impl_->Write<void>(
      [=](Database& database) -> Result<void> {
        if (database.Run("UPDATE inbox SET attempts = ?, first_attempt = ?, due_at = ? "
                         "WHERE id = ? AND due_at IS NOT NULL",
                         attempts, first_attempt, due_at, id) == 0) {
          return tl::unexpected(NoEntry());
        }
        return {};
      },
      std::move(done));
}

void Store::DropInbox(InboxId id, Time now, Done<void> done) {
  impl_->Write<void>(
      [=](Database& database) -> Result<void> {
        if (!Remove(database, id, now)) return tl::unexpected(NoEntry());
        return {};
      },
      std::move(done));
}

std::vector<DueEntry> Store::DueInbox(Time now, DuePlace after, std::size_t limit) const {
  return impl_->Read([&](Database& database) {
    static const DueStatements kStatements(
        "SELECT due_at, id, content_url, attempts FROM inbox INDEXED BY inbox_due", "due_at", "id");
    return ReadDue(database, kStatements, now, after, limit, ReadDueEntry);
  });
}

std::optional<InboxEntry> Store::FindInbox(InboxId id) const {
  return impl_->Read([id](Database& database) -> std::optional<InboxEntry> {
    Rows rows = database.Ask(
        "SELECT row.id, topic_id, topic.url, content_url, content_type, identity, "
        "body IS NOT NULL, attempts, first_attempt, due_at "
        "FROM inbox AS row CROSS JOIN topic ON topic.id = topic_id WHERE row.id = ?",
        id);
    if (!rows.Next()) return std::nullopt;
    InboxEntry entry;
    entry.id = rows.Int(0);
    entry.topic_id = rows.Int(1);
    entry.topic = rows.Text(2);
    entry.content_url = rows.Text(3);
    entry.content_type = rows.Text(4);
    entry.identity = rows.Text(5);
    entry.has_body = rows.Int(6) != 0;
    entry.attempts = static_cast<int>(rows.Int(7));
    entry.first_attempt = rows.At(8);
    entry.due_at = rows.MaybeAt(9);
    return entry;
  });
}

std::shared_ptr<const std::string> Store::InboxBody(InboxId id) const {
  return impl_->Read([id](Database& database) -> std::shared_ptr<const std::string> {
    Rows rows = database.Ask("SELECT body FROM inbox WHERE id = ? AND body IS NOT NULL", id);
    if (!rows.Next()) return nullptr;
    return std::make_shared<const std::string>(rows.Text(0));
  });
}

std::optional<Time> Store::NextInboxDue(Time after) const {
  return impl_->Read([after](Database& database) {
    return ReadNextDue(database, "SELECT min(due_at) FROM inbox WHERE due_at > ?", after);
  });
}

}  // namespace websub::hub
