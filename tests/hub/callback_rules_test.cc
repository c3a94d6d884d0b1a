#include "hub/delivery/callback_rules.h"

#include <doctest/doctest.h>

#include "hub/delivery/deliverer.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

bool Matches(const std::string& pattern, const std::string& callback) {
  const auto parsed = hub::CallbackPattern::Parse(pattern);
  REQUIRE_MESSAGE(parsed.has_value(), pattern);
  return parsed->Matches(callback);
}

}  // namespace

TEST_CASE("a star in a pattern stands for any text and all else for itself") {
  CHECK(Matches("*", "https://a.example/"));
  CHECK(Matches("http*", "https://a.example/"));
  CHECK(Matches("https://a.example/cb", "https://a.example/cb"));
  CHECK_FALSE(Matches("https://a.example/cb", "https://a.example/cb2"));
  CHECK_FALSE(Matches("https://a.example/cb", "https://a.example/c"));
  CHECK_FALSE(Matches("https://a.example/cb", "https://a.example/CB"));
  CHECK(Matches("https://a.example/*", "https://a.example/"));
  CHECK(Matches("https://a.example/*", "https://a.example/x?y=*"));
  CHECK_FALSE(Matches("https://a.example/*", "https://a.example.org/"));
  CHECK(Matches("*.example/*", "https://a.example/x"));
  CHECK(Matches("https://*/cb", "https://a.example/x/cb"));
  CHECK_FALSE(Matches("https://*/cb", "https://a.example/cb/x"));
  CHECK(Matches("https://*/a/*/b", "https://h/a/a/b/b"));
  CHECK_FALSE(Matches("https://*/a/*/b", "https://h/a/b"));
  CHECK(Matches("https://h/*?token=*", "https://h/cb?token="));
  CHECK(Matches("https://h/**", "https://h/"));
  // The start and the end may not be the same bytes.
  CHECK_FALSE(Matches("https://h/ab*ba", "https://h/aba"));
  CHECK(Matches("https://h/ab*ba", "https://h/abba"));
}

TEST_CASE("a pattern that no callback can match is refused") {
  for (const char* text : {"", "ftp://a/*", "a.example/*", "/cb", "httpx*", "https:/a*"}) {
    CAPTURE(text);
    CHECK_FALSE(hub::CallbackPattern::Parse(text).has_value());
  }
}

TEST_CASE("the first rule that matches counts") {
  hub::CallbackRules rules;
  CHECK_FALSE(rules.AlgorithmFor("https://a.example/").has_value());
  REQUIRE(rules.AddAlgorithm("https://a.example/old/*=sha1"));
  REQUIRE(rules.AddAlgorithm("https://a.example/*?x=1=SHA512"));
  REQUIRE(rules.AddAlgorithm("https://a.example/*=sha384"));
  CHECK(rules.AlgorithmFor("https://a.example/old/1?x=1") == SignatureAlgorithm::kSha1);
  CHECK(rules.AlgorithmFor("https://a.example/new?x=1") == SignatureAlgorithm::kSha512);
  CHECK(rules.AlgorithmFor("https://a.example/new") == SignatureAlgorithm::kSha384);
  CHECK_FALSE(rules.AlgorithmFor("https://b.example/").has_value());
}

TEST_CASE("a content type and a URL may both hold an equals sign") {
  hub::CallbackRules rules;
  REQUIRE(rules.AddContentType("https://a.example/cb?id=*=text/plain; charset=utf-8"));
  REQUIRE(rules.AddContentType("https://a.example/* = application/xml"));
  REQUIRE(rules.AddContentType("*=application/octet-stream"));
  CHECK(rules.ContentTypeFor("https://a.example/cb?id=7") == "text/plain; charset=utf-8");
  CHECK(rules.ContentTypeFor("https://a.example/cb") == "application/xml");
  CHECK(rules.ContentTypeFor("http://b.example/") == "application/octet-stream");
}

