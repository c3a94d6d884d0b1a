// The server against peers that are not our code: cpp-httplib, and sockets that send what we tell
// them.
#include "hub/http/server.h"

#include <doctest/doctest.h>
#include <httplib.h>
#include <sys/resource.h>

#include <atomic>
#include <mutex>

#include "tests/support/http_fixture.h"
#include "tests/support/raw_peer.h"

namespace websub::hub::http {
namespace {

using tests::RawConnection;
using tests::ServerThread;

constexpr std::chrono::milliseconds kSoon{100};
constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

void Ok(Request, Respond respond) {
  respond(Response::Text(200, "fine"));
}

// Answers with what was asked.
void Echo(Request request, Respond respond) {
  Response response =
      Response::Text(200, request.method + " " + request.target + " " + request.body);
  respond(std::move(response));
}

// Notices, gathered from the server's thread.
struct Notices {
  std::mutex mutex;
  std::vector<std::string> sentences;  // guarded by mutex

  std::function<void(std::string, std::string)> Collect() {
    return [this](std::string sentence, std::string) {
      const std::lock_guard lock(mutex);
      sentences.push_back(std::move(sentence));
    };
  }
  std::string Last() {
    const std::lock_guard lock(mutex);
    return sentences.empty() ? "" : sentences.back();
  }
};

// What the server says to these bytes on a connection of their own, until it closes.
std::string Said(ServerThread& server, std::string_view bytes) {
  RawConnection connection(server.port());
  connection.Write(bytes);
  return connection.ReadAll();
}

std::string StatusLine(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}

bool Eventually(const std::function<bool()>& done) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST_CASE("an independent client is answered over one connection") {
  std::atomic<int> peers = 0;
  std::string last_peer;
  ServerThread server({}, [&](Request request, Respond respond) {
    if (request.peer != last_peer) ++peers;
    last_peer = request.peer;
    Echo(std::move(request), std::move(respond));
  });
  httplib::Client client("127.0.0.1", server.port());
  client.set_keep_alive(true);
  for (int i = 0; i < 3; ++i) {
    const auto result = client.Post("/a?b=c", "body " + std::to_string(i), "text/plain");
    REQUIRE(result);
    CHECK(result->status == 200);
    CHECK(result->body == "POST /a?b=c body " + std::to_string(i) + "\n");
    CHECK(result->get_header_value("Content-Type") == "text/plain; charset=utf-8");
    CHECK(result->has_header("Date"));
  }
  CHECK(peers == 1);
}

TEST_CASE("the handler gets the request raw and read") {
  std::promise<Request> got;
  ServerThread server({}, [&](Request request, Respond respond) {
    got.set_value(request);
    Ok(std::move(request), std::move(respond));
  });
  const std::string head =
      "POST /hub%20x?a=b&c HTTP/1.1\r\nhOST: a\r\nX-Twice: 1\r\nx-twice:  2 \r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  RawConnection connection(server.port());
  connection.Write(head + "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  connection.ReadMessage();
  const Request request = got.get_future().get();
  CHECK(request.method == "POST");
  CHECK(request.target == "/hub%20x?a=b&c");
  CHECK(request.Path() == "/hub%20x");
  CHECK(request.Query() == "a=b&c");
  CHECK(request.head == head);
  CHECK(request.body == "abcdefg");
  CHECK(request.Field("X-TWICE") == "1");
  CHECK_FALSE(request.Field("Cookie"));
  CHECK(request.fields.size() == 4);
  CHECK(request.fields[2] == std::pair<std::string, std::string>("x-twice", "2"));
  CHECK(request.peer.starts_with("127.0.0.1:"));
}

TEST_CASE("an absolute target has a path and a query") {
  Request request;
  request.target = "http://a:1/p/q?x=/y";
  CHECK(request.Path() == "/p/q");
  CHECK(request.Query() == "x=/y");
  request.target = "http://a?x";
  CHECK(request.Path() == "/");
  CHECK(request.Query() == "x");
  request.target = "*";
  CHECK(request.Path() == "*");
}

TEST_CASE("a request may come byte by byte") {
  ServerThread server({}, Echo);
  RawConnection connection(server.port());
  for (const char c : std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")) {
    connection.Write(std::string(1, c));
  }
  CHECK(connection.ReadMessage().ends_with("\r\n\r\nPOST / abc\n"));
}

TEST_CASE("pipelined requests are answered in order") {
  ServerThread server({}, [&](Request request, Respond respond) {
    respond(Response::Text(200, "to " + request.target));
  });
  RawConnection connection(server.port());
  std::string all;
  for (int i = 0; i < 20; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  connection.Write(all);
  for (int i = 0; i < 20; ++i) {
    CHECK(connection.ReadMessage().ends_with("to /" + std::to_string(i) + "\n"));
  }
}

TEST_CASE("an empty line between requests is passed over") {
  ServerThread server({}, Echo);
  RawConnection connection(server.port());
  connection.Write("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb\r\n" +
                   std::string(kGet));
  CHECK(connection.ReadMessage().ends_with("POST /1 b\n"));
  CHECK(connection.ReadMessage().ends_with("GET /x \n"));
}

TEST_CASE("HTTP/1.0 closes unless it is asked to stay") {
  ServerThread server({}, Ok);
  const std::string closed = Said(server, "GET / HTTP/1.0\r\n\r\n");
  CHECK(closed.find("\r\nConnection: close\r\n") != std::string::npos);
  RawConnection connection(server.port());
  connection.Write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(connection.ReadMessage().find("\r\nConnection: keep-alive\r\n") != std::string::npos);
  connection.Write("GET / HTTP/1.0\r\n\r\n");
  CHECK(StatusLine(connection.ReadAll()) == "HTTP/1.1 200 OK");
}

TEST_CASE("a connection closes when the request says so") {
  ServerThread server({}, Ok);
  const std::string said =
      Said(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + std::string(kGet));
  CHECK(said.ends_with("Connection: close\r\n\r\nfine\n"));
}

TEST_CASE("HEAD is answered with the length and without the body") {
  ServerThread server({}, Ok);
  RawConnection connection(server.port());
  connection.Write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  const std::string head = connection.ReadUntil("\r\n\r\n");
  CHECK(head.find("\r\nContent-Length: 5\r\n") != std::string::npos);
  CHECK(connection.ReadMessage().starts_with(
      "HTTP/1.1 200 OK\r\n"));  // the next answer, no body between
}

TEST_CASE("204 has neither body nor length") {
  ServerThread server({}, [](Request, Respond respond) {
    Response response;
    response.status = 204;
    response.body = "not sent";
    respond(std::move(response));
  });
  RawConnection connection(server.port());
  connection.Write(kGet);
  const std::string head = connection.ReadUntil("\r\n\r\n");
  CHECK(head.find("Content-Length") == std::string::npos);
  connection.Write(kGet);
  CHECK(connection.ReadUntil("\r\n\r\n").starts_with("HTTP/1.1 204 No Content\r\n"));
}

TEST_CASE("a body that waits for 100 Continue gets it") {
  ServerThread server({}, Echo);
  RawConnection connection(server.port());
  connection.Write(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(connection.ReadUntil("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  connection.Write("hi");
  CHECK(connection.ReadMessage().ends_with("POST / hi\n"));
}

TEST_CASE("an offer to upgrade to h2c is ignored") {
  ServerThread server({}, Echo);
  RawConnection connection(server.port());
  connection.Write(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n");
  CHECK(StatusLine(connection.ReadMessage()) == "HTTP/1.1 200 OK");
  connection.Write(kGet);
  CHECK(StatusLine(connection.ReadMessage()) == "HTTP/1.1 200 OK");
}

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

TEST_CASE("on_sent gets the head exactly as it was sent") {
  std::promise<std::string> told;
  ServerThread server({}, [&](Request, Respond respond) {
    Response response = Response::Text(202, "ok");
    response.fields.emplace_back("X-Odd", "a\r\nInjected: yes");
    response.fields.emplace_back("Content-Length", "77");
    response.on_sent = [&](std::string_view head, bool delivered) {
      CHECK(delivered);
      told.set_value(std::string(head));
    };
    respond(std::move(response));
  });
  RawConnection connection(server.port());
  connection.Write(kGet);
  const std::string head = connection.ReadUntil("\r\n\r\n");
  CHECK(told.get_future().get() == head);
  CHECK(head.find("\r\nX-Odd: aInjected: yes\r\n") != std::string::npos);
  CHECK(head.find("\r\nContent-Length: 3\r\n") != std::string::npos);
  CHECK(head.find("77") == std::string::npos);
}

TEST_CASE("a request that is dropped unanswered is answered 500") {
  ServerThread server({}, [](Request, Respond) {});
  RawConnection connection(server.port());
  connection.Write(kGet);
  CHECK(StatusLine(connection.ReadMessage()) == "HTTP/1.1 500 Internal Server Error");
}

TEST_CASE("an answer that comes later or twice or after the client left does no harm") {
  std::promise<Respond> asked;
  auto answer = asked.get_future();
  ServerThread server({}, [&](Request, Respond respond) { asked.set_value(std::move(respond)); });
  RawConnection connection(server.port());
  connection.Write(kGet);
  Respond respond = answer.get();
  connection.Reset();
  std::atomic<int> told = 0;
  server.OnLoop([&] {
    for (int i = 0; i < 2; ++i) {
      Response response = Response::Text(200, std::string(1 << 20, 'x'));
      response.on_sent = [&](std::string_view, bool delivered) { told += delivered ? 100 : 1; };
      respond(std::move(response));
    }
  });
  CHECK(Eventually([&] { return told > 0; }));
  CHECK(told == 1);
  server.OnLoop([&] { respond = nullptr; });
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

TEST_CASE("draining finishes what is under way and closes the rest") {
  std::promise<Respond> asked;
  auto answer = asked.get_future();
  ServerThread server({}, [&](Request request, Respond respond) {
    if (request.target == "/slow") {
      asked.set_value(std::move(respond));
    } else {
      respond(Response::Text(200, "fine"));
    }
  });
  RawConnection idle(server.port());
  idle.Write(kGet);
  CHECK(idle.ReadMessage().ends_with("fine\n"));
  RawConnection slow(server.port());
  slow.Write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  Respond respond = answer.get();
  std::atomic<bool> drained = false;
  server.OnLoop([&] { server.server().Drain([&] { drained = true; }); });
  CHECK(idle.ReadAll().empty());
  CHECK_FALSE(drained);
  CHECK_THROWS(RawConnection(server.port()));
  server.OnLoop([&] { std::exchange(respond, nullptr)(Response::Text(200, "in the end")); });
  const std::string said = slow.ReadAll();
  CHECK(said.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(said.ends_with("in the end\n"));
  CHECK(Eventually([&] { return drained.load(); }));
}

TEST_CASE("draining without connections ends at once") {
  ServerThread server({}, Ok);
  std::atomic<bool> drained = false;
  server.OnLoop([&] { server.server().Drain([&] { drained = true; }); });
  CHECK(Eventually([&] { return drained.load(); }));
}

TEST_CASE("a server that goes away leaves nothing to happen") {
  Loop loop;
  Respond respond;
  bool told = false;
  auto server = std::make_unique<Server>(
      loop, ServerOptions{}, [&](Request, Respond answer) { respond = std::move(answer); });
  REQUIRE(server->Listen());
  RawConnection connection(server->port());
  connection.Write(kGet);
  CHECK(tests::RunUntil(loop, [&] { return respond != nullptr; }));
  server.reset();
  CHECK(connection.ReadAll().empty());
  Response response = Response::Text(200, "too late");
  response.on_sent = [&](std::string_view, bool) { told = true; };
  respond(std::move(response));
  bool turned = false;
  loop.Post([&] { turned = true; });
  CHECK(tests::RunUntil(loop, [&] { return turned; }));
  CHECK_FALSE(told);
}

TEST_CASE("a handler may drop the server") {
  Loop loop;
  std::unique_ptr<Server> server;
  server =
      std::make_unique<Server>(loop, ServerOptions{}, [&](Request, Respond) { server.reset(); });
  REQUIRE(server->Listen());
  RawConnection connection(server->port());
  connection.Write(kGet);
  CHECK(tests::RunUntil(loop, [&] { return server == nullptr; }));
  CHECK(connection.ReadAll().empty());
}

TEST_CASE("a port in use and a foreign address are told apart") {
  ServerThread taken({}, Ok);
  Loop loop;
  ServerOptions options;
  options.port = taken.port();
  const auto in_use = Server(loop, options, Ok).Listen();
  REQUIRE_FALSE(in_use);
  CHECK(in_use.error().code == ErrorCode::kUnavailable);
  CHECK(in_use.error().message.starts_with("127.0.0.1:" + std::to_string(taken.port()) +
                                           " is in use: "));
  for (const char* address : {"192.0.2.1", "no address"}) {
    options.address = address;
    const auto foreign = Server(loop, options, Ok).Listen();
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("IPv6 is listened on and written with brackets") {
  std::promise<std::string> peer;
  ServerOptions options;
  options.address = "[::1]";
  ServerThread server(options, [&](Request request, Respond respond) {
    peer.set_value(request.peer);
    Ok(std::move(request), std::move(respond));
  });
  httplib::Client client("::1", server.port());
  const auto result = client.Get("/");
  REQUIRE(result);
  CHECK(peer.get_future().get().starts_with("[::1]:"));
}

}  // namespace
}  // namespace websub::hub::http
