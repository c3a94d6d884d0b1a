#include <doctest/doctest.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <future>

#include "hub/store/writer.h"
#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::Database;
using hub::Message;
using hub::WriteHealth;
using hub::Writer;

namespace {

const std::string kTopic = "https://example.org/feed";

hub::NewMessage Simple(std::string body) {
  hub::NewMessage message;
  message.topic = kTopic;
  message.body = std::make_shared<const std::string>(std::move(body));
  return message;
}

// A writer on a table of numbers. Operations that are handed over while it is held up by the first
// one make up one group.
class Numbers {
 public:
  Numbers() {
    auto database = MakeDatabase();
    database->Script("CREATE TABLE number (value INTEGER NOT NULL UNIQUE) STRICT");
    writer = std::make_unique<Writer>(
        std::move(database),
        [this](std::function<void()> task) {
          ++groups;
          queue.Post(std::move(task));
        },
        health);
  }
  std::unique_ptr<Database> MakeDatabase() {
    return std::make_unique<Database>(folder.File("numbers.db"),
                                      SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, "numbers.db");
  }

  void Add(std::function<std::optional<Error>(Database&)> apply,
           hub::Durability durability = hub::Durability::kKept) {
    const std::size_t index = answers.size();
    answers.emplace_back();
    writer->Add({std::move(apply),
                 [this, index](const std::optional<Error>& error) {
                   answers[index] = error ? error->message : "kept";
                 },
                 durability});
  }
  void Insert(int value) {
    Add([value](Database& database) {
      database.Run("INSERT INTO number (value) VALUES (?)", value);
      return std::nullopt;
    });
  }
  // Runs as one group what `fill` hands over.
  void AsOneGroup(const std::function<void()>& fill) {
    std::mutex gate;
    std::unique_lock held(gate);
    std::promise<void> entered;
    Add([&](Database&) {
      entered.set_value();
      const std::lock_guard wait(gate);
      return std::nullopt;
    });
    entered.get_future().wait();  // in a group of its own
    fill();
    held.unlock();
    REQUIRE(queue.RunUntil([&] { return !answers.back().empty(); }));
  }
  std::vector<std::int64_t> Kept() {
    std::vector<std::int64_t> values;
    auto database = MakeDatabase();
    auto rows = database->Ask("SELECT value FROM number ORDER BY value");
    while (rows.Next()) values.push_back(rows.Int(0));
    return values;
  }

  TempDir folder;
  TaskQueue queue;
  WriteHealth health;
  std::atomic<int> groups{0};
  std::vector<std::string> answers;
  std::unique_ptr<Writer> writer;
};

// While this lives, no file of the process can grow beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_DFL);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE_FIXTURE(Numbers, "operations that wait share a commit and are answered in order") {
  AsOneGroup([&] {
    for (int i = 0; i < 100; ++i) Insert(i);
  });
  CHECK(groups <= 2);
  CHECK(Kept().size() == 100);
  CHECK(answers == std::vector<std::string>(101, "kept"));
}

TEST_CASE_FIXTURE(Numbers, "an operation that fails leaves the others of its group alone") {
  AsOneGroup([&] {
    Insert(1);
    Insert(1);
    Add([](Database& database) -> std::optional<Error> {
      database.Run("INSERT INTO number (value) VALUES (50)");
      return Error{ErrorCode::kConflict, "refused"};
    });
    Add([](Database& database) -> std::optional<Error> {
      database.Run("INSERT INTO number (value) VALUES (60)");
      throw std::runtime_error("oops");
    });
    Insert(2);
  });
  CHECK(Kept() == std::vector<std::int64_t>{1, 2});
  CHECK(answers[1] == "kept");
  CHECK(answers[2].find("UNIQUE constraint failed") != std::string::npos);
  CHECK(answers[3] == "refused");
  CHECK(answers[4] == "unexpected failure: oops");
  CHECK(answers[5] == "kept");
  CHECK_FALSE(health.Get().has_value());
}

TEST_CASE_FIXTURE(Numbers, "an operation that fails alone is undone") {
  Add([](Database& database) -> std::optional<Error> {
    database.Run("INSERT INTO number (value) VALUES (50)");
    return Error{ErrorCode::kConflict, "refused"};
  });
  REQUIRE(queue.RunUntil([&] { return answers[0] == "refused"; }));
  Add([](Database& database) -> std::optional<Error> {
    database.Run("INSERT INTO number (value) VALUES (60)");
    throw std::runtime_error("oops");
  });
  REQUIRE(queue.RunUntil([&] { return answers[1] == "unexpected failure: oops"; }));
  Insert(1);
  REQUIRE(queue.RunUntil([&] { return answers[2] == "kept"; }));
  CHECK(Kept() == std::vector<std::int64_t>{1});
}

