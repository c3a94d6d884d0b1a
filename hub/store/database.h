// One connection to an SQLite file: prepared statements kept for reuse, values bound and read by
// type, errors of the engine turned into sentences. Errors travel as SQLite::Exception inside this
// room and stop in Writer (writes) and Store::Impl (reads). Used by one thread at a time.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "hub/store/sealer.h"

struct sqlite3;
struct sqlite3_context;
struct sqlite3_stmt;
struct sqlite3_value;

namespace websub::hub {

// Bytes bound as BLOB, without a copy: for Run only, where they outlive the statement.
struct Blob {
  std::string_view bytes;
};

// Of our own, for a function of our own: Run of Repeated only.
struct Pointer {
  static constexpr const char* kType = "websub";
  void* object;
};

// A value whose type is known at run time, for filters.
using Value = std::variant<std::int64_t, std::string>;

inline Time ToTime(std::int64_t microseconds) {
  return Time(Duration(microseconds));
}
inline std::int64_t FromTime(Time time) {
  return time.time_since_epoch().count();
}

// How the secrets of a connection are sealed.
struct Sealing {
  Sealer sealer;
  std::function<void(const std::string&)> on_unreadable;  // told once, of the first
};

// The rows of a statement that runs. The statement is free again when this is gone.
class Rows {
 public:
  Rows(SQLite::Statement& statement, Sealing* sealing)
      : statement_(&statement), sealing_(sealing) {}
  Rows(Rows&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)), sealing_(other.sealing_) {}
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  bool Next() { return statement_->executeStep(); }

  bool IsNull(int column) const { return statement_->isColumnNull(column); }
  std::int64_t Int(int column) const { return statement_->getColumn(column).getInt64(); }
  std::string Text(int column) const { return statement_->getColumn(column).getString(); }
  // Opened, where secrets are sealed. UnreadableSecret() where it cannot be.
  std::string Secret(int column, const SealPlace& place) const {
    return sealing_ == nullptr ? Text(column) : OpenSecret(column, place);
  }
  Time At(int column) const { return ToTime(Int(column)); }
  std::optional<std::int64_t> MaybeInt(int column) const;
  std::optional<Time> MaybeAt(int column) const;
  std::optional<Duration> MaybeDuration(int column) const;

 private:
  std::string OpenSecret(int column, const SealPlace& place) const;

  SQLite::Statement* statement_;
  Sealing* sealing_;
};

class Repeated;

class Database {
 public:
  // `name` is what error sentences call the file.
  Database(const std::string& uri, int flags, std::string name);

  // Starts a query. The values are copied.
  template <typename... Values>
  Rows Ask(std::string_view sql, const Values&... values) {
    SQLite::Statement& statement = Prepare(sql);
    int index = 0;
    (Bind(statement, ++index, values), ...);
    return Rows(statement, sealing_.get());
  }
  Rows AskWith(std::string_view sql, const std::vector<Value>& values);

  // Runs a change and tells how many rows it met.
  template <typename... Values>
  int Run(std::string_view sql, const Values&... values) {
    Rows rows = Ask(sql, values...);
    rows.Next();
    return engine_.getChanges();
  }

  // Several statements without values.
  void Script(std::string_view sql) { engine_.exec(std::string(sql)); }
  // From now on. Without it secrets are taken as they lie there.
  void UseSealing(std::unique_ptr<Sealing> sealing) { sealing_ = std::move(sealing); }
  // As it is to be kept.
  std::string Sealed(const std::string& secret, const SealPlace& place) {
    return sealing_ ? sealing_->sealer.Seal(secret, place) : secret;
  }
  std::int64_t LastId() const { return engine_.getLastInsertRowid(); }
  // Makes a function that statements can call.
  void Define(const char* name, int values,
              void (*function)(sqlite3_context*, int, sqlite3_value**));
  // Rows changed since it was opened, those undone later included.
  std::int64_t TotalChanges() const;
  // False once the engine has rolled a transaction back by itself, as it may on a full disk.
  bool InTransaction() const;

  Error Describe(const SQLite::Exception& exception) const { return Describe(exception, name_); }
  static Error Describe(const SQLite::Exception& exception, const std::string& name);

 private:
  friend class Repeated;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  SQLite::Statement& Prepare(std::string_view sql);
  static void Bind(SQLite::Statement& statement, int index, std::int64_t value);
  static void Bind(SQLite::Statement& statement, int index, int value);
  static void Bind(SQLite::Statement& statement, int index, std::size_t value);
  static void Bind(SQLite::Statement& statement, int index, const std::string& value);
  static void Bind(SQLite::Statement& statement, int index, std::string_view value);
  static void Bind(SQLite::Statement& statement, int index, const char* value) = delete;
  static void Bind(SQLite::Statement& statement, int index, const Blob& value);
  static void Bind(SQLite::Statement& statement, int index, Duration value);
  static void Bind(SQLite::Statement& statement, int index, std::chrono::seconds value);
  static void Bind(SQLite::Statement& statement, int index, Time value);
  static void Bind(SQLite::Statement& statement, int index, const Value& value);
  template <typename T>
  static void Bind(SQLite::Statement& statement, int index, const std::optional<T>& value) {
    if (value) {
      Bind(statement, index, *value);
    } else {
      statement.bind(index);
    }
  }

  std::string name_;
  std::unique_ptr<Sealing> sealing_;  // null: secrets are not sealed
  SQLite::Database engine_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>, Hash, std::equal_to<>>
      statements_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, Hash, std::equal_to<>>
      repeated_;
};

// The same change for many rows: the statement is looked up once, and texts are bound where they
// lie, so that they have to outlive this. One of a statement at a time, within one transaction.
class Repeated {
 public:
  Repeated(Database& database, std::string_view sql);
  ~Repeated();
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;

  // Tells how many rows it met.
  template <typename... Values>
  int Run(const Values&... values) {
    int index = 0;
    (Bind(++index, values), ...);
    return Step();
  }

 private:
  void Bind(int index, std::int64_t value);
  void Bind(int index, int value) { Bind(index, std::int64_t{value}); }
  void Bind(int index, std::size_t value) { Bind(index, static_cast<std::int64_t>(value)); }
  void Bind(int index, Time value) { Bind(index, FromTime(value)); }
  void Bind(int index, Duration value) { Bind(index, std::int64_t{value.count()}); }
  void Bind(int index, std::string_view value);
  void Bind(int index, const std::string& value) { Bind(index, std::string_view(value)); }
  void Bind(int index, const char* value) = delete;
  void Bind(int index, const Blob& value);
  void Bind(int index, const Pointer& value);
  void BindNull(int index);
  template <typename T>
  void Bind(int index, const std::optional<T>& value) {
    if (value) {
      Bind(index, *value);
    } else {
      BindNull(index);
    }
  }
  int Step();
  void Check(int code);

  sqlite3* engine_;
  sqlite3_stmt* statement_;
};

}  // namespace websub::hub
