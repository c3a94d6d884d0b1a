#include "cli/listen_address.h"

#include <doctest/doctest.h>

namespace websub::cli {
namespace {

TEST_CASE("an address to listen on has a port and may have an address") {
  for (const auto& [text, address, port] :
       {std::tuple<const char*, const char*, int>{"127.0.0.1:4820", "127.0.0.1", 4820},
        {"[::1]:0", "::1", 0},
        {":8080", "127.0.0.1", 8080},
        {"8080", "127.0.0.1", 8080},
        {"localhost:1", "127.0.0.1", 1},
        {"0.0.0.0:65535", "0.0.0.0", 65535}}) {
    CAPTURE(text);
    const auto listening = ParseListenAddress(text);
    REQUIRE(listening);
    CHECK(listening->address == address);
    CHECK(listening->port == port);
  }
  for (const char* text :
       {"", ":", "::1:80", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http"}) {
    CAPTURE(text);
    CHECK(!ParseListenAddress(text));
  }
}

TEST_CASE("all addresses of the machine are reached by its loopback address") {
  CHECK(LocalUrl({"127.0.0.1", 80}) == "http://127.0.0.1:80");
  CHECK(LocalUrl({"0.0.0.0", 80}) == "http://127.0.0.1:80");
  CHECK(LocalUrl({"::", 80}) == "http://[::1]:80");
  CHECK(LocalUrl({"::1", 80}) == "http://[::1]:80");
  CHECK(LocalUrl({"192.0.2.1", 80}) == "http://192.0.2.1:80");
}

}  // namespace
}  // namespace websub::cli
