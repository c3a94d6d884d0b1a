#include "hub/store/database.h"

#include <sqlite3.h>

#include <limits>
#include <utility>

namespace websub::hub {

namespace {

// How long to wait for another program that looks into the file and holds its lock.
constexpr int kBusyMilliseconds = 5000;

}  // namespace

Rows::~Rows() {
  if (statement_ == nullptr) return;
  statement_->tryReset();
  try {
    statement_->clearBindings();  // a message's body is not to stay in memory for the next use
  } catch (const SQLite::Exception&) {
    // Cannot fail on a statement that was reset; and the next use binds every value again.
  }
}

std::optional<std::int64_t> Rows::MaybeInt(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Int(column);
}

std::optional<Time> Rows::MaybeAt(int column) const {
  if (IsNull(column)) return std::nullopt;
  return At(column);
}

std::optional<Duration> Rows::MaybeDuration(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Duration(Int(column));
}

Database::Database(const std::string& uri, int flags, std::string name)
    : name_(std::move(name)), engine_(uri, flags, kBusyMilliseconds) {}

Rows Database::AskWith(std::string_view sql, const std::vector<Value>& values) {
  SQLite::Statement& statement = Prepare(sql);
  int index = 0;
  for (const Value& value : values) Bind(statement, ++index, value);
  return Rows(statement);
}

bool Database::InTransaction() const {
  return sqlite3_get_autocommit(engine_.getHandle()) == 0;
}

Error Database::Describe(const SQLite::Exception& exception, const std::string& name) {
  const std::string detail = exception.what();
  switch (exception.getErrorCode()) {
    case SQLITE_FULL:
      return {ErrorCode::kUnavailable, "the disk is full: " + name + " cannot grow"};
    case SQLITE_IOERR:
      return {ErrorCode::kUnavailable,
              "the disk is failing: " + name + " cannot be read or written (" + detail + ")"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kUnavailable, name + " is locked by another program"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorCode::kUnavailable, name + " cannot be written: no permission"};
    case SQLITE_CANTOPEN:
      return {ErrorCode::kUnavailable, name + " cannot be opened, or the files beside it cannot"};
    case SQLITE_NOTADB:
      return {ErrorCode::kInvalid, name + " is not a database"};
    case SQLITE_CORRUPT:
      return {ErrorCode::kInvalid,
              name + " is damaged: take a copy of it, and another file with --db"};
    case SQLITE_TOOBIG:
      return {ErrorCode::kTooLarge, "too large to be kept in " + name};
    case SQLITE_NOMEM:
      return {ErrorCode::kUnavailable, "out of memory while using " + name};
    default:
      // The engine names tables and columns, never the values that were bound.
      return {ErrorCode::kInternal, "unexpected failure of " + name + ": " + detail};
  }
}

SQLite::Statement& Database::Prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::string text(sql);
    auto statement = std::make_unique<SQLite::Statement>(engine_, text);
    found = statements_.emplace(std::move(text), std::move(statement)).first;
  }
  return *found->second;
}

void Database::Bind(SQLite::Statement& statement, int index, std::int64_t value) {
  statement.bind(index, value);
}

void Database::Bind(SQLite::Statement& statement, int index, int value) {
  statement.bind(index, value);
}

void Database::Bind(SQLite::Statement& statement, int index, std::size_t value) {
  statement.bind(index, static_cast<std::int64_t>(value));
}

void Database::Bind(SQLite::Statement& statement, int index, const std::string& value) {
  statement.bind(index, value);
}

void Database::Bind(SQLite::Statement& statement, int index, std::string_view value) {
  statement.bind(index, std::string(value));
}

void Database::Bind(SQLite::Statement& statement, int index, const Blob& value) {
  if (value.bytes.size() > std::size_t{std::numeric_limits<int>::max()}) {
    throw SQLite::Exception("too large", SQLITE_TOOBIG);
  }
  statement.bindNoCopy(index, value.bytes.data(), static_cast<int>(value.bytes.size()));
}

void Database::Bind(SQLite::Statement& statement, int index, Duration value) {
  statement.bind(index, static_cast<std::int64_t>(value.count()));
}

void Database::Bind(SQLite::Statement& statement, int index, std::chrono::seconds value) {
  statement.bind(index, static_cast<std::int64_t>(value.count()));
}

void Database::Bind(SQLite::Statement& statement, int index, Time value) {
  statement.bind(index, FromTime(value));
}

void Database::Bind(SQLite::Statement& statement, int index, const Value& value) {
  std::visit([&](const auto& held) { Bind(statement, index, held); }, value);
}

}  // namespace websub::hub
