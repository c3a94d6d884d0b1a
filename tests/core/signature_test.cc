#include "core/signature.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "tests/support/cases.h"

namespace websub {
namespace {

// From `printf Hello | openssl dgst -sha256 -hmac secret`, and the same with sha1.
constexpr std::string_view kSha256OfHello =
    "0cc692f2177b42b6e5cd82488ee6c5d526a007c571e7de1fec07c1e2b1dfa2e2";
constexpr std::string_view kSha1OfHello = "24aa3e668b48b146a5268f16fde8192696757cc4";

std::string With(std::string_view method, std::string_view digest) {
  return std::string(method) + '=' + std::string(digest);
}

SignatureCheck Check(const std::string& header) {
  return CheckSignature(header, "secret", "Hello");
}

TEST_CASE("signs as openssl does (HUB-SIG-01 HUB-SIG-02)") {
  for (const auto& row : tests::ReadCases("core/signature.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const std::string secret = row["secret"];
    const std::string body = row["body"];
    const std::string signature = row["signature"];
    const auto algorithm = ParseSignatureAlgorithm(name.substr(0, name.find(' ')));
    REQUIRE(algorithm.has_value());
    const Signer signer(*algorithm, secret);
    CHECK(signer.Sign(body) == signature);
    CHECK(signer.Sign(body + "x") != signature);
    CHECK(signer.Sign(body) == signature);
    const auto check = CheckSignature(signature, secret, body);
    CHECK(check.verdict == SignatureVerdict::kValid);
    CHECK(check.algorithm == algorithm);
    CHECK(check.sentence.empty());
  }
}

TEST_CASE("checks a body in pieces as it does one that is whole") {
  for (const auto& row : tests::ReadCases("core/signature.json")) {
    const std::string secret = row["secret"];
    const std::string body = row["body"];
    const std::string signature = row["signature"];
    for (const std::size_t piece : {1, 7, 64, 4096}) {
      SignatureChecker checker(signature, secret);
      for (std::size_t at = 0; at < body.size(); at += piece) checker.Add(body.substr(at, piece));
      CHECK(checker.Finish().verdict == SignatureVerdict::kValid);
    }
    SignatureChecker more(signature, secret);
    more.Add(body);
    more.Add("x");
    CHECK(more.Finish().verdict == SignatureVerdict::kInvalid);
  }
}

TEST_CASE("signs with an empty secret") {
  // printf Hello | openssl dgst -sha256 -mac HMAC -macopt key:
  CHECK(Signer(SignatureAlgorithm::kSha256, "").Sign("Hello") ==
        "sha256=b4d6720e5dbca77f5108a6e2e9c4d0a77a732f64244bdfdf01a3ede8ff933e00");
}

TEST_CASE("a signer that was moved signs as before") {
  Signer first(SignatureAlgorithm::kSha256, "secret");
  Signer second = std::move(first);
  CHECK(second.Sign("Hello") == With("sha256", kSha256OfHello));
}

TEST_CASE("takes hex digits and method names of either case (SUB-DIS-04)") {
  std::string upper(kSha256OfHello);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  CHECK(Check(With("sha256", upper)).verdict == SignatureVerdict::kValid);
  CHECK(Check(With("SHA256", kSha256OfHello)).verdict == SignatureVerdict::kValid);
}

TEST_CASE(
    "an unsigned delivery is missing its signature only where there is a secret (SUB-DIS-03)") {
  const auto missing = CheckSignature(std::nullopt, "secret", "Hello");
  CHECK(missing.verdict == SignatureVerdict::kMissing);
  CHECK_FALSE(missing.sentence.empty());
  CHECK(CheckSignature(std::nullopt, "", "Hello").verdict == SignatureVerdict::kNone);
  CHECK(CheckSignature("sha256=00", "", "Hello").verdict == SignatureVerdict::kNone);
}

TEST_CASE("says what is wrong with a signature (SUB-DIS-02)") {
  const std::string sha256(kSha256OfHello);
  const struct {
    std::string header;
    std::string says;
  } rows[] = {
      {"", "no '='"},
      {sha256, "no '='"},
      {"sha256", "no '='"},
      {"sha256=", "no digest"},
      {With("md5", "8b1a9953c4611296a827abf8c47804d7"), "method \"md5\""},
      {With("", "00"), "method \"\""},
      {With("sha256", sha256.substr(1)), "63 hex digits, too few for sha256, which has 64"},
      {With("sha256", sha256 + "0"), "65 hex digits, too many for sha256, which has 64"},
      {With("sha256", "GF9zeNxWFbwXWaotdyz08bu9uE0ctQ7VQkPa7p+jT2Y="), "not hex"},
      {With("sha256", '"' + sha256 + '"'), "not hex"},
      {With("sha256", " " + sha256), "not hex"},
      {With("sha256", std::string(64, '0')), "does not match"},
      {With("sha256", kSha1OfHello), "\"sha256\", but the digest is the right one for sha1"},
      {With("sha1", sha256), "\"sha1\", but the digest is the right one for sha256"},
      {With("hmac-sha256", sha256), "but the digest is the right one for sha256"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.header);
    const auto check = Check(row.header);
    CHECK(check.verdict == SignatureVerdict::kInvalid);
    CHECK_MESSAGE(check.sentence.find(row.says) != std::string::npos, check.sentence);
  }
}

TEST_CASE("one changed byte in body or secret makes a signature invalid") {
  const std::string header = With("sha256", kSha256OfHello);
  CHECK(CheckSignature(header, "secret", "Hello").verdict == SignatureVerdict::kValid);
  CHECK(CheckSignature(header, "secret", "hello").verdict == SignatureVerdict::kInvalid);
  CHECK(CheckSignature(header, "secret", "Hello\n").verdict == SignatureVerdict::kInvalid);
  CHECK(CheckSignature(header, "Secret", "Hello").verdict == SignatureVerdict::kInvalid);
}

TEST_CASE("reads the four method names and no other (HUB-SIG-02)") {
  CHECK(ParseSignatureAlgorithm("sha1") == SignatureAlgorithm::kSha1);
  CHECK(ParseSignatureAlgorithm("Sha256") == SignatureAlgorithm::kSha256);
  CHECK(ParseSignatureAlgorithm("sha384") == SignatureAlgorithm::kSha384);
  CHECK(ParseSignatureAlgorithm("SHA512") == SignatureAlgorithm::kSha512);
  CHECK_FALSE(ParseSignatureAlgorithm("sha-256").has_value());
  CHECK_FALSE(ParseSignatureAlgorithm("md5").has_value());
  CHECK_FALSE(ParseSignatureAlgorithm("").has_value());
  CHECK(Name(SignatureVerdict::kInvalid) == "invalid");
}

}  // namespace
}  // namespace websub