TEST_CASE_FIXTURE(Numbers, "a group is flushed unless all of it may be repeated") {
  std::vector<std::int64_t> levels;
  const auto look = [&](hub::Durability durability) {
    Add(
        [&levels](Database& database) -> std::optional<Error> {
          auto rows = database.Ask("PRAGMA synchronous");
          rows.Next();
          levels.push_back(rows.Int(0));
          return std::nullopt;
        },
        durability);
  };
  const auto look_alone = [&](hub::Durability durability) {
    look(durability);
    REQUIRE(queue.RunUntil([&] { return answers.back() == "kept"; }));
  };
  constexpr std::int64_t kNormal = 1;
  constexpr std::int64_t kFull = 2;
  look_alone(hub::Durability::kKept);
  look_alone(hub::Durability::kRepeatable);
  look_alone(hub::Durability::kKept);
  AsOneGroup([&] {
    look(hub::Durability::kRepeatable);
    look(hub::Durability::kKept);
    look(hub::Durability::kRepeatable);
  });
  CHECK(levels == std::vector<std::int64_t>{kFull, kNormal, kFull, kFull, kFull, kFull});
}

TEST_CASE_FIXTURE(Numbers,
                  "where the engine gives the transaction up nothing of the group is kept") {
  AsOneGroup([&] {
    Insert(1);
    Add([](Database& database) -> std::optional<Error> {
      database.Run("INSERT OR ROLLBACK INTO number (value) VALUES (1)");
      return std::nullopt;
    });
    Insert(2);
  });
  CHECK(Kept().empty());
  for (std::size_t i = 1; i < answers.size(); ++i) {
    CHECK(answers[i].find("UNIQUE constraint failed") != std::string::npos);
  }
  CHECK(health.Get().has_value());
  Insert(3);
  REQUIRE(queue.RunUntil([&] { return answers.back() == "kept"; }));
  CHECK_FALSE(health.Get().has_value());
}

TEST_CASE_FIXTURE(StoreFixture,
                  "writes that fail on the disk are told and nothing of them is kept") {
  Publish(kTopic, "before");
  {
    const FileSizeLimit limit(512);
    const auto failed =
        Wait<Message>([&](auto done) { store->AppendMessage(Content(kTopic, "lost"), done); });
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == ErrorCode::kUnavailable);
    CHECK(failed.error().message.find("the disk is failing: " + file) == 0);
    REQUIRE(store->WriteFault().has_value());
    CHECK(store->WriteFault()->message == failed.error().message);
    CHECK(store->CountAll().messages == 1);
  }
  Publish(kTopic, "after");
  CHECK_FALSE(store->WriteFault().has_value());
  Reopen();
  CHECK(store->CountAll().messages == 2);
}

TEST_CASE_FIXTURE(StoreFixture, "a full disk is told until a write succeeds again") {
  const auto intent = Ask(Mode::kSubscribe, kTopic, "https://peer.example/");
  store.reset();
  constexpr std::size_t kLimit = 400 * 1024;
  Open(kLimit);
  const auto too_big = Wait<Message>(
      [&](auto done) { store->AppendMessage(Content(kTopic, std::string(kLimit, 'x')), done); });
  REQUIRE_FALSE(too_big.has_value());
  CHECK(too_big.error().code == ErrorCode::kUnavailable);
  CHECK(too_big.error().message == "the disk is full: " + file + " cannot grow");
  REQUIRE(store->WriteFault().has_value());
  CHECK(store->WriteFault()->message == too_big.error().message);
  CHECK(store->CountAll().messages == 0);
  CHECK(Confirm(99).error().code == ErrorCode::kNotFound);
  CHECK(store->WriteFault().has_value());
  REQUIRE(Confirm(intent->id).has_value());
  CHECK_FALSE(store->WriteFault().has_value());
}

TEST_CASE("a disk that is full from the start is told") {
  TempDir folder;
  TaskQueue queue;
  const auto opened = hub::Store::Open(
      {folder.File("hub.db"), hub::StoreOptions::Access::kOwner, 8192}, queue.Executor());
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == ErrorCode::kUnavailable);
  CHECK(opened.error().message.find("the disk is full: ") == 0);
}

TEST_CASE("a process killed after done has lost nothing") {
  TempDir folder;
  const std::string file = folder.File("hub.db");
  std::array<int, 2> channel{};
  REQUIRE(::pipe(channel.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    TaskQueue queue;
    auto store = hub::Store::Open({file, hub::StoreOptions::Access::kOwner, 0}, queue.Executor());
    if (!store) ::_exit(1);
    int done = 0;
    for (int i = 0; i < 100; ++i) {
      (*store)->AppendMessage(Simple(std::to_string(i)),
                              [&](const Result<Message>& made) { done += made ? 1 : 0; });
    }
    if (!queue.RunUntil([&] { return done == 100; })) ::_exit(2);
    if (::write(channel[1], "x", 1) != 1) ::_exit(3);
    for (;;) ::pause();
  }
  ::close(channel[1]);
  char told = 0;
  CHECK(::read(channel[0], &told, 1) == 1);
  TaskQueue queue;
  const auto open = [&](hub::StoreOptions::Access access) {
    return hub::Store::Open({file, access, 0}, queue.Executor());
  };
  const auto refused = open(hub::StoreOptions::Access::kOwner);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("process " + std::to_string(child)) != std::string::npos);

  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  ::close(channel[0]);
  {
    const auto reader = open(hub::StoreOptions::Access::kReadOnly);
    REQUIRE(reader.has_value());
    CHECK((*reader)->CountAll().messages == 100);
  }
  const auto store = open(hub::StoreOptions::Access::kOwner);
  REQUIRE(store.has_value());
  CHECK((*store)->CountAll().messages == 100);
  CHECK(*(*store)->FindMessage(100)->body == "99");
}

}  // namespace websub::tests
