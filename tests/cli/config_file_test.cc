#include "cli/config_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "cli/settings.h"
#include "tests/cli/fake_environment.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace websub::cli {
namespace {

using tests::TempDir;
using tests::WriteFile;

// Settings of a small command; what other files and variables say comes from the test.
struct Surroundings {
  FakeEnvironment fake;
  TempDir folder;

  // As `websub config COMMAND --json --config FILE`; the complaint where it ends with status 2.
  std::string Complaint(const std::string& text, const std::string& command = "publish") {
    const std::string file = WriteFile(folder, "c.toml", text);
    CHECK(fake.Run({"config", command, "--json", "--config", file}) == 2);
    std::string line = fake.err.str();
    line = line.substr(0, line.find('\n'));
    const std::string begin = "websub: " + file;
    REQUIRE(line.starts_with(begin));
    return line.substr(begin.size());
  }

  // {"value", "from", "where"} of each setting of a command.
  std::map<std::string, nlohmann::json> Settings(std::vector<std::string> args) {
    args.insert(args.begin(), "config");
    args.insert(args.begin() + 2, "--json");
    fake.out.str("");
    CAPTURE(args);
    const int status = fake.Run(args);
    CAPTURE(fake.err.str());
    REQUIRE(status == 0);
    std::map<std::string, nlohmann::json> settings;
    std::istringstream lines(fake.out.str());
    for (std::string line; std::getline(lines, line);) {
      auto setting = nlohmann::json::parse(line);
      settings[setting["name"]] = setting;
    }
    return settings;
  }
};

TEST_CASE("a file of settings keeps order and positions and says what each value is") {
  const auto file = ParseConfig("f.toml",
                                "z = 1\n"
                                "--a = \"x\"\n"
                                "list = ['a', 2]\n"
                                "[serve]\n"
                                "  demo = true\n");
  REQUIRE(file.has_value());
  REQUIRE(file->tables.size() == 2);
  const auto& top = file->tables[0].entries;
  REQUIRE(top.size() == 3);
  CHECK(top[0].key == "z");
  CHECK(top[0].kind == ConfigEntry::Kind::kInteger);
  CHECK(top[1].key == "a");
  CHECK(top[1].where == "f.toml:2:1");
  CHECK(top[2].values == std::vector<std::string>{"a", "2"});
  CHECK(file->tables[1].name == "serve");
  CHECK(file->tables[1].entries[0].where == "f.toml:5:3");
  CHECK(file->tables[1].entries[0].kind == ConfigEntry::Kind::kBoolean);
}

TEST_CASE("what is wrong in a file is named with line and column and a suggestion") {
  struct Case {
    std::string text;
    std::string complaint;
  };
  const std::vector<Case> cases = {
      {"hub = \"x\nlisten=1", ":1:9: "},
      {"\nlisen = 1", ":2:1: unknown setting \"lisen\": did you mean listen?"},
      {"delivery_retries = 1",
       ":1:1: unknown setting \"delivery_retries\": did you mean delivery-retries?"},
      {"help = true", ":1:1: unknown setting \"help\""},
      {"config = 'x'", ":1:1: unknown setting \"config\""},
      {"[publsh]", ":1:2: there is no command for the table [publsh]: did you mean publish?"},
      {"[discover]\nlisten = 'x'", ":2:1: [discover] has no setting \"listen\""},
      {"[serve]\n  json = 3",
       ":2:3: json is a switch: true or false, not an integer"},  // of another command, too
      {"json = 'yes'", ":1:1: json is a switch: true or false, not a string"},
      {"timeout = 1.5", ":1:1: timeout takes a string or an integer, not a number with a fraction"},
      {"timeout = ['1s']", ":1:1: timeout takes a string or an integer, not an array"},
      {"timeout = 2026-11-22", ":1:1: timeout takes a string or an integer, not a date or time"},
      {"[publish]\nhub = true", ":2:1: hub takes an array of strings, not a boolean"},
      {"[publish]\nhub = [['a']]",
       ":2:1: hub takes an array of strings, not an array that holds an array"},
      {"timeout = '3 parsecs'", ":1:1: timeout: \"3 parsecs\" is no duration"},
      {"[publish]\nparam = 'hub.uri'",
       ":2:1: param: \"hub.uri\" is none of both, hub.url, hub.topic: did you mean hub.url?"},
      {"json = true\n--json = false", ":2:1: json is given twice"},
      {"verbose = 11", ":1:1: verbose is a number from 0 to 10"},
      {"[publish]\nregister = true\nderegister = true",
       ":3:1: deregister and register exclude each other"},
      {"[publish.hub]\nx = 1", ":1:10: hub takes an array of strings, not a table"},
      {"[[publish]]\nhub = 'x'", ""},
      {"[echostream]\ndeliveryRetires = 3",
       ":2:1: [echostream] has no setting \"deliveryRetires\": did you mean deliveryRetries?"},
      {"[echostream]\nmaxLeaseSeconds = true",
       ":2:1: maxLeaseSeconds takes a string or an integer, not a boolean"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(Surroundings().Complaint(each.text).starts_with(each.complaint));
  }
  CHECK(Surroundings()
            .Complaint("[echostream]\nsignatureAlgorithm = 'md5'", "serve")
            .starts_with(":2:1: signature-algorithm: use sha1"));
}

TEST_CASE("flag beats environment beats the table of the command beats the top level") {
  Surroundings with;
  const std::string file = WriteFile(with.folder, "c.toml",
                                     "timeout = '4s'\nparam = 'hub.url'\nhub = 'http://top/'\n"
                                     "json = true\n"
                                     "[publish]\n"
                                     "timeout = 3\nhub = ['http://a/', 'http://b/']\n");
  with.fake.variables = {{"WEBSUB_TIMEOUT", "2s"}, {"WEBSUB_JSON", "0"}};
  auto got = with.Settings({"publish", "--config", file, "--", "--timeout", "1s"});
  CHECK(got["timeout"]["value"] == "1s");
  CHECK(got["timeout"]["from"] == "flag");
  CHECK(got["timeout"]["where"] == "--timeout");
  got = with.Settings({"publish", "--config", file});
  CHECK(got["timeout"]["value"] == "2s");
  CHECK(got["timeout"]["from"] == "environment");
  CHECK(got["timeout"]["where"] == "WEBSUB_TIMEOUT");
  CHECK(got["json"]["value"] == false);  // a switch can be switched off again
  with.fake.variables = {};
  got = with.Settings({"publish", "--config", file});
  CHECK(got["timeout"]["value"] == "3");
  CHECK(got["timeout"]["from"] == "file");
  CHECK(got["timeout"]["where"] == file + ":6:1");
  CHECK(got["hub"]["value"] == nlohmann::json{"http://a/", "http://b/"});
  CHECK(got["param"]["value"] == "hub.url");
  CHECK(got["json"]["value"] == true);
  CHECK(got["body-style"]["value"] == "ping");
  CHECK(got["body-style"]["from"] == "default");
  got = with.Settings({"subscribe", "--config", file});
  CHECK(got["timeout"]["value"] == "4s");
  CHECK(got["hub"]["value"] == "http://top/");
  got = with.Settings({"publish", "--no-config"});
  CHECK(got["timeout"]["from"] == "default");
}

TEST_CASE("the settings of EchoStream are those of serve") {
  Surroundings with;
  const std::string file =
      WriteFile(with.folder, "c.toml",
                "max-lease-seconds = 1\n"
                "[serve]\ndefault-lease-seconds = 60\n"
                "[echostream]\ndefaultLeaseSeconds = 50\nmaxLeaseSeconds = 600\n"
                "deliveryRetries = 'unlimited'\nsignatureAlgorithm = 'sha1'\n"
                "subscriptionSecurity = 'both'\n");
  auto got = with.Settings({"serve", "--config", file});
  CHECK(got["default-lease-seconds"]["value"] == "60");
  CHECK(got["max-lease-seconds"]["value"] == "600");
  CHECK(got["delivery-retries"]["value"] == "unlimited");
  CHECK(got["signature-algorithm"]["value"] == "sha1");
  CHECK(got["subscription-security"]["value"] == "both");
  for (const char* security : {"none", "https", "secret", "https,secret"}) {
    const std::string other =
        WriteFile(with.folder, "d.toml",
                  "[echostream]\nsubscriptionSecurity = '" + std::string(security) + "'\n");
    CHECK(with.Settings({"serve", "--config", other})["subscription-security"]["value"] ==
          security);
  }
}

TEST_CASE("the flag of a group that stands higher keeps the lower ones out") {
  Surroundings with;
  const std::string file = WriteFile(with.folder, "c.toml",
                                     "secret = 'of all'\n[subscribe]\nsecret-file = '/dev/null'\n");
  chmod(file.c_str(), 0600);
  auto got = with.Settings({"subscribe", "--config", file});
  CHECK(got["secret"]["from"] == "default");
  CHECK(got["secret-file"]["from"] == "file");
  got = with.Settings({"subscribe", "--config", file, "--", "--secret-env", "X"});
  CHECK(got["secret-file"]["from"] == "default");
  CHECK(got["secret-env"]["from"] == "flag");
}

TEST_CASE("config never shows a secret and warns of a file that others can read") {
  Surroundings with;
  const std::string file =
      WriteFile(with.folder, "c.toml",
                "secret = 'hunter2'\napi-token = 'hunter3'\ncallback-url = 'http://u:hunter4@h/'\n"
                "header = ['Authorization: Bearer hunter5', 'X-Key: hunter6']\n");
  for (const char* json : {"--json", "--color=never"}) {
    for (const mode_t mode : {0600, 0644}) {
      chmod(file.c_str(), mode);
      CHECK(with.fake.Run({"config", json, "--config", file}) == 0);
      const std::string said = with.fake.out.str() + with.fake.err.str();
      CHECK(said.find("hunter") == std::string::npos);
      CHECK(said.find("Authorization: ***") != std::string::npos);
      const std::string warning = "websub: warning: " + file + ":1:1: others may read";
      CHECK((with.fake.err.str().find(warning) != std::string::npos) == (mode == 0644));
      with.fake.err.str("");
      with.fake.out.str("");
    }
  }
}

TEST_CASE("config without a command shows what is set and with one also what is not") {
  Surroundings with;
  CHECK(with.fake.Run({"config"}) == 0);
  CHECK(with.fake.out.str().empty());
  CHECK(with.fake.err.str().find("nothing is set") != std::string::npos);
  with.fake.variables = {{"WEBSUB_LISTEN", ":1"}};
  CHECK(with.fake.Run({"config"}) == 0);
  const std::string table = with.fake.out.str();
  CHECK(table.find("serve") != std::string::npos);
  CHECK(table.find("WEBSUB_LISTEN") != std::string::npos);
  CHECK(table.find("discover") == std::string::npos);
  CHECK(with.Settings({"publish"}).contains("timeout"));
  CHECK(with.fake.Run({"config", "serv"}) == 2);
  CHECK(with.fake.Run({"config", "--", "--json"}) == 2);
}

TEST_CASE("every setting of every command can stand in a file") {
  for (const Command& command : Commands()) {
    CAPTURE(command.name);
    ConfigFile file;
    file.tables.push_back({std::string(command.name), "f", {}});
    for (const FlagFacts& flag : command.flags()) {
      const bool flips = flag.metavar.empty();
      file.tables.back().entries.push_back(
          {flag.name.substr(2),
           flips ? ConfigEntry::Kind::kBoolean : ConfigEntry::Kind::kString,
           "",
           {},
           ""});
    }
    std::vector<FlagsOfCommand> commands = {{command.name, command.flags()}};
    const auto good = CheckConfig(file, commands);
    CHECK_MESSAGE(good.has_value(), (good ? "" : good.error().message));
  }
}

TEST_CASE("a file that is named must exist and help never reads one") {
  FakeEnvironment fake;
  CHECK(fake.Run({"publish", "t", "--config", "/no/such.toml"}) == 2);
  CHECK(fake.err.str().find("--config: there is no file /no/such.toml") != std::string::npos);
  CHECK(fake.Run({"publish", "--help", "--config", "/no/such.toml"}) == 0);
  CHECK(fake.Run({"publish", "t", "--config", "/", "--no-config"}) == 2);
}

}  // namespace
}  // namespace websub::cli
