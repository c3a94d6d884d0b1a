#include "cli/flags.h"

#include <doctest/doctest.h>

#include "tests/cli/fake_environment.h"

namespace websub::cli {
namespace {

struct Options {
  std::vector<std::string> hubs;
  std::optional<Duration> timeout;
  std::size_t body = 0;
  std::optional<int> retries;
  std::string mode = "both";
  std::optional<std::string> secret;
  std::optional<std::string> secret_file;
  bool json = false;
  int verbose = 0;
  std::vector<std::string> topics;
  std::vector<std::string> command;
};

struct Parser {
  FakeEnvironment fake;
  Options options;
  bool takes_command = false;

  std::optional<ExitStatus> Parse(std::vector<std::string> args) {
    FlagSet flags({.name = "try",
                   .usage = "TOPIC… [flags]",
                   .summary = "Try it.",
                   .examples = {"websub try a", "websub try b"}});
    flags.Texts("--hub URL", options.hubs, "the hub");
    flags.Span("--timeout D", options.timeout, "how long");
    flags.Size("--max-body SIZE", options.body, "how large");
    flags.Number("--delivery-retries N", options.retries, 0, 100, "how often");
    flags.Choice("--param WORD", options.mode, {"both", "hub.url", "hub.topic"}, "which");
    flags.Text("--secret VALUE", options.secret, "the secret");
    flags.Text("--secret-file FILE", options.secret_file, "its file");
    flags.Exclusive({"--secret", "--secret-file"});
    flags.Switch("--json", options.json, "", Shown::kBrief);
    flags.Counter("-v,--verbose", options.verbose, "", Shown::kBrief);
    flags.Arguments("a topic", options.topics, 1, 3);
    if (takes_command) flags.Rest(options.command);
    return flags.Parse(fake.environment, args);
  }

  std::string Complaint(std::vector<std::string> args) {
    const auto status = Parse(std::move(args));
    REQUIRE(status == ExitStatus::kUsage);
    const std::string text = fake.err.str();
    return text.substr(0, text.find('\n'));
  }
};

TEST_CASE("flags and arguments are read in any order") {
  Parser parser;
  CHECK_FALSE(
      parser.Parse({"--hub", "http://a", "topic", "--hub=http://b", "--timeout", "5m", "-vv",
                    "--json", "--max-body", "64KiB", "--delivery-retries", "7", "other"}));
  CHECK(parser.options.hubs == std::vector<std::string>{"http://a", "http://b"});
  CHECK(parser.options.timeout == std::chrono::minutes(5));
  CHECK(parser.options.body == 65536);
  CHECK(parser.options.retries == 7);
  CHECK(parser.options.verbose == 2);
  CHECK(parser.options.json);
  CHECK(parser.options.topics == std::vector<std::string>{"topic", "other"});
}

TEST_CASE("a value that looks like a flag or a list is taken as it is") {
  Parser parser;
  CHECK_FALSE(parser.Parse({"--secret", "--json", "[a,b]", "-"}));
  CHECK(parser.options.secret == "--json");
  CHECK_FALSE(parser.options.json);
  CHECK(parser.options.topics == std::vector<std::string>{"[a,b]", "-"});
}

TEST_CASE("what stands behind two dashes is no flag") {
  Parser parser;
  CHECK_FALSE(parser.Parse({"a", "--", "--json"}));
  CHECK(parser.options.topics == std::vector<std::string>{"a", "--json"});
  Parser other;
  other.takes_command = true;
  CHECK_FALSE(other.Parse({"a", "--", "make", "--json"}));
  CHECK(other.options.topics == std::vector<std::string>{"a"});
  CHECK(other.options.command == std::vector<std::string>{"make", "--json"});
}

TEST_CASE("a flag comes before its environment variable") {
  Parser parser;
  parser.fake.variables = {{"WEBSUB_HUB", "http://c  http://d"},
                           {"WEBSUB_DELIVERY_RETRIES", "3"},
                           {"WEBSUB_TIMEOUT", "1s"},
                           {"WEBSUB_JSON", "1"},
                           {"WEBSUB_PARAM", ""}};
  CHECK_FALSE(parser.Parse({"a", "--timeout", "2s"}));
  CHECK(parser.options.hubs == std::vector<std::string>{"http://c", "http://d"});
  CHECK(parser.options.retries == 3);
  CHECK(parser.options.timeout == std::chrono::seconds(2));
  CHECK(parser.options.json);
  CHECK(parser.options.mode == "both");
}

TEST_CASE("one flag of a group keeps the variables of the others out") {
  Parser parser;
  parser.fake.variables = {{"WEBSUB_SECRET", "from outside"}};
  CHECK_FALSE(parser.Parse({"a", "--secret-file", "f"}));
  CHECK_FALSE(parser.options.secret);
  CHECK(parser.options.secret_file == "f");
}

TEST_CASE("a usage error names the flag and the nearest that exists") {
  CHECK(Parser().Complaint({"--timout", "5", "a"}) ==
        "websub: unknown flag --timout: did you mean --timeout?");
  CHECK(Parser().Complaint({"--zebra=secret", "a"}) == "websub: unknown flag --zebra");
  CHECK(Parser().Complaint({"a", "--timeout"}) == "websub: --timeout needs a value: --timeout D");
  CHECK(Parser().Complaint({"--hub=", "a"}) == "websub: --hub needs a value: --hub URL");
  CHECK(Parser().Complaint({"a", "--timeout", "1s", "--timeout", "2s"}) ==
        "websub: --timeout is given more than once");
  CHECK(Parser().Complaint({"a", "--param", "hub.uri"}) ==
        "websub: --param: \"hub.uri\" is none of both, hub.url, hub.topic: did you mean hub.url?");
  CHECK(Parser().Complaint({"a", "--delivery-retries", "101"}) ==
        "websub: --delivery-retries: 101 is not between 0 and 100");
  CHECK(Parser().Complaint({"a", "--delivery-retries", "1x"}) ==
        "websub: --delivery-retries: \"1x\" is not a whole number");
  CHECK(Parser().Complaint({"--json"}) == "websub: a topic is missing");
  CHECK(Parser().Complaint({"a", "b", "c", "d"}) == "websub: \"d\" is one argument too many");
  CHECK(Parser().Complaint({"a", "--secret", "x", "--secret-file", "y"}) ==
        "websub: --secret and --secret-file exclude each other");
}

TEST_CASE("a bad value in the environment is named by its variable") {
  Parser parser;
  parser.fake.variables = {{"WEBSUB_JSON", "maybe"}};
  CHECK(parser.Complaint({"a"}) == "websub: WEBSUB_JSON: is a switch: 1 or 0, not \"maybe\"");
}

TEST_CASE("a usage error never shows a secret") {
  Parser parser;
  parser.Parse({"--secrt=hunter2", "a"});
  CHECK(parser.fake.err.str().find("hunter2") == std::string::npos);
}

TEST_CASE("help is printed although arguments are missing") {
  Parser parser;
  CHECK(parser.Parse({"--help"}) == ExitStatus::kDone);
  const std::string help = parser.fake.out.str();
  CHECK(help.starts_with("Usage: websub try TOPIC… [flags]\nTry it.\n"));
  CHECK(help.ends_with("Examples:\n  websub try a\n  websub try b\n"));
}

}  // namespace
}  // namespace websub::cli
