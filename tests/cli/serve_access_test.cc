#include "cli/commands/serve_access.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/cli/fake_environment.h"
#include "tests/support/temp_dir.h"

namespace websub::cli {

namespace {

const std::string kGood =
    R"({"tokens":[{"identity":"alice","hash":"sha256:)" + std::string(64, 'a') + R"("}]})";

struct Given {
  FakeEnvironment fake;
  tests::TempDir dir;
  ServeOptions options;
  Output output{fake.environment, {}};

  std::string Write(const std::string& text, mode_t mode) {
    const std::string file = (dir.path() / "auth.json").string();
    std::ofstream(file) << text;
    REQUIRE(chmod(file.c_str(), mode) == 0);
    return file;
  }
};

}  // namespace

TEST_CASE("serve does not start with an access file that it cannot read") {
  Given given;
  const std::string file = given.Write(R"({"tokens":[{"identity":"alice","hash":"x"}]})", 0600);
  CHECK(given.fake.Run({"serve", "--listen", ":0", "--db", ":memory:", "--auth", file}) == 2);
  CHECK(given.fake.out.str().empty());
  CHECK(given.fake.err.str().starts_with("websub: --auth " + file +
                                         ": tokens[0].hash: write sha256:"));

  FakeEnvironment missing;
  CHECK(missing.Run({"serve", "--listen", ":0", "--db", ":memory:", "--auth", file + ".no"}) == 2);
  CHECK(missing.err.str() == "websub: --auth " + file + ".no: No such file or directory\n");
}

TEST_CASE("an access file that others may read is taken with a warning") {
  Given given;
  given.options.auth = given.Write(kGood, 0604);
  const auto policy = ReadAccess(given.options, given.output);
  REQUIRE(policy.has_value());
  REQUIRE(policy->has_value());
  CHECK((*policy)->tokens.size() == 1);
  CHECK(given.fake.err.str() == "websub: " + given.options.auth +
                                    ": everybody on this machine may read it; chmod o-rwx it\n");
  given.options.auth.clear();
  CHECK_FALSE(ReadAccess(given.options, given.output)->has_value());
}

TEST_CASE("serve warns of a hub that a whole network may use") {
  ServeOptions options;
  hub::HubOptions hub;
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    hub.listen_address = address;
    CHECK(WarnOfOpenHub(options, hub).empty());
  }
  for (const char* address : {"0.0.0.0", "::", "192.168.1.2", "10.0.0.1"}) {
    hub.listen_address = address;
    CHECK(WarnOfOpenHub(options, hub).starts_with("WARNING: everybody who reaches "));
  }
  options.auth = "auth.json";
  CHECK(WarnOfOpenHub(options, hub).empty());
  CHECK(DescribeAccess(options) == "by auth.json");
  options.auth.clear();
  CHECK(DescribeAccess(options) == "open to whoever reaches it (--auth FILE)");
  hub.hooks.url = options.hub.hooks.url = "https://h.example/";
  CHECK(WarnOfOpenHub(options, hub).empty());
  CHECK(DescribeAccess(options) == "what the hook allows");
}

}  // namespace websub::cli
