#include "hub/access/jwks.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/support/access_fixture.h"
#include "tests/support/cases.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const nlohmann::json& Made() {
  static const auto made = nlohmann::json::parse(ReadData("hub/jwt.json"));
  return made;
}
std::string Keys() {
  return Made()["jwks"].dump();
}
std::string NewKeys() {
  return Made()["jwks_rotated"].dump();
}

class Fetched : public AccessFixture {
 public:
  Fetched() { Start(Made()["policy"].dump()); }
  // Of the signature alone: the tokens' time is over long before the keys' is.
  hub::KeyVerdict Check(const std::string& token) {
    hub::KeyVerdict verdict = hub::KeyVerdict::kForged;
    bool answered = false;
    keys->Check(hub::Jwt::Read(token)->signed_text(), [&](hub::KeyVerdict given) {
      verdict = given;
      answered = true;
    });
    REQUIRE(answered);
    return verdict;
  }
  std::shared_ptr<std::optional<hub::KeyVerdict>> Begin(const std::string& token) {
    auto verdict = std::make_shared<std::optional<hub::KeyVerdict>>();
    keys->Check(hub::Jwt::Read(token)->signed_text(),
                [verdict](hub::KeyVerdict given) { *verdict = given; });
    return verdict;
  }
  // The first keys are there.
  void Fill(const std::vector<std::string>& fields = {}) {
    const auto verdict = Begin(old_token);
    transport.AnswerNext(Answer(200, Keys(), fields));
    REQUIRE(*verdict == hub::KeyVerdict::kValid);
  }

  const std::string old_token = Made()["good"]["ES256"];
  const std::string new_token = Made()["of_new_key"];
  const std::string new_token_unnamed = Made()["of_new_key_unnamed"];
  std::shared_ptr<hub::Jwks> keys =
      hub::MakeUrlJwks(Url::Parse("https://idp.example/keys?v=1").value(), transport, clock,
                       [this](std::string notice) { notices.push_back(std::move(notice)); });
};

}  // namespace

TEST_CASE_FIXTURE(Fetched, "keys are fetched once for all who wait") {
  const auto first = Begin(old_token);
  const auto second = Begin(old_token);
  const auto third = Begin(new_token);
  REQUIRE(transport.calls.size() == 1);
  CHECK(transport.calls[0].RequestLine() == "GET /keys?v=1 HTTP/1.1");
  CHECK(transport.calls[0].Field("Accept") == "application/jwk-set+json, application/json");
  CHECK_FALSE(first->has_value());
  transport.AnswerNext(Answer(200, Keys()));
  CHECK(*first == hub::KeyVerdict::kValid);
  CHECK(*second == hub::KeyVerdict::kValid);
  CHECK(*third == hub::KeyVerdict::kNoKey);
  CHECK(Check(old_token) == hub::KeyVerdict::kValid);
  CHECK(transport.calls.size() == 1);
}

TEST_CASE_FIXTURE(Fetched, "a key that is new works at once and unknown ones do not hammer") {
  Fill();
  const auto verdict = Begin(new_token);               // though the keys have come just now
  CHECK(Check(old_token) == hub::KeyVerdict::kValid);  // does not wait for the other's key
  transport.AnswerNext(Answer(200, NewKeys()));
  CHECK(*verdict == hub::KeyVerdict::kValid);
  for (int i = 0; i < 100; ++i) CHECK(Check(old_token) == hub::KeyVerdict::kNoKey);  // taken away
  clock.Advance(seconds(29));
  CHECK(Check(old_token) == hub::KeyVerdict::kNoKey);
  CHECK(transport.calls.size() == 2);
  clock.Advance(seconds(1));
  const auto later = Begin(old_token);
  transport.AnswerNext(Answer(200, NewKeys()));
  CHECK(*later == hub::KeyVerdict::kNoKey);
  CHECK(transport.calls.size() == 3);
}

TEST_CASE_FIXTURE(Fetched, "a token without the name of its key finds a new one too") {
  Fill();
  clock.Advance(seconds(30));
  const auto verdict = Begin(new_token_unnamed);
  transport.AnswerNext(Answer(200, NewKeys()));
  CHECK(*verdict == hub::KeyVerdict::kValid);
}

