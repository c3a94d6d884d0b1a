#include "hub/access/policy.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/cases.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

namespace {

const std::string kHash = "sha256:" + std::string(64, 'a');
const std::string kJwt =
    R"("issuer":"https://idp","audience":"websub","jwks":"https://idp/keys","algorithms":["RS256"])";

std::string ErrorOf(const std::string& text) {
  const auto policy = hub::ParsePolicy(text, "");
  return policy ? "" : policy.error().message;
}
std::string TokenWith(const std::string& members) {
  return R"({"tokens":[{"identity":"alice","hash":")" + kHash + "\"" + members + "}]}";
}
std::string JwtWith(const std::string& members) {
  return "{\"jwt\":[{" + kJwt + members + "}]}";
}

void Write(const std::filesystem::path& file, const std::string& text, mode_t mode = 0600) {
  std::ofstream(file) << text;
  REQUIRE(chmod(file.c_str(), mode) == 0);
}

}  // namespace

TEST_CASE("an access file says where it is wrong and what to write") {
  const std::pair<std::string, std::string> cases[] = {
      {"", "it is no JSON"},
      {"[]", "write an object"},
      {"{}", "write at least one of tokens, basic, jwt"},
      {R"({"token":[]})", "token: there is no such member; write one of tokens, basic, jwt"},
      {R"({"tokens":[],"tokens":[]})", "it names the member \"tokens\" twice"},
      {R"({"tokens":{}})", "tokens: write a list of objects"},
      {R"({"tokens":[7]})", "tokens[0]: write an object"},
      {R"({"tokens":[{}]})", "tokens[0].identity: write who this is"},
      {R"({"tokens":[{"identity":"a\nb"}]})", "tokens[0].identity: write at most 256 bytes"},
      {R"({"tokens":[{"identity":"a"}]})", "tokens[0].hash: write sha256: and the 64 hex digits"},
      {R"({"tokens":[{"identity":"a","hash":"abc"}]})", "tokens[0].hash: write sha256:"},
      {R"({"tokens":[{"identity":"a","hash":"sha256:abc"}]})", "tokens[0].hash: write sha256:"},
      {R"({"tokens":[{"identity":"a","hash":"sha256:)" + std::string(64, 'g') + R"("}]})",
       "tokens[0].hash: write sha256:"},
      {R"({"tokens":[{"identity":"a","hash":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934)"
       R"(ca495991b7852b855"}]})",
       "tokens[0].hash: that is the hash of nothing"},
      {TokenWith(R"(,"topic":["x"])"), "tokens[0].topic: there is no such member"},
      {TokenWith(R"(,"modes":"publish")"), "tokens[0].modes: write a list of subscribe"},
      {TokenWith(R"(,"modes":[])"), "tokens[0].modes: write a list of subscribe"},
      {TokenWith(R"(,"modes":["publish","Publish"])"), "tokens[0].modes[1]: write subscribe"},
      {TokenWith(R"(,"topics":[])"), "tokens[0].topics: write a list of regular expressions"},
      {TokenWith(R"(,"topics":["a","b("])"), "tokens[0].topics[1]: missing ): b("},
      {TokenWith(R"(,"topics":[".{1000}{1000}"])"), "tokens[0].topics[0]: "},
      {TokenWith(R"(,"topics":[")" + std::string(1025, 'a') + "\"]"), "tokens[0].topics[0]: "},
      {R"({"basic":[{"user":"a:b","hash":")" + kHash + R"("}]})", "basic[0].user: write a name"},
      {R"({"basic":[{"identity":"a","hash":")" + kHash + R"("}]})", "basic[0].identity: there is"},
      {R"({"basic":[{"user":"a","hash":")" + kHash + R"("},{"user":"a","hash":")" + kHash +
           R"("}]})",
       "basic[1].user: another entry has that name already"},
      {R"({"tokens":[{"identity":"a","hash":")" + kHash + R"("},{"identity":"b","hash":")" + kHash +
           R"("}]})",
       "tokens[1].hash: another entry has that token already"},
      {R"({"jwt":[{}]})", "jwt[0].issuer: write"},
      {R"({"jwt":[{"issuer":"i"}]})", "jwt[0].audience: write"},
      {R"({"jwt":[{"issuer":"i","audience":"a"}]})", "jwt[0].jwks: write the https URL"},
      {R"({"jwt":[{"issuer":"i","audience":"a","jwks":"http://idp/keys"}]})",
       "jwt[0].jwks: write an https URL"},
      {R"({"jwt":[{"issuer":"i","audience":"a","jwks":"https://u:p@idp/keys"}]})",
       "jwt[0].jwks: write the URL without user"},
      {R"({"jwt":[{"issuer":"i","audience":"a","jwks":"ftp://idp/keys"}]})", "jwt[0].jwks: "},
      {R"({"jwt":[{"issuer":"i","audience":"a","jwks":"k"}]})",
       "jwt[0].algorithms: write a list of RS256, ES256, EdDSA"},
      {R"({"jwt":[{"issuer":"i","audience":"a","jwks":"k","algorithms":["HS256"]}]})",
       "jwt[0].algorithms[0]: write RS256, ES256 or EdDSA"},
      {R"({"jwt":[{"issuer":"i","audience":"a","jwks":"k","algorithms":["none"]}]})",
       "jwt[0].algorithms[0]: write"},
      {JwtWith(R"(,"leeway":60)"), "jwt[0].leeway: write a time"},
      {JwtWith(R"(,"leeway":"1d")"), "jwt[0].leeway: write a time up to 10 minutes"},
      {JwtWith(R"(,"topics_claim":"")"), "jwt[0].topics_claim: write the name of a claim"},
      {"{\"jwt\":[{" + kJwt + "},{" + kJwt + "}]}",
       "jwt[1]: another entry has that issuer and audience already"},
  };
  for (const auto& [text, message] : cases) {
    CAPTURE(text);
    const std::string error = ErrorOf(text);
    CHECK_MESSAGE(error.starts_with(message), error);
  }
}

