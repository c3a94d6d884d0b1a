#include "core/verification.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/support/cases.h"

namespace websub {
namespace {

using namespace std::chrono_literals;

Url U(std::string_view text) {
  return *Url::Parse(text);
}

TEST_CASE("a verify token stands at the end of the verification and is read back") {
  const auto callback = Url::Parse("http://h/cb?x=1");
  Verification verification{Mode::kSubscribe, "t", "c", 60s};
  verification.verify_token = "a,b&c";
  const std::string url = VerificationUrl(*callback, verification);
  CHECK(url ==
        "http://h/cb?x=1&hub.mode=subscribe&hub.topic=t&hub.challenge=c&hub.lease_seconds=60"
        "&hub.verify_token=a%2Cb%26c");
  const auto read = ParseCallbackQuery(url.substr(url.find('?') + 1));
  REQUIRE(read.has_value());
  CHECK(std::get<Verification>(*read) == verification);
}

TEST_CASE("asks the callback with every value percent-encoded (HUB-VER-01)") {
  const Verification verification{Mode::kSubscribe, "http://p/a,b?c=1&d", "c-1", 600s};
  CHECK(VerificationUrl(U("http://s/cb"), verification) ==
        "http://s/cb?hub.mode=subscribe&hub.topic=http%3A%2F%2Fp%2Fa%2Cb%3Fc%3D1%26d&"
        "hub.challenge=c-1&hub.lease_seconds=600");
  const Verification leaving{Mode::kUnsubscribe, "t", "c-1", 600s};
  CHECK(VerificationUrl(U("http://s/cb"), leaving) ==
        "http://s/cb?hub.mode=unsubscribe&hub.topic=t&hub.challenge=c-1");
}

TEST_CASE("keeps the query of the callback when it asks (HUB-REQ-09)") {
  const Verification verification{Mode::kSubscribe, "t", "c", std::nullopt};
  const std::string ours = "hub.mode=subscribe&hub.topic=t&hub.challenge=c";
  CHECK(VerificationUrl(U("http://s/cb?id=7"), verification) == "http://s/cb?id=7&" + ours);
  CHECK(VerificationUrl(U("http://s?hub.topic=x&a=%2C,"), verification) ==
        "http://s?hub.topic=x&a=%2C,&" + ours);
  CHECK(VerificationUrl(U("http://s/cb#f"), verification) == "http://s/cb?" + ours + "#f");
}

TEST_CASE("tells the callback of a denial (HUB-VAL-01)") {
  CHECK(DenialUrl(U("http://s/cb?id=7"), {"http://p/", "not today"}) ==
        "http://s/cb?id=7&hub.mode=denied&hub.topic=http%3A%2F%2Fp%2F&hub.reason=not%20today");
  CHECK(DenialUrl(U("http://s/cb"), {"t", ""}) == "http://s/cb?hub.mode=denied&hub.topic=t");
}

TEST_CASE("only an exact echo with 2xx verifies (HUB-VER-03)") {
  const std::map<std::string, EchoVerdict> verdicts = {
      {"matches", EchoVerdict::kMatches},
      {"bad_status", EchoVerdict::kBadStatus},
      {"empty", EchoVerdict::kEmpty},
      {"trailing_newline", EchoVerdict::kTrailingNewline},
      {"byte_order_mark", EchoVerdict::kByteOrderMark},
      {"quoted", EchoVerdict::kQuoted},
      {"json", EchoVerdict::kJson},
      {"html", EchoVerdict::kHtml},
      {"truncated", EchoVerdict::kTruncated},
      {"different", EchoVerdict::kDifferent},
  };
  for (const auto& row : tests::ReadCases("core/echo.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto check = CheckEcho(row["status"].get<int>(), row["body"].get<std::string>(),
                                 row["challenge"].get<std::string>());
    const auto expected = verdicts.at(row["verdict"].get<std::string>());
    CHECK((check.verdict == expected));
    CHECK(check.sentence.empty() == (expected == EchoVerdict::kMatches));
    CHECK_MESSAGE(check.sentence.find(row["says"].get<std::string>()) != std::string::npos,
                  check.sentence);
  }
}

TEST_CASE("nothing matches an empty challenge") {
  CHECK((CheckEcho(200, "", "").verdict == EchoVerdict::kEmpty));
  CHECK((CheckEcho(200, "x", "").verdict == EchoVerdict::kDifferent));
}

TEST_CASE("a body of byte order marks is judged at once") {
  std::string body;
  for (int i = 0; i < 100000; ++i) body += "\xef\xbb\xbf";
  CHECK((CheckEcho(200, body, "c").verdict == EchoVerdict::kDifferent));
}

TEST_CASE("reads what a hub asks of a callback (SUB-VER-01)") {
  const auto query = ParseCallbackQuery(
      "hub.mode=subscribe&hub.topic=http%3A%2F%2Fp%2F%2526&hub.challenge=c%2B1&"
      "hub.lease_seconds=600");
  REQUIRE(query.has_value());
  CHECK((std::get<Verification>(*query) ==
         Verification{Mode::kSubscribe, "http://p/%26", "c+1", 600s}));
  const auto leaving =
      ParseCallbackQuery("hub.mode=unsubscribe&hub.topic=t&hub.challenge=c&hub.lease_seconds=x");
  REQUIRE(leaving.has_value());
  CHECK((std::get<Verification>(*leaving) ==
         Verification{Mode::kUnsubscribe, "t", "c", std::nullopt}));
}

TEST_CASE("reads a denial (SUB-VER-03)") {
  const auto query = ParseCallbackQuery("hub.mode=denied&hub.topic=t&hub.reason=not+today");
  REQUIRE(query.has_value());
  CHECK((std::get<Denial>(*query) == Denial{"t", "not today"}));
  CHECK((std::get<Denial>(*ParseCallbackQuery("hub.mode=denied&hub.topic=t")) == Denial{"t", ""}));
}

TEST_CASE("a query of the callback's own does not get in the way") {
  const auto query = ParseCallbackQuery(
      "rate=100%&hub.mode=own&hub.topic=%zz&&=&id=7&hub.mode=subscribe&hub.topic=t&"
      "hub.challenge=c");
  REQUIRE(query.has_value());
  CHECK((std::get<Verification>(*query) == Verification{Mode::kSubscribe, "t", "c", std::nullopt}));
}

TEST_CASE("names what a callback query lacks") {
  const struct {
    const char* query;
    const char* says;
  } rows[] = {
      {"", "hub.mode: missing"},
      {"hub.mode=", "hub.mode: empty"},
      {"hub_mode=subscribe", "hub.mode: missing"},
      {"hub.mode=x&hub.topic=t&hub.challenge=c", "hub.mode: \"x\""},
      {"hub.mode=subscribe&hub.challenge=c", "hub.topic: missing"},
      {"hub.mode=subscribe&hub.topic=&hub.challenge=c", "hub.topic: empty"},
      {"hub.mode=subscribe&hub.topic=%zz&hub.challenge=c", "hub.topic: a '%'"},
      {"hub.mode=subscribe&hub.topic=t", "hub.challenge: missing"},
      {"hub.mode=subscribe&hub.topic=t&hub.challenge=", "hub.challenge: empty"},
      {"hub.mode=subscribe&hub.topic=t&hub.challenge=c&hub.lease_seconds=-1",
       "hub.lease_seconds: \"-1\""},
      {"hub.mode=denied", "hub.topic: missing"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.query);
    const auto query = ParseCallbackQuery(row.query);
    REQUIRE_FALSE(query.has_value());
    CHECK(query.error().code == ErrorCode::kInvalid);
    CHECK_MESSAGE(query.error().message.find(row.says) == 0, query.error().message);
  }
}

}  // namespace
}  // namespace websub
