// The server when peers take all they can: slow heads, slow bodies, answers that nobody reads, and
// more connections than there is room for.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "tests/hub/http_server_helpers.h"

namespace websub::hub::http {
namespace {

constexpr std::string_view kHalfHead = "GET /x HTTP/1.1\r\nHost: a\r\n";
constexpr std::string_view kHalfBody = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab";
constexpr std::size_t kRoom = 8;

ServerOptions Small() {
  ServerOptions options;
  options.max_connections = kRoom;
  return options;
}

// So many connections that each have sent these bytes, and whose bytes the server has read: it
// answers the one behind them.
std::vector<RawConnection> Fill(ServerThread& server, std::size_t count, std::string_view bytes) {
  std::vector<RawConnection> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.emplace_back(server.port());
    REQUIRE(all.back().Write(bytes));
  }
  return all;
}

bool IsServed(RawConnection& connection) {
  return connection.Write(kGet) && connection.ReadMessage().ends_with("fine\n");
}

bool IsServedAtOnce(ServerThread& server) {
  const auto start = std::chrono::steady_clock::now();
  RawConnection connection(server.port());
  return IsServed(connection) && std::chrono::steady_clock::now() - start < std::chrono::seconds(2);
}

TEST_CASE("half heads in every place keep nobody out") {
  Notices notices;
  ServerOptions options = Small();
  options.on_notice = notices.Collect();
  ServerThread server(options, Ok);
  auto slow = Fill(server, kRoom, kHalfHead);
  for (int i = 0; i < 20; ++i) CHECK(IsServedAtOnce(server));
  CHECK(slow.front().ReadAll().empty());
  CHECK(notices.sentences.size() == 1);
  CHECK(notices.Last().starts_with("more than 8 connections"));
}

TEST_CASE("silent connections in every place keep nobody out") {
  ServerThread server(Small(), Ok);
  auto slow = Fill(server, 3 * kRoom, "");
  CHECK(IsServedAtOnce(server));
}

TEST_CASE("half bodies in every place keep nobody out") {
  ServerThread server(Small(), Ok);
  auto slow = Fill(server, kRoom, kHalfBody);
  for (int i = 0; i < 20; ++i) CHECK(IsServedAtOnce(server));
}

TEST_CASE("answers that nobody reads in every place keep nobody out") {
  ServerThread server(Small(), [](Request request, Respond respond) {
    respond(Response::Text(200, request.Path() == "/big" ? std::string(32 << 20, 'x') : "fine"));
  });
  auto slow = Fill(server, kRoom, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  for (RawConnection& each : slow) CHECK(each.Read(5) == "HTTP/");
  for (int i = 0; i < 20; ++i) CHECK(IsServedAtOnce(server));
}

TEST_CASE("who waits for nothing gives way before who sends slowly") {
  ServerThread server(Small(), Ok);
  RawConnection idle(server.port());
  CHECK(IsServed(idle));
  RawConnection body(server.port());
  body.Write("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(body.ReadUntil("\r\n\r\n").starts_with("HTTP/1.1 100"));
  auto heads = Fill(server, kRoom - 2, kHalfHead);
  for (int i = 0; i < 3; ++i) CHECK(IsServedAtOnce(server));
  CHECK(idle.ReadAll().empty());
  body.Write("ab");
  CHECK(body.ReadMessage().ends_with("fine\n"));
}

TEST_CASE("one address has a limit of its own") {
  ServerOptions options;
  options.max_connections_per_address = 2;
  ServerThread server(options, Ok);
  RawConnection first(server.port()), second(server.port());
  CHECK(IsServed(first));
  CHECK(IsServed(second));
  RawConnection third(server.port());
  CHECK(IsServed(third));
  CHECK(first.ReadAll().empty());
  CHECK(IsServed(second));
}

// Calls `act` about every hundredth of `kSoon` for so long.
template <typename Act>
void During(std::chrono::milliseconds time, const Act& act) {
  const auto start = std::chrono::steady_clock::now();
  auto next = start;
  while (std::chrono::steady_clock::now() - start < time) {
    if (std::chrono::steady_clock::now() >= next) {
      next += kSoon / 100;
      if (!act()) return;
    }
    std::this_thread::yield();
  }
}

TEST_CASE("a body that dribbles below the least rate is refused although it moves") {
  ServerOptions options;
  options.body_timeout = kSoon;
  options.min_rate = 1'000'000;
  ServerThread server(options, Ok);
  RawConnection connection(server.port());
  connection.Write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
  bool gone = false;
  During(std::chrono::seconds(10), [&] { return !(gone = !connection.Write("x")); });
  CHECK(gone);
}

TEST_CASE("a body that moves may take longer than the timeout") {
  constexpr auto kTimeout = std::chrono::milliseconds(700);  // longer than a busy machine stalls
  ServerOptions options;
  options.body_timeout = kTimeout;
  options.min_rate = 1;
  ServerThread server(options, Ok);
  RawConnection connection(server.port());
  connection.Write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
  std::size_t sent = 0;
  During(2 * kTimeout, [&] {
    sent += 10;
    return connection.Write("0123456789");
  });
  CHECK(connection.Write(std::string(10'000'000 - sent, 'x')));
  CHECK(connection.ReadMessage().ends_with("fine\n"));
}

TEST_CASE("an answer that is being read may take longer than the timeout") {
  std::promise<bool> told;
  ServerOptions options;
  options.write_timeout = 2 * kSoon;
  options.min_rate = 1;
  constexpr std::size_t kSize = 40 << 20;
  ServerThread server(options, [&](Request, Respond respond) {
    Response response = Response::Text(200, std::string(kSize, 'x'));
    response.on_sent = [&](std::string_view, bool delivered) { told.set_value(delivered); };
    respond(std::move(response));
  });
  RawConnection connection(server.port());
  connection.Write(kGet);
  std::size_t read = 0;
  const auto start = std::chrono::steady_clock::now();
  During(std::chrono::seconds(10), [&] {
    read += connection.Read(64 << 10).size();
    return read < kSize;
  });
  CHECK(std::chrono::steady_clock::now() - start > 3 * kSoon);
  CHECK(told.get_future().get());
}

}  // namespace
}  // namespace websub::hub::http
