// Who is behind a reverse proxy: X-Forwarded-For, or Forwarded (RFC 7239).
#pragma once

#include <string>
#include <vector>

#include "core/address.h"
#include "hub/http/server.h"

namespace websub::hub {

// Whether one of the ranges holds this address.
bool IsIn(const std::vector<AddressRange>& ranges, std::string_view literal);

// Where the request came from: its peer, or, where that is a trusted proxy, what the proxy says,
// and so on up to the first hop that is not trusted. What stands further left anybody may have
// written. Where X-Forwarded-For is there, Forwarded does not count: a proxy sets one of them, and
// the other could be the client's. A hop that is no address ("unknown") ends the search.
std::string PeerBehind(const std::vector<AddressRange>& proxies, const http::Request& request);

}  // namespace websub::hub
