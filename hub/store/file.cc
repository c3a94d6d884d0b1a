#include "hub/store/file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "hub/store/moves.h"
#include "hub/store/schema.h"
#include "hub/store/sealing.h"

namespace websub::hub {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kApplicationId = 0x57537562;  // "WSub"

// Caches are kept small: the hub runs on small machines, and the system caches the file as well.
// Pages of 8 KiB (of a file that is made now; others keep theirs) hold three messages of 2 KB where
// those of 4 KiB hold one.
// What is deleted, a secret perhaps, is overwritten in the pages that are written anyway.
constexpr std::string_view kWriterSetup = R"(
  PRAGMA page_size = 8192;
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = FAST;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -32768;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864;
)";
constexpr std::string_view kReaderSetup = R"(
  PRAGMA query_only = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -16384;
)";

std::int64_t Number(Database& database, std::string_view sql) {
  Rows rows = database.Ask(sql);
  return rows.Next() ? rows.Int(0) : 0;
}

enum class Identity { kEmpty, kOurs };

Result<Identity> Identify(Database& database, const std::string& name) {
  const std::int64_t application = Number(database, "PRAGMA application_id");
  const std::int64_t version = Number(database, "PRAGMA user_version");
  const std::int64_t tables = Number(database, "SELECT count(*) FROM sqlite_schema");
  if (application == 0 && version == 0 && tables == 0) return Identity::kEmpty;
  if (application != kApplicationId) {
    return Fail(ErrorCode::kInvalid,
                name + " is a database of another program: name another file with --db");
  }
  const auto newest = static_cast<std::int64_t>(Schema().size());
  if (version > newest) {
    return Fail(ErrorCode::kInvalid, name + " was written by a newer websub (schema " +
                                         std::to_string(version) + ", this one knows " +
                                         std::to_string(newest) + "): use that one");
  }
  return Identity::kOurs;
}

void Migrate(Database& database) {
  const auto version = static_cast<std::size_t>(Number(database, "PRAGMA user_version"));
  if (version == Schema().size()) return;
  database.Run("BEGIN IMMEDIATE");
  for (std::size_t next = version; next < Schema().size(); ++next) database.Script(Schema()[next]);
  database.Script("PRAGMA application_id = " + std::to_string(kApplicationId));
  database.Script("PRAGMA user_version = " + std::to_string(Schema().size()));
  database.Run("COMMIT");
}

Result<void> SetUp(Database& database, const StoreOptions& options, Durability durability) {
  database.Script(kWriterSetup);
  if (options.max_bytes > 0) {
    const std::int64_t page = Number(database, "PRAGMA page_size");
    const auto pages =
        static_cast<std::int64_t>(options.max_bytes) / std::max<std::int64_t>(page, 1);
    database.Script("PRAGMA max_page_count = " + std::to_string(std::max<std::int64_t>(pages, 1)));
  }
  Rows mode = database.Ask("PRAGMA journal_mode = WAL");
  if (!mode.Next() || mode.Text(0) != "wal") {
    return Fail(ErrorCode::kUnavailable,
                options.path +
                    " lies on a file system that cannot share memory between "
                    "processes: put it on a local disk");
  }
  // FULL: a publish that was answered survives the loss of power.
  database.Script(durability == Durability::kKept ? "PRAGMA synchronous = FULL"
                                                  : "PRAGMA synchronous = OFF");
  return {};
}

// Made by us and not by the engine, because it holds secrets: nobody else may read it.
Result<void> CreatePrivately(const std::string& path, const std::string& name) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    ::close(descriptor);
    return {};
  }
  if (errno == EEXIST) return {};
  return Fail(ErrorCode::kUnavailable,
              name + " cannot be made: " + std::generic_category().message(errno));
}

Result<void> CheckPath(const std::string& name) {
  std::error_code ignored;
  if (name.empty()) return Fail(ErrorCode::kInvalid, "the name of the database file is empty");
  if (fs::is_directory(name, ignored)) {
    return Fail(ErrorCode::kInvalid, name + " is a folder: name a file in it with --db");
  }
  return {};
}

// Absolute and without links, so that two names of one file find the same lock.
Result<std::string> Resolve(const std::string& name) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(fs::absolute(name, error), error);
  if (error) return Fail(ErrorCode::kUnavailable, name + " cannot be opened: " + error.message());
  return path.string();
}

// Before the engine is used first. It counts its memory under a lock, at each of some 20
// allocations for a row that is written: nobody asks for those counts.
void ConfigureEngine() {
  static const int kConfigured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(kConfigured);
}

void Seal(Database& database, const StoreOptions& options) {
  if (!options.secret_key) return;
  database.UseSealing(std::make_unique<Sealing>(Sealer(*options.secret_key), options.on_notice));
}

