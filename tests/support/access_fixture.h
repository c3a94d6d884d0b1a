// An AccessControl with a clock that stands still, a transport that the test answers, and hooks
// that say what the test wants.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hub/access/control.h"
#include "tests/support/fake_transport.h"
#include "tests/support/manual_clock.h"

namespace websub::tests {

class FakeHooks : public hub::Hooks {
 public:
  bool Wants(hub::HookEvent event) const override { return wanted.contains(event); }
  void Ask(hub::HookQuestion question, std::function<void(hub::HookAnswer)> done) override {
    asked.push_back({std::move(question), std::move(done)});
  }
  void Answer(hub::HookAnswer answer) {
    REQUIRE(!asked.empty());
    auto done = std::exchange(asked.back().second, nullptr);
    REQUIRE(done);
    done(std::move(answer));
  }

  std::set<hub::HookEvent> wanted;
  std::vector<std::pair<hub::HookQuestion, std::function<void(hub::HookAnswer)>>> asked;
};

// What became of one request.
struct Outcome {
  int answers = 0;
  int status = 0;  // 200: allowed
  std::string identity;
  std::string reason;
  std::string challenge;
  Duration retry_after{0};
  std::vector<std::string> hubs;
};

class AccessFixture {
 public:
  static hub::Policy PolicyOf(const std::string& text) {
    auto policy = hub::ParsePolicy(text, "");
    REQUIRE_MESSAGE(policy.has_value(), policy.error().message);
    return std::move(*policy);
  }

  hub::AccessParts Parts() {
    return {.issuers = transport,
            .clock = clock,
            .hooks = nullptr,
            .count = nullptr,
            .on_notice = [this](std::string notice) { notices.push_back(std::move(notice)); }};
  }
  void Start(const std::string& policy) { Start(PolicyOf(policy), Parts()); }
  void Start(std::optional<hub::Policy> policy, hub::AccessParts parts) {
    access = std::make_unique<hub::AccessControl>(std::move(policy), std::move(parts));
  }

  hub::AccessRequest Request(const std::string& authorization) const {
    hub::AccessRequest request;
    request.act = act;
    request.topic = topic;
    request.authorization = authorization;
    request.peer = "192.0.2.7:5000";
    request.now = clock.Now();
    return request;
  }
  // The outcome is filled in when the decision comes.
  std::shared_ptr<Outcome> Ask(const std::string& authorization) {
    auto outcome = std::make_shared<Outcome>();
    access->Ask(Request(authorization),
                [outcome](hub::Decision decision) { Fill(*outcome, std::move(decision)); });
    return outcome;
  }

  ManualClock clock;
  FakeTransport transport{clock};
  FakeHooks hooks;
  std::vector<std::string> notices;
  hub::Act act = hub::Act::kPublish;
  std::string topic = "https://example.com/a";
  std::unique_ptr<hub::AccessControl> access;

 private:
  static void Fill(Outcome& outcome, hub::Decision decision) {
    ++outcome.answers;
    if (auto* allowed = std::get_if<hub::Allowed>(&decision)) {
      outcome.status = 200;
      outcome.identity = allowed->identity;
    } else if (auto* refused = std::get_if<hub::Refused>(&decision)) {
      outcome.status = refused->status;
      outcome.identity = refused->identity;
      outcome.reason = refused->reason;
      outcome.challenge = refused->challenge;
      outcome.retry_after = refused->retry_after;
    } else {
      auto& elsewhere = std::get<hub::Elsewhere>(decision);
      outcome.status = elsewhere.status;
      outcome.identity = elsewhere.identity;
      outcome.hubs = elsewhere.hubs;
    }
  }
};

inline hub::Act ActNamed(const std::string& name) {
  for (int i = 0; i < 5; ++i) {
    if (Name(static_cast<hub::Act>(i)) == name) return static_cast<hub::Act>(i);
  }
  FAIL("no act: " << name);
  return hub::Act::kSubscribe;
}

}  // namespace websub::tests
