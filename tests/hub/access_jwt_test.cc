#include "hub/access/jwt.h"

#include <doctest/doctest.h>

#include "core/base64.h"
#include "tests/support/access_fixture.h"
#include "tests/support/cases.h"

namespace websub::tests {

namespace {

using nlohmann::json;

hub::SignedText SignedTextOf(const json& vector) {
  return {.algorithm = hub::ParseJwtAlgorithm(vector["algorithm"].get<std::string>()).value(),
          .key_id = std::nullopt,
          .text = vector["text"],
          .signature = DecodeBase64Url(vector["signature"].get<std::string>()).value()};
}

hub::JwkSet KeysOf(const json& keys) {
  json set;
  set["keys"] = keys;
  return hub::JwkSet::Parse(set.dump()).value();
}

const json& Made() {
  static const json made = json::parse(ReadData("hub/jwt.json"));
  return made;
}

}  // namespace

TEST_CASE("signatures of the examples of RFC 7515 and RFC 8037 are valid") {
  for (const json& vector : ReadCases("hub/jws.json")) {
    CAPTURE(vector["name"].get<std::string>());
    const hub::SignedText signed_text = SignedTextOf(vector);
    const auto keys = KeysOf(json::array({vector["key"]}));
    REQUIRE(keys.size() == 1);
    CHECK(keys.Check(signed_text) == hub::SignatureFit::kValid);
    for (std::size_t i = 0; i < signed_text.text.size(); ++i) {
      hub::SignedText changed = signed_text;
      changed.text[i] = static_cast<char>(changed.text[i] ^ 1);
      CHECK(keys.Check(changed) == hub::SignatureFit::kNoKey);
    }
    for (std::size_t i = 0; i < signed_text.signature.size(); ++i) {
      hub::SignedText changed = signed_text;
      changed.signature[i] = static_cast<char>(changed.signature[i] ^ 1);
      CHECK(keys.Check(changed) == hub::SignatureFit::kNoKey);
    }
    for (const auto other :
         {hub::JwtAlgorithm::kRs256, hub::JwtAlgorithm::kEs256, hub::JwtAlgorithm::kEdDsa}) {
      hub::SignedText changed = signed_text;
      changed.algorithm = other;
      CHECK((keys.Check(changed) == hub::SignatureFit::kValid) == (other == signed_text.algorithm));
    }
  }
}

TEST_CASE("tokens made by the openssl command are judged as the table says") {
  const std::string policy = Made()["policy"].dump();
  const std::string keys = Made()["jwks"].dump();
  for (const json& one : Made()["cases"]) {
    CAPTURE(one["name"].get<std::string>());
    AccessFixture fixture;
    fixture.act = ActNamed(one.value("act", "update_message"));
    fixture.Start(policy);
    const auto outcome = fixture.Ask("Bearer " + one["token"].get<std::string>());
    if (fixture.transport.open() > 0) fixture.transport.AnswerNext(Answer(200, keys));
    CHECK(fixture.transport.open() == 0);
    REQUIRE(outcome->answers == 1);
    CHECK(outcome->status == one["status"].get<int>());
    CHECK(outcome->identity == one.value("identity", ""));
    CHECK_MESSAGE(outcome->reason.find(one["reason"]) != std::string::npos, outcome->reason);
    if (outcome->status == 401) {
      CHECK(outcome->challenge ==
            "Bearer realm=\"websub\", error=\"invalid_token\", "
            "error_description=\"" +
                outcome->reason + "\"");
    }
    if (outcome->status == 403) {
      CHECK(outcome->challenge.starts_with(
          "Bearer realm=\"websub\", error=\"insufficient_scope\", scope=\""));
    }
  }
}

TEST_CASE("a token that was changed anywhere is refused") {
  for (const auto& [algorithm, made] : Made()["good"].items()) {
    CAPTURE(algorithm);
    const std::string token = made;
    const auto keys = hub::JwkSet::Parse(Made()["jwks"].dump()).value();
    const auto valid = [&keys](const std::string& text) {
      const auto jwt = hub::Jwt::Read(text);
      return jwt && keys.Check(jwt->signed_text()) == hub::SignatureFit::kValid;
    };
    CHECK(valid(token));
    for (std::size_t i = 0; i < token.size(); ++i) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      CHECK_FALSE(valid(changed));
      changed[i] = '.';
      if (token[i] != '.') CHECK_FALSE(valid(changed));
      CHECK_FALSE(valid(token.substr(0, i)));
    }
  }
}

TEST_CASE("a set of keys that is none is told from one without keys that fit") {
  CHECK_FALSE(hub::JwkSet::Parse(""));
  CHECK_FALSE(hub::JwkSet::Parse("[]"));
  CHECK_FALSE(hub::JwkSet::Parse("{}"));
  CHECK_FALSE(hub::JwkSet::Parse(R"({"keys":{}})"));
  CHECK_FALSE(hub::JwkSet::Parse(R"({"keys":[],"keys":[]})"));
  CHECK_FALSE(hub::JwkSet::Parse(std::string(hub::kMaxJwkSet + 1, ' ')));
  CHECK(hub::JwkSet::Parse(R"({"keys":[]})")->size() == 0);
  // RSA, P-256 and Ed25519; all others are left out.
  CHECK(hub::JwkSet::Parse(Made()["jwks"].dump())->size() == 3);
}

}  // namespace websub::tests
