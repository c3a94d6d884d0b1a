#include "core/subscription_request.h"

#include <doctest/doctest.h>

#include "tests/support/cases.h"

namespace websub {
namespace {

Result<SubscriptionRequest> Parse(const std::string& body) {
  const auto form = ParseForm(body);
  if (!form) return tl::unexpected(form.error());
  return ParseSubscriptionRequest(*form);
}

TEST_CASE("reads a request or names the parameter at fault (HUB-REQ-01 HUB-REQ-11 HUB-REQ-12)") {
  for (const auto& row : tests::ReadCases("core/subscription_request.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto request = Parse(row["body"].get<std::string>());
    if (row.contains("error")) {
      REQUIRE_FALSE(request.has_value());
      CHECK(request.error().code == ErrorCode::kInvalid);
      const std::string message = request.error().message;
      CHECK_MESSAGE(message.find(row["error"][0].get<std::string>()) == 0, message);
      for (const std::string says : row["error"]) {
        CHECK_MESSAGE(message.find(says) != std::string::npos, message);
      }
      continue;
    }
    REQUIRE_MESSAGE(request.has_value(), request.error().message);
    CHECK(Name(request->mode) == row["mode"].get<std::string>());
    CHECK(request->topic == row["topic"].get<std::string>());
    CHECK(request->callback.text() == row["callback"].get<std::string>());
    REQUIRE(request->lease.has_value() == row.contains("lease"));
    if (request->lease) CHECK(request->lease->count() == row["lease"].get<std::int64_t>());
    REQUIRE(request->secret.has_value() == row.contains("secret"));
    if (request->secret) CHECK(*request->secret == row["secret"].get<std::string>());

    const auto again = ParseSubscriptionRequest(ToForm(*request));
    REQUIRE(again.has_value());
    CHECK(ToForm(*again) == ToForm(*request));
  }
}

// The table holds the many cases; these hold the rows of the requirements by name.
TEST_CASE("takes a secret of 199 bytes (HUB-REQ-02)") {
  const auto request = Parse("hub.mode=subscribe&hub.topic=t&hub.callback=http://h/&hub.secret=" +
                             std::string(199, 's'));
  REQUIRE(request.has_value());
  CHECK(request->secret == std::string(199, 's'));
}

TEST_CASE("refuses a secret of 200 bytes and does not repeat it (HUB-REQ-03)") {
  const auto request = Parse("hub.mode=subscribe&hub.topic=t&hub.callback=http://h/&hub.secret=" +
                             std::string(200, 's'));
  REQUIRE_FALSE(request.has_value());
  CHECK(request.error().message == "hub.secret: has 200 bytes, but must have less than 200");
}

TEST_CASE("ignores parameters that it does not know (HUB-REQ-04)") {
  const std::string known = "hub.mode=subscribe&hub.topic=t&hub.callback=http://h/";
  const auto plain = Parse(known);
  const auto more = Parse("x=1&" + known + "&hub.unknown=2&hub.verified=sync&x=3");
  REQUIRE(plain.has_value());
  REQUIRE(more.has_value());
  CHECK(ToForm(*plain) == ToForm(*more));
}

TEST_CASE("the first hub.verify that is known says when to verify") {
  const std::string known = "hub.mode=subscribe&hub.topic=t&hub.callback=http://h/";
  const auto mode = [&](const std::string& more) { return Parse(known + more)->verify; };
  CHECK(mode("") == VerifyMode::kAsync);
  CHECK(mode("&hub.verify=sync") == VerifyMode::kSync);
  CHECK(mode("&hub.verify=async&hub.verify=sync") == VerifyMode::kAsync);
  CHECK(mode("&hub.verify=sync&hub.verify=async") == VerifyMode::kSync);
  CHECK(mode("&hub.verify=later&hub.verify=sync") == VerifyMode::kSync);
  CHECK(mode("&hub.verify=") == VerifyMode::kAsync);
}

TEST_CASE("reads the verify token and the wished algorithm of a subscriber") {
  const std::string known = "hub.mode=subscribe&hub.topic=t&hub.callback=http://h/";
  const auto request = Parse(known + "&hub.verify_token=a%2Cb+c&hub.signature_algorithm=SHA1");
  REQUIRE(request.has_value());
  CHECK(request->verify_token == "a,b c");
  CHECK(request->algorithm == SignatureAlgorithm::kSha1);
  const auto again = ParseSubscriptionRequest(ToForm(*request));
  REQUIRE(again.has_value());
  CHECK(again->verify_token == "a,b c");
  CHECK(again->algorithm == SignatureAlgorithm::kSha1);

  const auto none = Parse(known + "&hub.verify_token=&hub.signature_algorithm=");
  REQUIRE(none.has_value());
  CHECK(none->verify_token.empty());
  CHECK_FALSE(none->algorithm.has_value());

  const auto bad = Parse(known + "&hub.signature_algorithm=md5");
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message ==
        "hub.signature_algorithm: \"md5\" is none of sha1, sha256, sha384 and sha512");
  CHECK(Parse(known + "&hub.verify_token=" + std::string(1024, 'a')).has_value());
  CHECK_FALSE(Parse(known + "&hub.verify_token=" + std::string(1025, 'a')).has_value());
}

TEST_CASE("ignores the lease of an unsubscription (HUB-REQ-08)") {
  const auto request =
      Parse("hub.mode=unsubscribe&hub.topic=t&hub.callback=http://h/&hub.lease_seconds=-7");
  REQUIRE(request.has_value());
  CHECK_FALSE(request->lease.has_value());
}

TEST_CASE("decodes topic and callback exactly once (HUB-REQ-10)") {
  const auto request = Parse(
      "hub.mode=subscribe&hub.topic=http%3A%2F%2Fp%2F%2526%252B%2B&"
      "hub.callback=http%3A%2F%2Fs%2F%253Fx%3Fa%3D%2525");
  REQUIRE(request.has_value());
  CHECK(request->topic == "http://p/%26%2B+");
  CHECK(request->callback.text() == "http://s/%3Fx?a=%25");
  CHECK(request->callback.target() == "/%3Fx?a=%25");
}

TEST_CASE("the longest topic and callback still make a verification URL that can be sent") {
  const auto request = ParseSubscriptionRequest(
      {{"hub.mode", "subscribe"},
       {"hub.topic", std::string(kMaxTopic, '/')},
       {"hub.callback", "http://h/" + std::string(kMaxCallback - 9, 'x')}});
  REQUIRE(request.has_value());
  const std::string url = AppendQuery(request->callback.text(), EncodeForm(ToForm(*request)));
  CHECK(Url::Parse(url).has_value());
}

}  // namespace
}  // namespace websub
