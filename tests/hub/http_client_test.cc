// The client against peers that are not our code: cpp-httplib, and sockets that send what we tell
// them.
#include "hub/http/client.h"

#include <doctest/doctest.h>
#include <httplib.h>

#include <thread>

#include "core/address_policy.h"
#include "tests/support/http_fixture.h"
#include "tests/support/raw_peer.h"

namespace websub::hub::http {
namespace {

using tests::Get;
using tests::Post;
using tests::RawConnection;
using tests::RawServer;
using tests::Send;

constexpr std::chrono::milliseconds kSoon{100};

std::unique_ptr<Client> MakeClient(Loop& loop, ClientOptions options = {}) {
  auto client = Client::Make(loop, std::move(options));
  REQUIRE(client);
  return std::move(*client);
}

// One call against a peer that reads a request, writes these bytes, and closes.
OutgoingResult Answered(const std::string& bytes,
                        OutgoingRequest (*make)(const std::string&) = Get) {
  RawServer peer([&](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write(bytes);
  });
  Loop loop;
  const auto client = MakeClient(loop);
  return Send(loop, *client, make(peer.Url()));
}

TEST_CASE("a post and its answer travel unchanged to and from an independent server") {
  httplib::Server peer;
  std::string seen;
  peer.Post("/hook", [&](const httplib::Request& request, httplib::Response& response) {
    seen = request.body;
    response.status = 202;
    response.set_content("taken", "text/plain");
  });
  const int port = peer.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { peer.listen_after_bind(); });
  Loop loop;
  auto client = MakeClient(loop);
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/hook";
  const std::string body("a\0b\r\n\xff", 6);
  const auto result = Send(loop, *client, Post(url, body));
  client.reset();  // else the peer waits for more on the connection
  peer.stop();
  thread.join();
  CHECK(result.fault == Fault::kNone);
  CHECK(result.status == 202);
  CHECK(result.body == "taken");
  CHECK(result.body_size == 5);
  CHECK_FALSE(result.body_cut);
  CHECK(result.head.starts_with("HTTP/1.1 202 "));
  CHECK(result.head.ends_with("\r\n\r\n"));
  CHECK(result.peer == "127.0.0.1:" + std::to_string(port));
  CHECK_FALSE(result.timings.resolve);
  CHECK(result.timings.connect);
  CHECK_FALSE(result.timings.tls);
  CHECK(result.timings.first_byte);
  CHECK(result.timings.total >= *result.timings.first_byte);
  CHECK(seen == body);
}

TEST_CASE("the request goes out byte for byte as it was given") {
  std::string seen;
  RawServer peer([&](RawConnection& connection, int) {
    seen = connection.ReadMessage();
    connection.Write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  Loop loop;
  const auto client = MakeClient(loop);
  OutgoingRequest request = Get(peer.Url());
  request.head = "POST /x?a=%2F HTTP/1.1\r\nhOsT:  odd\r\nContent-Length: 2\r\n\r\n";
  request.body = std::make_shared<const std::string>("hi");
  CHECK(Send(loop, *client, request).status == 204);
  CHECK(seen == request.head + "hi");
}

TEST_CASE("a name is looked up and the lookup is timed") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  Loop loop;
  const auto client = MakeClient(loop);
  const auto result =
      Send(loop, *client, Get("http://localhost:" + std::to_string(peer.port()) + "/"));
  CHECK(result.fault ==
        Fault::kNone);  // also where localhost is ::1 first and nobody listens there
  CHECK(result.timings.resolve);
  CHECK(result.peer == "127.0.0.1:" + std::to_string(peer.port()));
}

TEST_CASE("the head of the answer is kept as received") {
  const std::string head =
      "HTTP/1.1 200 Fine thing\r\nX-Odd:   two  spaces \r\ncontent-LENGTH: 3\r\n\r\n";
  const auto result = Answered(head + "abc");
  CHECK(result.fault == Fault::kNone);
  CHECK(result.head == head);
  CHECK(result.body == "abc");
}

TEST_CASE("interim answers are skipped") {
  const auto result = Answered(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz");
  CHECK(result.status == 200);
  CHECK(result.head == "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
  CHECK(result.body == "z");
}

TEST_CASE("a chunked answer is decoded") {
  const auto result = Answered(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n");
  CHECK(result.fault == Fault::kNone);
  CHECK(result.body == "abcde");
  CHECK(result.body_size == 5);
}

TEST_CASE("an answer may end with the connection") {
  const auto result = Answered("HTTP/1.0 200 OK\r\n\r\nall of it");
  CHECK(result.fault == Fault::kNone);
  CHECK(result.body == "all of it");
}

TEST_CASE("statuses without a body end at their head") {
  for (const std::string status : {"204 No Content", "304 Not Modified"}) {
    const auto result = Answered("HTTP/1.1 " + status + "\r\nContent-Length: 5\r\n\r\n");
    CHECK(result.fault == Fault::kNone);
    CHECK(result.body.empty());
  }
}

TEST_CASE("the answer to HEAD has no body whatever its length says") {
  const auto result =
      Answered("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", [](const std::string& url) {
        OutgoingRequest request = Get(url);
        request.head = RequestHead("HEAD", request.url, {});
        return request;
      });
  CHECK(result.fault == Fault::kNone);
  CHECK(result.status == 200);
  CHECK(result.body.empty());
}

TEST_CASE("a body of max_body bytes is kept whole and one byte more is cut") {
  for (const bool chunked : {false, true}) {
    for (const std::size_t size : {std::size_t{10}, std::size_t{11}}) {
      const std::string body(size, 'x');
      const std::string answer =
          chunked
              ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                    std::string(size == 10 ? "a" : "b") + "\r\n" + body + "\r\n0\r\n\r\n"
              : "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body;
      const auto result = Answered(answer, [](const std::string& url) {
        OutgoingRequest request = Get(url);
        request.max_body = 10;
        return request;
      });
      CAPTURE(chunked);
      CAPTURE(size);
      CHECK(result.fault == Fault::kNone);
      CHECK(result.body == std::string(10, 'x'));
      CHECK(result.body_cut == (size == 11));
      CHECK(result.body_size == size);
    }
  }
}

TEST_CASE("an endless body is cut and not awaited") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\n\r\n");
    while (connection.Write(std::string(65536, 'x'))) {
    }
  });
  Loop loop;
  const auto client = MakeClient(loop);
  OutgoingRequest request = Get(peer.Url());
  request.max_body = 100'000;
  const auto result = Send(loop, *client, request);
  CHECK(result.fault == Fault::kNone);
  CHECK(result.body_cut);
  CHECK(result.body.size() == 100'000);
}

struct BadAnswer {
  const char* name;
  std::string bytes;
  Fault fault;
};

TEST_CASE("answers that are no HTTP are named") {
  const std::string endless(100'000, 'x');
  const std::vector<BadAnswer> cases = {
      {"garbage", "\x01\x02garbage", Fault::kBadResponse},
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", Fault::kBadResponse},
      {"endless head", "HTTP/1.1 200 OK\r\nX: " + endless, Fault::kBadResponse},
      {"head over the limit", "HTTP/1.1 200 OK\r\nX: " + endless + "\r\n\r\n", Fault::kBadResponse},
      {"endless chunk extension",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + endless, Fault::kBadResponse},
      {"endless trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + endless,
       Fault::kBadResponse},
      {"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       Fault::kBadResponse},
      {"chunk size beyond all bounds",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
       Fault::kBadResponse},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       Fault::kBadResponse},
      {"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Fault::kBadResponse},
      {"switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
       Fault::kBadResponse},
      {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", Fault::kBadResponse},
      {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", Fault::kBadResponse},
      {"nothing", "", Fault::kReset},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-", Fault::kReset},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Fault::kReset},
      {"half a chunked body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
       Fault::kReset},
  };
  for (const BadAnswer& each : cases) {
    CAPTURE(each.name);
    const auto result = Answered(each.bytes);
    CHECK(Name(result.fault) == Name(each.fault));
    CHECK(result.detail.find("127.0.0.1:") != std::string::npos);
  }
}

TEST_CASE("endless interim answers are bounded") {
  std::string interim;
  for (int i = 0; i < 5000; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  CHECK(Answered(interim).fault == Fault::kBadResponse);
}

TEST_CASE("what came of an answer that broke off is kept") {
  const auto result = Answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(result.fault == Fault::kReset);
  CHECK(result.status == 200);
  CHECK(result.body == "abc");
}

TEST_CASE("a plain request to a TLS port is told") {
  const auto result = Answered(std::string("\x15\x03\x03\x00\x02\x02\x16", 7));
  CHECK(result.fault == Fault::kBadResponse);
  CHECK(result.detail.find("speaks TLS: use https://") != std::string::npos);
}

TEST_CASE("a refused connection is told with its address") {
  Loop loop;
  const auto client = MakeClient(loop);
  const std::string port = std::to_string(tests::UnusedPort());
  const auto result = Send(loop, *client, Get("http://127.0.0.1:" + port + "/"));
  CHECK(result.fault == Fault::kRefused);
  CHECK(result.detail == "connection refused by 127.0.0.1:" + port);
  CHECK(result.peer == "127.0.0.1:" + port);
}

TEST_CASE("a name that does not exist is told") {
  Loop loop;
  const auto client = MakeClient(loop);
  const auto result = Send(loop, *client, Get("http://nosuch.invalid/"));
  CHECK(result.fault == Fault::kDns);
  CHECK(result.detail.starts_with("the name nosuch.invalid does not resolve: "));
  CHECK(result.timings.resolve);
}

TEST_CASE("an address that cannot be reached is told") {
  Loop loop;
  const auto client = MakeClient(loop);
  const auto result = Send(loop, *client, Get("http://255.255.255.255/"));
  CHECK(result.fault == Fault::kUnreachable);
  CHECK(result.detail.starts_with("cannot reach 255.255.255.255:80: "));
}

TEST_CASE("only public addresses are connected to where the rule says so") {
  RawServer peer([](RawConnection&, int) {});
  Loop loop;
  const auto client = MakeClient(loop);
  const std::string port = std::to_string(peer.port());
  for (const std::string host :
       {"127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"}) {
    CAPTURE(host);
    OutgoingRequest request = Get("http://" + host + ":" + port + "/");
    request.addresses = std::make_shared<AddressPolicy>(AddressRules{});
    const auto result = Send(loop, *client, request);
    CHECK(Name(result.fault) == Name(Fault::kForbiddenAddress));
  }
  CHECK(peer.accepted() == 0);
}

TEST_CASE("a peer that never answers runs into the timeout") {
  RawServer peer([](RawConnection& connection, int) { connection.WaitForClose(); });
  Loop loop;
  const auto client = MakeClient(loop);
  OutgoingRequest request = Get(peer.Url());
  request.timeout = kSoon;
  const auto result = Send(loop, *client, request);
  CHECK(result.fault == Fault::kResponseTimeout);
  CHECK(result.detail == "no answer within 100ms from 127.0.0.1:" + std::to_string(peer.port()));
  CHECK(result.timings.total >= kSoon);
}

TEST_CASE("an answer that drips runs into the timeout of the whole call") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (connection.Write("x")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  Loop loop;
  const auto client = MakeClient(loop);
  OutgoingRequest request = Get(peer.Url());
  request.timeout = kSoon;
  const auto result = Send(loop, *client, request);
  CHECK(result.fault == Fault::kResponseTimeout);
  CHECK(result.status == 200);
  CHECK(result.body.starts_with("x"));
}

TEST_CASE("a peer that does not take the request runs into the write timeout") {
  std::promise<void> over;
  RawServer peer([done = over.get_future().share()](RawConnection&, int) { done.wait(); });
  Loop loop;
  const auto client = MakeClient(loop);
  OutgoingRequest request = Post(peer.Url(), std::string(32 << 20, 'x'));
  request.timeout = kSoon;
  const auto result = Send(loop, *client, request);
  over.set_value();
  CHECK(result.fault == Fault::kWriteTimeout);
  CHECK(result.detail.find("did not take the request within 100ms") != std::string::npos);
}

TEST_CASE("a peer that accepts no connection runs into the connect timeout") {
  // A listener whose queue is full lets further connections hang.
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(listener, 0) == 0);
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const std::uint16_t port = ntohs(address.sin_port);
  RawConnection filler(port);
  Loop loop;
  const auto client = MakeClient(loop);
  OutgoingRequest request = Get("http://127.0.0.1:" + std::to_string(port) + "/");
  request.timeout = kSoon;
  const auto result = Send(loop, *client, request);
  close(listener);
  CHECK(result.fault == Fault::kConnectTimeout);
  CHECK(result.detail == "no connection to 127.0.0.1:" + std::to_string(port) + " within 100ms");
}

TEST_CASE("an answer that comes before the request was taken whole counts") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadUntil("\r\n\r\n");
    connection.Write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    connection.WaitForClose();
  });
  Loop loop;
  const auto client = MakeClient(loop);
  const auto result = Send(loop, *client, Post(peer.Url(), std::string(32 << 20, 'x')));
  CHECK(result.fault == Fault::kNone);
  CHECK(result.status == 413);
}

TEST_CASE("a reset is told") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Reset();
  });
  Loop loop;
  const auto client = MakeClient(loop);
  const auto result = Send(loop, *client, Get(peer.Url()));
  CHECK(result.fault == Fault::kReset);
  CHECK(peer.accepted() == 1);  // fresh connections are not tried twice
}

TEST_CASE("everything under way ends as cancelled") {
  RawServer peer([](RawConnection& connection, int) { connection.WaitForClose(); });
  Loop loop;
  const auto client = MakeClient(loop);
  int cancelled = 0;
  for (int i = 0; i < 3; ++i) {
    client->Send(Get(i == 2 ? "http://nosuch.invalid/" : peer.Url()), [&](OutgoingResult result) {
      CHECK(result.fault == Fault::kCancelled);
      ++cancelled;
    });
  }
  loop.Post([&] { client->CancelAll(); });
  CHECK(tests::RunUntil(loop, [&] { return cancelled == 3; }));
}

TEST_CASE("a client that goes away calls nobody back") {
  RawServer peer([](RawConnection& connection, int) { connection.WaitForClose(); });
  Loop loop;
  auto client = MakeClient(loop);
  bool called = false;
  client->Send(Get(peer.Url()), [&](OutgoingResult) { called = true; });
  CHECK(tests::RunUntil(loop, [&] { return peer.accepted() == 1; }));
  client.reset();
  bool turned = false;
  loop.Post([&] { turned = true; });
  CHECK(tests::RunUntil(loop, [&] { return turned; }));
  CHECK_FALSE(called);
}

TEST_CASE("a callback may drop the client") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    connection.WaitForClose();
  });
  Loop loop;
  auto client = MakeClient(loop);
  client->Send(Get(peer.Url()), [&](OutgoingResult) { client.reset(); });
  CHECK(tests::RunUntil(loop, [&] { return client == nullptr; }));
}

TEST_CASE("a request may be sent from another thread") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  Loop loop;
  const auto client = MakeClient(loop);
  bool done = false;
  std::thread other([&] {
    client->Send(Get(peer.Url()), [&](OutgoingResult result) { done = result.status == 200; });
  });
  CHECK(tests::RunUntil(loop, [&] { return done; }));
  other.join();
}

}  // namespace
}  // namespace websub::hub::http
