#include "hub/api/routes.h"

#include <algorithm>
#include <array>

#include "hub/api/openapi.h"

namespace websub::hub {

namespace {

constexpr std::array<Route, 22> kRoutes = {{
    {"GET", "/api/v1/topics"},
    {"GET", "/api/v1/topics/{id}"},
    {"GET", "/api/v1/subscriptions"},
    {"GET", "/api/v1/subscriptions/{id}"},
    {"DELETE", "/api/v1/subscriptions/{id}"},
    {"GET", "/api/v1/subscriptions/{id}/timeline"},
    {"POST", "/api/v1/subscriptions/{id}/deny"},
    {"POST", "/api/v1/subscriptions/{id}/expire"},
    {"POST", "/api/v1/subscriptions/{id}/verify"},
    {"GET", "/api/v1/messages"},
    {"POST", "/api/v1/messages"},
    {"GET", "/api/v1/messages/{id}"},
    {"GET", "/api/v1/exchanges"},
    {"GET", "/api/v1/exchanges/{id}"},
    {"POST", "/api/v1/exchanges/{id}/resend"},
    {"GET", "/api/v1/dead-letters"},
    {"GET", "/api/v1/dead-letters/{id}"},
    {"POST", "/api/v1/dead-letters/{id}/retry"},
    {"GET", "/api/v1/events"},
    {"GET", "/api/v1/events/wait"},
    {"GET", "/api/v1/status"},
    {"GET", kOpenApiPath},
}};

// The part up to the next '/', which is taken off with it.
std::string_view TakePart(std::string_view& rest) {
  const auto slash = rest.find('/');
  const std::string_view part = rest.substr(0, slash);
  rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  return part;
}

bool Matches(std::string_view route, std::string_view path) {
  if (std::count(route.begin(), route.end(), '/') != std::count(path.begin(), path.end(), '/')) {
    return false;
  }
  while (!route.empty()) {
    const std::string_view wanted = TakePart(route);
    const std::string_view part = TakePart(path);
    if (wanted == "{id}" ? part.empty() : wanted != part) return false;
  }
  return true;
}

}  // namespace

std::span<const Route> Routes() {
  return kRoutes;
}

std::vector<std::string_view> MethodsOf(std::string_view path) {
  std::vector<std::string_view> methods;
  for (const Route& route : kRoutes) {
    if (Matches(route.path, path)) methods.push_back(route.method);
  }
  return methods;
}

bool Takes(const std::vector<std::string_view>& methods, std::string_view method) {
  return std::find(methods.begin(), methods.end(), method == "HEAD" ? "GET" : method) !=
         methods.end();
}

std::string AllowOf(const std::vector<std::string_view>& methods) {
  std::string allow;
  for (const std::string_view method : methods) {
    if (!allow.empty()) allow += ", ";
    allow += method == "GET" ? "GET, HEAD" : method;
  }
  return allow;
}

}  // namespace websub::hub
