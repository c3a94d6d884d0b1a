// Whatever a topic answers: hubs and self are absolute http or https URLs that resolve to
// themselves, and each stands among the candidates. The input is lines of Link headers, an empty
// line, and a body.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/discovery.h"
#include "core/url.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void RequireUrl(const std::string& base, const std::string& url) {
  Require(websub::Url::Parse(url).has_value());
  const auto again = websub::ResolveReference(base, url);
  Require(again && *again == url);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  websub::FetchedTopic topic;
  const bool redirected = rest.starts_with("R");
  if (redirected)
    topic.hops.push_back({"http://old.example/", 301, "https://example.com/a/b?q", {}});
  topic.hops.push_back({"https://example.com/a/b?q", 200, "", {}});
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) break;
    if (redirected) topic.hops.front().link_headers.push_back(line);
    topic.hops.back().link_headers.push_back(line);
  }
  topic.body = rest;

  const websub::Discovery found = websub::Discover(topic);
  const std::string& base = topic.hops.back().url;
  for (const std::string& hub : found.hubs) RequireUrl(base, hub);
  if (found.self) RequireUrl(base, *found.self);
  std::size_t taken = 0;
  for (const websub::Candidate& candidate : found.candidates) {
    Require(candidate.rel == "hub" || candidate.rel == "self");
    Require(!candidate.reason.empty() && !candidate.where.empty());
    if (candidate.taken) ++taken;
  }
  Require(taken == found.hubs.size() + (found.self ? 1 : 0));
  auto hubs = found.hubs;
  std::sort(hubs.begin(), hubs.end());
  Require(std::adjacent_find(hubs.begin(), hubs.end()) == hubs.end());
  return 0;
}
