// When the client uses a connection again, and when it does not.
#include <doctest/doctest.h>

#include <atomic>

#include "core/address_policy.h"
#include "hub/http/client.h"
#include "tests/support/http_fixture.h"
#include "tests/support/raw_peer.h"

namespace websub::hub::http {
namespace {

using tests::AnswerAll;
using tests::Get;
using tests::kOkAnswer;
using tests::RawConnection;
using tests::RawServer;
using tests::RunUntil;
using tests::Send;

struct Setup {
  explicit Setup(ClientOptions options = {}) {
    auto made = Client::Make(loop, std::move(options));
    REQUIRE(made);
    client = std::move(*made);
  }
  OutgoingResult Call(const RawServer& peer) { return Send(loop, *client, Get(peer.Url())); }

  Loop loop;
  std::unique_ptr<Client> client;
};

TEST_CASE("a connection is used again and its phases do not happen again") {
  RawServer peer(AnswerAll);
  Setup setup;
  CHECK(setup.Call(peer).timings.connect);
  const auto second = setup.Call(peer);
  CHECK(second.body == "ok");
  CHECK_FALSE(second.timings.connect);
  CHECK(second.peer == "127.0.0.1:" + std::to_string(peer.port()));
  CHECK(peer.accepted() == 1);
}

TEST_CASE("of several idle connections the one used last is taken") {
  RawServer peer([](RawConnection& connection, int number) {
    while (!connection.ReadMessage().empty()) {
      connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(number));
    }
  });
  Setup setup;
  std::string last;
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    setup.client->Send(Get(peer.Url()), [&](OutgoingResult result) {
      last = result.body;
      ++done;
    });
  }
  CHECK(RunUntil(setup.loop, [&] { return done == 3; }));
  CHECK(peer.accepted() == 3);
  for (int i = 0; i < 3; ++i) CHECK(setup.Call(peer).body == last);
}

TEST_CASE("a connection that cannot be read on is not used again") {
  for (const std::string answer : {
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
           "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
       }) {
    CAPTURE(answer);
    RawServer peer([&](RawConnection& connection, int) {
      connection.ReadMessage();
      connection.Write(answer);
      connection.WaitForClose();
    });
    Setup setup;
    CHECK(setup.Call(peer).body == "ok");
    CHECK(setup.Call(peer).body == "ok");
    CHECK(peer.accepted() == 2);
  }
}

TEST_CASE("a connection whose answer was cut is not used again") {
  RawServer peer(AnswerAll);
  Setup setup;
  OutgoingRequest request = Get(peer.Url());
  request.max_body = 1;
  CHECK(Send(setup.loop, *setup.client, request).body_cut);
  CHECK(setup.Call(peer).body == "ok");
  CHECK(peer.accepted() == 2);
}

TEST_CASE("a connection that the peer closed while it was idle does no harm") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write(kOkAnswer);
  });
  Setup setup;
  for (int i = 0; i < 5; ++i) CHECK(setup.Call(peer).body == "ok");
  CHECK(peer.accepted() == 5);
}

TEST_CASE("a reused connection that breaks unanswered is replaced once") {
  RawServer peer([](RawConnection& connection, int number) {
    connection.ReadMessage();
    connection.Write(kOkAnswer);
    connection.ReadMessage();
    if (number > 1) connection.Write(kOkAnswer);
  });
  Setup setup;
  CHECK(setup.Call(peer).body == "ok");
  const auto second = setup.Call(peer);  // connection 1 breaks, connection 2 answers
  CHECK(second.fault == Fault::kNone);
  CHECK(second.timings.connect);
  CHECK(peer.accepted() == 2);
}

TEST_CASE("a request is sent twice at most") {
  RawServer peer([](RawConnection& connection, int number) {
    connection.ReadMessage();
    if (number > 1) return connection.Close();
    connection.Write(kOkAnswer);
    connection.ReadMessage();
  });
  Setup setup;
  CHECK(setup.Call(peer).body == "ok");
  CHECK(setup.Call(peer).fault == Fault::kReset);
  CHECK(peer.accepted() == 2);
}

