// The hub's front door as a process: TLS, its certificate renewed, and peers that take all they
// can.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/flows/subscribe_fixture.h"
#include "tests/support/hub_process.h"
#include "tests/support/raw_peer.h"
#include "tests/support/tls_caller.h"
#include "tests/support/tls_files.h"

namespace websub::tests {
namespace {

constexpr const char* kNames = "IP:127.0.0.1,DNS:localhost";

std::uint16_t PortOf(const HubProcess& hub) {
  return static_cast<std::uint16_t>(std::stoi(hub.base().substr(hub.base().rfind(':') + 1)));
}

Finished Run(std::vector<std::string> args) {
  ProcessOptions options;
  options.args = std::move(args);
  return Process(std::move(options)).Wait();
}

bool Says(Process& process, const std::string& sentence) {
  return Eventually([&] { return Contains(process.Err(), sentence); });
}

// A subscriber that speaks TLS too gets what is published over TLS.
void CheckEndToEnd(const TlsFiles& files, const std::vector<std::string>& trust) {
  std::vector<std::string> serve = {"--tls-cert", files.certificate, "--tls-key", files.key};
  serve.insert(serve.end(), trust.begin(), trust.end());
  HubProcess hub(serve);
  REQUIRE(hub.base().starts_with("https://127.0.0.1:"));
  const std::string topic = "https://example.com/feed";

  std::vector<std::string> args = {
      "subscribe", topic,     "--hub",  hub.Hub(), "--tls-cert", files.certificate,
      "--tls-key", files.key, "--once", "--json",  "--timeout",  "20s"};
  args.insert(args.end(), trust.begin(), trust.end());
  ProcessOptions run;
  run.args = args;
  Process subscriber(std::move(run));
  REQUIRE(Eventually([&] { return !Events(subscriber.Out(), "verified").empty(); }));
  CHECK(Contains(subscriber.Out(), "\"callback\":\"https://127.0.0.1:"));

  const TempDir dir;
  std::ofstream(dir.File("content")) << "hello";
  std::vector<std::string> publish = {"publish", topic,       "--hub",
                                      hub.Hub(), "--content", dir.File("content"),
                                      "--type",  "text/plain"};
  publish.insert(publish.end(), trust.begin(), trust.end());
  const Finished published = Run(publish);
  CAPTURE(published.err);
  CHECK(published.status == 0);
  const Finished finished = subscriber.Wait();
  CAPTURE(finished.err);
  CHECK(finished.status == 0);
  CHECK(Only(finished.out, "notification")["body"] == "hello");
  CHECK(hub.End(SIGTERM).status == 143);
}

TEST_CASE("a hub and a subscriber that speak TLS reach each other with a private authority") {
  const TempDir dir;
  const auto files = MakeTlsFiles(dir, kNames);
  CheckEndToEnd(files, {"--cacert", files.ca});
}

TEST_CASE("a hub and a subscriber that speak TLS reach each other by naming the host") {
  const TempDir dir;
  CheckEndToEnd(MakeTlsFiles(dir, kNames), {"--insecure-host", "127.0.0.1"});
}

TEST_CASE("a certificate that nobody trusts is refused by the commands") {
  const TempDir dir;
  const auto files = MakeTlsFiles(dir, kNames);
  HubProcess hub({"--tls-cert", files.certificate, "--tls-key", files.key});
  const std::vector<std::string> publish = {"publish", "https://example.com/a", "--hub", hub.Hub()};
  CHECK(Run(publish).status == 3);
  auto elsewhere = publish;
  elsewhere.insert(elsewhere.end(), {"--insecure-host", "127.0.0.1:1"});
  CHECK(Run(elsewhere).status == 3);
  CHECK(Says(hub.process(), "the peer does not trust the certificate of this port"));
}

TEST_CASE("a renewed certificate is used after SIGHUP and a bad one is not") {
  const TempDir dir, other;
  const auto files = MakeTlsFiles(dir, kNames);
  HubProcess hub({"--tls-cert", files.certificate, "--tls-key", files.key});
  TlsCaller before(PortOf(hub), {.ca = files.ca, .alpn = {}});
  CHECK(before.serial() == 2);
  const auto renewed = MakeTlsFiles(other, kNames, Validity::kNow, 3);
  std::filesystem::rename(renewed.certificate, files.certificate);

  hub.process().Signal(SIGHUP);  // the old key does not belong to the new certificate
  CHECK(Says(hub.process(), "does not belong to the certificate in " + files.certificate +
                                "; the one before stays in use"));
  CHECK(TlsCaller(PortOf(hub)).serial() == 2);

  std::filesystem::rename(renewed.key, files.key);
  hub.process().Signal(SIGHUP);
  CHECK(Says(hub.process(), "read the TLS certificate again"));
  CHECK(TlsCaller(PortOf(hub)).serial() == 3);
  before.Write("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(before.ReadUntil("alive\n").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a subscriber reads its certificate again at SIGHUP") {
  const TempDir dir, other;
  const auto files = MakeTlsFiles(dir, kNames);
  HubProcess hub({"--cacert", files.ca});
  hub.Put("t", "1");
  ProcessOptions run;
  run.args = {"subscribe", hub.Topic("t"), "--tls-cert", files.certificate,
              "--tls-key", files.key,      "--json"};
  Process subscriber(std::move(run));
  REQUIRE(Eventually([&] { return !Events(subscriber.Out(), "verified").empty(); }));
  const std::string callback = Only(subscriber.Out(), "requested")["callback"];
  const auto port =
      static_cast<std::uint16_t>(std::stoi(callback.substr(callback.find(':', 8) + 1)));
  CHECK(TlsCaller(port).serial() == 2);
  const auto renewed = MakeTlsFiles(other, kNames, Validity::kNow, 3);
  std::filesystem::rename(renewed.key, files.key);
  std::filesystem::rename(renewed.certificate, files.certificate);
  subscriber.Signal(SIGHUP);
  CHECK(Eventually([&] { return TlsCaller(port).serial() == 3; }));
  subscriber.Signal(SIGTERM);
  CHECK(subscriber.Wait().status == 143);
}

TEST_CASE("SIGHUP does not end a hub without TLS") {
  HubProcess hub;
  hub.process().Signal(SIGHUP);
  hub.process().Signal(SIGHUP);
  CHECK(hub.Put("a", "1").status / 100 == 2);
  CHECK(hub.End(SIGTERM).status == 143);
}

TEST_CASE("TLS files that do not go together are a usage error and no file is made") {
  const TempDir dir, other;
  const auto files = MakeTlsFiles(dir, kNames);
  const auto others = MakeTlsFiles(other, kNames);
  const std::string db = dir.File("hub.db");
  const auto serve = [&](std::vector<std::string> more) {
    std::vector<std::string> args = {"serve", "--listen", ":0", "--db", db};
    args.insert(args.end(), more.begin(), more.end());
    return Run(args);
  };
  const auto mixed = serve({"--tls-cert", files.certificate, "--tls-key", others.key});
  CHECK(mixed.status == 2);
  CHECK(Contains(mixed.err, "does not belong to the certificate"));
  const auto missing = serve({"--tls-cert", dir.File("none"), "--tls-key", files.key});
  CHECK(missing.status == 2);
  CHECK(Contains(missing.err, "none cannot be read: No such file"));
  const auto alone = serve({"--tls-cert", files.certificate});
  CHECK(alone.status == 2);
  CHECK(Contains(alone.err, "--tls-cert needs --tls-key"));
  CHECK(serve({"--tls-key", files.key}).status == 2);
  CHECK(
      Run({"subscribe", "https://a.example", "--hub", "https://b.example", "--tls-key", files.key})
          .status == 2);
  CHECK(Run({"subscribe", "https://a.example", "--hub", "https://b.example", "--tls-cert",
             files.certificate, "--tls-key", others.key})
            .status == 2);
  for (const char* host : {"a/b", "u@a", "", "a:b"}) {
    CHECK(serve({"--insecure-host=" + std::string(host)}).status == 2);
  }
  CHECK(serve({"--trusted-proxy", "10.0.0.0/99"}).status == 2);
  CHECK_FALSE(std::filesystem::exists(db));
}

TEST_CASE("a hub whose port is taken makes no file") {
  HubProcess hub;
  const TempDir dir;
  const std::string db = dir.File("hub.db");
  const auto second =
      Run({"serve", "--listen", hub.base().substr(std::string("http://").size()), "--db", db});
  CHECK(second.status == 2);
  CHECK(Contains(second.err, "is in use"));
  CHECK_FALSE(std::filesystem::exists(db));
}

TEST_CASE("slow heads in every place of a hub delay no publish") {
  HubProcess hub({"--max-connections", "50"});
  std::vector<RawConnection> slow;
  for (int i = 0; i < 200; ++i) {
    slow.emplace_back(PortOf(hub));
    slow.back().Write("POST /hub HTTP/1.1\r\nHost: a\r\nX: ");
  }
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    CHECK(hub.Put("a", std::to_string(i)).status / 100 == 2);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(8));
    for (RawConnection& each : slow) each.Write("y");
  }
  CHECK(Says(hub.process(), "more than 50 connections"));
}

TEST_CASE("behind a trusted proxy the record shows who asked") {
  HubProcess hub({"--trusted-proxy", "127.0.0.0/8", "--trusted-proxy", "::1"});
  const PeerAnswer answer = Ask("PUT", hub.Topic("a"), "text/plain", "hello",
                                {{"X-Forwarded-For", "1.1.1.1, 203.0.113.9"}});
  CHECK(answer.status == 201);
  CHECK(Eventually([&] {
    const auto found = hub.Get("/exchanges?kind=publish")["items"];
    return !found.empty() && found[0]["peer"] == "203.0.113.9";
  }));
}

TEST_CASE("an address that asks too often is told to come later") {
  HubProcess hub({"--max-requests-per-address", "3/h"});
  for (int i = 0; i < 3; ++i) CHECK(hub.Put("a", std::to_string(i)).status / 100 == 2);
  const PeerAnswer refused = hub.Put("a", "4");
  CHECK(refused.status == 429);
  CHECK(std::stoi(FieldOf(refused, "Retry-After").value_or("0")) > 1000);
  CHECK(Contains(refused.body, "at most 3/h"));
  CHECK(Ask("GET", hub.base() + "/readyz").status == 200);
  CHECK(Ask("GET", hub.Topic("a")).status == 200);
  CHECK(Run({"serve", "--max-requests-per-address", "often"}).status == 2);
}

}  // namespace
}  // namespace websub::tests
