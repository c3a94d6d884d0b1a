// Files of settings, as the binary finds them.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.h"
#include "tests/support/process.h"

namespace websub::tests {
namespace {

// A folder with websub.toml and the user's config.toml.
struct Folders {
  TempDir here;
  TempDir home;

  Folders(const std::string& local, const std::string& of_user) {
    WriteFile(here, "websub.toml", local);
    std::filesystem::create_directories(home.path() / "websub");
    WriteFile(home, "websub/config.toml", of_user);
  }

  Finished Run(std::vector<std::string> args, std::map<std::string, std::string> more = {}) const {
    more.emplace("XDG_CONFIG_HOME", home.path().string());
    Process process(
        {.args = std::move(args), .environment = std::move(more), .directory = here.path()});
    process.CloseInput();
    return process.Wait();
  }
};

TEST_CASE("all levels of settings are found and the higher ones win") {
  HttpPeer peer;
  const auto hub = [&](const std::string& name) {
    peer.On("POST", "/" + name, {.status = 204, .fields = {}, .body = {}});
    return peer.Url("/" + name);
  };
  const auto line = [](const std::string& url) { return "hub = '" + url + "'\n"; };
  const std::string flag = hub("flag"), env = hub("env"), local = hub("local"), user = hub("user");
  const Folders all(line(local), "[publish]\n" + line(user));
  const auto asked = [&](const std::string& name) { return peer.Requests("POST", name).size(); };
  CHECK(all.Run({"publish", "t", "--hub", flag}, {{"WEBSUB_HUB", env}}).status == 0);
  CHECK(asked("/flag") == 1);
  CHECK(all.Run({"publish", "t"}, {{"WEBSUB_HUB", env}}).status == 0);
  CHECK(asked("/env") == 1);
  CHECK(all.Run({"publish", "t"}).status == 0);
  CHECK(asked("/local") == 1);
  CHECK(Folders("", line(user)).Run({"publish", "t"}).status == 0);
  CHECK(asked("/user") == 1);
  CHECK(all.Run({"publish", "t", "--config", all.home.File("websub/config.toml")}).status == 0);
  CHECK(asked("/user") == 2);
  CHECK(all.Run({"publish", "t", "--no-config"}).status == 2);  // no hub is known
  CHECK(all.Run({"publish", "t"}, {{"WEBSUB_NO_CONFIG", "1"}}).status == 2);
  CHECK(peer.Requests().size() == 5);
}

TEST_CASE("a mistake in websub.toml is named by its place") {
  const Folders folders("# mine\njsn = true\n", "");
  const Finished run = folders.Run({"publish", "t"});
  CHECK(run.status == 2);
  CHECK(run.err.starts_with(
      "websub: websub.toml:2:1: unknown setting \"jsn\": did you mean json?\n"));
}

TEST_CASE("websub.toml of a folder above has no say") {
  const Folders folders("json = 3\n", "");
  std::filesystem::create_directories(folders.here.path() / "below");
  Process process({.args = {"config"},
                   .environment = {{"XDG_CONFIG_HOME", "/nonexistent"}},
                   .directory = folders.here.path() / "below"});
  CHECK(process.Wait().status == 0);
}

}  // namespace
}  // namespace websub::tests
