// TLS of the server, against OpenSSL's and cpp-httplib's clients and raw bytes.
#include <doctest/doctest.h>
#include <httplib.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/hub/http_server_helpers.h"
#include "tests/support/tls_caller.h"
#include "tests/support/tls_files.h"

namespace websub::hub::http {
namespace {

using tests::MakeTlsFiles;
using tests::TempDir;
using tests::TlsCaller;
using tests::TlsCallerOptions;

constexpr const char* kNames = "IP:127.0.0.1,DNS:localhost";
constexpr std::string_view kLast = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

struct SecureServer {
  TempDir dir;
  tests::TlsFiles files = MakeTlsFiles(dir, kNames);
  Notices notices;
  std::optional<ServerThread> thread;

  explicit SecureServer(ServerOptions options = {}, Handler handler = Echo) {
    options.tls = TlsFiles{files.certificate, files.key};
    options.on_notice = notices.Collect();
    thread.emplace(std::move(options), std::move(handler));
  }
  std::uint16_t port() const { return thread->port(); }
  TlsCallerOptions Trusting() const { return {.ca = files.ca, .alpn = {}}; }
};

// Puts the certificate and the key of another pair in place of this one's.
void Replace(const tests::TlsFiles& files, const tests::TlsFiles& by) {
  std::filesystem::rename(by.certificate, files.certificate);
  std::filesystem::rename(by.key, files.key);
}

Result<void> Reload(SecureServer& server) {
  Result<void> loaded;
  server.thread->OnLoop([&] { loaded = server.thread->server().ReloadTls(); });
  return loaded;
}

TEST_CASE("over TLS requests are answered one after the other on one connection") {
  SecureServer server;
  TlsCaller peer(server.port(), server.Trusting());
  REQUIRE(peer.connected());
  for (int i = 0; i < 3; ++i) {
    REQUIRE(peer.Write(kGet));
    CHECK(peer.ReadUntil("GET /x \n").ends_with("\r\n\r\nGET /x \n"));
  }
  REQUIRE(peer.Write(std::string(kGet) + std::string(kGet) + std::string(kLast)));
  const std::string all = peer.ReadAll();
  CHECK(all.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(peer.ended_cleanly());
}

TEST_CASE("large bodies and answers pass over TLS unchanged") {
  SecureServer server;
  httplib::SSLClient client("127.0.0.1", server.port());
  client.set_ca_cert_path(server.files.ca.c_str());
  client.enable_server_certificate_verification(true);
  std::string body(5 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i * 7 % 26);
  const auto answer = client.Post("/big", body, "text/plain");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "POST /big " + body + "\n");
}

TEST_CASE("only HTTP/1.1 is agreed on and only TLS 1.2 and later") {
  SecureServer server;
  TlsCaller both(server.port(), {.ca = {}, .alpn = "\x02h2\x08http/1.1"});
  CHECK(both.connected());
  CHECK(both.alpn() == "http/1.1");
  CHECK_FALSE(TlsCaller(server.port(), {.ca = {}, .alpn = "\x02h2"}).connected());
  CHECK(TlsCaller(server.port(), {.ca = {}, .alpn = {}, .version = TLS1_2_VERSION}).connected());
  CHECK_FALSE(
      TlsCaller(server.port(), {.ca = {}, .alpn = {}, .version = TLS1_1_VERSION}).connected());
}

TEST_CASE("a client that is refused over TLS can read why") {
  ServerOptions options;
  options.max_body = 1000;
  SecureServer server(options);
  TlsCaller peer(server.port());
  peer.Write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
  peer.Write(std::string(300'000, 'x'));
  CHECK(StatusLine(peer.ReadAll()) == "HTTP/1.1 413 Content Too Large");
  CHECK(peer.ended_cleanly());
}

TEST_CASE("a handshake that stalls ends in time") {
  ServerOptions options;
  options.head_timeout = kSoon;
  SecureServer server(options);
  RawConnection silent(server.port());
  RawConnection half(server.port());
  half.Write(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9));
  CHECK(silent.ReadAll().empty());
  CHECK(half.ReadAll().empty());
}

TEST_CASE("a head that stalls behind the handshake ends in time") {
  ServerOptions options;
  options.head_timeout = kSoon;
  SecureServer server(options);
  TlsCaller peer(server.port());
  peer.Write("GET / HTTP/1.1\r\n");
  CHECK(StatusLine(peer.ReadAll()) == "HTTP/1.1 408 Request Timeout");
}

TEST_CASE("plain HTTP on the TLS port is told in plain words") {
  SecureServer server;
  const std::string said = Said(*server.thread, kGet);
  CHECK(StatusLine(said) == "HTTP/1.1 400 Bad Request");
  CHECK(said.ends_with("use https:// here\n"));
  CHECK(server.notices.Last() == "plain HTTP was spoken to this TLS port: use https:// here");
}

TEST_CASE("what is neither TLS nor HTTP is told and ends") {
  SecureServer server;
  CHECK(Said(*server.thread, "\x01\x02\x03").empty());
  CHECK(server.notices.Last() == "bytes that are no TLS came on this TLS port");
  CHECK(Said(*server.thread, std::string("\x16\x03\x01\x00\x05hello", 10)).size() <
        10);  // an alert
  CHECK(
      Eventually([&] { return server.notices.Last().starts_with("the TLS handshake failed: "); }));
}

TEST_CASE("a peer that does not trust the certificate is told") {
  SecureServer server;
  CHECK_FALSE(TlsCaller(server.port(), {.ca = {}, .verify = true, .alpn = {}}).connected());
  CHECK(Eventually([&] {
    return server.notices.Last().starts_with("the peer does not trust the certificate");
  }));
}

TEST_CASE("a certificate that is read again serves new connections and old ones go on") {
  SecureServer server;
  TlsCaller old(server.port());
  REQUIRE(old.Write(kGet));
  CHECK(old.ReadUntil("GET /x \n").size() > 9);
  const TempDir other;
  Replace(server.files, MakeTlsFiles(other, kNames, tests::Validity::kNow, 77));
  CHECK(Reload(server));
  CHECK(TlsCaller(server.port()).serial() == 77);
  CHECK(old.serial() == 2);
  REQUIRE(old.Write(kGet));
  CHECK(old.ReadUntil("GET /x \n").size() > 9);
}

TEST_CASE("a bad certificate that is read again changes nothing") {
  SecureServer server;
  std::ofstream(server.files.certificate) << "no certificate";
  const auto loaded = Reload(server);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message.ends_with("cert.pem holds no certificate in PEM form"));
  CHECK(TlsCaller(server.port()).serial() == 2);
}

TEST_CASE("TLS files that cannot be used are refused by name") {
  const TempDir dir, other;
  const auto good = MakeTlsFiles(dir, kNames);
  const auto others = MakeTlsFiles(other, kNames);
  const std::string text = dir.File("text"), empty = dir.File("empty"), locked = dir.File("locked");
  const std::string broken = dir.File("broken");
  std::ofstream(text) << "hello";
  std::ofstream{empty};
  std::ofstream(locked) << "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
                           "-----END ENCRYPTED PRIVATE KEY-----\n";
  std::ofstream(broken) << "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  struct Case {
    std::string certificate, key, sentence;
  };
  const std::vector<Case> cases = {
      {dir.File("none"), good.key, dir.File("none") + " cannot be read: No such file or directory"},
      {good.certificate, dir.File("none"), "key file " + dir.File("none") + " cannot be read: No"},
      {empty, good.key, empty + " is empty"},
      {dir.path().string(), good.key, " cannot be read: "},
      {text, good.key, text + " holds no certificate in PEM form"},
      {good.key, good.key, good.key + " holds no certificate in PEM form"},
      {good.certificate, text, text + " holds no private key in PEM form"},
      {good.certificate, good.certificate, good.certificate + " holds no private key in PEM form"},
      {good.certificate, locked, locked + " is locked by a passphrase"},
      {good.certificate, broken, broken + " cannot be used: "},
      {good.certificate, others.key,
       "the TLS key in " + others.key + " does not belong to the certificate in "},
  };
  for (const Case& each : cases) {
    CAPTURE(each.sentence);
    Loop loop;
    ServerOptions options;
    options.tls = TlsFiles{each.certificate, each.key};
    Server server(loop, options, Ok);
    const auto listening = server.Listen();
    REQUIRE_FALSE(listening);
    CHECK(listening.error().code == ErrorCode::kInvalid);
    CAPTURE(listening.error().message);
    CHECK(listening.error().message.find(each.sentence) != std::string::npos);
  }
}

TEST_CASE("an answer over TLS counts as delivered once written and as lost when it is not read") {
  std::promise<bool> small, large;
  ServerOptions options;
  options.write_timeout = kSoon;
  SecureServer server(options, [&](Request request, Respond respond) {
    const bool big = request.Path() == "/big";
    Response response = Response::Text(200, std::string(big ? 64 << 20 : 5, 'x'));
    response.on_sent = [&, big](std::string_view, bool delivered) {
      (big ? large : small).set_value(delivered);
    };
    respond(std::move(response));
  });
  TlsCaller peer(server.port());
  peer.Write(kGet);
  CHECK(small.get_future().get());
  peer.Write("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_FALSE(large.get_future().get());
}

TEST_CASE("draining ends idle TLS connections with a word and lets requests finish") {
  std::promise<Respond> asked;
  SecureServer server({}, [&](Request request, Respond respond) {
    if (request.Path() == "/late") return asked.set_value(std::move(respond));
    respond(Response::Text(200, "fine"));
  });
  TlsCaller idle(server.port()), busy(server.port()), fresh(server.port());
  idle.Write(kGet);
  CHECK(idle.ReadUntil("fine\n").size() > 5);
  busy.Write("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
  Respond respond = asked.get_future().get();
  std::promise<void> drained;
  server.thread->OnLoop([&] { server.thread->server().Drain([&] { drained.set_value(); }); });
  CHECK(idle.ReadAll().empty());
  CHECK(idle.ended_cleanly());
  CHECK(fresh.ReadAll().empty());
  server.thread->OnLoop([&] { std::exchange(respond, nullptr)(Response::Text(200, "late")); });
  CHECK(busy.ReadAll().ends_with("late\n"));
  CHECK(busy.ended_cleanly());
  drained.get_future().wait();
}

}  // namespace
}  // namespace websub::hub::http