TEST_CASE("an access file that says little allows what it does not name") {
  const auto policy = hub::ParsePolicy(TokenWith(""), "");
  REQUIRE(policy.has_value());
  const hub::Grant& grant = policy->tokens.begin()->second.grant;
  CHECK(grant.acts == hub::ActSet::All());
  CHECK(grant.MayUse("anything"));
  const auto jwt = hub::ParsePolicy(JwtWith(""), "");
  REQUIRE(jwt.has_value());
  CHECK(jwt->jwt[0].leeway == std::chrono::seconds(60));
  CHECK(jwt->jwt[0].identity_claim == "sub");
}

TEST_CASE("plain http is taken for keys on loopback only") {
  const std::string head =
      R"({"jwt":[{"issuer":"i","audience":"a","algorithms":["ES256"],"jwks":")";
  for (const char* url : {"http://localhost:9/k", "http://127.0.0.1/k", "http://[::1]/k"}) {
    CHECK(ErrorOf(head + url + "\"}]}").empty());
  }
  for (const char* url : {"http://10.0.0.1/k", "http://localhost.example/k"}) {
    CHECK_FALSE(ErrorOf(head + url + "\"}]}").empty());
  }
}

TEST_CASE("modes and scopes have the same meaning under each of their names") {
  for (const hub::Act act : {hub::Act::kSubscribe, hub::Act::kUnsubscribe, hub::Act::kPublish,
                             hub::Act::kRegister, hub::Act::kDeregister}) {
    CHECK(hub::ParseMode(hub::ScopeOf(act)) == act);
    CHECK(hub::ActsOfScope(hub::ScopeOf(act)).Has(act));
  }
  CHECK(hub::ParseMode("publish") == hub::Act::kPublish);
  CHECK(hub::ParseMode("content_update") == hub::Act::kPublish);
  CHECK_FALSE(hub::ParseMode("").has_value());
  CHECK(hub::ActsOfScope("subscribe").Has(hub::Act::kUnsubscribe));
  CHECK_FALSE(hub::ActsOfScope("unsubscribe").Has(hub::Act::kSubscribe));
  CHECK(hub::ActsOfScope("publish") == hub::ActSet::None());
}

TEST_CASE("expressions for topics match whole topics in time that grows with the topic only") {
  const auto patterns = hub::TopicPatterns::Compile({"(a*)*b", "https://e\\.example/[0-9]+"});
  REQUIRE(patterns.has_value());
  CHECK(patterns->Match("aab"));
  CHECK_FALSE(patterns->Match("aabc"));
  CHECK_FALSE(patterns->Match("xaab"));
  CHECK_FALSE(patterns->Match("aab\n"));
  CHECK(patterns->Match("https://e.example/12"));
  CHECK_FALSE(patterns->Match("https://e.example/"));
  CHECK_FALSE(patterns->Match(std::string(60'000, 'a')));  // a backtracking matcher would not end
  CHECK_FALSE(patterns->Match("\xff\xfe"));
  CHECK_FALSE(hub::TopicPatterns().Match(""));
  CHECK_FALSE(hub::TopicPatterns::Compile({})->Match(""));
}

TEST_CASE("an access file is read with the keys beside it") {
  const TempDir dir;
  const auto file = dir.path() / "auth.json";
  const auto keys = dir.path() / "keys.json";
  const std::string text =
      R"({"jwt":[{"issuer":"i","audience":"a","jwks":"keys.json","algorithms":["ES256"]}]})";
  CHECK(hub::ReadPolicyFile(file).error().message == file.string() + ": No such file or directory");
  Write(file, "{");
  CHECK(hub::ReadPolicyFile(file).error().message.starts_with(file.string() + ": it is no JSON"));
  CHECK(hub::ReadPolicyFile(dir.path()).error().message ==
        dir.path().string() + ": it is a folder");

  Write(file, text);
  CHECK(hub::ReadPolicyFile(file).error().message ==
        file.string() + ": jwt[0].jwks: " + keys.string() + ": No such file or directory");
  Write(keys, R"({"keys":[]})");
  CHECK(hub::ReadPolicyFile(file).error().message == file.string() +
                                                         ": jwt[0].jwks: " + keys.string() +
                                                         ": it holds no RSA, P-256 or Ed25519 key");
  Write(keys, nlohmann::json::parse(ReadData("hub/jwt.json"))["jwks"].dump());
  const auto read = hub::ReadPolicyFile(file);
  REQUIRE(read.has_value());
  CHECK(read->policy.jwt[0].jwks == keys.string());
  CHECK(read->warning.empty());
  Write(file, text, 0640);
  CHECK(hub::ReadPolicyFile(file)->warning.empty());
  Write(file, text, 0644);
  CHECK(hub::ReadPolicyFile(file)->warning ==
        file.string() + ": everybody on this machine may read it; chmod o-rwx it");
  Write(file, text, 0602);
  CHECK(hub::ReadPolicyFile(file)->warning ==
        file.string() + ": everybody on this machine may change it; chmod o-rwx it");
}

}  // namespace websub::tests
