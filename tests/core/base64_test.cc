#include "core/base64.h"

#include <doctest/doctest.h>

using websub::DecodeBase64;
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
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg==\n", "Zm9v Zm9v", "Zm=v", "====", "Zg===", "Zm9*"}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeBase64(text));
  }
}
