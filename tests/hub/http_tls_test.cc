// TLS and proxies of the client, against cpp-httplib's TLS server and scripted peers.
#include <doctest/doctest.h>
#include <httplib.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <array>
#include <thread>

#include "core/address_policy.h"
#include "hub/http/client.h"
#include "hub/http/proxy.h"
#include "tests/support/http_fixture.h"
#include "tests/support/raw_peer.h"
#include "tests/support/tls_files.h"

namespace websub::hub::http {
namespace {

using tests::Get;
using tests::Post;
using tests::RawConnection;
using tests::RawServer;
using tests::Send;

class SecurePeer {
 public:
  explicit SecurePeer(const tests::TlsFiles& files)
      : server_(files.certificate.c_str(), files.key.c_str()) {
    Run();
  }
  explicit SecurePeer(const std::function<bool(SSL_CTX&)>& setup) : server_(setup) { Run(); }
  ~SecurePeer() {
    server_.stop();
    thread_.join();
  }
  std::string Url(const std::string& host = "localhost") const {
    return "https://" + host + ":" + std::to_string(port_) + "/x";
  }

 private:
  void Run() {
    server_.set_keep_alive_timeout(1);
    server_.Post("/x", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content("got " + request.body, "text/plain");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  httplib::SSLServer server_;
  int port_ = 0;
  std::thread thread_;
};

OutgoingResult Call(const ClientOptions& options, const std::string& url) {
  Loop loop;
  auto client = Client::Make(loop, options);
  REQUIRE(client);
  return Send(loop, **client, Post(url, "hello"));
}

ClientOptions Trusting(const tests::TlsFiles& files) {
  ClientOptions options;
  options.cacert = files.ca;
  return options;
}

TEST_CASE("a peer that proves its name is spoken to over TLS and its connection kept") {
  const tests::TempDir dir;
  const auto files = tests::MakeTlsFiles(dir, "DNS:localhost");
  SecurePeer peer(files);
  Loop loop;
  auto client = Client::Make(loop, Trusting(files));
  REQUIRE(client);
  const auto first = Send(loop, **client, Post(peer.Url(), "hello"));
  CHECK(first.detail == "");
  CHECK(first.body == "got hello");
  CHECK(first.timings.tls);
  const auto second = Send(loop, **client, Post(peer.Url(), "again"));
  CHECK(second.body == "got again");
  CHECK_FALSE(second.timings.tls);
  CHECK_FALSE(second.timings.connect);
}

TEST_CASE("an address in the URL must stand in the certificate") {
  const tests::TempDir dir;
  const auto files = tests::MakeTlsFiles(dir, "IP:127.0.0.1");
  SecurePeer peer(files);
  CHECK(Call(Trusting(files), peer.Url("127.0.0.1")).status == 200);
  const auto wrong = Call(Trusting(files), peer.Url("localhost"));
  CHECK(wrong.fault == Fault::kTls);
  CHECK(wrong.detail.find("hostname mismatch") != std::string::npos);
}

TEST_CASE("a name in the certificate does not vouch for an address") {
  const tests::TempDir dir;
  const auto files = tests::MakeTlsFiles(dir, "DNS:localhost");
  SecurePeer peer(files);
  const auto result = Call(Trusting(files), peer.Url("127.0.0.1"));
  CHECK(result.fault == Fault::kTls);
  CHECK(result.detail.find("IP address mismatch") != std::string::npos);
}

TEST_CASE("an authority that nobody trusts is told") {
  const tests::TempDir dir;
  SecurePeer peer(tests::MakeTlsFiles(dir, "DNS:localhost"));
  const auto result = Call({}, peer.Url());
  CHECK(result.fault == Fault::kTls);
  CHECK(result.detail.starts_with("the certificate of localhost at 127.0.0.1:"));
  CHECK(result.detail.find("issuer certificate") != std::string::npos);
}

TEST_CASE("a certificate that is over is told") {
  const tests::TempDir dir;
  const auto files = tests::MakeTlsFiles(dir, "DNS:localhost", tests::Validity::kOver);
  SecurePeer peer(files);
  const auto result = Call(Trusting(files), peer.Url());
  CHECK(result.fault == Fault::kTls);
  CHECK(result.detail.find("certificate has expired") != std::string::npos);
}

TEST_CASE("any certificate will do where the options say so") {
  const tests::TempDir dir;
  SecurePeer peer(tests::MakeTlsFiles(dir, "DNS:elsewhere.example", tests::Validity::kOver));
  ClientOptions options;
  options.tls_peer = TlsPeer::kAcceptAny;
  CHECK(Call(options, peer.Url()).status == 200);
}

TEST_CASE("any certificate will do of the hosts that are named and of no others") {
  const tests::TempDir dir, other;
  SecurePeer named(tests::MakeTlsFiles(dir, "DNS:elsewhere.example", tests::Validity::kOver));
  SecurePeer not_named(tests::MakeTlsFiles(other, "DNS:localhost"));
  const auto authority = [](const std::string& url) { return url.substr(8, url.find('/', 8) - 8); };
  struct Case {
    std::vector<std::string> hosts;
    bool named_passes, other_passes;
  };
  const std::vector<Case> cases = {
      {{}, false, false},
      {{"localhost"}, true, true},
      {{"LocalHost"}, true, true},
      {{authority(named.Url())}, true, false},
      {{"elsewhere.example", authority(not_named.Url())}, false, true},
      {{"local", "localhost:1", "host", ".localhost", "*", ""}, false, false},
  };
  for (const Case& each : cases) {
    Loop loop;
    ClientOptions options;
    options.insecure_hosts = each.hosts;
    auto client = Client::Make(loop, options);
    REQUIRE(client);
    CHECK((Send(loop, **client, Post(named.Url(), "a")).status == 200) == each.named_passes);
    CHECK((Send(loop, **client, Post(not_named.Url(), "b")).status == 200) == each.other_passes);
    CHECK(Send(loop, **client, Post(named.Url("127.0.0.1"), "c")).fault == Fault::kTls);
  }
}

TEST_CASE("TLS 1.1 is not spoken") {
  const tests::TempDir dir;
  const auto files = tests::MakeTlsFiles(dir, "DNS:localhost");
  SecurePeer peer([&](SSL_CTX& context) {
    SSL_CTX_set_security_level(&context, 0);
    SSL_CTX_set_max_proto_version(&context, TLS1_1_VERSION);
    SSL_CTX_use_certificate_file(&context, files.certificate.c_str(), SSL_FILETYPE_PEM);
    return SSL_CTX_use_PrivateKey_file(&context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
  });
  CHECK(Call(Trusting(files), peer.Url()).fault == Fault::kTls);
}

TEST_CASE("TLS to a plain port is told") {
  RawServer peer([](RawConnection& connection, int) {
    connection.Read(1);
    connection.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    connection.WaitForClose();
  });
  const std::string where = "127.0.0.1:" + std::to_string(peer.port());
  const auto result = Call({}, "https://" + where + "/");
  CHECK(result.fault == Fault::kTls);
  CHECK(result.detail == where + " does not speak TLS: it seems to be a plain http:// port");
}

TEST_CASE("a peer that closes during the handshake is told") {
  RawServer peer([](RawConnection& connection, int) { connection.Read(1); });
  const auto result = Call({}, "https://127.0.0.1:" + std::to_string(peer.port()) + "/");
  CHECK(result.fault == Fault::kTls);
  CHECK(result.detail.find("during the TLS handshake") != std::string::npos);
}

TEST_CASE("a peer that is silent in the handshake runs into the TLS timeout") {
  RawServer peer([](RawConnection& connection, int) { connection.WaitForClose(); });
  Loop loop;
  auto client = Client::Make(loop, {});
  OutgoingRequest request = Get("https://127.0.0.1:" + std::to_string(peer.port()) + "/");
  request.timeout = std::chrono::milliseconds(150);
  const auto result = Send(loop, **client, request);
  CHECK(result.fault == Fault::kTlsTimeout);
  CHECK(result.detail.starts_with("no TLS handshake with 127.0.0.1:"));
}

TEST_CASE("a plain answer of a TLS server to a plain request is a bad answer") {
  const tests::TempDir dir;
  SecurePeer peer(tests::MakeTlsFiles(dir, "DNS:localhost"));
  std::string url = peer.Url("127.0.0.1");
  url.replace(0, 5, "http");
  const auto result = Call({}, url);
  CHECK((result.fault == Fault::kBadResponse || result.fault == Fault::kReset));
}

TEST_CASE("options that cannot be read are told when the client is made") {
  const tests::TempDir dir;
  ClientOptions no_file;
  no_file.cacert = dir.File("absent.pem");
  ClientOptions bad_proxy;
  bad_proxy.http_proxy = "http://";
  ClientOptions tls_proxy;
  tls_proxy.https_proxy = "https://proxy.example:3128";
  for (const ClientOptions& options : {no_file, bad_proxy, tls_proxy}) {
    Loop loop;
    const auto client = Client::Make(loop, options);
    REQUIRE_FALSE(client);
    CHECK(client.error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("plain requests go to their proxy with an absolute target") {
  std::string seen;
  RawServer proxy([&](RawConnection& connection, int) {
    seen = connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
  });
  ClientOptions options;
  options.http_proxy = "http://u%40x:p@127.0.0.1:" + std::to_string(proxy.port());
  const auto result = Call(options, "http://nosuch.invalid/a?b");
  CHECK(result.body == "proxy");
  CHECK(seen.starts_with("POST http://nosuch.invalid:80/a?b HTTP/1.1\r\n"));
  CHECK(seen.find("\r\nProxy-Authorization: Basic dUB4OnA=\r\n") != std::string::npos);
  CHECK(seen.ends_with("\r\n\r\nhello"));
}

// Carries bytes both ways until one side ends.
void Carry(RawConnection& a, RawConnection& b) {
  const std::array<RawConnection*, 2> ends = {&a, &b};
  for (;;) {
    std::array<pollfd, 2> wait = {pollfd{a.fd(), POLLIN, 0}, pollfd{b.fd(), POLLIN, 0}};
    if (poll(wait.data(), wait.size(), 10'000) <= 0) return;
    for (std::size_t i = 0; i < 2; ++i) {
      if (wait[i].revents == 0) continue;
      std::array<char, 4096> piece{};
      const ssize_t size = recv(ends[i]->fd(), piece.data(), piece.size(), 0);
      if (size <= 0) return;
      ends[1 - i]->Write({piece.data(), static_cast<std::size_t>(size)});
    }
  }
}

TEST_CASE("TLS goes through a tunnel of its proxy") {
  const tests::TempDir dir;
  const auto files = tests::MakeTlsFiles(dir, "DNS:hub.example");
  SecurePeer peer(files);
  const std::string url = peer.Url("hub.example");  // only the proxy knows where that is
  const auto parsed = Url::Parse(url);
  REQUIRE(parsed);
  std::string seen;
  RawServer proxy([&](RawConnection& connection, int) {
    seen = connection.ReadUntil("\r\n\r\n");
    connection.Write("HTTP/1.1 200 Connection established\r\n\r\n");
    RawConnection onward(parsed->port());
    Carry(connection, onward);
  });
  ClientOptions options = Trusting(files);
  options.https_proxy = "127.0.0.1:" + std::to_string(proxy.port());
  const auto result = Call(options, url);
  CHECK(result.detail == "");
  CHECK(result.body == "got hello");
  CHECK(
      seen.starts_with("CONNECT hub.example:" + std::to_string(parsed->port()) + " HTTP/1.1\r\n"));
}

TEST_CASE("a proxy that refuses the tunnel is told") {
  RawServer proxy([](RawConnection& connection, int) {
    connection.ReadUntil("\r\n\r\n");
    connection.Write("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    connection.WaitForClose();
  });
  ClientOptions options;
  options.https_proxy = "127.0.0.1:" + std::to_string(proxy.port());
  const auto result = Call(options, "https://hub.example/");
  CHECK(result.fault == Fault::kUnreachable);
  CHECK(result.detail.ends_with("opens no tunnel to hub.example: it answered 407"));
}

TEST_CASE("a proxy does not open the way to a private address that is forbidden") {
  RawServer proxy([](RawConnection&, int) {});
  ClientOptions options;
  options.http_proxy = "127.0.0.1:" + std::to_string(proxy.port());
  Loop loop;
  auto client = Client::Make(loop, options);
  OutgoingRequest request = Get("http://10.0.0.1/");
  request.addresses = std::make_shared<AddressPolicy>(AddressRules{});
  CHECK(Send(loop, **client, request).fault == Fault::kForbiddenAddress);
  CHECK(proxy.accepted() == 0);
}

struct NoProxy {
  const char* list;
  const char* url;
  bool direct;
};

TEST_CASE("no_proxy names hosts and domains that are reached directly") {
  const std::vector<NoProxy> cases = {
      {"", "http://a.example/", false},
      {"*", "http://a.example/", true},
      {"a.example", "http://a.example/", true},
      {"A.Example", "http://a.example/", true},
      {"a.example", "http://b.a.example/", true},
      {"a.example", "http://ba.example/", false},
      {".a.example", "http://b.a.example/", true},
      {"b.example, a.example", "http://a.example/", true},
      {"a.example:8080", "http://a.example:8080/", true},
      {"a.example:8080", "http://a.example/", false},
      {"10.0.0.1", "http://10.0.0.1/", true},
      {"10.0.0.1", "http://10.0.0.11/", false},
      {"[::1]", "http://[::1]:80/", true},
      {"::1", "http://[::1]:80/", true},
  };
  for (const NoProxy& each : cases) {
    CAPTURE(each.list);
    CAPTURE(each.url);
    const auto table = ProxyTable::Make("http://p:1", "", each.list);
    REQUIRE(table);
    CHECK((table->For(*Url::Parse(each.url)) == nullptr) == each.direct);
  }
}

}  // namespace
}  // namespace websub::hub::http
