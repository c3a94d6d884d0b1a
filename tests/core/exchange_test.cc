#include "core/exchange.h"

#include <doctest/doctest.h>

#include "tests/support/cases.h"

namespace websub {
namespace {

TEST_CASE("fields are found by name in any case and repeated ones in order") {
  const FieldList fields = HeadFields("HTTP/1.1 200 OK\r\nLink: <a>\r\nX: 1\r\nlink: <b>\r\n\r\n");
  CHECK(FirstField(fields, "LINK") == "<a>");
  CHECK(FirstField(fields, "missing").empty());
  CHECK(AllFields(fields, "Link") == std::vector<std::string>{"<a>", "<b>"});
}

TEST_CASE("only the statuses that name another URL are redirects") {
  for (const int status : {301, 302, 303, 307, 308}) CHECK(IsRedirect(status));
  for (const int status : {200, 300, 304, 305, 306, 309, 400}) CHECK_FALSE(IsRedirect(status));
}

TEST_CASE("masks a secret in a form and nothing else") {
  for (const auto& row : tests::ReadCases("core/mask_form.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const std::string masked = MaskForm(row["text"].get<std::string>());
    CHECK(masked == row["masked"].get<std::string>());
    CHECK(MaskForm(masked) == masked);
  }
}

TEST_CASE("masks all of a body that is no form and names a secret") {
  CHECK(MaskBody("hub.secret=abc&x=1") == "hub.secret=***&x=1");
  CHECK(MaskBody("hub.topic=a-secret") == "hub.topic=a-secret");
  CHECK(MaskBody(R"( {"hub.mode":"subscribe","Hub.Secret":"abc"})") == "***");
  CHECK(
      MaskBody("--b\r\nContent-Disposition: form-data; name=\"hub.secret\"\r\n\r\nabc\r\n--b--") ==
      "***");
  CHECK(MaskBody(R"({"hub.mode":"subscribe"})") == R"({"hub.mode":"subscribe"})");
  CHECK(MaskBody("") == "");
  CHECK(MaskBody("***") == "***");
}

TEST_CASE("masks credentials and secrets in a head and nothing else") {
  for (const auto& row : tests::ReadCases("core/mask_head.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const std::string masked = MaskHead(row["text"].get<std::string>());
    CHECK(masked == row["masked"].get<std::string>());
    CHECK(MaskHead(masked) == masked);
  }
}

TEST_CASE("reads the fields of a head in order") {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  CHECK(
      HeadFields("HTTP/1.1 200 OK\r\nContent-Type: text/html \r\nlink:<a>\r\nX:\r\nlink: b\r\n\r\n"
                 "Body: no\r\n") ==
      Fields{{"Content-Type", "text/html"}, {"link", "<a>"}, {"X", ""}, {"link", "b"}});
  CHECK(HeadFields("GET http://h:80/ HTTP/1.1\nHost: h:80\n") == Fields{{"Host", "h:80"}});
  CHECK(HeadFields("GET / HTTP/1.1\r\nno colon\r\nb d: 1\r\n: 2\r\n folded: 3\r\nok: 4\r\n") ==
        Fields{{"ok", "4"}});
  CHECK(HeadFields("") == Fields{});
  CHECK(HeadFields("a: 1") == Fields{{"a", "1"}});
}

TEST_CASE("names kinds and faults and reads the names back") {
  CHECK(Name(Direction::kIn) == "in");
  CHECK(Name(Direction::kOut) == "out");
  for (const char* name :
       {"subscribe", "unsubscribe", "publish", "verify", "deny", "fetch", "deliver"}) {
    CAPTURE(name);
    REQUIRE(ParseExchangeKind(name).has_value());
    CHECK(Name(*ParseExchangeKind(name)) == name);
  }
  for (const char* name : {"none", "bad-url", "forbidden-address", "dns", "refused", "unreachable",
                           "connect-timeout", "tls", "tls-timeout", "reset", "write-timeout",
                           "response-timeout", "bad-response", "cancelled"}) {
    CAPTURE(name);
    REQUIRE(ParseFault(name).has_value());
    CHECK(Name(*ParseFault(name)) == name);
  }
  CHECK_FALSE(ParseExchangeKind("Verify").has_value());
  CHECK_FALSE(ParseFault("").has_value());
}

}  // namespace
}  // namespace websub
