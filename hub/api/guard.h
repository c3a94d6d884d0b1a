// Keeps web pages from driving the hub: a page that is open on the same machine can send requests
// to loopback, but it cannot choose its Origin, and a name that was rebound to loopback shows in
// Host.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "hub/http/server.h"

namespace websub::hub {

struct GuardOptions {
  std::string listen_address;  // "127.0.0.1"
  std::uint16_t port = 0;
  std::string base_url;  // what the hub advertises: "http://127.0.0.1:4820" or the --public-url
};

// For requests that change something under /api and /topics. kForbidden unless Host names the
// listener (its address, localhost, an address literal where it listens on all of them) or the
// advertised URL, and Origin, where there is one, is the advertised URL's or the Host's own.
Result<void> CheckGuard(const http::Request& request, const GuardOptions& options);

}  // namespace websub::hub
