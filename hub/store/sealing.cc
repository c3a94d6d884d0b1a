#include "hub/store/sealing.h"

#include <utility>

#include "hub/store/sealer.h"

namespace websub::hub {

namespace {

constexpr std::string_view kKnownText = "websub";
constexpr SealPlace kCheckPlace{SealPlace::What::kCheck, 0, "seal"};
constexpr std::size_t kStep = 1000;  // rows in one transaction

// Row of table seal. Stages follow each other.
struct SealRow {
  enum class Stage {
    kRows,  // rows behind the two ids are still as they were before
    kRest,  // all are sealed; what they were before may lie about in the file or the log
    kDone,
  };
  std::string check;
  Stage stage = Stage::kDone;
  std::string old_check;  // empty: they were not sealed
  std::int64_t subscription_id = 0;
  std::int64_t intent_id = 0;
};

std::optional<SealRow> LoadSeal(Database& database) {
  {
    Rows table = database.Ask("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'seal'");
    if (!table.Next()) return std::nullopt;  // an older schema
  }
  Rows rows = database.Ask(
      "SELECT key_check, stage, old_check, subscription_id, intent_id FROM seal WHERE id = 1");
  if (!rows.Next()) return std::nullopt;
  return SealRow{rows.Text(0), static_cast<SealRow::Stage>(rows.Int(1)), rows.Text(2), rows.Int(3),
                 rows.Int(4)};
}

void KeepSeal(Database& database, const SealRow& seal) {
  database.Run(
      "INSERT OR REPLACE INTO seal (id, key_check, stage, old_check, subscription_id, intent_id) "
      "VALUES (1, ?, ?, ?, ?, ?)",
      seal.check, static_cast<int>(seal.stage), seal.old_check, seal.subscription_id,
      seal.intent_id);
}

bool Fits(const std::optional<SecretKey>& key, const std::string& check) {
  return key && Sealer(*key).Open(check, kCheckPlace) == kKnownText;
}

tl::unexpected<Error> Wrong(const StoreOptions& options, const std::string& sentence) {
  return Fail(ErrorCode::kInvalid, options.path + sentence);
}

// From one key, or none, to another.
class Resealing {
 public:
  Resealing(Database& database, const StoreOptions& options, SealRow seal)
      : database_(database), to_(*options.secret_key), seal_(std::move(seal)) {
    if (!seal_.old_check.empty()) from_.emplace(*options.old_secret_key);
  }

  Result<void> Run(const std::string& name) {
    while (true) {
      database_.Run("BEGIN IMMEDIATE");
      const auto more = Step();
      if (!more) {
        database_.Run("ROLLBACK");
        return Fail(ErrorCode::kInvalid, name + " holds a secret, of " + more.error().message +
                                             ", that the old key does not open: it was changed "
                                             "by something else than websub");
      }
      if (!*more) seal_.stage = SealRow::Stage::kRest;
      KeepSeal(database_, seal_);
      database_.Run("COMMIT");
      if (!*more) return {};
    }
  }

 private:
  struct Row {
    std::int64_t id;
    std::int64_t topic_id;
    std::string callback;
    std::string secret;
    std::string verify_token;
  };

  // Whether there may be more. The error names a row.
  Result<bool> Step() {
    auto rows = Read(
        "SELECT id, topic_id, callback, secret, '' FROM subscription "
        "WHERE id > ? AND secret <> '' ORDER BY id LIMIT ?",
        seal_.subscription_id);
    if (!rows.empty()) {
      const auto done =
          Write(rows, "subscription", "UPDATE subscription SET secret = ?2 WHERE id = ?1");
      seal_.subscription_id = rows.back().id;
      if (!done) return tl::unexpected(done.error());
      return true;
    }
    rows = Read(
        "SELECT row.id, subscription.topic_id, subscription.callback, row.secret, "
        "row.verify_token FROM intent AS row "
        "CROSS JOIN subscription ON subscription.id = row.subscription_id "
        "WHERE row.id > ? AND (row.secret <> '' OR row.verify_token <> '') "
        "ORDER BY row.id LIMIT ?",
        seal_.intent_id);
    if (rows.empty()) return false;
    const auto done =
        Write(rows, "request", "UPDATE intent SET secret = ?2, verify_token = ?3 WHERE id = ?1");
    seal_.intent_id = rows.back().id;
    if (!done) return tl::unexpected(done.error());
    return true;
  }

