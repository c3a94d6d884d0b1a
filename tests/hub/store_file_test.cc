#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::Store;
using hub::StoreOptions;

namespace {

namespace fs = std::filesystem;

const std::string kTopic = "https://example.org/feed";

hub::NewMessage Simple(std::string body) {
  hub::NewMessage message;
  message.topic = kTopic;
  message.body = std::make_shared<const std::string>(std::move(body));
  return message;
}

Result<std::unique_ptr<Store>> OpenStore(
    const std::string& file, TaskQueue& queue,
    StoreOptions::Access access = StoreOptions::Access::kOwner) {
  return Store::Open({file, access, 0}, queue.Executor());
}

Error Refused(const std::string& file, StoreOptions::Access access = StoreOptions::Access::kOwner) {
  TaskQueue queue;
  const auto opened = OpenStore(file, queue, access);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message.find(file) != std::string::npos);
  return opened.error();
}

void Write(const std::string& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

// Overwrites a part of a file in place.
void Smash(const std::string& file, std::size_t from, std::size_t size) {
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(from));
  stream << std::string(size, '\xa5');
}

// Not through the store: another program.
void Execute(const std::string& file, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

std::set<std::string> Listing(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

// For everybody, because whoever the test becomes may be in the group of the owner.
constexpr fs::perms kReadable{0555};

// Root may do everything, so it becomes somebody else for a while.
class WithoutPrivileges {
 public:
  WithoutPrivileges() : was_(::geteuid()) {
    if (was_ == 0) REQUIRE(::seteuid(65534) == 0);
  }
  ~WithoutPrivileges() {
    if (was_ == 0) CHECK(::seteuid(0) == 0);
  }
  WithoutPrivileges(const WithoutPrivileges&) = delete;
  WithoutPrivileges& operator=(const WithoutPrivileges&) = delete;

 private:
  uid_t was_;
};

}  // namespace

TEST_CASE("the folder and the file are made where missing and private") {
  TempDir folder;
  TaskQueue queue;
  const std::string file = folder.File("a/b/hub.db");
  REQUIRE(OpenStore(file, queue).has_value());
  CHECK((fs::status(file).permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(Listing(folder.path() / "a/b") == std::set<std::string>{"hub.db"});
}

TEST_CASE_FIXTURE(StoreFixture, "everything is there after closing and opening again") {
  const auto subscription = Subscribe(kTopic, "https://peer.example/", "secret");
  const auto message = Publish(kTopic, "one");
  Reopen();
  CHECK(store->FindSubscription(subscription.id)->secret == "secret");
  CHECK(*store->FindMessage(message.id)->body == "one");
  CHECK(store->TopicsWithMessages() == std::vector<hub::TopicId>{message.topic_id});
  CHECK(Publish(kTopic, "two").id > message.id);
}

TEST_CASE_FIXTURE(StoreFixture, "what was handed over is committed before closing") {
  for (int i = 0; i < 20; ++i) {
    store->AppendMessage(Content(kTopic, std::to_string(i)),
                         [](const Result<hub::Message>&) { FAIL("called after closing"); });
  }
  Reopen();
  queue.RunReady();
  CHECK(store->CountAll().messages == 20);
}

TEST_CASE_FIXTURE(StoreFixture, "a callback that closes the store is the last to be called") {
  int called = 0;
  for (int i = 0; i < 20; ++i) {
    store->AppendMessage(Content(kTopic, "x"), [&](const Result<hub::Message>&) {
      ++called;
      store.reset();
    });
  }
  REQUIRE(queue.RunUntil([&] { return called > 0; }));
  queue.RunReady();
  CHECK(called == 1);
}

TEST_CASE_FIXTURE(StoreFixture, "ids are never used again") {
  const auto first = Publish(kTopic, "one");
  store.reset();
  Execute(file, "DELETE FROM message; DELETE FROM topic");
  Open();
  CHECK(Publish(kTopic, "two").id == first.id + 1);
  CHECK(store->FindTopic(kTopic)->id == first.topic_id + 1);
}

TEST_CASE("a store in memory keeps nothing and is read while it is written") {
  TaskQueue queue;
  TempDir folder;
  const std::string before = ::getenv("TMPDIR") == nullptr ? "" : ::getenv("TMPDIR");
  ::setenv("TMPDIR", folder.path().c_str(), 1);
  auto opened = OpenStore(":memory:", queue);
  before.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before.c_str(), 1);
  REQUIRE(opened.has_value());
  CHECK(Listing(folder.path()).empty());
  auto second = OpenStore(":memory:", queue);
  REQUIRE(second.has_value());
  Store& store = **opened;
  int done = 0;
  constexpr int kMessages = 3000;
  for (int i = 0; i < kMessages; ++i) {
    store.AppendMessage(Simple(std::string(2000, 'x')), [&](Result<hub::Message> message) {
      REQUIRE(message.has_value());
      CHECK(store.FindMessage(message->id).has_value());
      ++done;
    });
  }
  REQUIRE(queue.RunUntil([&] { return done == kMessages; }));
  CHECK(store.CountAll().messages == kMessages);
  CHECK_FALSE(store.WriteFault().has_value());
  CHECK((*second)->CountAll().messages == 0);
}

TEST_CASE_FIXTURE(StoreFixture, "a second hub is told who has the file") {
  const Error error = Refused(file);
  CHECK(error.code == ErrorCode::kConflict);
  CHECK(error.message == file + " is in use by another hub (process " + std::to_string(::getpid()) +
                             "): stop it, or give this one another file with --db");
  fs::create_symlink(file, folder.File("link.db"));
  CHECK(Refused(folder.File("link.db")).code == ErrorCode::kConflict);
  store.reset();
  CHECK(OpenStore(file, queue, StoreOptions::Access::kOwner).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a lock file that was left behind is no lock") {
  store.reset();
  Write(file + "-owner", "12345\n");
  Open();
  CHECK(Refused(file).message.find(std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("opening for reading makes no file") {
  TempDir folder;
  const Error error = Refused(folder.File("hub.db"), StoreOptions::Access::kReadOnly);
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(Listing(folder.path()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "a closed file is read without files beside it") {
  const auto message = Publish(kTopic, "one");
  store.reset();
  {
    const auto reader = OpenStore(file, queue, StoreOptions::Access::kReadOnly);
    REQUIRE(reader.has_value());
    CHECK((*reader)->FindMessage(message.id).has_value());
    CHECK(Listing(folder.path()) == std::set<std::string>{"hub.db"});
  }
  CHECK(Listing(folder.path()) == std::set<std::string>{"hub.db"});
}

TEST_CASE_FIXTURE(StoreFixture, "a reader beside a running hub sees its commits") {
  const auto first = Publish(kTopic, "one");
  auto reader = OpenStore(file, queue, StoreOptions::Access::kReadOnly);
  REQUIRE(reader.has_value());
  CHECK((*reader)->FindMessage(first.id).has_value());
  const auto second = Publish(kTopic, "two");
  CHECK(*(*reader)->FindMessage(second.id)->body == "two");
  CHECK((*reader)->CountAll().messages == 2);
  Reopen();
  CHECK((*reader)->FindMessage(Publish(kTopic, "three").id).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a reader follows a hub that starts later") {
  const auto first = Publish(kTopic, "one");
  store.reset();
  auto reader = OpenStore(file, queue, StoreOptions::Access::kReadOnly);
  REQUIRE(reader.has_value());
  CHECK((*reader)->FindMessage(first.id).has_value());
  Open();
  CHECK((*reader)->FindMessage(Publish(kTopic, "two").id).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a file opened for reading takes no writes") {
  const auto reader = OpenStore(file, queue, StoreOptions::Access::kReadOnly);
  REQUIRE(reader.has_value());
  const auto made =
      Wait<hub::Message>([&](auto done) { (*reader)->AppendMessage(Content(kTopic, "x"), done); });
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == ErrorCode::kForbidden);
}

TEST_CASE("a file that is not a database is refused") {
  TempDir folder;
  const std::string file = folder.File("hub.db");
  const std::string text = "Dear diary, this is no database. " + std::string(5000, '.');
  Write(file, text);
  CHECK(Refused(file).code == ErrorCode::kInvalid);
  CHECK(Refused(file, StoreOptions::Access::kReadOnly).code == ErrorCode::kInvalid);
  CHECK(fs::file_size(file) == text.size());
  CHECK(Listing(folder.path()) == std::set<std::string>{"hub.db"});
}

TEST_CASE("an empty file is taken by a hub and refused by a reader") {
  TempDir folder;
  TaskQueue queue;
  const std::string file = folder.File("hub.db");
  Write(file, "");
  CHECK(Refused(file, StoreOptions::Access::kReadOnly).code == ErrorCode::kInvalid);
  CHECK(OpenStore(file, queue).has_value());
}

TEST_CASE("the database of another program is refused and left as it is") {
  TempDir folder;
  const std::string file = folder.File("hub.db");
  SUBCASE("with tables") {
    Execute(file, "CREATE TABLE note (text)");
  }
  SUBCASE("with a mark of its own") {
    Execute(file, "PRAGMA application_id = 42; PRAGMA user_version = 1");
  }
  const auto size = fs::file_size(file);
  CHECK(Refused(file).code == ErrorCode::kInvalid);
  CHECK(Refused(file, StoreOptions::Access::kReadOnly).code == ErrorCode::kInvalid);
  CHECK(fs::file_size(file) == size);
}

TEST_CASE_FIXTURE(StoreFixture, "a file of a newer version is refused") {
  store.reset();
  Execute(file, "PRAGMA user_version = 999");
  for (const auto access : {StoreOptions::Access::kOwner, StoreOptions::Access::kReadOnly}) {
    const Error error = Refused(file, access);
    CHECK(error.code == ErrorCode::kInvalid);
    CHECK(error.message.find("newer websub (schema 999") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(StoreFixture,
                  "a file of an older version is not read before a hub has raised it") {
  store.reset();
  Execute(file, "PRAGMA user_version = 0");
  const Error error = Refused(file, StoreOptions::Access::kReadOnly);
  CHECK(error.code == ErrorCode::kInvalid);
  CHECK(error.message.find("older websub") != std::string::npos);
}

TEST_CASE("a folder is no database") {
  TempDir folder;
  CHECK(Refused(folder.path().string()).code == ErrorCode::kInvalid);
  CHECK(Refused(folder.path().string(), StoreOptions::Access::kReadOnly).code ==
        ErrorCode::kInvalid);
}

TEST_CASE("a folder without permission is told") {
  TempDir folder;
  fs::permissions(folder.path(), kReadable);
  {
    const WithoutPrivileges now;
    CHECK(Refused(folder.File("hub.db")).code == ErrorCode::kUnavailable);
    CHECK(Refused(folder.File("sub/hub.db")).code == ErrorCode::kUnavailable);
  }
  fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST_CASE_FIXTURE(StoreFixture, "a file without permission is told") {
  store.reset();
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(file, fs::perms::none);
  const WithoutPrivileges now;
  CHECK(Refused(file).code == ErrorCode::kUnavailable);
  CHECK(Refused(file, StoreOptions::Access::kReadOnly).code == ErrorCode::kUnavailable);
}

TEST_CASE_FIXTURE(StoreFixture, "a closed file in a folder that cannot be written is read") {
  const auto message = Publish(kTopic, "one");
  store.reset();
  fs::permissions(file, kReadable);
  fs::permissions(folder.path(), kReadable);
  {
    const WithoutPrivileges now;
    const auto reader = OpenStore(file, queue, StoreOptions::Access::kReadOnly);
    REQUIRE(reader.has_value());
    CHECK((*reader)->FindMessage(message.id).has_value());
    CHECK(Refused(file).code == ErrorCode::kUnavailable);
  }
  fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST_CASE_FIXTURE(StoreFixture, "a damaged file is told") {
  for (int i = 0; i < 200; ++i) Publish(kTopic, std::string(4000, 'x'));
  store.reset();
  SUBCASE("in its schema") {
    Smash(file, 100, 4000);
    const Error error = Refused(file);
    CHECK(error.code == ErrorCode::kInvalid);
    CHECK(error.message.find("damaged") != std::string::npos);
    CHECK(Refused(file, StoreOptions::Access::kReadOnly).code == ErrorCode::kInvalid);
  }
  SUBCASE("cut off") {
    fs::resize_file(file, 6000);
    CHECK(Refused(file).code == ErrorCode::kInvalid);
  }
  SUBCASE("in its rows") {
    constexpr std::size_t kBehindSchema = 60 * 8192;
    Smash(file, kBehindSchema, fs::file_size(file) - kBehindSchema);
    Open();
    const auto listed = store->List(hub::MessageQuery{});
    REQUIRE_FALSE(listed.has_value());
    CHECK(listed.error().code == ErrorCode::kInvalid);
    CHECK(listed.error().message.find(file + " is damaged") != std::string::npos);
    CHECK_FALSE(store->FindMessage(200).has_value());
    CHECK(store->WriteFault().has_value());
    const auto made =
        Wait<hub::Message>([&](auto done) { store->AppendMessage(Content(kTopic, "x"), done); });
    CHECK_FALSE(made.has_value());
  }
}

}  // namespace websub::tests
