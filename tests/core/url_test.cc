#include "core/url.h"

#include <doctest/doctest.h>

#include "tests/support/cases.h"

namespace websub {
namespace {

std::string Repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST_CASE("splits URLs and keeps their text byte for byte (HUB-REQ-10)") {
  for (const auto& row : tests::ReadCases("core/url.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const std::string text = row["text"];
    const auto url = Url::Parse(text);
    if (row.contains("error")) {
      REQUIRE_FALSE(url.has_value());
      CHECK(url.error().code == ErrorCode::kInvalid);
      CHECK_MESSAGE(url.error().message.find(row["error"].get<std::string>()) != std::string::npos,
                    url.error().message);
      continue;
    }
    REQUIRE_MESSAGE(url.has_value(), url.error().message);
    CHECK(url->text() == text);
    CHECK((url->scheme() == Scheme::kHttps) == (row["scheme"] == "https"));
    CHECK(url->host() == row["host"].get<std::string>());
    CHECK(url->port() == row["port"].get<int>());
    CHECK(url->target() == row["target"].get<std::string>());
    CHECK(url->userinfo() == row["userinfo"].get<std::string>());
    CHECK(url->has_fragment() == row["fragment"].get<bool>());
    CHECK(url->Origin() == row["origin"].get<std::string>());
    CHECK(url->HostHeader() == row["host_header"].get<std::string>());
  }
}

TEST_CASE("takes a URL of the longest length and refuses one byte more") {
  const std::string start = "http://h/";
  const auto fits = Url::Parse(start + std::string(Url::kMaxLength - start.size(), 'x'));
  CHECK(fits.has_value());
  const auto over = Url::Parse(start + std::string(Url::kMaxLength - start.size() + 1, 'x'));
  REQUIRE_FALSE(over.has_value());
  CHECK(over.error().message == "the URL is longer than 65536 bytes");
}

TEST_CASE("compares URLs by their text") {
  CHECK(*Url::Parse("http://h/a") == *Url::Parse("http://h/a"));
  CHECK_FALSE(*Url::Parse("http://h/a") == *Url::Parse("http://H/a"));
}

TEST_CASE("resolves references as RFC 3986 section 5.4 shows") {
  for (const auto& row : tests::ReadCases("core/resolve.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const std::string base = row["base"];
    const auto result = ResolveReference(base, row["reference"].get<std::string>());
    if (row.contains("error")) {
      CHECK_FALSE(result.has_value());
      continue;
    }
    REQUIRE_MESSAGE(result.has_value(), result.error().message);
    CHECK(*result == row["result"].get<std::string>());
    CHECK(ResolveReference(base, *result) == *result);
  }
}

TEST_CASE("resolves a path of many segments in one pass") {
  const auto result =
      ResolveReference("http://h/" + Repeat("a/", 4000), Repeat("../", 2000) + Repeat("x/", 1000));
  CHECK(result == "http://h/" + Repeat("a/", 2000) + Repeat("x/", 1000));
}

TEST_CASE("appends to the query of a URL and changes nothing before it (HUB-REQ-09)") {
  CHECK(AppendQuery("http://h/cb", "a=1") == "http://h/cb?a=1");
  CHECK(AppendQuery("http://h", "a=1") == "http://h?a=1");
  CHECK(AppendQuery("http://h/cb?id=7", "a=1") == "http://h/cb?id=7&a=1");
  CHECK(AppendQuery("http://h/cb?a=0", "a=1") == "http://h/cb?a=0&a=1");
  CHECK(AppendQuery("http://h/cb?x=a%2Cb+c?d", "a=1") == "http://h/cb?x=a%2Cb+c?d&a=1");
  CHECK(AppendQuery("http://h/cb?", "a=1") == "http://h/cb?a=1");
  CHECK(AppendQuery("http://h/cb?x?", "a=1") == "http://h/cb?x?&a=1");
  CHECK(AppendQuery("http://h/cb?id=7&", "a=1") == "http://h/cb?id=7&a=1");
  CHECK(AppendQuery("http://h/cb#top", "a=1") == "http://h/cb?a=1#top");
  CHECK(AppendQuery("http://h/cb?id=7#top?x", "a=1") == "http://h/cb?id=7&a=1#top?x");
  CHECK(AppendQuery("http://h/cb#t?x", "a=1") == "http://h/cb?a=1#t?x");
  CHECK(AppendQuery("http://h/cb#t", "") == "http://h/cb#t");
}

TEST_CASE("says how two URLs differ") {
  CHECK(DescribeDifference("http://h/a", "http://h/a") == "");
  CHECK(DescribeDifference("http://h/a", "https://h/a") == "scheme");
  CHECK(DescribeDifference("http://h/a", "http://H/a") == "host case");
  CHECK(DescribeDifference("http://h/a", "http://h:80/a") == "port");
  CHECK(DescribeDifference("http://h:81/a", "http://h:82/a") == "port");
  CHECK(DescribeDifference("http://h/a", "http://h/a/") == "trailing slash");
  CHECK(DescribeDifference("http://h", "http://h/") == "trailing slash");
  CHECK(DescribeDifference("http://h/a", "http://h/b") == "path");
  CHECK(DescribeDifference("http://h/a", "http://h/a//") == "path");
  CHECK(DescribeDifference("http://h/~a", "http://h/%7Ea") == "path");
  CHECK(DescribeDifference("http://h/a", "http://h/a?") == "query");
  CHECK(DescribeDifference("http://h/a?x=1", "http://h/a?x=2") == "query");
  CHECK(DescribeDifference("http://h/a", "http://h/a#") == "fragment");
  CHECK(DescribeDifference("http://u@h/a", "http://h/a") == "userinfo");
  CHECK(DescribeDifference("http://h/a", "https://H:443/a/?x#y") ==
        "scheme, host case, port, trailing slash, query, fragment");
  CHECK(DescribeDifference("http://h/a", "http://g/a") == "other");
  CHECK(DescribeDifference("http://h/a", "a") == "other");
}

TEST_CASE("expands the shorthand for a local port") {
  CHECK(ExpandShorthand(":3000/x") == "http://localhost:3000/x");
  CHECK(ExpandShorthand(":3000") == "http://localhost:3000");
  CHECK(ExpandShorthand(":x") == ":x");
  CHECK(ExpandShorthand(":") == ":");
  CHECK(ExpandShorthand("") == "");
  CHECK(ExpandShorthand("http://h/") == "http://h/");
}

}  // namespace
}  // namespace websub
