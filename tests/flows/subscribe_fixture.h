// What the tests of `websub subscribe` share: the binary running against a hub that is not our own
// code, and its events.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/scripted_hub.h"

namespace websub::tests {

using Json = nlohmann::json;
using Verify = HubScript::Verify;

// openssl dgst -ALGORITHM -hmac s3cret of "hello"
inline constexpr char kSha1[] = "sha1=f875ad165d97aba6b68e2c2f7ea314aeb2a0082f";
inline constexpr char kSha256[] =
    "sha256=e5a01537481fa0b2c697f787c7aff885412cf0760d08e08502259b39d2d6ae68";
inline constexpr char kSha384[] =
    "sha384=4e54e8d2fa73a522418b3694e640f59d4b7046b6682e18c61d9e63797d3326b125bf09a7b89ae4486179d71"
    "088ad85a6";
inline constexpr char kSha512[] =
    "sha512=19be28bc1a54a07419829bba0df0daa580fbde5ddb89cece850074c504f31a6ef53a80a865448982fca5ae9"
    "9dffccc99e7115275c721eaefe1c13506b29a7286";

inline std::vector<Json> Events(const std::string& out, const std::string& type = "") {
  std::vector<Json> events;
  std::size_t begin = 0;
  for (auto end = out.find('\n'); end != std::string::npos; end = out.find('\n', begin)) {
    Json event = Json::parse(out.substr(begin, end - begin));
    if (type.empty() || event["type"] == type) events.push_back(std::move(event));
    begin = end + 1;
  }
  return events;
}

inline Json Only(const std::string& out, const std::string& type) {
  const auto events = Events(out, type);
  CAPTURE(out);
  REQUIRE(events.size() == 1);
  return events.front();
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A running `websub subscribe --json` and the request that it made.
struct Running {
  Process process;
  HubRequest request;

  Running(ScriptedHub& hub, std::vector<std::string> more,
          std::vector<std::string> first = {"--secret", "s3cret"})
      : process({.args = Args(hub, std::move(first), std::move(more)),
                 .environment = {},
                 .directory = {}}) {
    const auto requests = hub.WaitForRequests(1);
    REQUIRE(!requests.empty());
    request = requests.front();
  }

  static std::vector<std::string> Args(const ScriptedHub& hub, std::vector<std::string> first,
                                       std::vector<std::string> more) {
    std::vector<std::string> args = {"subscribe", hub.topic(), "--json"};
    args.insert(args.end(), first.begin(), first.end());
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }

  bool Verified() { return process.WaitForOut("\"type\":\"verified\""); }
};

}  // namespace websub::tests