  std::vector<Row> Read(std::string_view sql, std::int64_t after) {
    std::vector<Row> found;
    Rows rows = database_.Ask(sql, after, kStep);
    while (rows.Next()) {
      found.push_back({rows.Int(0), rows.Int(1), rows.Text(2), rows.Text(3), rows.Text(4)});
    }
    return found;
  }

  Result<void> Write(const std::vector<Row>& rows, const std::string& what, std::string_view sql) {
    for (const Row& row : rows) {
      const auto secret = Reseal(row, SealPlace::What::kSecret, row.secret);
      const auto token = Reseal(row, SealPlace::What::kVerifyToken, row.verify_token);
      if (!secret || !token) {
        return Fail(ErrorCode::kInvalid, what + " " + std::to_string(row.id));
      }
      if (what == "subscription") {
        database_.Run(sql, row.id, *secret);
      } else {
        database_.Run(sql, row.id, *secret, *token);
      }
    }
    return {};
  }

  std::optional<std::string> Reseal(const Row& row, SealPlace::What what,
                                    const std::string& stored) {
    const SealPlace place{what, row.topic_id, row.callback};
    const auto plain = from_ ? from_->Open(stored, place) : stored;
    if (!plain) return std::nullopt;
    return to_.Seal(*plain, place);
  }

  Database& database_;
  std::optional<Sealer> from_;
  Sealer to_;
  SealRow seal_;
};

// Freed pages, the slack in pages that are in use, and the log hold what was there before. Writing
// the file anew leaves none of the first two, and its pages take the place of all that the file
// had. The copy lies in a file meanwhile: it is as large as the store.
Result<void> EraseTraces(Database& database, const StoreOptions& options) {
  database.Script("PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = MEMORY;");
  Rows rows = database.Ask("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!rows.Next() || rows.Int(0) != 0) {
    return Fail(ErrorCode::kUnavailable,
                options.path +
                    " is being read by another program, so that secrets which are not "
                    "sealed would stay in its log: end that program, then start the hub again");
  }
  return {};
}

}  // namespace

Result<void> CheckSeal(Database& database, const StoreOptions& options) {
  const auto seal = LoadSeal(database);
  if (!seal) return {};
  if (!options.secret_key) {
    return Wrong(options,
                 " keeps its secrets sealed: name the file of their key with "
                 "--secret-key-file");
  }
  const bool fits = Fits(options.secret_key, seal->check);
  if (seal->stage == SealRow::Stage::kRows) {
    if (!fits) {
      return Wrong(options,
                   " is being sealed with another key than that of --secret-key-file: "
                   "give that one until it is done");
    }
    if (!seal->old_check.empty() && !Fits(options.old_secret_key, seal->old_check)) {
      return Wrong(options,
                   " has not been sealed with the new key to its end: name the file of "
                   "the old one with --old-secret-key-file");
    }
    return {};
  }
  if (fits || Fits(options.old_secret_key, seal->check)) return {};
  return Wrong(options,
               options.old_secret_key
                   ? " was sealed neither with the key of --secret-key-file nor with that of "
                     "--old-secret-key-file"
                   : " was sealed with another key than that of --secret-key-file (to change the "
                     "key, name the old one with --old-secret-key-file)");
}

Result<void> SealAll(Database& database, const StoreOptions& options, StoreAge age) {
  if (!options.secret_key) return {};
  auto seal = LoadSeal(database);
  if (!seal || !Fits(options.secret_key, seal->check)) {
    SealRow next;
    next.check = Sealer(*options.secret_key).Seal(kKnownText, kCheckPlace);
    next.stage = age == StoreAge::kNew ? SealRow::Stage::kDone : SealRow::Stage::kRows;
    next.old_check = seal ? seal->check : "";
    KeepSeal(database, next);
    seal = std::move(next);
  }
  if (seal->stage == SealRow::Stage::kDone) return {};
  database.Script("PRAGMA secure_delete = ON");
  if (seal->stage == SealRow::Stage::kRows) {
    if (auto done = Resealing(database, options, *seal).Run(options.path); !done) return done;
  }
  if (auto done = EraseTraces(database, options); !done) return done;
  database.Run("UPDATE seal SET stage = ?, old_check = ''",
               static_cast<int>(SealRow::Stage::kDone));
  database.Script("PRAGMA secure_delete = FAST");
  return {};
}

}  // namespace websub::hub
