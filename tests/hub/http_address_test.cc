// Where the client connects under a policy: to the address that was judged, and to no other. The
// part of the public address is played by 127.0.0.1, which the policy of these tests allows; every
// other address of loopback is forbidden.
#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "core/address_policy.h"
#include "hub/http/client.h"
#include "tests/support/http_fixture.h"
#include "tests/support/raw_peer.h"

namespace websub::hub::http {
namespace {

using tests::AnswerAll;
using tests::Get;
using tests::RawConnection;
using tests::RawServer;
using tests::RunUntil;
using tests::Send;

constexpr std::string_view kLast =
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

// Answers one request, and closes.
void ServeOne(RawConnection& connection, int) {
  if (!connection.ReadMessage().empty()) connection.Write(kLast);
}

std::shared_ptr<const AddressPolicy> Allowing(const std::vector<std::string>& texts) {
  AddressRules rules;
  for (const std::string& text : texts) {
    const auto allowed = AllowedHost::Parse(text);
    REQUIRE(allowed);
    rules.allowed.push_back(*allowed);
  }
  rules.flag = "--allow-callback";
  return std::make_shared<const AddressPolicy>(std::move(rules));
}

using Answers = std::vector<std::vector<std::string>>;  // one after the other, the last for ever

// A client whose names lead where the test says.
struct Named {
  explicit Named(std::map<std::string, Answers> the_names, Duration keep = Duration::zero(),
                 ClientOptions options = {})
      : names(std::move(the_names)) {
    options.resolver = [this](const std::string& host) -> LookupAnswer {
      const std::lock_guard lock(mutex);
      const auto found = names.find(host);
      if (found == names.end()) return {{}, "no such name"};
      const auto number = static_cast<std::size_t>(asked[host]++);
      return {found->second[std::min(number, found->second.size() - 1)], ""};
    };
    options.lookup_keep = keep;
    auto made = Client::Make(loop, std::move(options));
    REQUIRE(made);
    client = std::move(*made);
  }

  OutgoingResult Call(const std::string& host, const RawServer& peer) {
    OutgoingRequest request = Get("http://" + host + ":" + std::to_string(peer.port()) + "/");
    request.addresses = policy;
    return Send(loop, *client, std::move(request));
  }
  int AskedFor(const std::string& host) {
    const std::lock_guard lock(mutex);
    return asked[host];
  }