TEST_CASE_FIXTURE(Fetched,
                  "a key that nobody knows is no forgery while the issuer cannot be asked") {
  Fill();
  clock.Advance(seconds(30));
  const auto verdict = Begin(new_token);
  transport.AnswerNext(Broken(Fault::kReset));
  CHECK(*verdict == hub::KeyVerdict::kUnavailable);
  CHECK(Check(old_token) == hub::KeyVerdict::kValid);
}

TEST_CASE_FIXTURE(Fetched, "keys are kept as long as the answer says within bounds") {
  const std::pair<std::string, Duration> cases[] = {
      {"X: y", minutes(10)},
      {"Cache-Control: public, max-age=1200", minutes(20)},
      {"Cache-Control: Max-Age=1200", minutes(20)},
      {"Cache-Control: max-age=5", seconds(60)},
      {"Cache-Control: no-store", seconds(60)},
      {"Cache-Control: max-age=99999999999999999999", hours(24)},
      {"Cache-Control: max-age=x", seconds(60)},
  };
  for (const auto& [field, age] : cases) {
    CAPTURE(field);
    Fetched fixture;
    fixture.Fill({field});
    fixture.clock.Advance(age * 3 / 4 - seconds(1));
    CHECK(fixture.Check(fixture.old_token) == hub::KeyVerdict::kValid);
    CHECK(fixture.transport.open() == 0);
    fixture.clock.Advance(age / 4);
    CHECK(fixture.Check(fixture.old_token) == hub::KeyVerdict::kValid);
    CHECK(fixture.transport.open() == 1);  // ahead of the end, and nobody waits for it
    fixture.clock.Advance(seconds(1));
    const auto verdict = fixture.Begin(fixture.old_token);
    CHECK_FALSE(verdict->has_value());  // now it is too old
    fixture.transport.AnswerNext(Answer(200, NewKeys()));
    CHECK(*verdict == hub::KeyVerdict::kNoKey);
  }
}

TEST_CASE_FIXTURE(Fetched, "old keys stand in for an issuer that fails and not for ever") {
  Fill();
  clock.Advance(hours(1));
  const auto verdict = Begin(old_token);
  CHECK_FALSE(verdict->has_value());
  transport.AnswerNext(Broken(Fault::kRefused));
  CHECK(*verdict == hub::KeyVerdict::kValid);
  REQUIRE(notices.size() == 1);
  CHECK(notices[0] ==
        "the keys at https://idp.example/keys?v=1 cannot be fetched: connection refused");
  CHECK(Check(old_token) == hub::KeyVerdict::kValid);
  CHECK(Check(new_token) == hub::KeyVerdict::kUnavailable);  // nobody knows
  CHECK(transport.open() == 0);
  clock.Advance(seconds(30));
  CHECK(Check(old_token) == hub::KeyVerdict::kValid);  // asked again, and nobody waits
  transport.AnswerNext(Answer(500));
  CHECK(notices.size() == 1);
  clock.Advance(hours(23) - seconds(31));
  CHECK(Check(old_token) == hub::KeyVerdict::kValid);
  transport.AnswerNext(Answer(200, "<html>"));
  clock.Advance(seconds(1));
  CHECK(Check(old_token) == hub::KeyVerdict::kUnavailable);
  clock.Advance(seconds(29));
  const auto last = Begin(old_token);
  transport.AnswerNext(Answer(200, Keys()));
  CHECK(*last == hub::KeyVerdict::kValid);
  REQUIRE(notices.size() == 2);
  CHECK(notices[1] == "the keys at https://idp.example/keys?v=1 can be fetched again");
}

