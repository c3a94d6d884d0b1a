#include "core/hex.h"

#include <doctest/doctest.h>

using websub::DecodeHex;
using websub::EncodeHex;

TEST_CASE("hex is written in lower case and read in either") {
  const std::string bytes("\x00\x01\x7f\x80\xab\xff", 6);
  CHECK(EncodeHex(bytes) == "00017f80abff");
  CHECK(DecodeHex("00017f80abff") == bytes);
  CHECK(DecodeHex("00017F80AbfF") == bytes);
  CHECK(EncodeHex("") == "");
  CHECK(DecodeHex("") == "");
  for (const char* text :
       {"0", "000", "0g", "g0", " 00", "0x00", "-1", "00\n", "/0", ":0", "@0", "`0"}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeHex(text));
  }
}
