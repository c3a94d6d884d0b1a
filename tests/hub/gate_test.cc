#include "hub/gate.h"

#include <doctest/doctest.h>

#include "tests/support/manual_clock.h"

namespace websub::hub {
namespace {

struct Door {
  tests::ManualClock clock;
  std::vector<std::string> notices;
  Gate gate;

  explicit Door(GateOptions options)
      : gate(std::move(options), clock, [this](const std::string& sentence, const std::string&) {
          notices.push_back(sentence);
        }) {}

  std::optional<http::Response> Ask(const std::string& method, const std::string& target,
                                    const std::string& peer = "192.0.2.1:1234") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.peer = peer;
    return gate.Refuse(request);
  }
};

GateOptions Twice() {
  GateOptions options;
  options.per_address = Rate{2, std::chrono::minutes(1)};
  return options;
}

TEST_CASE("without a limit everybody passes") {
  Door door({});
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(door.Ask("POST", "/hub"));
}

TEST_CASE("whoever asks too often is told when to come again") {
  Door door(Twice());
  CHECK_FALSE(door.Ask("POST", "/hub"));
  CHECK_FALSE(door.Ask("POST", "/hub?hub.mode=publish", "192.0.2.1:99"));
  const auto refused = door.Ask("POST", "/hub");
  REQUIRE(refused);
  CHECK(refused->status == 429);
  CHECK(refused->body == "too many requests from 192.0.2.1: at most 2/m; try again in 30 s\n");
  const http::Fields wanted = {{"Content-Type", "text/plain; charset=utf-8"},
                               {"Retry-After", "30"}};
  CHECK(refused->fields == wanted);
  CHECK_FALSE(door.Ask("POST", "/hub", "192.0.2.2:1234"));
  door.clock.Advance(std::chrono::seconds(30));
  CHECK_FALSE(door.Ask("POST", "/hub"));
  CHECK(door.Ask("POST", "/hub"));
}

TEST_CASE("the limit is for what costs something") {
  struct Case {
    const char *method, *target;
    bool costs;
  };
  for (const Case& each :
       {Case{"POST", "/hub", true}, Case{"PUT", "/topics/a", true},
        Case{"GET", "/api/v1/status", true}, Case{"POST", "/api/v1/exchanges/1/resend", true},
        Case{"GET", "/topics/a", false}, Case{"HEAD", "/topics/a", false},
        Case{"GET", "/livez", false}, Case{"GET", "/readyz", false}, Case{"GET", "/metrics", false},
        Case{"GET", "/", false}}) {
    Door door(Twice());
    CAPTURE(each.target);
    bool refused = false;
    for (int i = 0; i < 3; ++i) refused = door.Ask(each.method, each.target).has_value();
    CHECK(refused == each.costs);
  }
}

TEST_CASE("a flood is noticed now and then") {
  Door door(Twice());
  for (int i = 0; i < 1000; ++i) door.Ask("POST", "/hub");
  CHECK(door.notices.size() == 1);
  CHECK(door.notices[0] == "too many requests from 192.0.2.1, beyond 2/m: answered 429");
  for (int i = 0; i < 3; ++i) door.Ask("POST", "/hub", "[2001:db8::1]:80");
  CHECK(door.notices.size() == 2);
  door.clock.Advance(std::chrono::seconds(10));
  for (int i = 0; i < 1000; ++i) door.Ask("POST", "/hub");
  CHECK(door.notices.size() == 3);
}

TEST_CASE("behind a trusted proxy the limit is for who is behind it") {
  GateOptions options = Twice();
  options.trusted_proxies = {*AddressRange::Parse("10.0.0.0/8")};
  Door door(options);
  const auto ask = [&](const std::string& client) {
    http::Request request;
    request.method = "POST";
    request.target = "/hub";
    request.peer = "10.0.0.1:80";
    request.fields = {{"X-Forwarded-For", client}};
    const bool refused = door.gate.Refuse(request).has_value();
    CHECK(request.peer == client);
    return refused;
  };
  for (int i = 0; i < 2; ++i) CHECK_FALSE(ask("198.51.100.1"));
  CHECK(ask("198.51.100.1"));
  CHECK_FALSE(ask("198.51.100.2"));
}

TEST_CASE("the addresses of one IPv6 network share a limit") {
  Door door(Twice());
  CHECK_FALSE(door.Ask("POST", "/hub", "[2001:db8::1]:80"));
  CHECK_FALSE(door.Ask("POST", "/hub", "[2001:db8::2]:80"));
  CHECK(door.Ask("POST", "/hub", "[2001:db8::3]:80"));
  CHECK_FALSE(door.Ask("POST", "/hub", "[2001:db8:0:1::3]:80"));
}

}  // namespace
}  // namespace websub::hub
