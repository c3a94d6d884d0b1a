// Answers whose body is made while it is sent.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <deque>

#include "tests/hub/http_server_helpers.h"

namespace websub::hub::http {

namespace {

// Tells the parts that it is given; used on the server's thread.
class Parts : public BodySource {
 public:
  struct Seen {
    std::atomic<int> asked = 0;
    std::atomic<bool> dropped = false;
  };

  explicit Parts(std::shared_ptr<Seen> seen) : seen_(std::move(seen)) {}
  ~Parts() override { seen_->dropped = true; }

  void Next(std::function<void(std::string)> ready) override {
    ++seen_->asked;
    if (endless) return ready(std::string(64 * 1024, 'x'));
    ready_ = std::move(ready);
    Give();
  }
  void Add(std::string part) {
    waiting_.push_back(std::move(part));
    Give();
  }

  bool endless = false;

 private:
  void Give() {
    if (!ready_ || waiting_.empty()) return;
    const auto ready = std::exchange(ready_, nullptr);
    std::string part = std::move(waiting_.front());
    waiting_.pop_front();
    ready(std::move(part));
  }

  std::shared_ptr<Seen> seen_;
  std::deque<std::string> waiting_;
  std::function<void(std::string)> ready_;
};

struct Streaming {
  explicit Streaming(ServerOptions options = {}, bool endless = false)
      : server(std::move(options), [this, endless](Request, Respond respond) {
          auto parts = std::make_shared<Parts>(seen);
          parts->endless = endless;
          source = parts;
          Response response;
          response.fields = {{"Content-Type", "text/event-stream"}};
          response.source = std::move(parts);
          response.on_sent = [this](std::string_view, bool whole) {
            (whole ? ended_whole : ended_short) = true;
          };
          respond(std::move(response));
        }) {}

  void Add(const std::string& part) {
    server.OnLoop([&] {
      const auto parts = source.lock();
      REQUIRE(parts);
      parts->Add(part);
    });
  }

  std::shared_ptr<Parts::Seen> seen = std::make_shared<Parts::Seen>();
  std::atomic<bool> ended_whole = false;
  std::atomic<bool> ended_short = false;
  std::weak_ptr<Parts> source;  // of the latest request; the server's thread
  ServerThread server;
};

}  // namespace

TEST_CASE("a body comes in parts as they are told and ends with the connection") {
  Streaming streaming;
  RawConnection connection(streaming.server.port());
  connection.Write(kGet);
  const std::string head = connection.ReadUntil("\r\n\r\n");
  CHECK(StatusLine(head) == "HTTP/1.1 200 OK");
  CHECK(head.find("Content-Length") == std::string::npos);
  CHECK(head.find("Connection: close") != std::string::npos);
  REQUIRE(Eventually([&] { return streaming.seen->asked == 1; }));
  streaming.Add("one\n");
  CHECK(connection.ReadUntil("\n") == "one\n");
  streaming.Add("two\n");
  CHECK(connection.ReadUntil("\n") == "two\n");
  CHECK_FALSE(streaming.seen->dropped);
  streaming.Add("");
  CHECK(connection.ReadAll().empty());
  CHECK(Eventually([&] { return streaming.seen->dropped && streaming.ended_whole; }));
}

TEST_CASE("a peer that leaves is noticed while nothing is sent") {
  Streaming streaming;
  RawConnection connection(streaming.server.port());
  connection.Write(kGet);
  connection.ReadUntil("\r\n\r\n");
  REQUIRE(Eventually([&] { return streaming.seen->asked == 1; }));
  connection.Close();
  CHECK(Eventually([&] { return streaming.seen->dropped && streaming.ended_short; }));
}

TEST_CASE("a stream outlives the timeouts of other requests") {
  ServerOptions options;
  options.head_timeout = options.idle_timeout = options.write_timeout = kSoon;
  Streaming streaming(options);
  RawConnection connection(streaming.server.port());
  connection.Write(kGet);
  connection.ReadUntil("\r\n\r\n");
  const auto later = std::chrono::steady_clock::now() + 3 * kSoon;
  CHECK(Eventually([&] { return std::chrono::steady_clock::now() > later; }));
  CHECK_FALSE(streaming.seen->dropped);
  streaming.Add("late\n");
  CHECK(connection.ReadUntil("\n") == "late\n");
}

TEST_CASE("a peer that reads nothing holds one part and is given up") {
  ServerOptions options;
  options.write_timeout = kSoon;
  Streaming streaming(options, true);
  RawConnection connection(streaming.server.port());
  const int small = 4096;
  setsockopt(connection.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
  connection.Write(kGet);
  CHECK(Eventually([&] { return streaming.seen->dropped && streaming.ended_short; }));
  // What the two machines hold in their buffers, and no more: 64 KiB a part.
  CHECK(streaming.seen->asked < 200);
}

TEST_CASE("HEAD of a stream is answered without it") {
  Streaming streaming;
  const std::string answer = Said(streaming.server, "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(StatusLine(answer) == "HTTP/1.1 200 OK");
  CHECK(answer.ends_with("\r\n\r\n"));
  CHECK(streaming.seen->asked == 0);
}

TEST_CASE("a server that drains ends streams that have nothing to tell") {
  Streaming streaming;
  RawConnection connection(streaming.server.port());
  connection.Write(kGet);
  connection.ReadUntil("\r\n\r\n");
  REQUIRE(Eventually([&] { return streaming.seen->asked == 1; }));
  std::atomic<bool> drained = false;
  streaming.server.OnLoop([&] { streaming.server.server().Drain([&] { drained = true; }); });
  CHECK(Eventually([&] { return drained.load(); }));
  CHECK(connection.ReadAll().empty());
}

}  // namespace websub::hub::http
