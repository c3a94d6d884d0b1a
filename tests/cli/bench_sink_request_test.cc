// How the sink of `bench` reads requests: in any pieces, and whatever comes.
#include "cli/bench/sink_request.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace websub::cli::bench {
namespace {

using State = SinkReader::State;

struct Taken {
  std::string method, target, body;
  bool keep_alive = true;
  bool operator==(const Taken&) const = default;
};

struct Reading {
  std::vector<Taken> requests;
  int continues = 0;
  bool bad = false;
};

// Feeds the bytes in pieces of `step`, as a connection would.
Reading ReadIn(const std::string& bytes, std::size_t step, SinkLimits limits = {}) {
  Reading reading;
  SinkReader reader(limits);
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    buffer += bytes.substr(at, step);
    while (!buffer.empty()) {
      const State state = reader.Feed(buffer.data(), buffer.size());
      if (state == State::kMore) break;
      if (state == State::kContinue) {
        ++reading.continues;
        continue;
      }
      if (state == State::kBad) {
        reading.bad = true;
        return reading;
      }
      const SinkRequest& request = reader.request();
      reading.requests.push_back({std::string(request.method), std::string(request.target),
                                  std::string(request.body), request.keep_alive});
      buffer.erase(0, reader.size());
      reader.Next();
    }
  }
  return reading;
}

const std::vector<std::string> kGarbage = {
    "\r\n\r\n",
    "GET\r\n\r\n",
    "GET /s/1\r\n\r\n",
    "GET  HTTP/1.1\r\n\r\n",
    " /s/1 HTTP/1.1\r\n\r\n",
    "GET /s/1 HTTP/2.0\r\n\r\n",
    "GET /s/1 HTTP/1.1\r\nno colon\r\n\r\n",
    "GET /s/1 HTTP/1.1\r\n: nameless\r\n\r\n",
    "GET /s/1 HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
    "POST /s/1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "POST /s/1 HTTP/1.1\r\nContent-Length:\r\n\r\n",
    "POST /s/1 HTTP/1.1\r\nContent-Length: 1x\r\n\r\na",
    "POST /s/1 HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "POST /s/1 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "POST /s/1 HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /s/1 HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    "POST /s/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    "POST /s/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "POST /s/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    "POST /s/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n",
};

TEST_CASE("the sink reads a request in pieces of any size") {
  const std::string bytes =
      "POST /s/12/ab HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  5 \r\nX: y\r\n\r\nhello"
      "GET /s/3?hub.mode=denied HTTP/1.1\r\n\r\n"
      "POST /s/4 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;note=x\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
      "POST /s/5 HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      "GET /s/6 HTTP/1.0\r\n\r\n";
  const std::vector<Taken> expected = {{"POST", "/s/12/ab", "hello", true},
                                       {"GET", "/s/3?hub.mode=denied", "", true},
                                       {"POST", "/s/4", "hello 0123456789", true},
                                       {"POST", "/s/5", "", false},
                                       {"GET", "/s/6", "", false}};
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    CAPTURE(step);
    const Reading reading = ReadIn(bytes, step);
    CHECK_FALSE(reading.bad);
    CHECK(reading.requests == expected);
  }
}

TEST_CASE("the sink refuses what is no request") {
  for (const std::string& garbage : kGarbage) {
    CAPTURE(garbage);
    CHECK(ReadIn(garbage, garbage.size()).bad);
    CHECK(ReadIn(garbage, 1).bad);
  }
}

TEST_CASE("the sink says once that the body may come") {
  const std::string head =
      "POST /s/1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  CHECK(ReadIn(head + "abc", 1).continues == 1);
  CHECK(ReadIn(head + "abc", 1).requests.size() == 1);
  CHECK(ReadIn(head + "abc", 1000).continues == 0);
}

TEST_CASE("the sink bounds heads") {
  const std::string start = "GET /s/1 HTTP/1.1\r\nX: ";
  const SinkLimits limits{.max_head = 100, .max_body = 10};
  const std::string fits = start + std::string(100 - start.size() - 4, 'x') + "\r\n\r\n";
  REQUIRE(fits.size() == 100);
  CHECK(ReadIn(fits, 7, limits).requests.size() == 1);
  CHECK(ReadIn(start + std::string(101 - start.size() - 4, 'x') + "\r\n\r\n", 7, limits).bad);
  CHECK(ReadIn(start + std::string(100 - start.size(), 'x'), 7, limits).bad);
}

TEST_CASE("the sink bounds bodies and what chunks add to them") {
  const SinkLimits limits{.max_head = 100, .max_body = 10};
  const std::string length = "POST /s/1 HTTP/1.1\r\nContent-Length: ";
  CHECK(ReadIn(length + "10\r\n\r\n0123456789", 3, limits).requests.size() == 1);
  CHECK(ReadIn(length + "11\r\n\r\n", 3, limits).bad);
  const std::string chunked = "POST /s/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(ReadIn(chunked + "a\r\n0123456789\r\n0\r\n\r\n", 3, limits).requests.size() == 1);
  CHECK(ReadIn(chunked + "a\r\n0123456789\r\n1\r\n", 3, limits).bad);
  CHECK(ReadIn(chunked + "1;" + std::string(2000, 'e'), 3, limits).bad);
  std::string trailers = "0\r\n";
  for (int at = 0; at < 40; ++at) trailers += "A: b\r\n";
  CHECK(ReadIn(chunked + trailers, 3, limits).bad);
}

TEST_CASE("the sink survives any bytes") {
  std::mt19937 random(7);
  const std::string start =
      "POST /s/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = start + start;
    for (int change = 0; change < 3; ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const std::size_t step = 1 + random() % 40;
    for (const Taken& taken : ReadIn(bytes, step).requests) {
      CHECK(taken.body.size() <= bytes.size());
    }
  }
}

TEST_CASE("a field is found in any case and without the space around it") {
  const std::string_view head =
      "POST / HTTP/1.1\r\nHost: a\r\nx-HUB-signature: \tsha256=0 \r\n\r\n";
  CHECK(HeadField(head, "x-hub-signature") == "sha256=0");
  CHECK(HeadField(head, "host") == "a");
  CHECK(HeadField(head, "x-hub") == "");
}

}  // namespace
}  // namespace websub::cli::bench
