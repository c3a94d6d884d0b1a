// Keeps web pages and strangers from driving the hub. A page that is open on the same machine can
// send requests to loopback, but it cannot choose its Origin, and a name that was rebound to
// loopback shows in Host.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "hub/http/server.h"

namespace websub::hub {

struct GuardOptions {
  std::string listen_address;  // "127.0.0.1"
  std::uint16_t port = 0;
  std::string base_url;   // what the hub advertises: "http://127.0.0.1:4820" or the --public-url
  std::string api_token;  // who has it may use /api/v1; empty: whoever is on this machine
};

// kForbidden unless Host names the listener (its address, localhost, an address literal where it
// listens on all of them) or the advertised URL.
Result<void> CheckHost(const http::Request& request, const GuardOptions& options);

// kForbidden where there is an Origin which is neither the advertised URL's nor the Host's own: a
// web page of somebody else's sends this.
Result<void> CheckOrigin(const http::Request& request, const GuardOptions& options);

// For what changes something under /topics: both of the above.
Result<void> CheckGuard(const http::Request& request, const GuardOptions& options);

// For everything under /api/v1, reading included, which shows what others sent: CheckGuard, and the
// token in "Authorization: Bearer". Without a token set: only for peers on loopback that call the
// hub by a loopback name and came through no proxy.
Result<void> CheckApi(const http::Request& request, const GuardOptions& options);

}  // namespace websub::hub
