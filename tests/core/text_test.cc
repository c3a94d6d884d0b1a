#include "core/text.h"

#include <doctest/doctest.h>

#include <string>

#include "core/base64.h"

using namespace websub;
using namespace std::string_literals;

TEST_CASE("UTF-8 is told from other bytes on both sides of each boundary") {
  for (const std::string& text : {""s, "plain"s, "\0"s, "\xc2\x80"s, "\xdf\xbf"s, "\xe0\xa0\x80"s,
                                  "\xed\x9f\xbf"s, "\xee\x80\x80"s, "\xef\xbf\xbf"s,
                                  "\xf0\x90\x80\x80"s, "\xf4\x8f\xbf\xbf"s, "a\xe2\x82\xac!"s}) {
    CAPTURE(EncodeBase64(text));
    CHECK(IsUtf8(text));
  }
  for (const std::string& bytes :
       {"\x80"s, "\xbf"s, "\xc0\x80"s, "\xc1\xbf"s, "\xc2"s, "\xc2\x41"s, "\xe0\x9f\xbf"s,
        "\xed\xa0\x80"s, "\xe2\x82"s, "\xf0\x8f\xbf\xbf"s, "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s,
        "\xff"s, "good\xfe"s}) {
    CAPTURE(EncodeBase64(bytes));
    CHECK_FALSE(IsUtf8(bytes));
  }
}
