#include "hub/api/routes.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/text.h"
#include "hub/api/openapi.h"

namespace websub::tests {

using hub::AllowOf;
using hub::MethodsOf;
using hub::Takes;
using nlohmann::json;

TEST_CASE("the description and the code have the same routes") {
  std::set<std::string> routes;
  for (const hub::Route& route : hub::Routes()) {
    CHECK(routes.insert(ToLower(route.method) + " " + std::string(route.path)).second);
  }
  std::set<std::string> described;
  const json document = json::parse(hub::kOpenApi);
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) described.insert(method + " " + path);
  }
  for (const std::string& route : routes) CHECK_MESSAGE(described.contains(route), route);
  for (const std::string& route : described) CHECK_MESSAGE(routes.contains(route), route);
}

TEST_CASE("the description in the program is that of the file") {
  std::ifstream file(std::string(WEBSUB_SOURCE_DIR) + "/hub/api/openapi.json");
  json written = json::parse(file);
  json built = json::parse(hub::kOpenApi);
  CHECK(written["info"]["version"] == "@PROJECT_VERSION@");
  CHECK(built["info"]["version"] != "@PROJECT_VERSION@");
  written["info"].erase("version");
  built["info"].erase("version");
  CHECK(written == built);
}

TEST_CASE("a path leads to what it takes and any other to nothing") {
  const auto methods = [](std::string_view path) { return AllowOf(MethodsOf(path)); };
  CHECK(methods("/api/v1/topics") == "GET, HEAD");
  CHECK(methods("/api/v1/messages") == "GET, HEAD, POST");
  CHECK(methods("/api/v1/subscriptions/s1") == "GET, HEAD, DELETE");
  CHECK(methods("/api/v1/subscriptions/s1/deny") == "POST");
  CHECK(methods("/api/v1/events/wait") == "GET, HEAD");
  for (const std::string_view path :
       {"", "/", "/api/v1", "/api/v1/", "/api/v1/topics/", "/api/v1/topics/t1/", "/api/v1//t1",
        "/api/v1/topics/t1/timeline", "/api/v1/subscriptions//deny",
        "/api/v1/subscriptions/s1/gone", "/api/v1/exchanges/x1/resend/now", "/api/v1/events/stream",
        "/api/v2/topics", "/API/v1/topics", "/api/v1/{id}", "/hub"}) {
    CHECK_MESSAGE(MethodsOf(path).empty(), path);
  }
  const auto one = MethodsOf("/api/v1/subscriptions/s1");
  CHECK(Takes(one, "HEAD"));
  CHECK(Takes(one, "DELETE"));
  CHECK_FALSE(Takes(one, "POST"));
  CHECK_FALSE(Takes(one, "get"));
  CHECK_FALSE(Takes(MethodsOf("/api/v1/events/wait"), "DELETE"));
}

}  // namespace websub::tests
