#include "cli/conformance/program.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

using namespace websub::cli::conformance;
using namespace std::chrono_literals;
using websub::Duration;

namespace {

std::unique_ptr<Program> Start(const std::string& command) {
  auto program = Program::Start(command);
  REQUIRE(program);
  return *std::move(program);
}

// Polls until `holds` does, for at most ten seconds.
template <typename Holds>
bool Eventually(Holds holds) {
  for (int i = 0; i < 1000 && !holds(); ++i) std::this_thread::sleep_for(10ms);
  return holds();
}

// The number that the program has printed on a line of its own.
pid_t PrintedPid(const Program& program) {
  REQUIRE(Eventually([&] { return program.Out().ends_with('\n'); }));
  return static_cast<pid_t>(std::stol(program.Out()));
}

bool Runs(pid_t pid) {
  return kill(pid, 0) == 0;
}

}  // namespace

TEST_CASE("a program's output and status are kept") {
  const auto program = Start("echo out; echo err >&2; exit 3");
  REQUIRE(program->Wait(10s));
  CHECK(program->Out() == "out\n");
  CHECK(program->Err() == "err\n");
  CHECK(program->status() == 3);
}

TEST_CASE("a program gets no input and no descriptors") {
  const auto program = Start("cat; ls /proc/self/fd | wc -l");
  REQUIRE(program->Wait(10s));
  CHECK(program->Out() == "4\n");  // the three streams, and the folder that ls reads
}

TEST_CASE("a program that a signal ended says which") {
  const auto program = Start("kill -KILL $$");
  REQUIRE(program->Wait(10s));
  CHECK(program->status() == 128 + SIGKILL);
}

TEST_CASE("a program that runs has no status") {
  const auto program = Start("sleep 100");
  CHECK_FALSE(program->status());
  CHECK_FALSE(program->Wait(10ms));
}

TEST_CASE("what a program started ends with it") {
  pid_t pid = 0;
  {
    const auto program = Start("sleep 100 & echo $!; wait");
    pid = PrintedPid(*program);
    CHECK(Runs(pid));
  }
  CHECK(Eventually([&] { return !Runs(pid); }));
}

TEST_CASE("what a program left behind ends with it") {
  pid_t pid = 0;
  {
    const auto program = Start("sleep 100 & echo $!");
    pid = PrintedPid(*program);
    REQUIRE(Eventually([&] { return program->status().has_value(); }));
    program->End(10ms);
  }
  CHECK(Eventually([&] { return !Runs(pid); }));
}

TEST_CASE("a program has the grace to end by itself") {
  const auto program = Start("trap 'echo bye; exit 0' TERM; echo 1; while :; do sleep 0.01; done");
  PrintedPid(*program);
  program->End(10s);
  CHECK(program->Out() == "1\nbye\n");
}

TEST_CASE("a program that does not end by itself is killed") {
  const auto program = Start("trap '' TERM; echo 1; while :; do sleep 0.01; done");
  PrintedPid(*program);
  program->End(50ms);
  CHECK(program->status() == 128 + SIGKILL);
}

TEST_CASE("a process that left the group keeps nobody waiting") {
  pid_t pid = 0;
  {
    const auto program = Start("setsid sleep 100 & echo $!");
    pid = PrintedPid(*program);
    REQUIRE(Eventually([&] { return program->status().has_value(); }));
    program->End(10ms);
  }
  kill(pid, SIGKILL);
  CHECK(true);
}

TEST_CASE("more output than is kept holds up no program") {
  const auto program = Start("head -c 9000000 /dev/zero");
  REQUIRE(program->Wait(20s));
  CHECK(program->Out().size() == Program::kMaxOutput);
}

TEST_CASE("a word for the shell is quoted where it needs it") {
  CHECK(ShellWord("http://127.0.0.1:80/a/b") == "http://127.0.0.1:80/a/b");
  CHECK(ShellWord("http://h/?a=1&b=2") == "'http://h/?a=1&b=2'");
  CHECK(ShellWord("it's $HOME") == "'it'\\''s $HOME'");
  CHECK(ShellWord("") == "''");
}
