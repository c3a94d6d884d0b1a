// The limits of the server: hostile and slow peers, too many of them, too large requests.
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>

#include "tests/hub/http_server_helpers.h"

namespace websub::hub::http {
namespace {

struct BadRequest {
  const char* name;
  std::string bytes;
  int status;
};

TEST_CASE("hostile requests are refused and their connection ends") {
  const std::string endless(40'000, 'x');
  const std::string host = "Host: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\n" + host;
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const std::vector<BadRequest> cases = {
      {"garbage", "\x01\x02\x03\r\n\r\n", 400},
      {"no HTTP", "hello there\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"control character in a value",
       "GET / HTTP/1.1\r\n" + host + std::string("X: a\0b\r\n\r\n", 11), 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"folded line", "GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"endless request line", "GET /" + endless, 431},
      {"endless field", "GET / HTTP/1.1\r\nX: " + endless, 431},
      {"head over the limit", "GET / HTTP/1.1\r\n" + host + "X: " + endless + "\r\n\r\n", 431},
      {"length and coding", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"coding and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400},
      {"two lengths in one", post + "Content-Length: 1, 2\r\n\r\na", 400},
      {"negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"signed length", post + "Content-Length: +1\r\n\r\na", 400},
      {"length beyond 64 bits", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"unknown coding", post + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"coding behind chunked", post + "Transfer-Encoding: chunked, gzip\r\n\r\n", 400},
      {"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"chunked misspelt", post + "Transfer-Encoding: xchunked\r\n\r\n", 400},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"bad chunk size", chunked + "zz\r\n", 400},
      {"chunk longer than its size", chunked + "1\r\nabc\r\n", 400},
      {"chunk size beyond 64 bits", chunked + "fffffffffffffffff\r\n", 400},
      {"endless chunk extension", chunked + "1;" + endless, 431},
      {"endless trailer", chunked + "0\r\nX: " + endless, 431},
      {"announced body over the limit", post + "Content-Length: 1001\r\n\r\n", 413},
      {"announced chunk over the limit", chunked + "3e9\r\n", 413},
      {"chunk of nearly 64 bits", chunked + "1\r\na\r\nffffffffffffffff\r\n", 413},
  };
  Notices notices;
  ServerOptions options;
  options.max_body = 1000;
  options.on_notice = notices.Collect();
  bool handled = false;
  ServerThread server(options, [&](Request, Respond respond) {
    handled = true;
    respond(Response::Text(200, "should not be"));
  });
  for (const BadRequest& each : cases) {
    CAPTURE(each.name);
    const std::string said = Said(server, each.bytes);
    CHECK(said.starts_with("HTTP/1.1 " + std::to_string(each.status) + " "));
    CHECK(said.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(said.find("\r\nContent-Type: text/plain; charset=utf-8\r\n") != std::string::npos);
    CHECK(said.ends_with(notices.Last() + "\n"));
  }
  CHECK_FALSE(handled);
}

TEST_CASE("a body of max_body bytes is taken") {
  ServerOptions options;
  options.max_body = 1000;
  ServerThread server(options, [](Request request, Respond respond) {
    respond(Response::Text(200, std::to_string(request.body.size())));
  });
  const std::string body(1000, 'x');
  RawConnection connection(server.port());
  connection.Write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + body);
  CHECK(connection.ReadMessage().ends_with("\r\n\r\n1000\n"));
  connection.Write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
                   body + "\r\n0\r\n\r\n");
  CHECK(connection.ReadMessage().ends_with("\r\n\r\n1000\n"));
}

TEST_CASE("a client that sends on and on can still read why it was refused") {
  ServerThread server({}, Ok);
  RawConnection connection(server.port());
  connection.Write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000000\r\n\r\n");
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 30; ++i) REQUIRE(connection.Write(piece));
  CHECK(StatusLine(connection.ReadUntil("\r\n\r\n")) == "HTTP/1.1 413 Content Too Large");
}

TEST_CASE("TLS on the plain port is told and ends") {
  Notices notices;
  ServerOptions options;
  options.on_notice = notices.Collect();
  ServerThread server(options, Ok);
  CHECK(Said(server, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9)).empty());
  CHECK(notices.Last().starts_with("TLS was spoken to this plain port"));
}

TEST_CASE("a head that drips is refused in time") {
  ServerOptions options;
  options.head_timeout = kSoon;
  options.max_head = std::size_t{1} << 30;
  ServerThread server(options, Ok);
  RawConnection connection(server.port());
  connection.Write("GET / HTTP/1.1\r\n");
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < kSoon / 2) {
    REQUIRE(connection.Write("X: y\r\n"));
    std::this_thread::yield();
  }
  CHECK(StatusLine(connection.ReadAll()) == "HTTP/1.1 408 Request Timeout");
}

TEST_CASE("a body that does not come is refused in time") {
  ServerOptions options;
  options.body_timeout = kSoon;
  ServerThread server(options, Ok);
  CHECK(StatusLine(Said(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")) ==
        "HTTP/1.1 408 Request Timeout");
}

TEST_CASE("silent connections end without a word") {
  ServerOptions options;
  options.head_timeout = kSoon;
  options.idle_timeout = kSoon;
  ServerThread server(options, Ok);
  CHECK(Said(server, "").empty());
  RawConnection connection(server.port());
  connection.Write(kGet);
  CHECK(connection.ReadMessage().ends_with("fine\n"));
  CHECK(connection.ReadAll().empty());
}

TEST_CASE("a client that does not read its answer is given up and the answer counts as lost") {
  std::promise<bool> told;
  ServerOptions options;
  options.write_timeout = kSoon;
  ServerThread server(options, [&](Request, Respond respond) {
    Response response = Response::Text(200, std::string(64 << 20, 'x'));
    response.on_sent = [&](std::string_view head, bool delivered) {
      CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
      told.set_value(delivered);
    };
    respond(std::move(response));
  });
  RawConnection connection(server.port());
  connection.Write(kGet);
  CHECK_FALSE(told.get_future().get());
}

TEST_CASE("beyond max_connections the oldest idle one makes room") {
  ServerOptions options;
  options.max_connections = 2;
  ServerThread server(options, Ok);
  RawConnection first(server.port());
  RawConnection second(server.port());
  for (RawConnection* each : {&first, &second}) {
    each->Write(kGet);
    CHECK(each->ReadMessage().ends_with("fine\n"));
  }
  RawConnection third(server.port());
  third.Write(kGet);
  CHECK(third.ReadMessage().ends_with("fine\n"));
  CHECK(first.ReadAll().empty());
  second.Write(kGet);
  CHECK(second.ReadMessage().ends_with("fine\n"));
}

TEST_CASE("connections take at most half of the files that the process may open") {
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  const rlimit few{64, old.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  ServerThread server({}, Ok);
  setrlimit(RLIMIT_NOFILE, &old);
  std::vector<RawConnection> all;
  for (int i = 0; i < 33; ++i) {
    all.emplace_back(server.port());
    all.back().Write(kGet);
    CHECK(all.back().ReadMessage().ends_with("fine\n"));
  }
  CHECK(all[0].ReadAll().empty());
  all[1].Write(kGet);
  CHECK(all[1].ReadMessage().ends_with("fine\n"));
}

TEST_CASE("beyond max_connections the new one is closed where none is idle") {
  ServerOptions options;
  options.max_connections = 1;
  std::promise<Respond> asked;
  auto answer = asked.get_future();
  ServerThread server(options,
                      [&](Request, Respond respond) { asked.set_value(std::move(respond)); });
  RawConnection first(server.port());
  first.Write(kGet);
  Respond respond = answer.get();
  RawConnection second(server.port());
  CHECK(second.ReadAll().empty());
  server.OnLoop([&] { std::exchange(respond, nullptr)(Response::Text(200, "late")); });
  CHECK(first.ReadMessage().ends_with("late\n"));
}

TEST_CASE("running out of file descriptors stops accepting for a while and no more") {
  Notices notices;
  ServerOptions options;
  options.on_notice = notices.Collect();
  ServerThread server(options, Ok);
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  RawConnection waiting(server.port());
  waiting.Write(kGet);
  CHECK(waiting.ReadMessage().ends_with("fine\n"));
  RawConnection late = [&] {
    const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server.port());
    const rlimit none{static_cast<rlim_t>(socket_fd) + 1, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    REQUIRE(connect(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return RawConnection::Adopt(socket_fd);
  }();
  const bool noticed = Eventually([&] { return !notices.Last().empty(); });
  setrlimit(RLIMIT_NOFILE, &old);
  CHECK(noticed);
  CHECK(notices.Last().starts_with("cannot accept connections: "));
  late.Write(kGet);
  CHECK(late.ReadMessage().ends_with("fine\n"));
}

}  // namespace
}  // namespace websub::hub::http
