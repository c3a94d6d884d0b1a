// Every path of /api/v1 with what it takes. What stands here and nowhere else decides what is
// there: all else is answered 404 or 405. openapi.json describes each of them, and a test holds the
// two against each other.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace websub::hub {

struct Route {
  std::string_view method;  // GET stands for HEAD, too
  std::string_view path;    // "{id}" stands for one part that is not empty
};

std::span<const Route> Routes();

// What that path of a request takes; empty: it is none of these.
std::vector<std::string_view> MethodsOf(std::string_view path);
bool Takes(const std::vector<std::string_view>& methods, std::string_view method);
std::string AllowOf(const std::vector<std::string_view>& methods);  // "GET, HEAD, DELETE"

}  // namespace websub::hub
