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

std::string Rows::OpenSecret(int column, const SealPlace& place) const {
  auto secret = sealing_->sealer.Open(Text(column), place);
  if (secret) return *std::move(secret);
  if (const auto tell = std::exchange(sealing_->on_unreadable, nullptr)) {
    tell("the secret of " + std::string(place.callback) +
         " is not the one that was sealed for it: something else has written to the database. "
         "Nothing is sent where that is so; it may have to subscribe again");
  }
  return UnreadableSecret();
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
  return Rows(statement, sealing_.get());
}

void Database::Define(const char* name, int values,
                      void (*function)(sqlite3_context*, int, sqlite3_value**)) {
  if (sqlite3_create_function_v2(engine_.getHandle(), name, values, SQLITE_UTF8, nullptr, function,
                                 nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw SQLite::Exception(engine_.getHandle());
  }
}

std::int64_t Database::TotalChanges() const {
  return sqlite3_total_changes64(engine_.getHandle());
}

bool Database::InTransaction() const {
  return sqlite3_get_autocommit(engine_.getHandle()) == 0;
}

void Database::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
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

Repeated::Repeated(Database& database, std::string_view sql)
    : engine_(database.engine_.getHandle()), statement_(nullptr) {
  auto found = database.repeated_.find(sql);
  if (found == database.repeated_.end()) {
    sqlite3_stmt* made = nullptr;
    Check(sqlite3_prepare_v3(engine_, sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &made, nullptr));
    found = database.repeated_.emplace(sql, made).first;
  }
  statement_ = found->second.get();
}

Repeated::~Repeated() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);  // what they point to may go now
}

void Repeated::Bind(int index, std::int64_t value) {
  Check(sqlite3_bind_int64(statement_, index, value));
}

void Repeated::Bind(int index, std::string_view value) {
  Check(sqlite3_bind_text64(statement_, index, value.empty() ? "" : value.data(), value.size(),
                            SQLITE_STATIC, SQLITE_UTF8));
}

void Repeated::Bind(int index, const Blob& value) {
  Check(sqlite3_bind_blob64(statement_, index, value.bytes.data(), value.bytes.size(),
                            SQLITE_STATIC));
}

void Repeated::Bind(int index, const Pointer& value) {
  Check(sqlite3_bind_pointer(statement_, index, value.object, Pointer::kType, nullptr));
}

void Repeated::BindNull(int index) {
  Check(sqlite3_bind_null(statement_, index));
}

int Repeated::Step() {
  sqlite3_step(statement_);
  Check(sqlite3_reset(statement_));  // tells what the step met
  return sqlite3_changes(engine_);
}

void Repeated::Check(int code) {
  if (code != SQLITE_OK) throw SQLite::Exception(engine_, code);
}

}  // namespace websub::hub
