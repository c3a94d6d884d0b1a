// Topics, their logs, and what the hub hosts itself.
#include <memory>
#include <utility>

#include "core/digest.h"
#include "hub/store/impl.h"
#include "hub/store/rows.h"
#include "hub/store/topics.h"

namespace websub::hub {

namespace {

// A strong validator, quotes included: the same type and bytes always have the same one.
std::string MakeEtag(const std::string& content_type, const std::string& body) {
  const std::string separator(1, '\0');  // in no media type
  constexpr std::size_t kDigits = 32;    // half of them is enough to tell contents apart
  return '"' + Sha256Hex(content_type + separator + body).substr(0, kDigits) + '"';
}

std::optional<HostedTopic> ReadHosted(Rows& rows, const std::string& name) {
  if (!rows.Next()) return std::nullopt;
  return HostedTopic{.name = name,
                     .content_type = rows.Text(0),
                     .etag = rows.Text(1),
                     .body = nullptr,
                     .updated_at = rows.At(2)};
}

}  // namespace

TopicId TopicFor(Database& database, const std::string& url, Time now) {
  if (Rows rows = database.Ask("SELECT id FROM topic WHERE url = ?", url); rows.Next()) {
    return rows.Int(0);
  }
  database.Run("INSERT INTO topic (url, created_at) VALUES (?, ?)", url, now);
  return database.LastId();
}

namespace {

void KeepEntries(Database& database, TopicId topic, MessageId message,
                 const std::vector<std::string>& digests) {
  Repeated keep(database,
                "INSERT INTO feed_entry (topic_id, digest, first_message, last_message) "
                "VALUES (?1, ?2, ?3, ?3) "
                "ON CONFLICT DO UPDATE SET last_message = excluded.last_message");
  for (const std::string& digest : digests) keep.Run(topic, digest, message);
}

}  // namespace

Result<Message> Append(Database& database, TopicId topic, const NewMessage& message) {
  for (const std::string& hub : message.hubs) {
    if (hub.find('\n') != std::string::npos) {
      return Fail(ErrorCode::kInvalid, "the URL of a hub holds a line break");
    }
  }
  static const std::string kNothing;
  const std::string& body = message.body ? *message.body : kNothing;
  database.Run(
      "INSERT INTO message (topic_id, created_at, content_type, hubs, self, size, body) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      topic, message.now, message.content_type, JoinLines(message.hubs), message.self, body.size(),
      Blob{body});
  Message made;
  made.id = database.LastId();
  made.topic_id = topic;
  made.topic = message.topic;
  made.content_type = message.content_type;
  made.hubs = message.hubs;
  made.self = message.self;
  made.body = message.body ? message.body : std::make_shared<const std::string>();
  made.size = body.size();
  made.created_at = message.now;
  // Validators of an earlier fetch belong to other content; a fetch that follows sets them anew.
  database.Run(
      "UPDATE topic SET last_message = ?, content_hash = ?, etag = '', last_modified = '' "
      "WHERE id = ?",
      made.id, message.content_hash, topic);
  if (!message.entries.empty()) KeepEntries(database, topic, made.id, message.entries);
  return made;
}

void ShowHosted(Database& database, const std::string& name, const Message& message) {
  if (name.empty()) return;
  database.Run("UPDATE hosted SET message_id = ?, etag = ? WHERE name = ?", message.id,
               MakeEtag(message.content_type, *message.body), name);
}

void Store::AppendMessage(NewMessage message, Done<Message> done) {
  impl_->Write<Message>(
      [message = std::move(message)](Database& database) {
        return Append(database, TopicFor(database, message.topic, message.now), message);
      },
      std::move(done));
}

void Store::PutHosted(std::string name, NewMessage message, Done<Message> done) {
  impl_->Write<Message>(
      [name = std::move(name),
       message = std::move(message)](Database& database) -> Result<Message> {
        Result<Message> made =
            Append(database, TopicFor(database, message.topic, message.now), message);
        if (!made) return made;
        database.Run("INSERT OR REPLACE INTO hosted (name, message_id, etag) VALUES (?, ?, ?)",
                     name, made->id, MakeEtag(made->content_type, *made->body));
        return made;
      },
      std::move(done));
}

std::optional<Topic> Store::FindTopic(TopicId id) const {
  return impl_->Read([&](Database& database) -> std::optional<Topic> {
    Rows rows = database.Ask(Sql(kSelectTopic, "WHERE id = ?"), id);
    if (!rows.Next()) return std::nullopt;
    return ReadTopic(rows);
  });
}

std::optional<Topic> Store::FindTopic(const std::string& url) const {
  return impl_->Read([&](Database& database) -> std::optional<Topic> {
    Rows rows = database.Ask(Sql(kSelectTopic, "WHERE url = ?"), url);
    if (!rows.Next()) return std::nullopt;
    return ReadTopic(rows);
  });
}

std::optional<HostedTopic> Store::FindHosted(const std::string& name) const {
  return impl_->Read([&](Database& database) -> std::optional<HostedTopic> {
    Rows rows = database.Ask(
        "SELECT message.content_type, hosted.etag, message.created_at, message.body "
        "FROM hosted JOIN message ON message.id = hosted.message_id WHERE hosted.name = ?",
        name);
    auto hosted = ReadHosted(rows, name);
    if (hosted) hosted->body = std::make_shared<const std::string>(rows.Text(3));
    return hosted;
  });
}

std::optional<HostedTopic> Store::FindHostedRow(const std::string& name) const {
  return impl_->Read([&](Database& database) {
    Rows rows = database.Ask(
        "SELECT message.content_type, hosted.etag, message.created_at "
        "FROM hosted JOIN message ON message.id = hosted.message_id WHERE hosted.name = ?",
        name);
    return ReadHosted(rows, name);
  });
}

std::optional<Message> Store::FindMessage(MessageId id) const {
  return impl_->Read([&](Database& database) -> std::optional<Message> {
    Rows rows = database.Ask(Sql(kSelectWholeMessage, "WHERE row.id = ?"), id);
    if (!rows.Next()) return std::nullopt;
    return ReadWholeMessage(rows);
  });
}

std::optional<Message> Store::NextMessage(TopicId topic, MessageId after) const {
  return impl_->Read([&](Database& database) -> std::optional<Message> {
    Rows rows = database.Ask(
        Sql(kSelectWholeMessage, "WHERE row.topic_id = ? AND row.id > ? ORDER BY row.id LIMIT 1"),
        topic, after);
    if (!rows.Next()) return std::nullopt;
    return ReadWholeMessage(rows);
  });
}

std::vector<bool> Store::HaveAppeared(TopicId topic, MessageId until,
                                      const std::vector<std::string>& digests) const {
  // All in one read: a list of hex digits needs no escapes.
  std::string list = "[";
  for (const std::string& digest : digests) {
    list.append(list.size() > 1 ? ",\"" : "\"").append(digest).append("\"");
  }
  list += ']';
  auto found = impl_->Read([&](Database& database) {
    std::vector<bool> appeared;
    appeared.reserve(digests.size());
    Rows rows = database.Ask(
        "SELECT EXISTS (SELECT 1 FROM feed_entry WHERE topic_id = ? AND digest = value "
        "AND first_message <= ?) FROM json_each(?) ORDER BY key",
        topic, until, list);
    while (rows.Next()) appeared.push_back(rows.Int(0) != 0);
    return appeared;
  });
  found.resize(digests.size());  // where it cannot be read, nothing has
  return found;
}

}  // namespace websub::hub
