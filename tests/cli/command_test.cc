#include "cli/command.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "cli/flags.h"
#include "cli/suggest.h"
#include "core/version.h"
#include "tests/cli/fake_environment.h"

namespace websub::cli {
namespace {

TEST_CASE("every help fits a screen of 80 columns and 24 lines and ends with two examples") {
  std::vector<std::vector<std::string>> calls = {{}};
  for (const Command& command : Commands()) calls.push_back({std::string(command.name), "--help"});
  for (const auto& call : calls) {
    FakeEnvironment fake;
    CAPTURE(call);
    CHECK(fake.Run(call) == 0);
    CHECK(fake.err.str().empty());
    std::istringstream lines(fake.out.str());
    std::vector<std::string> all;
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      const auto width = std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      });
      CHECK(width <= 80);
      all.push_back(line);
    }
    CHECK(all.size() <= 24);
    REQUIRE(all.size() > 3);
    CHECK(all[all.size() - 3] == "Examples:");
    CHECK(all[all.size() - 2].starts_with("  websub "));
    CHECK(all.back().starts_with("  websub "));
  }
}

TEST_CASE("what does not fit the screen is shown when all is asked for") {
  FlagSet flags({"try", "[flags]", "Try it.", {"websub try a", "websub try b"}});
  bool target = false;
  for (int i = 100; i < 200; ++i) {
    flags.Switch("--switch-" + std::to_string(i), target, "what it does", Shown::kBrief);
  }
  const std::string help = flags.Help();
  CHECK(std::count(help.begin(), help.end(), '\n') <= 24);
  CHECK(help.find("  --switch-100") != std::string::npos);
  CHECK(help.find("  --switch-199") == std::string::npos);
  std::istringstream more(help.substr(help.find("--help-all for ") + 15));
  int left_out = 0;
  more >> left_out;
  int named = 0;
  for (auto at = help.find("--switch-"); at != std::string::npos;
       at = help.find("--switch-", at + 1)) {
    ++named;
  }
  CHECK(named + left_out == 100);
  CHECK(flags.HelpAll().find("\n  --switch-199   what it does\n") != std::string::npos);
}

TEST_CASE("help about a command is the command's help") {
  FakeEnvironment a, b;
  CHECK(a.Run({"help", "verify-sig"}) == 0);
  CHECK(b.Run({"verify-sig", "--help"}) == 0);
  CHECK(a.out.str() == b.out.str());
}

TEST_CASE("the version is one line") {
  FakeEnvironment fake;
  CHECK(fake.Run({"--version"}) == 0);
  CHECK(fake.out.str() == std::string("websub ") + kVersion + "\n");
}

TEST_CASE("an unknown command names the nearest") {
  FakeEnvironment fake;
  CHECK(fake.Run({"verify-sg"}) == 2);
  CHECK(fake.err.str() ==
        "websub: unknown command verify-sg: did you mean verify-sig?\nSee `websub --help`.\n");
}

TEST_CASE("a flag before the command is explained") {
  FakeEnvironment fake;
  CHECK(fake.Run({"--json", "verify-sig"}) == 2);
  CHECK(fake.err.str().starts_with(
      "websub: unknown flag --json: a command's flags stand behind its name\n"));
}

TEST_CASE("nearest words are near") {
  const std::vector<std::string> known = {"--timeout", "--idle", "--secret-file", "--secret"};
  CHECK(Nearest("--timout", known) == "--timeout");
  CHECK(Nearest("--tiemout", known) == "--timeout");
  CHECK(Nearest("--idel", known) == "--idle");
  CHECK(Nearest("--sec", known) == "--secret-file");
  CHECK_FALSE(Nearest("--zebra", known));
  CHECK_FALSE(Nearest("-", known));
  CHECK_FALSE(Nearest(std::string(100000, 'a'), known));
}

}  // namespace
}  // namespace websub::cli