Result<void> OpenConnections(OpenFile& file, const StoreOptions& options) {
  try {
    ConfigureEngine();
    file.writer = std::make_unique<Database>(
        file.path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, file.name);
    const Result<Identity> identity = Identify(*file.writer, file.name);
    if (!identity) return tl::unexpected(identity.error());
    if (Result<void> fits = CheckSeal(*file.writer, options); !fits) return fits;
    if (Result<void> done = SetUp(*file.writer, options, file.durability); !done) return done;
    Migrate(*file.writer);
    const StoreAge age = *identity == Identity::kEmpty ? StoreAge::kNew : StoreAge::kOld;
    if (Result<void> sealed = SealAll(*file.writer, options, age); !sealed) return sealed;
    Seal(*file.writer, options);
    Moves::Register(*file.writer);
    file.reader = std::make_unique<Database>(
        file.path, SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, file.name);
    file.reader->Script(kReaderSetup);
    Seal(*file.reader, options);
    Number(*file.reader, "SELECT count(*) FROM sqlite_schema");
    return {};
  } catch (const SQLite::Exception& exception) {
    return tl::unexpected(Database::Describe(exception, file.name));
  }
}

// Two connections to memory would have to share a cache, whose locks make readers fail. So it is a
// file that has lost its name: it is gone with the process, whichever way that ends.
Result<OpenFile> OpenInMemory(const StoreOptions& options) {
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "websub-XXXXXX").string();
  if (error || ::mkdtemp(folder.data()) == nullptr) {
    return Fail(ErrorCode::kUnavailable, "no folder for temporary files can be made: set TMPDIR");
  }
  OpenFile file;
  file.path = folder + "/hub.db";
  file.name = options.path;
  file.durability = Durability::kRepeatable;
  Result<void> opened = CreatePrivately(file.path, file.name);
  if (opened) opened = OpenConnections(file, options);
  fs::remove_all(folder, error);
  if (!opened) return tl::unexpected(opened.error());
  return file;
}

// As SQLite reads the path of a URI: these three would end or change it.
std::string Uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%') {
      uri += "%25";
    } else if (c == '?') {
      uri += "%3f";
    } else if (c == '#') {
      uri += "%23";
    } else {
      uri += c;
    }
  }
  return uri;
}

// A file in WAL mode can be read beside its owner only through the -wal and -shm files, which the
// engine makes where they are missing. Where there is no -wal, nobody has the file open and all is
// in the file.
void OpenReader(OpenFile& file) {
  std::error_code ignored;
  file.reader_is_alone = !fs::exists(file.path + "-wal", ignored);
  file.reader = std::make_unique<Database>(
      Uri(file.path) + (file.reader_is_alone ? "?immutable=1" : ""),
      SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX | SQLite::OPEN_URI, file.name);
  file.reader->Script(kReaderSetup);
}

}  // namespace

Result<OpenFile> OpenOwned(const StoreOptions& options) {
  if (options.path == ":memory:") return OpenInMemory(options);
  if (Result<void> checked = CheckPath(options.path); !checked) {
    return tl::unexpected(checked.error());
  }
  OpenFile file;
  file.name = options.path;
  Result<std::string> path = Resolve(options.path);
  if (!path) return tl::unexpected(path.error());
  file.path = *path;

  const fs::path folder = fs::path(file.path).parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return Fail(ErrorCode::kUnavailable, "the folder of " + file.name + " cannot be made: " +
                                             error.message() + "; name another file with --db");
  }
  Result<std::unique_ptr<OwnerLock>> lock = OwnerLock::Take(file.path, file.name);
  if (!lock) return tl::unexpected(lock.error());
  file.lock = std::move(*lock);
  if (Result<void> made = CreatePrivately(file.path, file.name); !made) {
    return tl::unexpected(made.error());
  }
  if (Result<void> opened = OpenConnections(file, options); !opened) {
    return tl::unexpected(opened.error());
  }
  return file;
}

Result<OpenFile> OpenReadOnly(const StoreOptions& options) {
  std::error_code error;
  if (Result<void> checked = CheckPath(options.path); !checked) {
    return tl::unexpected(checked.error());
  }
  if (options.path == ":memory:" || !fs::exists(options.path, error)) {
    if (error && error != std::errc::no_such_file_or_directory) {
      return Fail(ErrorCode::kUnavailable, options.path + " cannot be opened: " + error.message());
    }
    return Fail(ErrorCode::kNotFound,
                options.path + " does not exist: start a hub, or name its file with --db");
  }
  OpenFile file;
  file.name = options.path;
  Result<std::string> path = Resolve(options.path);
  if (!path) return tl::unexpected(path.error());
  file.path = *path;
  try {
    OpenReader(file);
    const Result<Identity> identity = Identify(*file.reader, file.name);
    if (!identity) return tl::unexpected(identity.error());
    if (*identity == Identity::kEmpty) {
      return Fail(ErrorCode::kInvalid, file.name + " is empty: no hub has written to it yet");
    }
    if (Number(*file.reader, "PRAGMA user_version") < static_cast<std::int64_t>(Schema().size())) {
      return Fail(ErrorCode::kInvalid,
                  file.name + " was written by an older websub: start a hub on it once");
    }
    return file;
  } catch (const SQLite::Exception& exception) {
    return tl::unexpected(Database::Describe(exception, file.name));
  }
}

void FollowOwner(OpenFile& file) {
  std::error_code ignored;
  if (file.reader_is_alone && fs::exists(file.path + "-wal", ignored)) OpenReader(file);
}

}  // namespace websub::hub
