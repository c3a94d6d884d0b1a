// The readers without a network: how the bytes are cut into pieces must not matter, and nothing
// that a peer sends may do worse than be refused.
#include "hub/http/message_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace websub::hub::http {
namespace {

constexpr std::size_t kMaxHead = 400;
constexpr std::size_t kMaxBody = 50;

void Append(ByteBuffer& in, std::string_view bytes) {
  std::copy(bytes.begin(), bytes.end(), in.Prepare(bytes.size()));
  in.Commit(bytes.size());
}

// Cuts the bytes into pieces of at most `most`, feeds them to the reader until it wants no more.
template <typename Reader>
Progress FeedPieces(Reader& reader, ByteBuffer& in, std::string_view bytes, std::mt19937& random,
                    std::size_t most) {
  Progress progress = Progress::kMore;
  while (!bytes.empty() && progress == Progress::kMore) {
    const std::size_t size = std::min<std::size_t>(1 + random() % most, bytes.size());
    Append(in, bytes.substr(0, size));
    bytes.remove_prefix(size);
    progress = reader.Feed(in);
  }
  Append(in, bytes);
  return progress;
}

// What a reader makes of a stream, in one text.
std::string ReadRequests(std::string_view bytes, std::mt19937& random, std::size_t most) {
  RequestReader reader(kMaxHead, kMaxBody);
  ByteBuffer in;
  std::string told;
  for (;;) {
    const Progress progress = FeedPieces(reader, in, bytes, random, most);
    bytes = {};
    if (progress == Progress::kRefused) return told + "refused " + std::to_string(reader.status());
    if (progress == Progress::kMore) return told + "more";
    const Request& request = reader.request();
    CHECK(request.body.size() <= kMaxBody);
    CHECK(request.head.size() <= kMaxHead);
    told +=
        request.method + " " + request.target + " [" + request.head + "] " + request.body + "; ";
    told += reader.keep_alive() ? "stays; " : "closes; ";
    reader.Reset();
    if (const std::string rest(in.View()); !rest.empty()) {
      in.Consume(rest.size());
      return told + ReadRequests(rest, random, most);
    }
  }
}

std::string ReadAnswer(std::string_view bytes, std::mt19937& random, std::size_t most) {
  ResponseReader reader;
  reader.Start(kMaxHead, kMaxBody, ResponseReader::Body::kExpected);
  ByteBuffer in;
  Progress progress = FeedPieces(reader, in, bytes, random, most);
  if (progress == Progress::kMore) progress = reader.FeedEnd();
  if (progress == Progress::kRefused) return "refused";
  const bool cut = reader.body_cut();
  std::string told =
      std::to_string(reader.status()) + (reader.keep_alive() ? " stays " : " closes ");
  const std::string body = reader.TakeBody();
  CHECK(body.size() <= kMaxBody);
  return told + (cut ? "cut " : "whole ") + reader.TakeHead() + body;
}

const std::vector<std::string> kRequests = {
    "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\r\nGET /n HTTP/1.1\r\nHost: "
    "x\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nT: "
    "u\r\n\r\n",
    "\r\n\r\nHEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 51\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
};
const std::vector<std::string> kAnswers = {
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nT: u\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n" + std::string(60, 'x'),
};

TEST_CASE("messages read the same however they are cut") {
  std::mt19937 random(1);
  CHECK(ReadRequests(kRequests[0], random, 1) ==
        "GET /a?b [GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n] ; stays; more");
  CHECK(ReadAnswer(kAnswers[2], random, 1) ==
        "200 stays whole HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nabc");
  CHECK(ReadAnswer(kAnswers[4], random, 1000).starts_with("200 closes cut "));
  for (const std::string& each : kRequests) {
    const std::string whole = ReadRequests(each, random, 100'000);
    for (const std::size_t most : {1, 2, 3, 7, 30})
      CHECK(ReadRequests(each, random, most) == whole);
  }
  for (const std::string& each : kAnswers) {
    const std::string whole = ReadAnswer(each, random, 100'000);
    for (const std::size_t most : {1, 2, 3, 7, 30}) CHECK(ReadAnswer(each, random, most) == whole);
  }
}

// Changes, doubles, drops and moves bytes, with a liking for those that mean something.
std::string Mangle(std::string text, std::mt19937& random) {
  constexpr std::string_view kTelling("\r\n\0 :;,0f9=\"\t\xff", 14);
  for (std::size_t i = 0; i <= random() % 4; ++i) {
    const std::size_t at = random() % (text.size() + 1);
    switch (random() % 4) {
      case 0:
        text.insert(at, 1, kTelling[random() % kTelling.size()]);
        break;
      case 1:
        text.erase(at, random() % 3);
        break;
      case 2:
        if (at < text.size()) text[at] = kTelling[random() % kTelling.size()];
        break;
      default:
        text.insert(at, text.substr(random() % (text.size() + 1), random() % 20));
    }
  }
  return text;
}

// The same verdict, or one reader still waits for the end of a head that is broken already.
bool Agree(const std::string& a, const std::string& b) {
  const auto waits = [](const std::string& one, const std::string& other) {
    return one.ends_with("more") && other.starts_with(one.substr(0, one.size() - 4));
  };
  return a == b || waits(a, b) || waits(b, a);
}

TEST_CASE("mangled messages are read the same however they are cut and stay within their bounds") {
  std::mt19937 random(20261121);
  for (int i = 0; i < 2000; ++i) {
    const std::string request = Mangle(kRequests[random() % kRequests.size()], random);
    CAPTURE(request);
    CHECK(Agree(ReadRequests(request, random, 100'000), ReadRequests(request, random, 1)));
    const std::string answer = Mangle(kAnswers[random() % kAnswers.size()], random);
    CAPTURE(answer);
    // Where the answer is refused or cut, how much of it was seen may differ; the verdict must not.
    CHECK(ReadAnswer(answer, random, 100'000).substr(0, 7) ==
          ReadAnswer(answer, random, 1).substr(0, 7));
  }
}

// Remembers its pieces; full after `room` bytes.
class Bucket : public BodySink {
 public:
  Bucket(std::string& held, std::size_t room) : held_(held), room_(room) {}
  Result<void> Write(std::string_view piece) override {
    if (held_.size() + piece.size() > room_) return Fail(ErrorCode::kUnavailable, "it is full");
    held_ += piece;
    return {};
  }

 private:
  std::string& held_;
  std::size_t room_;
};

TEST_CASE("a sink takes the body in pieces and none of it is gathered") {
  std::mt19937 random(1);
  for (const std::string_view body : {"Content-Length: 9\r\n\r\nabcdefghi",
                                      "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"
                                      "5;x=y\r\nefghi\r\n0\r\n\r\n"}) {
    for (const std::size_t most : {1, 3, 1000}) {
      std::string held;
      std::string seen;
      RequestReader reader(kMaxHead, 1, [&](const Request& head) {
        seen = head.method + head.target + std::string(head.Field("Host").value_or(""));
        return BodyPlan{std::make_shared<Bucket>(held, 100), 9};
      });
      ByteBuffer in;
      const std::string request = "POST /a HTTP/1.1\r\nHost: x\r\n" + std::string(body);
      CHECK(FeedPieces(reader, in, request, random, most) == Progress::kComplete);
      CHECK(seen == "POST/ax");
      CHECK(held == "abcdefghi");
      CHECK(reader.request().body.empty());
      CHECK(reader.request().body_size == 9);
    }
  }
}

TEST_CASE("a plan bounds the body of its request only") {
  std::mt19937 random(1);
  RequestReader reader(kMaxHead, 5, [](const Request& head) {
    return head.target == "/small" ? BodyPlan{nullptr, 2} : BodyPlan{};
  });
  const auto refused = [&](const std::string& target, const std::string& body) {
    ByteBuffer in;
    reader.Reset();
    const Progress progress =
        FeedPieces(reader, in, "POST " + target + " HTTP/1.1\r\nHost: x\r\n" + body, random, 1000);
    return progress == Progress::kRefused ? reader.status() : 0;
  };
  CHECK(refused("/small", "Content-Length: 3\r\n\r\n") == 413);  // before any of it is read
  CHECK(refused("/small", "Transfer-Encoding: chunked\r\n\r\n3\r\n") == 413);
  CHECK(refused("/big", "Content-Length: 5\r\n\r\nabcde") == 0);
  CHECK(refused("/big", "Content-Length: 6\r\n\r\n") == 413);
}

TEST_CASE("a sink that can take no more ends the request") {
  std::mt19937 random(1);
  std::string held;
  RequestReader reader(kMaxHead, 100, [&](const Request&) {
    return BodyPlan{std::make_shared<Bucket>(held, 4), std::nullopt};
  });
  ByteBuffer in;
  CHECK(FeedPieces(reader, in, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabcdefghi",
                   random, 3) == Progress::kRefused);
  CHECK(reader.status() == 507);
  CHECK(reader.sentence() == "it is full");
}

}  // namespace
}  // namespace websub::hub::http
