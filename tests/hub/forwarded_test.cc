#include "hub/forwarded.h"

#include <doctest/doctest.h>

namespace websub::hub {
namespace {

std::vector<AddressRange> Ranges(const std::vector<std::string>& texts) {
  std::vector<AddressRange> ranges;
  for (const std::string& text : texts) ranges.push_back(*AddressRange::Parse(text));
  return ranges;
}

std::string Peer(const std::string& peer, http::Fields fields,
                 const std::vector<std::string>& proxies = {"10.0.0.0/8", "2001:db8::/32"}) {
  http::Request request;
  request.peer = peer;
  request.fields = std::move(fields);
  return PeerBehind(Ranges(proxies), request);
}

TEST_CASE("who is no trusted proxy is believed nothing") {
  CHECK(Peer("192.0.2.1:80", {{"X-Forwarded-For", "198.51.100.7"}}) == "192.0.2.1:80");
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "198.51.100.7"}}, {}) == "10.0.0.1:80");
}

TEST_CASE("a trusted proxy tells its peer") {
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "198.51.100.7"}}) == "198.51.100.7");
  CHECK(Peer("[2001:db8::1]:80", {{"x-forwarded-for", " 2400::7 "}}) == "2400::7");
  CHECK(Peer("[::ffff:10.0.0.1]:80", {{"X-Forwarded-For", "198.51.100.7:1234"}}) == "198.51.100.7");
  CHECK(Peer("10.0.0.1:80", {}) == "10.0.0.1:80");
}

TEST_CASE("the last hop that is not trusted counts and what stands before it does not") {
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "1.1.1.1, 198.51.100.7, 10.0.0.2"}}) ==
        "198.51.100.7");
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "1.1.1.1"},
                             {"X-Forwarded-For", "198.51.100.7"}}) == "198.51.100.7");
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "10.0.0.9,10.0.0.2"}}) == "10.0.0.9");
}

TEST_CASE("a hop that is no address ends the search") {
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "198.51.100.7, unknown"}}) == "10.0.0.1:80");
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "198.51.100.7, , 10.0.0.2"}}) == "10.0.0.2");
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", ","}}) == "10.0.0.1:80");
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "["}}) == "10.0.0.1:80");
  CHECK(Peer("10.0.0.1:80", {{"Forwarded", "for=_hidden"}}) == "10.0.0.1:80");
}

// The examples are those of RFC 7239.
TEST_CASE("Forwarded is read where the other is not there") {
  CHECK(Peer("10.0.0.1:80", {{"Forwarded", "for=192.0.2.60;proto=http;by=203.0.113.43"}}) ==
        "192.0.2.60");
  CHECK(Peer("10.0.0.1:80", {{"Forwarded", "For=\"[2400:cafe::17]:4711\""}}) == "2400:cafe::17");
  CHECK(Peer("10.0.0.1:80", {{"Forwarded", "for=192.0.2.43, for=198.51.100.17"}}) ==
        "198.51.100.17");
  CHECK(Peer("10.0.0.1:80", {{"Forwarded", "proto=https; for=192.0.2.43:47011"}}) == "192.0.2.43");
  CHECK(Peer("10.0.0.1:80", {{"Forwarded", "for=1.1.1.1"}, {"X-Forwarded-For", "192.0.2.1"}}) ==
        "192.0.2.1");
  CHECK(Peer("10.0.0.1:80", {{"Forwarded", "for=\"1.1.1.1, for=192.0.2.1"}}) == "192.0.2.1");
}

TEST_CASE("an endless list of hops is read in one pass") {
  std::string list;
  for (int i = 0; i < 3000; ++i) list += "10.0.0.2,";
  CHECK(Peer("10.0.0.1:80", {{"X-Forwarded-For", "192.0.2.1," + list + "10.0.0.3"}}) ==
        "192.0.2.1");
}

}  // namespace
}  // namespace websub::hub
