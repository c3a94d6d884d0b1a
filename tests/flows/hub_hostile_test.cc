// Bad input: whatever a peer sends ends at worst its own connection, and the hub goes on.
#include <doctest/doctest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/support/hub_process.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

std::uint16_t PortOf(const HubProcess& hub) {
  return static_cast<std::uint16_t>(std::stoi(hub.base().substr(hub.base().rfind(':') + 1)));
}

std::string StatusLine(RawConnection& connection) {
  return connection.ReadUntil("\r\n");
}

// Resident memory of a process, in KiB.
long ResidentKiB(int pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  long pages = 0;
  statm >> pages >> pages;
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

TEST_CASE("garbage and oversized requests are refused and the hub goes on") {
  HubProcess hub({"--max-body", "64KiB"});
  const auto port = PortOf(hub);
  {
    RawConnection garbage(port);
    garbage.Write(std::string("\x00\x01\x02 nonsense\r\n\r\n", 17));
    CHECK(StatusLine(garbage).starts_with("HTTP/1.1 400"));
  }
  {
    RawConnection head(port);
    head.Write("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100000, 'a'));
    CHECK(StatusLine(head).starts_with("HTTP/1.1 431"));
  }
  {
    RawConnection announced(port);
    announced.Write("POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n");
    CHECK(StatusLine(announced).starts_with("HTTP/1.1 413"));
  }
  {
    RawConnection smuggler(port);
    smuggler.Write(
        "POST /hub HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n");
    CHECK(StatusLine(smuggler).starts_with("HTTP/1.1 400"));
  }
  CHECK(Ask("GET", hub.base() + "/readyz").status == 200);
}

TEST_CASE("an endless chunked body ends at the limit with memory flat") {
  HubProcess hub({"--max-body", "1MiB"});
  const long before = ResidentKiB(hub.process().pid());
  RawConnection endless(PortOf(hub));
  endless.Write("POST /hub HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  int written = 0;
  while (written < 1000 && endless.Write(chunk)) ++written;  // 64 MiB, where nobody stops us
  CHECK(StatusLine(endless).starts_with("HTTP/1.1 413"));
  CHECK(Ask("GET", hub.base() + "/livez").status == 200);
  CHECK(ResidentKiB(hub.process().pid()) - before < 32 * 1024);
}

TEST_CASE("TLS on the plain port is named in what the hub prints") {
  HubProcess hub;
  RawConnection tls(PortOf(hub));
  tls.Write(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  CHECK(tls.WaitForClose());
  CHECK(hub.process().WaitForErr("TLS was spoken to this plain port"));
}

TEST_CASE("slow and idle connections hold up nobody") {
  HubProcess hub;
  std::vector<RawConnection> slow;
  for (int i = 0; i < 100; ++i) {
    slow.emplace_back(PortOf(hub));
    slow.back().Write("POST /hub HTTP/1.1\r\nHost: x\r\nContent-Le");
  }
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/cb")));
  hub.Put("t", "x");
  CHECK(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
}

TEST_CASE("those who read a large topic slowly share its bytes") {
  constexpr std::size_t kSize = 8 * 1024 * 1024;
  constexpr int kReaders = 80;
  HubProcess hub;
  REQUIRE(hub.Put("large", std::string(kSize, 'x')).status == 201);
  std::vector<RawConnection> slow;
  for (int i = 0; i < kReaders; ++i) {
    slow.emplace_back(PortOf(hub));
    slow.back().Write("GET /topics/large HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(slow.back().ReadUntil("\r\n\r\n").find("200 OK") != std::string::npos);
  }
  CHECK(ResidentKiB(hub.process().pid()) < static_cast<long>(kSize / 1024 * kReaders / 2));
  RawConnection whole(PortOf(hub));
  whole.Write("GET /topics/large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(whole.ReadAll().ends_with("\r\n\r\n" + std::string(kSize, 'x')));
  // Whoever comes once it has changed is told the new content.
  REQUIRE(hub.Put("large", "small").status == 204);
  CHECK(Ask("GET", hub.Topic("large")).body == "small");
}

TEST_CASE("a callback that answers without end costs one attempt and no memory") {
  HubProcess hub({"--delivery-timeout", "1s", "--delivery-retries", "0"});
  RawServer endless([](RawConnection& connection, int) {
    const std::string request = connection.ReadUntil("\r\n\r\n");
    const bool verifying = request.starts_with("GET");
    const auto at = request.find("hub.challenge=");
    const std::string challenge =
        verifying ? request.substr(at + 14, request.find_first_of("& ", at) - at - 14) : "";
    if (verifying) {
      connection.Write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(challenge.size()) +
                       "\r\nConnection: close\r\n\r\n" + challenge);
      return;
    }
    connection.Write("HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (int i = 0; i < 2000 && connection.Write(chunk); ++i) {
    }
  });
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), endless.Url("/cb")));
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/cb")));
  const long before = ResidentKiB(hub.process().pid());
  hub.Put("t", "x");
  CHECK(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
  CHECK(Eventually([&] { return hub.Get("/dead-letters")["items"].size() == 1; }));
  CHECK(ResidentKiB(hub.process().pid()) - before < 32 * 1024);
}

TEST_CASE("hostile topics are fetched within bounds and redirect loops end") {
  HubProcess hub({"--max-body", "1MiB"});
  HttpPeer peer;
  peer.On("GET", "/loop", {.status = 302, .fields = {{"Location", "/loop"}}, .body = {}});
  std::string bomb = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string("<!ENTITY ") + c + " \"";
    for (int i = 0; i < 10; ++i) bomb += std::string("&") + static_cast<char>(c - 1) + ";";
    bomb += "\">";
  }
  bomb += "]><feed xmlns=\"http://www.w3.org/2005/Atom\"><title>&j;</title></feed>";
  peer.On("GET", "/bomb",
          {.status = 200, .fields = {{"Content-Type", "application/atom+xml"}}, .body = bomb});
  peer.On("GET", "/huge", {.status = 200, .fields = {}, .body = std::string(2 * 1024 * 1024, 'x')});
  for (const std::string path : {"/loop", "/bomb", "/huge"}) {
    CHECK(hub.Post({{"hub.mode", "publish"}, {"hub.url", peer.Url(path)}}).status == 204);
  }
  CHECK(Eventually([&] { return hub.Get("/status")["counts"]["waiting_fetches"] == 0; }));
  const auto messages = hub.Get("/messages")["items"];
  REQUIRE(messages.size() == 1);
  CHECK(messages[0]["topic"] == peer.Url("/bomb"));
  CHECK(peer.Requests("GET", "/loop").size() <= 10);
}

TEST_CASE("a port in use is named") {
  HubProcess hub;
  const TempDir folder;
  const auto run =
      RunWebsub({"serve", "--listen", hub.base().substr(7), "--db", folder.File("x.db")});
  CHECK(run.status == 2);
  CHECK(run.err.find(hub.base().substr(7)) != std::string::npos);
  CHECK(run.err.find("in use") != std::string::npos);
  CHECK(run.out.find("Ready") == std::string::npos);
}

TEST_CASE("a database that another hub holds or that is none gives one sentence") {
  HubProcess hub;
  const auto locked = RunWebsub({"serve", "--listen", "127.0.0.1:0", "--db", hub.File()});
  CHECK(locked.status == 2);
  CHECK(locked.err.find("in use by another hub") != std::string::npos);
  CHECK(std::count(locked.err.begin(), locked.err.end(), '\n') == 1);

  const TempDir folder;
  const std::string text = WriteFile(folder, "text.db", std::string(5000, 'x'));
  const auto none = RunWebsub({"serve", "--listen", "127.0.0.1:0", "--db", text});
  CHECK(none.status == 2);
  CHECK(std::count(none.err.begin(), none.err.end(), '\n') == 1);
  CHECK(none.err.find("text.db") != std::string::npos);
}

TEST_CASE("a file size limit refuses what does not fit and the hub goes on") {
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{1024 * 1024, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  HubProcess hub;
  setrlimit(RLIMIT_FSIZE, &old);
  CHECK(hub.Put("t", "fits").status == 201);
  CHECK(hub.Put("t", std::string(2 * 1024 * 1024, 'x')).status == 503);
  CHECK(Ask("GET", hub.base() + "/topics/t").body == "fits");
  // What fits is written again, which also ends the fault that /readyz tells of.
  CHECK(Eventually([&] { return hub.Put("t", "small").status == 204; }));
  CHECK(Eventually([&] { return Ask("GET", hub.base() + "/readyz").status == 200; }));
  CHECK(Ask("GET", hub.base() + "/topics/t").body == "small");
}

TEST_CASE("a secret in a wrong place is not recorded") {
  HubProcess hub;
  const auto ask = [&](const std::string& query, const std::string& body) {
    return Ask("POST", hub.Hub() + query, "application/x-www-form-urlencoded", body).status;
  };
  CHECK(ask("?hub.mode=subscribe&hub.secret=hidden1", "") == 400);
  CHECK(ask("", R"({"hub.mode": "subscribe", "hub.secret": "hidden2"})") == 400);
  nlohmann::json items;
  CHECK(Eventually([&] {
    items = hub.Get("/exchanges")["items"];
    return items.size() == 2;
  }));
  for (const auto& item : items) {
    const auto whole = hub.Get("/exchanges/" + item["id"].get<std::string>()).dump();
    CHECK(whole.find("***") != std::string::npos);
    CHECK(whole.find("hidden") == std::string::npos);
  }
}

TEST_CASE("content for a topic that nobody can subscribe to is refused") {
  HubProcess hub;
  const auto publish = [&](const std::string& topic) {
    return Ask("POST", hub.Hub() + "?hub.mode=publish&hub.topic=" + topic, "text/plain", "x")
        .status;
  };
  CHECK(publish("http%3A%2F%2Ft%2F%C3%BC") == 200);
  CHECK(publish("http%3A%2F%2Ft%2F%FF") == 400);
  CHECK(publish("http%3A%2F%2Ft%2F%0D%0A") == 400);
}

TEST_CASE("a database from a newer version is refused and left alone") {
  HubProcess hub;
  hub.End(SIGTERM);
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(hub.File().c_str(), &database) == SQLITE_OK);
  REQUIRE(sqlite3_exec(database, "PRAGMA user_version = 9999", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  sqlite3_close(database);
  const auto run = RunWebsub({"serve", "--listen", "127.0.0.1:0", "--db", hub.File()});
  CHECK(run.status == 2);
  CHECK(run.err.find("newer") != std::string::npos);
}

TEST_CASE("SIGTERM finishes what is in flight and keeps it") {
  HubProcess hub;
  HttpPeer peer;
  PlaySubscriber(peer, "/cb");
  peer.On("POST", "/cb",
          {.status = 200, .fields = {}, .body = {}, .delay = std::chrono::milliseconds(500)});
  REQUIRE(hub.SubscribeVerified(hub.Topic("t"), peer.Url("/cb")));
  hub.Put("t", "x");
  REQUIRE(Eventually([&] { return peer.Requests("POST", "/cb").size() == 1; }));
  const auto ended = hub.End(SIGTERM);
  CHECK(ended.status == 143);
  hub.Start();
  const auto subscription = hub.Get("/subscriptions")["items"][0];
  CHECK(subscription["behind"] == 0);
  CHECK(peer.Requests("POST", "/cb").size() == 1);
}

TEST_CASE("a command behind two dashes runs with the hub and ends it with its status") {
  const auto run = RunWebsub({"serve", "--listen", "127.0.0.1:0", "--db", ":memory:", "--", "sh",
                              "-c", "echo hub=$WEBSUB_HUB_URL; exit 7"});
  CHECK(run.status == 7);
  CHECK(run.out.starts_with("hub=http://127.0.0.1:"));  // nothing else: it is the command's
  CHECK(run.err.starts_with("Ready http://127.0.0.1:"));
}

}  // namespace
}  // namespace websub::tests
