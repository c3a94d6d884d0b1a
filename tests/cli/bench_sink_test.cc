// The sink of `bench` over real connections.
#include "cli/bench/sink.h"

#include <doctest/doctest.h>

#include <mutex>

#include "tests/support/http_ask.h"
#include "tests/support/raw_peer.h"

namespace websub::cli::bench {
namespace {

using tests::Ask;
using tests::PeerAnswer;
using tests::RawConnection;

// Remembers what it was told. Subscriber 7 is stalled; 404 is nobody's.
class Recorder : public SinkHandler {
 public:
  Answer OnDelivery(const SinkDelivery& delivery) override {
    const std::lock_guard lock(mutex_);
    if (delivery.subscriber == 404) return Answer::k404;
    told_.push_back(std::to_string(delivery.origin) + " " + std::to_string(delivery.subscriber) +
                    " " + std::string(delivery.body));
    return delivery.subscriber == 7 ? Answer::kNever : Answer::k204;
  }
  bool OnVerification(std::size_t, std::uint32_t subscriber, const Verification& asked) override {
    const std::lock_guard lock(mutex_);
    topic_ = asked.topic;
    return subscriber != 404;
  }
  void OnDenial(std::size_t, std::uint32_t subscriber, const Denial& denial) override {
    const std::lock_guard lock(mutex_);
    told_.push_back("denied " + std::to_string(subscriber) + " " + denial.reason);
  }
  std::string OnFetch(std::uint32_t topic) override {
    if (topic != 0) return "";
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
           content;
  }

  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  std::string topic() {
    const std::lock_guard lock(mutex_);
    return topic_;
  }
  std::string content = "news";

 private:
  std::mutex mutex_;
  std::vector<std::string> told_;  // guarded by mutex_
  std::string topic_;              // guarded by mutex_
};

struct Fixture {
  Recorder recorder;
  std::unique_ptr<Sink> sink;