TEST_CASE_FIXTURE(Fetched, "answers that hold no keys are failures") {
  const hub::OutgoingResult answers[] = {
      Broken(Fault::kTls, "the certificate has expired"),
      Answer(404),
      Answer(302, "", {"Location: https://evil.example/"}),
      Answer(200, "{}"),
      Answer(200, ""),
      [] {
        auto cut = Answer(200, Keys());
        cut.body_cut = true;
        return cut;
      }(),
  };
  for (const auto& answer : answers) {
    Fetched fixture;
    const auto verdict = fixture.Begin(fixture.old_token);
    fixture.transport.AnswerNext(answer);
    CHECK(*verdict == hub::KeyVerdict::kUnavailable);
    CHECK(fixture.notices.size() == 1);
    CHECK(fixture.Check(fixture.old_token) == hub::KeyVerdict::kUnavailable);
    CHECK(fixture.transport.open() == 0);  // not asked again at once
    fixture.clock.Advance(seconds(5));
    CHECK_FALSE(fixture.Begin(fixture.old_token)->has_value());
    CHECK(fixture.transport.open() == 1);
  }
}

TEST_CASE_FIXTURE(Fetched, "no more than so many wait") {
  std::vector<std::shared_ptr<std::optional<hub::KeyVerdict>>> waiting;
  for (int i = 0; i < 256; ++i) waiting.push_back(Begin(old_token));
  CHECK(Check(old_token) == hub::KeyVerdict::kUnavailable);
  transport.AnswerNext(Answer(200, Keys()));
  for (const auto& verdict : waiting) CHECK(*verdict == hub::KeyVerdict::kValid);
}

TEST_CASE_FIXTURE(Fetched, "a clock that is set back makes no key last longer") {
  Fill();
  clock.Advance(-hours(48));
  const auto verdict = Begin(old_token);
  CHECK_FALSE(verdict->has_value());
  transport.AnswerNext(Answer(200, NewKeys()));
  CHECK(*verdict == hub::KeyVerdict::kNoKey);
}

TEST_CASE_FIXTURE(Fetched, "a request waits for its issuer and is told to come again") {
  const auto outcome = Ask("Bearer " + old_token);
  CHECK(outcome->answers == 0);
  transport.AnswerNext(Broken(Fault::kDns, "idp.example has no address"));
  CHECK(outcome->answers == 1);
  CHECK(outcome->status == 503);
  CHECK(outcome->retry_after == seconds(5));
  CHECK(notices.size() == 1);
}

TEST_CASE_FIXTURE(Fetched, "who waits is answered though the policy is replaced and keys stay") {
  const auto outcome = Ask("Bearer " + old_token);
  access->Replace(PolicyOf(R"({"tokens":[]})"));
  transport.AnswerNext(Answer(200, Keys()));
  CHECK(outcome->status == 200);
  CHECK(Ask("Bearer " + old_token)->status == 401);

  access->Replace(PolicyOf(Made()["policy"].dump()));
  const auto second = Ask("Bearer " + old_token);
  transport.AnswerNext(Answer(200, Keys()));
  CHECK(second->status == 200);
  access->Replace(PolicyOf(Made()["policy"].dump()));
  CHECK(Ask("Bearer " + old_token)->status == 200);
  CHECK(transport.calls.size() == 2);
}

TEST_CASE_FIXTURE(Fetched, "keys in a file are read anew when it changes") {
  const TempDir dir;
  const auto file = dir.path() / "keys.json";
  keys = hub::MakeFileJwks(file, clock,
                           [this](std::string notice) { notices.push_back(std::move(notice)); });
  CHECK(Check(old_token) == hub::KeyVerdict::kUnavailable);
  CHECK(notices.size() == 1);
  std::ofstream(file) << Keys();
  clock.Advance(seconds(1));
  CHECK(Check(old_token) == hub::KeyVerdict::kValid);
  CHECK(Check(new_token) == hub::KeyVerdict::kNoKey);
  std::ofstream(file) << NewKeys();
  CHECK(Check(old_token) == hub::KeyVerdict::kValid);  // looked at within this second
  clock.Advance(seconds(1));
  CHECK(Check(old_token) == hub::KeyVerdict::kNoKey);
  CHECK(Check(new_token) == hub::KeyVerdict::kValid);
  std::ofstream(file) << "{";
  clock.Advance(seconds(1));
  CHECK(Check(new_token) == hub::KeyVerdict::kValid);  // better than none
  std::filesystem::remove(file);
  clock.Advance(seconds(1));
  CHECK(Check(new_token) == hub::KeyVerdict::kValid);
  CHECK(notices.size() == 3);
  CHECK(transport.calls.empty());
}

}  // namespace websub::tests
