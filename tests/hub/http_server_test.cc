// The server against peers that are not our code: cpp-httplib, and sockets that send what we tell
// them.
#include "hub/http/server.h"

#include <doctest/doctest.h>
#include <httplib.h>

#include <atomic>
#include <mutex>

#include "tests/hub/http_server_helpers.h"

namespace websub::hub::http {
namespace {

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