TEST_CASE("a request that was answered in part is not sent again") {
  RawServer peer([](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write(kOkAnswer);
    connection.ReadMessage();
    connection.Write("HTTP/1.1 2");
  });
  Setup setup;
  CHECK(setup.Call(peer).body == "ok");
  CHECK(setup.Call(peer).fault == Fault::kReset);
  CHECK(peer.accepted() == 1);
}

TEST_CASE("bytes that nobody asked for close an idle connection") {
  std::atomic<bool> closed = false;
  RawServer peer([&](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write(kOkAnswer);
    connection.ReadMessage();
    connection.Write(kOkAnswer);
    connection.Write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    closed = connection.WaitForClose();
  });
  Setup setup;
  CHECK(setup.Call(peer).status == 200);
  CHECK(setup.Call(peer).status == 200);
  CHECK(RunUntil(setup.loop, [&] { return closed.load(); }));
}

TEST_CASE("idle connections are closed after their time") {
  std::atomic<bool> closed = false;
  RawServer peer([&](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write(kOkAnswer);
    closed = connection.WaitForClose();
  });
  ClientOptions options;
  options.idle_timeout = std::chrono::milliseconds(50);
  Setup setup(options);
  CHECK(setup.Call(peer).body == "ok");
  CHECK(RunUntil(setup.loop, [&] { return closed.load(); }));
}

TEST_CASE("idle connections are limited by origin") {
  ClientOptions options;
  options.max_idle_per_origin = 1;
  Setup setup(options);
  std::atomic<int> closed = 0;
  RawServer peer([&](RawConnection& connection, int number) {
    AnswerAll(connection, number);
    ++closed;
  });
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    setup.client->Send(Get(peer.Url()), [&](OutgoingResult) { ++done; });
  }
  CHECK(RunUntil(setup.loop, [&] { return done == 3 && closed == 2; }));
  CHECK(setup.Call(peer).body == "ok");
  CHECK(peer.accepted() == 3);
}

TEST_CASE("idle connections are limited overall and the oldest goes first") {
  ClientOptions options;
  options.max_idle = 1;
  Setup setup(options);
  std::atomic<int> closed = 0;
  RawServer first([&](RawConnection& connection, int number) {
    AnswerAll(connection, number);
    ++closed;
  });
  RawServer second(AnswerAll);
  CHECK(setup.Call(first).body == "ok");
  CHECK(setup.Call(second).body == "ok");
  CHECK(RunUntil(setup.loop, [&] { return closed == 1; }));
  CHECK(setup.Call(second).body == "ok");
  CHECK(second.accepted() == 1);
}

TEST_CASE("no connection is kept where none may be idle") {
  ClientOptions options;
  options.max_idle = 0;
  Setup setup(options);
  RawServer peer(AnswerAll);
  CHECK(setup.Call(peer).body == "ok");
  CHECK(setup.Call(peer).body == "ok");
  CHECK(peer.accepted() == 2);
}

TEST_CASE("a connection made under no policy is not used under the policy of public addresses") {
  RawServer peer(AnswerAll);
  Setup setup;
  CHECK(setup.Call(peer).body == "ok");
  OutgoingRequest request = Get(peer.Url());
  request.addresses = std::make_shared<AddressPolicy>(AddressRules{});
  CHECK(Send(setup.loop, *setup.client, request).fault == Fault::kForbiddenAddress);
}

TEST_CASE("many requests in parallel are all answered") {
  tests::ServerThread server({}, [](Request request, Respond respond) {
    Response response;
    response.body = request.body;
    respond(std::move(response));
  });
  Setup setup;
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
  int right = 0;
  int left = 2000;
  std::function<void(int)> next = [&](int number) {
    if (left == 0) return;
    --left;
    setup.client->Send(tests::Post(url, "body " + std::to_string(number)),
                       [&, number](OutgoingResult r) {
                         right += r.body == "body " + std::to_string(number) ? 1 : 0;
                         next(number + 1);
                       });
  };
  for (int i = 0; i < 16; ++i) next(i * 10'000);
  CHECK(RunUntil(setup.loop, [&] { return right == 2000; }));
}

}  // namespace
}  // namespace websub::hub::http
