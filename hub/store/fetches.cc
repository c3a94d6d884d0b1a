// Pings that wait for their fetch.
#include <utility>

#include "hub/store/due_rows.h"
#include "hub/store/impl.h"
#include "hub/store/topics.h"

namespace websub::hub {

namespace {

Error NoFetch() {
  return {ErrorCode::kNotFound, "no fetch of this topic is waiting"};
}

// A ping that came while the fetch ran may have announced what the fetch did not see yet: then the
// job starts afresh.
bool EndJob(Database& database, TopicId topic, std::int64_t pings, Time now) {
  if (database.Run("DELETE FROM fetch WHERE topic_id = ? AND pings = ?", topic, pings) == 1) {
    return true;
  }
  return database.Run(
             "UPDATE fetch SET attempts = 0, first_attempt = ?2, due_at = ?2 WHERE topic_id = ?1",
             topic, now) == 1;
}

std::string SelectJobs(const std::string& index) {
  return "SELECT topic_id, topic.url, pings, attempts, first_attempt, due_at FROM fetch " + index +
         " CROSS JOIN topic ON topic.id = topic_id";
}

FetchJob ReadJob(const Rows& rows) {
  FetchJob job;
  job.topic_id = rows.Int(0);
  job.topic = rows.Text(1);
  job.pings = rows.Int(2);
  job.attempts = static_cast<int>(rows.Int(3));
  job.first_attempt = rows.At(4);
  job.due_at = rows.At(5);
  return job;
}

}  // namespace

void Store::RequestFetches(std::vector<std::string> topics, Time now, Done<void> done) {
  impl_->Write<void>(
      [topics = std::move(topics), now](Database& database) -> Result<void> {
        for (const std::string& url : topics) {
          database.Run(
              "INSERT INTO fetch (topic_id, pings, first_attempt, due_at) VALUES (?1, 1, ?2, ?2) "
              "ON CONFLICT (topic_id) DO UPDATE "
              "SET pings = pings + 1, due_at = min(due_at, excluded.due_at)",
              TopicFor(database, url, now), now);
        }
        return {};
      },
      std::move(done));
}

void Store::FinishFetch(TopicId topic, std::int64_t pings, FetchedContent content,
                        std::optional<NewMessage> message, Done<std::optional<Message>> done) {
  impl_->Write<std::optional<Message>>(
      [topic, pings, content = std::move(content),
       message = std::move(message)](Database& database) -> Result<std::optional<Message>> {
        if (!EndJob(database, topic, pings, content.now)) return tl::unexpected(NoFetch());
        std::optional<Message> appended;
        if (message) {
          Result<Message> made = Append(database, topic, *message);
          if (!made) return tl::unexpected(made.error());
          appended = std::move(*made);
        }
        database.Run(
            "UPDATE topic SET etag = ?, last_modified = ?, content_hash = ?, fetched_at = ? "
            "WHERE id = ?",
            content.etag, content.last_modified, content.content_hash, content.now, topic);
        return appended;
      },
      std::move(done));
}

void Store::RetryFetch(TopicId topic, std::int64_t pings, int attempts, Time first_attempt,
                       Time due_at, Done<void> done) {
  impl_->Write<void>(
      [=](Database& database) -> Result<void> {
        if (database.Run("UPDATE fetch SET attempts = ?3, first_attempt = ?4, "
                         "due_at = CASE WHEN pings = ?2 THEN ?5 ELSE min(due_at, ?5) END "
                         "WHERE topic_id = ?1",
                         topic, pings, attempts, first_attempt, due_at) == 0) {
          return tl::unexpected(NoFetch());
        }
        return {};
      },
      std::move(done));
}

void Store::AbandonFetch(TopicId topic, std::int64_t pings, Time now, Done<void> done) {
  impl_->Write<void>(
      [=](Database& database) -> Result<void> {
        if (!EndJob(database, topic, pings, now)) return tl::unexpected(NoFetch());
        return {};
      },
      std::move(done));
}

std::vector<FetchJob> Store::DueFetches(Time now, DuePlace after, std::size_t limit) const {
  return impl_->Read([&](Database& database) {
    static const DueStatements kStatements(SelectJobs("INDEXED BY fetch_due"), "due_at",
                                           "topic_id");
    return ReadDue(database, kStatements, now, after, limit, ReadJob);
  });
}

std::optional<FetchJob> Store::FindFetch(TopicId topic) const {
  return impl_->Read([topic](Database& database) -> std::optional<FetchJob> {
    static const std::string kOne = SelectJobs("") + " WHERE topic_id = ?";
    Rows rows = database.Ask(kOne, topic);
    if (!rows.Next()) return std::nullopt;
    return ReadJob(rows);
  });
}

std::optional<Time> Store::NextFetchDue(Time after) const {
  return impl_->Read([after](Database& database) {
    return ReadNextDue(database, "SELECT min(due_at) FROM fetch WHERE due_at > ?", after);
  });
}

}  // namespace websub::hub