  explicit Fixture(std::size_t ports = 1) {
    SinkOptions options;
    options.ports.assign(ports, 0);
    auto listening = Sink::Listen(std::move(options));
    REQUIRE(listening);
    sink = *std::move(listening);
    sink->Start(recorder);
  }
  std::string Url(const std::string& path, std::size_t origin = 0) const {
    return "http://127.0.0.1:" + std::to_string(sink->ports()[origin]) + path;
  }
};

TEST_CASE("the sink tells of deliveries by port and subscriber") {
  Fixture fixture(3);
  CHECK(Ask("POST", fixture.Url("/s/5", 2), "text/plain", "one").status == 204);
  CHECK(Ask("POST", fixture.Url("/s/4294967295/token?x=y", 1), "text/plain", "two").status == 204);
  CHECK(fixture.recorder.told() == std::vector<std::string>{"2 5 one", "1 4294967295 two"});
  CHECK(fixture.sink->Counts().requests == 2);
  CHECK(fixture.sink->Counts().connections == 2);
}

TEST_CASE("the sink echoes the challenge decoded once (SUB-VER-01)") {
  Fixture fixture;
  const PeerAnswer answer =
      Ask("GET", fixture.Url("/s/1?hub.mode=subscribe&hub.topic=http%3A%2F%2Fa%2F%3Fb%3D%2525"
                             "&hub.challenge=a%2Bb+c%2541&hub.lease_seconds=10"));
  CHECK(answer.status == 200);
  CHECK(answer.body == "a+b c%41");
  CHECK(fixture.recorder.topic() == "http://a/?b=%25");
}

TEST_CASE("the sink answers 404 for what nobody asked for (SUB-VER-02)") {
  Fixture fixture;
  const std::string query = "?hub.mode=subscribe&hub.topic=t&hub.challenge=c&hub.lease_seconds=1";
  CHECK(Ask("GET", fixture.Url("/s/404" + query)).status == 404);
  CHECK(Ask("GET", fixture.Url("/s/1")).status == 404);
  CHECK(Ask("GET", fixture.Url("/elsewhere" + query)).status == 404);
  CHECK(Ask("GET", fixture.Url("/s/99999999999" + query)).status == 404);
  CHECK(Ask("GET", fixture.Url("/s/1x" + query)).status == 404);
  CHECK(Ask("POST", fixture.Url("/s/404"), "text/plain", "x").status == 404);
  CHECK(Ask("POST", fixture.Url("/t/0"), "text/plain", "x").status == 404);
  CHECK(fixture.sink->Counts().refused == 7);
}

TEST_CASE("the sink takes denials (SUB-VER-03)") {
  Fixture fixture;
  CHECK(Ask("GET", fixture.Url("/s/9?hub.mode=denied&hub.topic=t&hub.reason=not%20you")).status ==
        200);
  CHECK(fixture.recorder.told() == std::vector<std::string>{"denied 9 not you"});
}

TEST_CASE("the sink serves topics") {
  Fixture fixture;
  CHECK(Ask("GET", fixture.Url("/t/0/token")).body == "news");
  CHECK(Ask("HEAD", fixture.Url("/t/0")).status == 200);
  CHECK(Ask("GET", fixture.Url("/t/1")).status == 404);
}

TEST_CASE("the sink answers pipelined requests in order and goes on") {
  Fixture fixture;
  RawConnection connection(fixture.sink->ports()[0]);
  const std::string post = "POST /s/1 HTTP/1.1\r\nContent-Length: 1\r\n\r\n";
  REQUIRE(connection.Write(post + "a" + post + "b" + "GET /t/1 HTTP/1.1\r\n\r\n" + post));
  CHECK(connection.ReadMessage().starts_with("HTTP/1.1 204"));
  CHECK(connection.ReadMessage().starts_with("HTTP/1.1 204"));
  CHECK(connection.ReadMessage().starts_with("HTTP/1.1 404"));
  REQUIRE(connection.Write("c"));
  CHECK(connection.ReadMessage().starts_with("HTTP/1.1 204"));
  CHECK(fixture.recorder.told() == std::vector<std::string>{"0 1 a", "0 1 b", "0 1 c"});
}

TEST_CASE("the sink closes where it is asked to and after garbage") {
  Fixture fixture;
  RawConnection close(fixture.sink->ports()[0]);
  REQUIRE(close.Write("POST /s/1 HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"));
  CHECK(close.ReadAll().starts_with("HTTP/1.1 204"));
  RawConnection garbage(fixture.sink->ports()[0]);
  REQUIRE(garbage.Write("\x16\x03\x01 not HTTP\r\n\r\n"));
  CHECK(garbage.ReadAll().starts_with("HTTP/1.1 400"));
  CHECK(Ask("POST", fixture.Url("/s/1"), "text/plain", "x").status == 204);
}

TEST_CASE("a stalled subscriber gets no answer and others do") {
  Fixture fixture;
  RawConnection stalled(fixture.sink->ports()[0]);
  REQUIRE(stalled.Write("POST /s/7 HTTP/1.1\r\nContent-Length: 1\r\n\r\na"));
  CHECK(Ask("POST", fixture.Url("/s/1"), "text/plain", "x").status == 204);
  REQUIRE(stalled.Write("POST /s/1 HTTP/1.1\r\nContent-Length: 1\r\n\r\nb"));
  CHECK(Ask("POST", fixture.Url("/s/1"), "text/plain", "y").status == 204);
  CHECK(fixture.recorder.told() == std::vector<std::string>{"0 7 a", "0 1 x", "0 1 y"});
  fixture.sink.reset();
  CHECK(stalled.ReadAll().empty());
}

TEST_CASE("a stalled connection still gets what was answered before") {
  Fixture fixture;
  RawConnection connection(fixture.sink->ports()[0]);
  REQUIRE(
      connection.Write("POST /s/1 HTTP/1.1\r\nContent-Length: 1\r\n\r\na"
                       "POST /s/7 HTTP/1.1\r\nContent-Length: 1\r\n\r\nb"));
  CHECK(connection.ReadMessage().starts_with("HTTP/1.1 204"));
  CHECK(fixture.recorder.told() == std::vector<std::string>{"0 1 a", "0 7 b"});
}

TEST_CASE("the sink waits for a peer that does not take its answers") {
  Fixture fixture;
  fixture.recorder.content = std::string(1024 * 1024, 'n');
  RawConnection connection(fixture.sink->ports()[0]);
  std::string requests;
  constexpr std::size_t kRequests = 50;
  for (std::size_t at = 0; at < kRequests; ++at) requests += "GET /t/0 HTTP/1.1\r\n\r\n";
  REQUIRE(connection.Write(requests));
  CHECK(Ask("POST", fixture.Url("/s/1"), "text/plain", "x").status == 204);
  std::size_t whole = 0;
  for (std::size_t at = 0; at < kRequests; ++at) {
    if (connection.ReadMessage().ends_with("nnnn")) ++whole;
  }
  CHECK(whole == kRequests);
}

TEST_CASE("the sink says which port it cannot have") {
  Fixture fixture;
  SinkOptions options;
  options.ports = {0, fixture.sink->ports()[0]};
  const auto second = Sink::Listen(std::move(options));
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find(std::to_string(fixture.sink->ports()[0])) != std::string::npos);
  SinkOptions name;
  name.address = "localhost";
  CHECK_FALSE(Sink::Listen(std::move(name)));
}

}  // namespace
}  // namespace websub::cli::bench
