#include "core/signature_diagnosis.h"

#include <doctest/doctest.h>

#include "core/base64.h"
#include "tests/support/cases.h"

namespace websub {
namespace {

TEST_CASE("the change of bytes or secret or header that would have matched is named") {
  for (const auto& row : tests::ReadCases("core/signature_diagnosis.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto diagnosis =
        DiagnoseSignature(row["header"].get<std::string>(),
                          DecodeBase64(row["secret_base64"].get<std::string>()).value(),
                          DecodeBase64(row["body_base64"].get<std::string>()).value());
    const std::string change = row["change"];
    CHECK(diagnosis.has_value() == !change.empty());
    if (!diagnosis) continue;
    CHECK(Name(diagnosis->change) == change);
    CHECK(Name(diagnosis->algorithm) == row["algorithm"].get<std::string>());
    CHECK_FALSE(diagnosis->sentence.empty());
  }
}

TEST_CASE("an odd header is told beside the change of the body") {
  // openssl dgst -sha256 -hmac 'top secret' of "hello\n"
  const auto diagnosis =
      DiagnoseSignature("sha1=42b7915c8559ca41058472ee792ebc9946d26ed1df1212ed6d73d8c7c6f2e2cf",
                        "top secret", "hello");
  REQUIRE(diagnosis);
  CHECK(diagnosis->sentence ==
        "it fits the body with a newline added at its end: the newline was lost after signing; "
        "besides, the digest is sha256 under the label sha1");
}

TEST_CASE("a secret never stands in a diagnosis") {
  const auto diagnosis = DiagnoseSignature(
      "a28f6aee6a27565bf1b868da1947c35147039fe6482b35d3b8fdeb9592e42e99", "top secret", "hello");
  REQUIRE(diagnosis);
  CHECK(diagnosis->sentence.find("top secret") == std::string::npos);
}

}  // namespace
}  // namespace websub
