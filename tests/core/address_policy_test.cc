#include "core/address_policy.h"

#include <doctest/doctest.h>

#include "tests/support/cases.h"

namespace websub {
namespace {

AddressRules Rules(const std::vector<std::string>& allowed = {}) {
  AddressRules rules;
  for (const std::string& text : allowed) {
    const auto host = AllowedHost::Parse(text);
    REQUIRE_MESSAGE(host.has_value(), text);
    rules.allowed.push_back(*host);
  }
  rules.flag = "--allow-callback";
  return rules;
}

// The policies of a hub: --allow-private never on a public address, auto on loopback, always on a
// public address, and never with some ranges and names allowed.
AddressPolicy Named(const std::string& name) {
  AddressRules rules = name == "allow" ? Rules({"127.0.0.0/8", "10.0.0.0/8", "fd00::/8",
                                                "192.168.1.7", "hub.internal", "*.corp.example"})
                                       : Rules();
  rules.allow_private = name == "auto" || name == "always";
  rules.guard_ports = name != "auto";
  return AddressPolicy(std::move(rules));
}

std::string Refusal(const Result<void>& judged) {
  return judged ? "" : judged.error().message;
}

TEST_CASE("every spelling of an address is judged for what it is") {
  for (const auto& row : tests::ReadCases("core/addresses.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto url = Url::Parse(row["url"].get<std::string>());
    const std::string parse = row["parse"];
    if (parse != "ok") {
      REQUIRE_FALSE(url.has_value());
      CHECK_MESSAGE(url.error().message.find(parse) != std::string::npos, url.error().message);
      continue;
    }
    REQUIRE_MESSAGE(url.has_value(), url.error().message);
    for (const std::string which : {"never", "auto", "always", "allow"}) {
      CAPTURE(which);
      const std::string verdict = row[which];
      const AddressPolicy policy = Named(which);
      const std::string refusal = Refusal(policy.CheckUrl(*url));
      const bool is_literal = ClassifyAddress(url->host()).has_value();
      if (verdict == "ok" || verdict == "name") {
        CHECK(refusal == "");
        CHECK(is_literal == (verdict == "ok"));
      } else {
        CHECK_MESSAGE(refusal.find(verdict) != std::string::npos, refusal);
      }
      // The last word is the same for a literal, but for how the URL is written.
      if (is_literal && url->userinfo().empty()) {
        CHECK(Refusal(policy.CheckConnect(url->host(), url->host(), url->port())) == refusal);
      }
    }
  }
}

TEST_CASE("a name is judged by the address that it led to") {
  const AddressPolicy policy = Named("allow");
  CHECK(policy.CheckConnect("example.com", "8.8.8.8", 80).has_value());
  CHECK(policy.CheckConnect("example.com", "10.1.2.3", 80).has_value());
  CHECK(Refusal(policy.CheckConnect("example.com", "192.168.1.8", 80)) ==
        "example.com leads to 192.168.1.8, a private address, which this hub does not call "
        "(--allow-callback can allow it)");
  CHECK(Refusal(policy.CheckConnect("example.com", "fe80::1%eth0", 80)) ==
        "example.com leads to fe80::1%eth0, a link-local address, which this hub does not call "
        "(--allow-callback can allow it)");
  CHECK(Refusal(policy.CheckConnect("192.168.1.8", "192.168.1.8", 80)) ==
        "192.168.1.8 is a private address, which this hub does not call (--allow-callback can "
        "allow it)");
  CHECK(Refusal(policy.CheckConnect("example.com", "::ffff:192.168.1.8", 80)).find("private") !=
        std::string::npos);
  CHECK(Refusal(policy.CheckConnect("example.com", "nonsense", 80)) ==
        "\"nonsense\" is no address that can be judged");
  CHECK(Refusal(Named("always").CheckConnect("example.com", "", 80)) != "");
}

TEST_CASE("a name that is allowed may lead anywhere") {
  const AddressPolicy policy = Named("allow");
  for (const std::string host :
       {"hub.internal", "hub.internal.", "a.corp.example", "a.b.corp.example"}) {
    CAPTURE(host);
    CHECK(policy.CheckConnect(host, "192.168.9.9", 80).has_value());
    CHECK(policy.CheckConnect(host, "169.254.169.254", 80).has_value());
    CHECK_FALSE(policy.CheckConnect(host, "192.168.9.9", 25).has_value());
  }
  for (const std::string host : {"internal", "a.hub.internal", "corp.example", ".corp.example",
                                 "xcorp.example", "hub.internal.example", "", "."}) {
    CAPTURE(host);
    CHECK_FALSE(policy.CheckConnect(host, "192.168.9.9", 80).has_value());
  }
}

TEST_CASE("localhost is taken early once loopback or its name is allowed") {
  const auto url = *Url::Parse("http://localhost:3000/");
  for (const std::string allowed : {"127.0.0.1", "::1", "127.0.0.0/8", "localhost", "localhost."}) {
    CAPTURE(allowed);
    CHECK(AddressPolicy(Rules({allowed})).CheckUrl(url).has_value());
  }
  for (const std::string allowed : {"10.0.0.0/8", "127.0.0.2", "*.localhost"}) {
    CAPTURE(allowed);
    const auto judged = AddressPolicy(Rules({allowed})).CheckUrl(url);
    REQUIRE_FALSE(judged.has_value());
    CHECK(judged.error().code == ErrorCode::kForbidden);
    CHECK(judged.error().message ==
          "localhost leads to a loopback address, which this hub does not call (--allow-callback "
          "can allow it)");
  }
}

TEST_CASE("what is written wrongly is invalid and what is not allowed is forbidden") {
  const AddressPolicy policy = Named("never");
  const auto code = [&](const std::string& url) {
    return policy.CheckUrl(*Url::Parse(url)).error().code;
  };
  CHECK(code("http://127.1/") == ErrorCode::kInvalid);
  CHECK(code("http://u:p@example.com/") == ErrorCode::kInvalid);
  CHECK(code("http://127.0.0.1/") == ErrorCode::kForbidden);
  CHECK(code("http://example.com:22/") == ErrorCode::kForbidden);
}

TEST_CASE("credentials are taken where they are allowed") {
  AddressRules rules = Rules();
  rules.allow_credentials = true;
  const AddressPolicy policy(rules);
  CHECK(policy.CheckUrl(*Url::Parse("http://u:p@example.com/")).has_value());
  CHECK_FALSE(policy.CheckUrl(*Url::Parse("http://u:p@127.0.0.1/")).has_value());
}

TEST_CASE("listed ports are the only ones and may be guarded ones") {
  const auto ports = ParsePortList("22,80,8000-8999");
  REQUIRE(ports.has_value());
  AddressRules rules = Rules();
  rules.ports = *ports;
  const AddressPolicy policy(rules);
  for (const int port : {22, 80, 8000, 8500, 8999}) {
    CHECK(policy.CheckConnect("a.example", "8.8.8.8", static_cast<std::uint16_t>(port)));
  }
  for (const int port : {1, 21, 23, 79, 81, 443, 7999, 9000, 65535}) {
    CHECK_FALSE(policy.CheckConnect("a.example", "8.8.8.8", static_cast<std::uint16_t>(port)));
  }
}

TEST_CASE("reads lists of ports") {
  using List = PortList;
  CHECK(ParsePortList("80") == List{{80, 80}});
  CHECK(ParsePortList("1-65535") == List{{1, 65535}});
  CHECK(ParsePortList("80,443,8000-8999") == List{{80, 80}, {443, 443}, {8000, 8999}});
  for (const std::string text : {"", ",", "80,", "0", "65536", "a", "80 ", "-1", "1-", "80-79",
                                 "1-2-3", "80;443", "99999999999999999999"}) {
    CAPTURE(text);
    const auto list = ParsePortList(text);
    REQUIRE_FALSE(list.has_value());
    CHECK(list.error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("reads what may be allowed and says what to write instead of anything else") {
  for (const std::string text :
       {"10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00::/8", "192.168.1.7", "::1", "::ffff:10.0.0.1",
        "hub.internal", "HUB.internal.", "*.internal", ".internal", "localhost", "a_b.example"}) {
    CAPTURE(text);
    CHECK(AllowedHost::Parse(text).has_value());
  }
  for (const std::string text : {"",
                                 "*",
                                 "*.",
                                 ".",
                                 "..",
                                 "a..b",
                                 "*.*.a",
                                 "a*",
                                 "a b",
                                 "10.0.0.1/8",
                                 "10.0.0.0/33",
                                 "10.0.0.0/-1",
                                 "10.0.0.0/",
                                 "10.0.0.0/8/8",
                                 "fd00::/129",
                                 "fd00::1/8",
                                 "127.1",
                                 "10.0.0/8",
                                 "2130706433",
                                 "0x7f.0.0.1",
                                 "fe80::1%eth0",
                                 "[::1]",
                                 "http://a/",
                                 "a:80",
                                 "bücher.example"}) {
    CAPTURE(text);
    const auto host = AllowedHost::Parse(text);
    REQUIRE_FALSE(host.has_value());
    CHECK(host.error().message.find(": write ") != std::string::npos);
  }
}

TEST_CASE("a range holds its first and its last address and no neighbour") {
  struct Case {
    std::string range;
    std::vector<std::string> in;
    std::vector<std::string> out;
  };
  const std::vector<Case> cases = {
      {"10.0.0.0/8",
       {"10.0.0.0", "10.255.255.255", "::ffff:10.1.1.1"},
       {"9.255.255.255", "11.0.0.0", "::10.0.0.1", "a00::", "x"}},
      {"192.168.1.4/30", {"192.168.1.4", "192.168.1.7"}, {"192.168.1.3", "192.168.1.8"}},
      {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"}, {"::", "::1", "fd00::1"}},
      {"fd00::/8", {"fd00::", "fdff:ffff::1", "FD00::1"}, {"fc00::", "fe00::", "10.0.0.1"}},
      {"fe80::/10", {"fe80::1%eth0", "febf::1"}, {"fec0::1"}},
      {"2001:db8::1", {"2001:db8::1", "2001:DB8:0::1"}, {"2001:db8::2", "2001:db8::"}},
      {"::ffff:0:0/96", {"1.2.3.4", "::ffff:1.2.3.4"}, {"::1", "::fffe:1.2.3.4"}},
      {"::/0", {"::", "ffff::", "1.2.3.4"}, {""}},
  };
  for (const Case& each : cases) {
    CAPTURE(each.range);
    const auto range = AddressRange::Parse(each.range);
    REQUIRE(range.has_value());
    for (const std::string& address : each.in) CHECK_MESSAGE(range->Holds(address), address);
    for (const std::string& address : each.out) CHECK_FALSE_MESSAGE(range->Holds(address), address);
  }
}

TEST_CASE("reads addresses as loosely as the C library does") {
  // Arithmetic: 0x7f000001 = 2130706433 = 017700000001; 1.65536 = 1.1.0.0.
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"127.0.0.1", "127.0.0.1"},     {"2130706433", "127.0.0.1"},
      {"0x7f000001", "127.0.0.1"},    {"017700000001", "127.0.0.1"},
      {"127.1", "127.0.0.1"},         {"1.65536", "1.1.0.0"},
      {"1.2.772", "1.2.3.4"},         {"0xA.0Xb.014.13", "10.11.12.13"},
      {"1.2.3.4.", "1.2.3.4"},        {"4294967295", "255.255.255.255"},
      {"1.16777215", "1.255.255.255"}};
  for (const auto& [text, address] : cases) {
    CAPTURE(text);
    CHECK(ReadLooseIpv4(text) == address);
  }
  for (const std::string text : {"", ".", "..", "1..2", "1.2.3.4.5", "256.1.1.1", "1.2.3.256",
                                 "1.16777216", "1.2.65536", "4294967296", "08.1.1.1", "0x1g", "a",
                                 "-1", "+1", " 1", "1 ", "1.2.3.4..", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(ReadLooseIpv4(text).has_value());
  }
}

}  // namespace
}  // namespace websub
