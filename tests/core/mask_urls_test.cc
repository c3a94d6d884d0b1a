#include "core/mask_urls.h"

#include <doctest/doctest.h>

#include "core/exchange.h"
#include "tests/support/cases.h"

namespace websub {
namespace {

TEST_CASE("puts stars in place of the passwords in URLs and leaves every other byte") {
  for (const auto& row : tests::ReadCases("core/mask_urls.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const std::string masked = MaskUrls(row["text"].get<std::string>());
    CHECK(masked == row["masked"].get<std::string>());
    CHECK(MaskUrls(masked) == masked);
  }
}

TEST_CASE("forms and bodies and heads lose passwords in URLs too") {
  CHECK(MaskForm("hub.callback=http%3A%2F%2Fu%3Ap%40h%2F&hub.secret=s&a=b%40c") ==
        "hub.callback=http%3A%2F%2Fu%3A***%40h%2F&hub.secret=***&a=b%40c");
  CHECK(MaskBody("{\"callback\": \"http://u:p@h/\"}") == "{\"callback\": \"http://u:***@h/\"}");
  CHECK(MaskHead("GET http://u:p@h/?a=http://v:q@i/ HTTP/1.1\r\nReferer: http://w:r@j/\r\n\r\n") ==
        "GET http://u:***@h/?a=http://v:***@i/ HTTP/1.1\r\nReferer: http://w:***@j/\r\n\r\n");
}

TEST_CASE("takes a long text without a pause") {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "//a:b%40";
  CHECK(MaskUrls(text).size() >= text.size());
}

}  // namespace
}  // namespace websub
