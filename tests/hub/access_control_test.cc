#include "hub/access/control.h"

#include <doctest/doctest.h>

#include "tests/support/access_fixture.h"
#include "tests/support/cases.h"

namespace websub::tests {

namespace {

using nlohmann::json;

const std::string kAlice = "Bearer alice-token-0123456789abcdef";
const std::string kBob = "Basic Ym9iOnBhc3M6d29yZDrDvC0wMTIzNDU2Nzg5";
const std::string kCarol = "Bearer carol-token-0123456789abcdef";

const json& Table() {
  static const json table = json::parse(ReadData("hub/access.json"));
  return table;
}

class Controlled : public AccessFixture {
 public:
  Controlled() { Start(Table()["policy"].dump()); }
  void StartWithHooks(std::optional<hub::Policy> policy) {
    hub::AccessParts parts = Parts();
    parts.hooks = &hooks;
    for (int i = 0; i < 9; ++i) hooks.wanted.insert(static_cast<hub::HookEvent>(i));
    Start(std::move(policy), std::move(parts));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Controlled, "each identity may do what the table says and nothing else") {
  for (const auto& [identity, by_topic] : Table()["allowed"].items()) {
    const bool by_token = Table()["tokens"].contains(identity);
    const std::string authorization =
        by_token ? "Bearer " + Table()["tokens"][identity].get<std::string>() : kBob;
    for (const auto& [its_topic, allowed] : by_topic.items()) {
      for (std::size_t i = 0; i < 5; ++i) {
        CAPTURE(identity);
        CAPTURE(its_topic);
        CAPTURE(i);
        act = ActNamed(Table()["acts"][i]);
        topic = its_topic;
        const auto outcome = Ask(authorization);
        REQUIRE(outcome->answers == 1);
        CHECK(outcome->status == (allowed.get<std::string>()[i] == '1' ? 200 : 403));
        CHECK(outcome->identity == identity);
        CHECK(outcome->reason.find("-token-") == std::string::npos);
      }
    }
  }
}

TEST_CASE_FIXTURE(Controlled, "whoever does not say who he is is told how to") {
  for (const json& one : Table()["unknown"]) {
    CAPTURE(one["name"].get<std::string>());
    const auto outcome = Ask(one["authorization"]);
    CHECK(outcome->status == 401);
    CHECK(outcome->challenge == one["challenge"].get<std::string>());
    CHECK(outcome->identity.empty());
    CHECK_FALSE(outcome->reason.empty());
  }
  const auto outcome = Ask("Bearer " + std::string(9000, 'a'));
  CHECK(outcome->status == 401);
}

TEST_CASE_FIXTURE(Controlled, "the scheme is taken in any case and the token only as it is") {
  CHECK(Ask("bearer alice-token-0123456789abcdef")->status == 200);
  CHECK(Ask("BEARER  alice-token-0123456789abcdef ")->status == 200);
  CHECK(Ask("Bearer ALICE-token-0123456789abcdef")->status == 401);
  topic = "https://bob.example/b";
  CHECK(Ask("bAsIc Ym9iOnBhc3M6d29yZDrDvC0wMTIzNDU2Nzg5")->status == 200);
}

TEST_CASE_FIXTURE(Controlled, "a refusal says what lacks") {
  act = hub::Act::kRegister;
  auto outcome = Ask(kCarol);
  CHECK(outcome->reason == "the token of carol may not register topics");
  CHECK(outcome->challenge ==
        "Bearer realm=\"websub\", error=\"insufficient_scope\", scope=\"register_topic\"");
  act = hub::Act::kSubscribe;
  topic = "https://other.example/";
  CHECK(Ask(kCarol)->reason == "the token of carol may not subscribe to this topic");
  outcome = Ask(kBob);
  CHECK(outcome->reason == "bob may not subscribe");
  CHECK(outcome->challenge.empty());
}

TEST_CASE_FIXTURE(Controlled, "only the schemes of the policy are named") {
  const std::string hash = "sha256:" + std::string(64, '1');
  Start(R"({"basic":[{"user":"u","hash":")" + hash + R"("}]})");
  CHECK(Ask("")->challenge == "Basic realm=\"websub\", charset=\"UTF-8\"");
  CHECK(Ask(kAlice)->challenge == "Basic realm=\"websub\", charset=\"UTF-8\"");
  Start(R"({"tokens":[{"identity":"u","hash":")" + hash + R"("}]})");
  CHECK(Ask("")->challenge == "Bearer realm=\"websub\"");
}

TEST_CASE_FIXTURE(Controlled, "a policy that is replaced holds at once") {
  CHECK(Ask(kAlice)->status == 200);
  access->Replace(PolicyOf(R"({"tokens":[]})"));
  CHECK(Ask(kAlice)->status == 401);
  access->Replace(PolicyOf(Table()["policy"].dump()));
  CHECK(Ask(kAlice)->status == 200);
}

TEST_CASE_FIXTURE(Controlled, "without a policy everybody may do everything as nobody") {
  Start(std::nullopt, Parts());
  for (const std::string& authorization : {std::string(), kAlice, std::string("nonsense")}) {
    const auto outcome = Ask(authorization);
    CHECK(outcome->status == 200);
    CHECK(outcome->identity.empty());
  }
}

TEST_CASE_FIXTURE(Controlled, "the requests of an identity are counted once it is known") {
  std::vector<std::string> counted;
  hub::AccessParts parts = Parts();
  parts.count = [&counted](const std::string& identity, Time) {
    counted.push_back(identity);
    return identity == "bob" ? Duration(std::chrono::seconds(7)) : Duration(0);
  };
  Start(PolicyOf(Table()["policy"].dump()), parts);
  CHECK(Ask("Bearer wrong")->status == 401);
  CHECK(Ask(kAlice)->status == 200);
  topic = "https://other.example/";
  CHECK(Ask(kCarol)->status == 403);
  const auto outcome = Ask(kBob);
  CHECK(outcome->status == 429);
  CHECK(outcome->retry_after == std::chrono::seconds(7));
  CHECK(outcome->identity == "bob");
  CHECK(counted == std::vector<std::string>{"alice", "carol", "bob"});
  Start(std::nullopt, parts);
  CHECK(Ask("")->status == 200);
  CHECK(counted.size() == 3);
}

TEST_CASE_FIXTURE(Controlled, "a hook is asked what the policy allows and told no credentials") {
  StartWithHooks(PolicyOf(Table()["policy"].dump()));
  CHECK(Ask("")->status == 401);
  CHECK(hooks.asked.empty());
  const auto outcome = Ask(kAlice);
  CHECK(outcome->answers == 0);
  REQUIRE(hooks.asked.size() == 1);
  const hub::HookQuestion& question = hooks.asked[0].first;
  CHECK(question.event == hub::HookEvent::kUpdateMessage);
  CHECK(question.topic == topic);
  CHECK(question.identity == "alice");
  CHECK(question.peer == "192.0.2.7:5000");
  CHECK(question.authorization.empty());
  CHECK(question.now == clock.Now());
  hooks.Answer(hub::HookAccept{.identity = "mallory", .topics = {}});
  CHECK(outcome->answers == 1);
  CHECK(outcome->status == 200);
  CHECK(outcome->identity == "alice");  // the policy says who it is
}

TEST_CASE_FIXTURE(Controlled, "each act is another event of the hook") {
  StartWithHooks(std::nullopt);
  const std::pair<hub::Act, hub::HookEvent> events[] = {
      {hub::Act::kSubscribe, hub::HookEvent::kSubscription},
      {hub::Act::kUnsubscribe, hub::HookEvent::kUnsubscription},
      {hub::Act::kPublish, hub::HookEvent::kUpdateMessage},
      {hub::Act::kRegister, hub::HookEvent::kRegisterTopic},
      {hub::Act::kDeregister, hub::HookEvent::kDeregisterTopic}};
  for (const auto& [its_act, event] : events) {
    act = its_act;
    Ask("");
    CHECK(hooks.asked.back().first.event == event);
  }
  hooks.wanted.clear();
  CHECK(Ask("")->status == 200);
  CHECK(hooks.asked.size() == 5);
}

TEST_CASE_FIXTURE(Controlled,
                  "a hook without a policy may say who asks and which topics he may use") {
  StartWithHooks(std::nullopt);
  auto outcome = Ask(kAlice);
  CHECK(hooks.asked.back().first.authorization == kAlice);
  hooks.Answer(hub::HookAccept{.identity = "zoe", .topics = {{"x", "https://example\\.com/.*"}}});
  CHECK(outcome->status == 200);
  CHECK(outcome->identity == "zoe");

  outcome = Ask(kAlice);
  hooks.Answer(hub::HookAccept{.identity = "zoe", .topics = {{"https://example\\.com/"}}});
  CHECK(outcome->status == 403);
  CHECK(outcome->identity == "zoe");
  CHECK(outcome->reason == "zoe may not publish to this topic");

  outcome = Ask(kAlice);
  hooks.Answer(hub::HookAccept{.identity = {}, .topics = {std::vector<std::string>()}});
  CHECK(outcome->status == 403);
  CHECK(outcome->identity.empty());
  CHECK(outcome->reason == "you may not publish to this topic");
}

TEST_CASE_FIXTURE(Controlled, "an identity that a hook gives is counted too") {
  hub::AccessParts parts = Parts();
  parts.hooks = &hooks;
  parts.count = [](const std::string&, Time) { return Duration(std::chrono::seconds(3)); };
  hooks.wanted.insert(hub::HookEvent::kUpdateMessage);
  Start(std::nullopt, parts);
  const auto outcome = Ask("");
  hooks.Answer(hub::HookAccept{.identity = "zoe", .topics = {}});
  CHECK(outcome->status == 429);
}

TEST_CASE_FIXTURE(Controlled, "a hook denies with a status of its own or sends elsewhere") {
  StartWithHooks(PolicyOf(Table()["policy"].dump()));
  auto outcome = Ask(kAlice);
  hooks.Answer(hub::HookDeny{.status = 409, .reason = "not today"});
  CHECK(outcome->status == 409);
  CHECK(outcome->reason == "not today");
  CHECK(outcome->identity == "alice");
  CHECK(outcome->challenge.empty());

  outcome = Ask(kAlice);
  hooks.Answer(hub::HookDeny{.status = 200, .reason = "no"});
  CHECK(outcome->status == 403);

  outcome = Ask(kAlice);
  hooks.Answer(hub::HookDeny{.status = 401, .reason = "who?"});
  CHECK(outcome->status == 401);
  CHECK(outcome->challenge.starts_with("Bearer realm=\"websub\""));

  outcome = Ask(kAlice);
  hooks.Answer(hub::HookRedirect{.status = 308, .hubs = {"https://h.example/", "https://i/"}});
  CHECK(outcome->status == 308);
  CHECK(outcome->hubs == std::vector<std::string>{"https://h.example/", "https://i/"});
}

TEST_CASE_FIXTURE(Controlled, "what fails in a hook is told to the operator and not to the peer") {
  StartWithHooks(std::nullopt);
  const hub::HookAnswer faults[] = {
      hub::HookFault{.reason = "exit status 7 of secret-program"},
      hub::HookAccept{.identity = {}, .topics = {{"secret("}}},
      hub::HookAccept{.identity = "secret\r\n", .topics = {}},
      hub::HookAccept{.identity = "", .topics = {}},
  };
  for (const auto& fault : faults) {
    notices.clear();
    const auto outcome = Ask("");
    hooks.Answer(fault);
    CHECK(outcome->status == 500);
    CHECK(outcome->reason == "the hub's hook failed");
    CHECK(notices.size() == 1);
  }
}

}  // namespace websub::tests
