// What every request passes before it is looked at: who its peer is, and whether he asks too often.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "hub/clock.h"
#include "hub/http/server.h"
#include "hub/rate_limiter.h"

namespace websub::hub {

struct GateOptions {
  // Of what costs something (POST /hub, PUT /topics/NAME, /api/v1), from one address: an IPv4
  // address or the /64 of an IPv6 address. Nothing: as often as they like.
  std::optional<Rate> per_address;
  // Reverse proxies: what counts is the address that they tell (forwarded.h).
  std::vector<AddressRange> trusted_proxies;
};

// 429 with Retry-After, for who ("requests from 192.0.2.1") has used up his rate.
http::Response TooMany(const std::string& who, const Rate& rate, Duration wait);

// Used on the loop's thread only.
class Gate {
 public:
  using Notice = std::function<void(std::string sentence, std::string peer)>;

  Gate(GateOptions options, const Clock& clock, Notice notice);

  // Puts the peer behind trusted proxies in place of the last proxy, for all that follows.
  // Then: the answer to a request that is refused. It is not recorded, so that a flood cannot fill
  // the record; a notice tells of it, for each address now and then.
  std::optional<http::Response> Refuse(http::Request& request);

 private:
  const Clock& clock_;
  const Notice notice_;
  const std::vector<AddressRange> trusted_proxies_;
  std::optional<RateLimiter> requests_;
  RateLimiter notices_;
};

}  // namespace websub::hub
