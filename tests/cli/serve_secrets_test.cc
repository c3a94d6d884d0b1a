#include "cli/commands/serve_secrets.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/cli/fake_environment.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

namespace {

int Serve(cli::FakeEnvironment& fake, std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"serve", "--listen", ":0", "--db", ":memory:"});
  flags.insert(flags.end(), {"--", "true"});
  return fake.Run(flags);
}

}  // namespace

TEST_CASE("a key file that holds no key is a usage error that says how to make one") {
  TempDir folder;
  const std::string bad = WriteFile(folder, "bad", "hunter2-hunter2\n");
  const std::string good = WriteFile(folder, "good", std::string(64, 'a') + "\n");
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--secret-key-file", bad},
        std::vector<std::string>{"--secret-key-file", good, "--old-secret-key-file", bad}}) {
    cli::FakeEnvironment fake;
    CHECK(Serve(fake, flags) == 2);
    CHECK(fake.err.str().find("openssl rand -hex 32") != std::string::npos);
    CHECK(fake.err.str().find("hunter2") == std::string::npos);
    CHECK(fake.err.str().find(bad) != std::string::npos);
  }
  cli::FakeEnvironment missing;
  CHECK(Serve(missing, {"--secret-key-file", bad + ".no"}) == 2);
  cli::FakeEnvironment alone;
  CHECK(Serve(alone, {"--old-secret-key-file", good}) == 2);
  CHECK(alone.err.str().find("--secret-key-file") != std::string::npos);
}

TEST_CASE("serve warns of a key that everybody may read") {
  TempDir folder;
  cli::ServeOptions options;
  options.secret_key_file = WriteFile(folder, "key", std::string(64, 'a') + "\n");
  for (const mode_t mode : {mode_t{0604}, mode_t{0600}}) {
    REQUIRE(chmod(options.secret_key_file.c_str(), mode) == 0);
    cli::FakeEnvironment fake;
    cli::Output output(fake.environment, {});
    hub::HubOptions hub;
    REQUIRE(cli::ReadSecretKeys(fake.environment, options, output, hub).has_value());
    CHECK(hub.secret_key.has_value());
    CHECK((fake.err.str().find("chmod o-rwx") != std::string::npos) == (mode == 0604));
  }
}

}  // namespace websub::tests