TEST_CASE("a rule that says nothing is refused with an example of one that does") {
  hub::CallbackRules rules;
  for (const char* text : {"", "=", "sha1", "https://a.example/*", "https://a.example/*=",
                           "https://a.example/*=md5", "https://a.example/*=sha1=", "cb=sha1"}) {
    CAPTURE(text);
    const auto added = rules.AddAlgorithm(text);
    REQUIRE_FALSE(added.has_value());
    CHECK(added.error().code == ErrorCode::kInvalid);
  }
  for (const char* text :
       {"", "https://a.example/*", "https://a.example/*=xml", "https://a.example/*=text/",
        "https://a.example/*=/plain", "https://a.example/*=*/*", "https://a.example/*=a b/c",
        "https://a.example/*=text/plain\r\nX: y", "cb=text/plain"}) {
    CAPTURE(text);
    CHECK_FALSE(rules.AddContentType(text).has_value());
  }
  CHECK_FALSE(rules.AlgorithmFor("https://a.example/").has_value());
  CHECK(rules.ContentTypeFor("https://a.example/").empty());
}

TEST_CASE_FIXTURE(HubRig, "a rule gives some callbacks another content type and signature") {
  const std::string kTopic = "https://t.example/feed";
  const std::string kOld = "https://old.example/cb";
  const std::string kNew = "https://new.example/cb";
  REQUIRE(delivery.rules.AddAlgorithm("https://old.example/*=sha1"));
  REQUIRE(delivery.rules.AddContentType("https://old.example/*=application/xml"));
  std::map<std::string, std::vector<std::string>> heads;
  peers = [&heads](const FakeTransport::Call& call) {
    heads[call.url()].push_back(call.request.head);
    return Answer(204);
  };
  Start();
  const auto old = Subscribe(kTopic, kOld, "s");
  Subscribe(kTopic, kNew, "s");
  PublishAndWake(kTopic, "<a/>");
  Keep();
  const auto has = [&heads](const std::string& callback, const std::string& line) {
    return heads[callback].back().find("\r\n" + line) != std::string::npos;
  };
  const std::string own = "Content-Type: " + store->NextMessage(old.topic_id, 0)->content_type;
  CHECK(has(kOld, "Content-Type: application/xml\r\n"));
  CHECK_FALSE(has(kOld, own));
  CHECK(has(kOld, "X-Hub-Signature: sha1="));
  CHECK(has(kNew, own + "\r\n"));
  CHECK(has(kNew, "X-Hub-Signature: sha256="));

  // What the subscriber wishes comes before what the operator says, for a lane that is under way
  // (HUB-REQ-07) and for a new one. Without a wish the rule is back.
  const auto renew = [&](std::optional<SignatureAlgorithm> wish) {
    const auto intent = Wait<hub::Intent>([&](auto done) {
      hub::NewIntent wanted = {Mode::kSubscribe, kTopic, kOld, "s", 3600s, clock.Now()};
      wanted.algorithm = wish;
      store->AddIntent(wanted, done);
    });
    REQUIRE(intent.has_value());
    const auto renewed = Confirm(intent->id);
    REQUIRE(renewed.has_value());
    deliverer->Renewed(*renewed);
  };
  const auto before = heads[kOld].size();
  PublishAndWake(kTopic, "<b/>");
  PublishAndWake(kTopic, "<c/>");
  Settle();
  renew(SignatureAlgorithm::kSha512);
  Keep();
  REQUIRE(heads[kOld].size() == before + 2);
  CHECK(heads[kOld][before].find("X-Hub-Signature: sha1=") != std::string::npos);
  CHECK(has(kOld, "X-Hub-Signature: sha512="));
  CHECK(has(kOld, "Content-Type: application/xml\r\n"));
  PublishAndWake(kTopic, "<d/>");
  Keep();
  CHECK(has(kOld, "X-Hub-Signature: sha512="));
  renew({});
  PublishAndWake(kTopic, "<e/>");
  Keep();
  CHECK(has(kOld, "X-Hub-Signature: sha1="));
}

}  // namespace websub::tests