  std::mutex mutex;
  std::map<std::string, Answers> names;  // guarded, and the next
  std::map<std::string, int> asked;
  std::shared_ptr<const AddressPolicy> policy = Allowing({"127.0.0.1"});
  Loop loop;
  std::unique_ptr<Client> client;
};

TEST_CASE("of a name with a private and a public address the public one is used") {
  for (const Answers& answer :
       {Answers{{"127.0.0.2", "127.0.0.1"}}, Answers{{"127.0.0.1", "127.0.0.2"}},
        Answers{{"::1", "10.0.0.1", "127.0.0.1", "fe80::1%lo"}}}) {
    RawServer open(ServeOne);
    RawServer closed(ServeOne, "127.0.0.2", open.port());
    Named setup({{"both.test", answer}});
    const auto result = setup.Call("both.test", open);
    CHECK(result.body == "ok");
    CHECK(result.peer == "127.0.0.1:" + std::to_string(open.port()));
    CHECK(open.accepted() == 1);
    CHECK(closed.accepted() == 0);
  }
}

TEST_CASE("a name that leads to private addresses only is refused with the first of them") {
  RawServer closed(ServeOne, "127.0.0.2");
  Named setup({{"inside.test", {{"127.0.0.2", "10.0.0.1"}}}});
  const auto result = setup.Call("inside.test", closed);
  CHECK(result.fault == Fault::kForbiddenAddress);
  CHECK(result.detail ==
        "inside.test leads to 127.0.0.2, a loopback address, which this hub does not call "
        "(--allow-callback can allow it)");
  CHECK(result.peer.empty());
  CHECK(closed.accepted() == 0);
}

TEST_CASE("a public address that does not answer is no reason to try the private one") {
  const std::uint16_t port = tests::UnusedPort();
  RawServer closed(ServeOne, "127.0.0.2", port);
  Named setup({{"both.test", {{"127.0.0.1", "127.0.0.2"}}}});
  const auto result = setup.Call("both.test", closed);
  CHECK(result.fault == Fault::kRefused);
  CHECK(closed.accepted() == 0);
}

TEST_CASE("a name that is rebound is judged by the address of each connection") {
  RawServer open(ServeOne);
  RawServer closed(ServeOne, "127.0.0.2", open.port());
  Named setup({{"rebind.test", {{"127.0.0.1"}, {"127.0.0.2"}, {"127.0.0.1"}}}});
  CHECK(setup.Call("rebind.test", open).body == "ok");
  CHECK(setup.AskedFor("rebind.test") == 1);  // once: not again between judging and connecting
  const auto second = setup.Call("rebind.test", open);
  CHECK(second.fault == Fault::kForbiddenAddress);
  CHECK(setup.AskedFor("rebind.test") == 2);
  CHECK(setup.Call("rebind.test", open).body == "ok");
  CHECK(open.accepted() == 2);
  CHECK(closed.accepted() == 0);
}

TEST_CASE("a name that is remembered is connected to at the address that was judged") {
  RawServer open(ServeOne);
  RawServer closed(ServeOne, "127.0.0.2", open.port());
  Named setup({{"rebind.test", {{"127.0.0.1"}, {"127.0.0.2"}}}, {"late.test", {{"127.0.0.2"}}}},
              std::chrono::minutes(1));
  for (int i = 0; i < 3; ++i) CHECK(setup.Call("rebind.test", open).body == "ok");
  CHECK(setup.AskedFor("rebind.test") == 1);
  CHECK(open.accepted() == 3);
  // What is remembered is judged anew each time, too.
  for (int i = 0; i < 3; ++i) {
    CHECK(setup.Call("late.test", open).fault == Fault::kForbiddenAddress);
  }
  CHECK(setup.AskedFor("late.test") == 1);
  CHECK(closed.accepted() == 0);
}

TEST_CASE("a connection that is used again stays with the address that was judged") {
  RawServer open(AnswerAll);
  RawServer closed(AnswerAll, "127.0.0.2", open.port());
  Named setup({{"rebind.test", {{"127.0.0.1"}, {"127.0.0.2"}}}});
  for (int i = 0; i < 3; ++i) CHECK(setup.Call("rebind.test", open).body == "ok");
  CHECK(setup.AskedFor("rebind.test") == 1);
  CHECK(open.accepted() == 1);
  CHECK(closed.accepted() == 0);
}

TEST_CASE("a request under one policy does not use the connection of another") {
  RawServer peer(AnswerAll);
  Named setup({{"name.test", {{"127.0.0.1"}}}});
  CHECK(setup.Call("name.test", peer).body == "ok");
  setup.policy = Allowing({"127.0.0.2"});
  CHECK(setup.Call("name.test", peer).fault == Fault::kForbiddenAddress);
  setup.policy = Allowing({"127.0.0.0/8"});
  CHECK(setup.Call("name.test", peer).body == "ok");
  CHECK(peer.accepted() == 2);
  setup.policy = nullptr;
  CHECK(setup.Call("name.test", peer).body == "ok");
  CHECK(peer.accepted() == 3);
}

TEST_CASE("a host name that is allowed may lead anywhere and no other name may") {
  RawServer peer(ServeOne, "127.0.0.2");
  Named setup({{"hub.internal", {{"127.0.0.2"}}},
               {"a.corp.test", {{"127.0.0.2"}}},
               {"corp.test", {{"127.0.0.2"}}},
               {"xcorp.test", {{"127.0.0.2"}}}});
  setup.policy = Allowing({"hub.internal", "*.corp.test"});
  CHECK(setup.Call("hub.internal", peer).body == "ok");
  CHECK(setup.Call("HUB.Internal", peer).body == "ok");
  CHECK(setup.Call("a.corp.test", peer).body == "ok");
  CHECK(setup.Call("corp.test", peer).fault == Fault::kForbiddenAddress);
  CHECK(setup.Call("xcorp.test", peer).fault == Fault::kForbiddenAddress);
  CHECK(setup.Call("127.0.0.2", peer).fault == Fault::kForbiddenAddress);
  CHECK(peer.accepted() == 3);
}

TEST_CASE("a name in an old spelling of an address is judged by what it leads to") {
  RawServer closed(ServeOne, "127.0.0.2");
  Loop loop;
  auto client = Client::Make(loop, {});  // the system's own resolver takes these for addresses
  REQUIRE(client);
  for (const std::string host : {"127.2", "0177.0.0.2", "0x7f.2", "2130706434", "0x7f000002"}) {
    CAPTURE(host);
    OutgoingRequest request = Get("http://" + host + ":" + std::to_string(closed.port()) + "/");
    request.addresses = Allowing({"127.0.0.1"});
    CHECK(Send(loop, **client, std::move(request)).fault == Fault::kForbiddenAddress);
  }
  CHECK(closed.accepted() == 0);
}

TEST_CASE("a port that is not allowed is not connected to whatever the address") {
  RawServer peer(ServeOne);
  Named setup({{"name.test", {{"127.0.0.1"}}}});
  AddressRules rules;
  rules.allow_private = true;
  rules.ports = {{1, 1}, {2, 3}};
  setup.policy = std::make_shared<AddressPolicy>(rules);
  const auto result = setup.Call("name.test", peer);
  CHECK(result.fault == Fault::kForbiddenAddress);
  CHECK(result.detail == "port " + std::to_string(peer.port()) +
                             " is none that this hub calls (--allow-ports can allow it)");
  CHECK(peer.accepted() == 0);
}

TEST_CASE("through a proxy the spelling of the host and the port are judged") {
  RawServer proxy(ServeOne);
  ClientOptions options;
  options.http_proxy = "127.0.0.1:" + std::to_string(proxy.port());
  Loop loop;
  auto client = Client::Make(loop, options);
  REQUIRE(client);
  for (const std::string url : {"http://10.0.0.1/", "http://127.1/", "http://[::1]/",
                                "http://localhost/", "http://name.test:25/"}) {
    CAPTURE(url);
    OutgoingRequest request = Get(url);
    request.addresses = Allowing({});
    CHECK(Send(loop, **client, std::move(request)).fault == Fault::kForbiddenAddress);
  }
  CHECK(proxy.accepted() == 0);
  OutgoingRequest request = Get("http://name.test/");
  request.addresses = Allowing({});
  CHECK(Send(loop, **client, std::move(request)).body == "ok");
}

}  // namespace
}  // namespace websub::hub::http
