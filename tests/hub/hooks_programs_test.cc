#include "hub/hooks/programs.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include "tests/support/deadline.h"
#include "tests/support/task_queue.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

using hub::ProgramJob;
using hub::ProgramResult;
using End = hub::ProgramResult::End;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// A zombie does not run.
bool IsRunning(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  if (!std::getline(file, stat)) return false;
  const auto state = stat.find(") ");
  return state != stat.npos && stat.at(state + 2) != 'Z' && stat.at(state + 2) != 'X';
}

bool EndsSoon(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (IsRunning(pid)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

pid_t ReadPid(const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (std::chrono::steady_clock::now() < deadline) {
    std::ifstream file(path);
    std::string line;
    if (std::getline(file, line) && !file.eof()) return std::stoi(line);
    std::this_thread::sleep_for(milliseconds(2));
  }
  throw std::runtime_error("no pid in " + path);
}

ProgramJob Job(std::string command, milliseconds timeout = seconds(20)) {
  ProgramJob job;
  job.command = std::move(command);
  job.deadline = std::chrono::steady_clock::now() + timeout;
  return job;
}

class Beside {
 public:
  ProgramResult Run(ProgramJob job) {
    std::optional<ProgramResult> result;
    bool gone = false;
    programs->Run(
        std::move(job), [&result](ProgramResult it) { result = std::move(it); },
        [&] {
          CHECK(result.has_value());
          gone = true;
        });
    CHECK_FALSE(result.has_value());
    REQUIRE(queue.RunUntil([&gone] { return gone; }));
    return *result;
  }
  ProgramResult Run(std::string command) { return Run(Job(std::move(command))); }

  TempDir folder;
  TaskQueue queue;
  std::unique_ptr<hub::Programs> programs = std::make_unique<hub::Programs>(
      queue.Executor(), hub::ProgramsOptions{.grace = milliseconds(100)});
};

}  // namespace

TEST_CASE_FIXTURE(Beside, "a program gets its input and variables and gives output and status") {
  ProgramJob job = Job("cat; printf %s \"$WEBSUB_TOPIC\"; echo warned >&2; exit 7");
  job.input = "{\"a\":1}\n";
  job.variables = {"WEBSUB_TOPIC=$(exit 9)`exit 9`';exit 9"};
  const auto result = Run(std::move(job));
  CHECK(result.end == End::kExited);
  CHECK(result.status == 7);
  CHECK(result.out == "{\"a\":1}\n$(exit 9)`exit 9`';exit 9");
  CHECK(result.err == "warned\n");
}

TEST_CASE_FIXTURE(Beside, "a variable takes the place of the one that was there") {
  REQUIRE(setenv("WEBSUB_IDENTITY", "of the hub", 1) == 0);
  ProgramJob job = Job("env | grep ^WEBSUB_IDENTITY=; test -n \"$PATH\"");
  job.variables = {"WEBSUB_IDENTITY="};
  const auto result = Run(std::move(job));
  unsetenv("WEBSUB_IDENTITY");
  CHECK(result.out == "WEBSUB_IDENTITY=\n");
  CHECK(result.status == 0);
}

TEST_CASE_FIXTURE(Beside, "a program that is not there and one that a signal ends are told apart") {
  const auto none = Run("/no/such/program");
  CHECK(none.end == End::kExited);
  CHECK(none.status == 127);
  CHECK_FALSE(none.err.empty());
  const auto killed = Run("kill -9 $$");
  CHECK(killed.end == End::kSignalled);
  CHECK(killed.status == SIGKILL);
}

TEST_CASE_FIXTURE(Beside, "a command that no system takes is not started") {
  const auto result = Run(std::string(16 * 1024 * 1024, 'x'));
  CHECK(result.end == End::kNotStarted);
  CHECK(result.detail.find("it cannot be run: ") == 0);
}

TEST_CASE_FIXTURE(Beside, "a program that does not read its input holds up nothing") {
  for (const char* command : {"true", "exec <&-; sleep 0.05; echo done", "sleep 0.05"}) {
    CAPTURE(command);
    ProgramJob job = Job(command);
    job.input = std::string(1'000'000, 'x');
    const auto result = Run(std::move(job));
    CHECK(result.end == End::kExited);
    CHECK(result.status == 0);
  }
}

TEST_CASE_FIXTURE(Beside, "a program that takes too long is ended with what it started") {
  const std::string file = folder.File("pid");
  ProgramJob job = Job("sleep 60 & echo $! > " + file + "; wait", milliseconds(300));
  const auto begin = std::chrono::steady_clock::now();
  const auto result = Run(std::move(job));
  CHECK(result.end == End::kTimedOut);
  CHECK(std::chrono::steady_clock::now() - begin < seconds(10));
  CHECK(EndsSoon(ReadPid(file)));
}

TEST_CASE_FIXTURE(Beside, "a program that will not end is killed") {
  const std::string file = folder.File("pid");
  const auto result = Run(
      Job("trap '' TERM; echo $$ > " + file + "; while :; do sleep 1; done", milliseconds(300)));
  CHECK(result.end == End::kTimedOut);
  CHECK_FALSE(IsRunning(ReadPid(file)));
}

TEST_CASE_FIXTURE(Beside, "a program gets the time to end by itself") {
  const std::string file = folder.File("ended");
  ProgramJob job = Job("trap 'echo 1 > " + file + "; exit' TERM; sleep 60 & wait", seconds(1));
  programs =
      std::make_unique<hub::Programs>(queue.Executor(), hub::ProgramsOptions{.grace = seconds(10)});
  CHECK(Run(std::move(job)).end == End::kTimedOut);
  CHECK(ReadPid(file) == 1);
}

TEST_CASE_FIXTURE(Beside, "what is left in the background holds up no answer") {
  const std::string file = folder.File("pid");
  const auto begin = std::chrono::steady_clock::now();
  const auto result = Run("sleep 60 & echo $! > " + file + "; echo answer");
  CHECK(std::chrono::steady_clock::now() - begin < seconds(10));
  CHECK(result.end == End::kExited);
  CHECK(result.out == "answer\n");
  const pid_t left = ReadPid(file);
  CHECK(IsRunning(left));  // its own affair
  kill(left, SIGKILL);
}

TEST_CASE_FIXTURE(Beside, "more output than is allowed ends a program") {
  ProgramJob fits = Job("head -c 65536 /dev/zero");
  CHECK(Run(std::move(fits)).out.size() == 65536);
  CHECK(Run("head -c 65537 /dev/zero").end == End::kTooMuch);
  const std::string file = folder.File("pid");
  CHECK(Run("echo $$ > " + file + "; exec yes").end == End::kTooMuch);
  CHECK_FALSE(IsRunning(ReadPid(file)));
}

TEST_CASE_FIXTURE(Beside, "what a program complains of is cut and holds up nothing") {
  const auto result = Run("head -c 1000000 /dev/zero >&2; echo answer");
  CHECK(result.end == End::kExited);
  CHECK(result.out == "answer\n");
  CHECK(result.err.size() == 4096);
}

TEST_CASE_FIXTURE(Beside, "a program gets nothing that this process has open") {
  const int open_here = fcntl(1, F_DUPFD, 50);
  REQUIRE(open_here >= 50);
  const auto result =
      Run("test -e /proc/self/fd/" + std::to_string(open_here) + " && echo leaked; echo end");
  close(open_here);
  CHECK(result.out == "end\n");
}

TEST_CASE_FIXTURE(Beside, "programs that run at once keep their own words") {
  std::vector<std::string> outs(40);
  std::size_t gone = 0;
  for (std::size_t i = 0; i < outs.size(); ++i) {
    ProgramJob job = Job("sleep 0.05; cat");
    job.input = std::to_string(i);
    programs->Run(
        std::move(job), [&outs, i](ProgramResult result) { outs[i] = result.out; },
        [&gone] { ++gone; });
  }
  REQUIRE(queue.RunUntil([&] { return gone == outs.size(); }));
  for (std::size_t i = 0; i < outs.size(); ++i) CHECK(outs[i] == std::to_string(i));
}

TEST_CASE_FIXTURE(Beside, "dropping them ends what runs and calls nothing") {
  const std::string file = folder.File("pid");
  const auto never = [] { FAIL("called"); };
  programs->Run(
      Job("trap '' TERM; echo $$ > " + file + "; while :; do sleep 1; done"),
      [never](const ProgramResult&) { never(); }, never);
  programs->Run(Job("true"), [never](const ProgramResult&) { never(); }, never);
  const pid_t pid = ReadPid(file);
  CHECK(IsRunning(pid));
  programs.reset();
  CHECK_FALSE(IsRunning(pid));
  queue.RunReady();
}

}  // namespace websub::tests
