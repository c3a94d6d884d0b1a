#include "core/base64.h"

#include <doctest/doctest.h>

using websub::DecodeBase64;
using websub::DecodeBase64Url;
using websub::DecodeLaxBase64;
using websub::EncodeBase64;

TEST_CASE("base64 reads and writes the examples of RFC 4648 section 10") {
  const std::pair<std::string, std::string> examples[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [bytes, text] : examples) {
    CHECK(EncodeBase64(bytes) == text);
    CHECK(DecodeBase64(text) == bytes);
  }
}

TEST_CASE("base64 refuses what is not whole padded base64") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg==\n", "Zm9v Zm9v", "Zm=v", "====", "Zg===", "Zm9*",
                           "Zm9v----", "Zm9-", "Zm9_", "Zm9v====", "Z===", "A=A=", "=Zg="}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeBase64(text));
  }
}

TEST_CASE("no two texts of base64 mean the same bytes") {
  // RFC 4648 section 3.5: the four bits after one byte and the two after two bytes are zero.
  CHECK(DecodeBase64("Zg==") == "f");
  CHECK(DecodeBase64("Zm8=") == "fo");
  CHECK(DecodeBase64("+/8=") == "\xfb\xff");
  for (const char* text : {"Zh==", "Zo==", "Zv==", "Zm9=", "Zm+=", "Zm/=", "Zm9vYh==", "+/9="}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeBase64(text));
  }
}

TEST_CASE("base64url reads what an encoder writes and no other text") {
  // RFC 7515 appendix C, and RFC 4648 section 10 without padding.
  CHECK(DecodeBase64Url("A-z_4ME") == std::string("\x03\xec\xff\xe0\xc1"));
  CHECK(DecodeBase64Url("") == "");
  CHECK(DecodeBase64Url("Zg") == "f");
  CHECK(DecodeBase64Url("Zm8") == "fo");
  CHECK(DecodeBase64Url("Zm9vYmFy") == "foobar");
  for (const char* text : {"Z", "Zg==", "Zh", "Zm9", "Zm8=", "A+z/4ME", "Zm9vY", "Zm 8", "Zm8\n"}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeBase64Url(text));
  }
}

TEST_CASE("lax base64 is of either alphabet and padded or not") {
  CHECK(DecodeLaxBase64("") == "");
  for (const char* text : {"Zm8=", "Zm8", "Zm9=", "Zm9", "Zm8==="}) {
    CAPTURE(text);
    CHECK(DecodeLaxBase64(text) == "fo");
  }
  CHECK(DecodeLaxBase64("+/8=") == "\xfb\xff");
  CHECK(DecodeLaxBase64("-_8") == "\xfb\xff");
  CHECK(DecodeLaxBase64("-/8") == "\xfb\xff");
  for (const char* text : {"Z", "Zm9vY", "Zm=8", "Zm 8", "Zm8\n"}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeLaxBase64(text));
  }
}
