#include "hub/gate.h"

#include <utility>

#include "hub/forwarded.h"
#include "hub/http/peer_address.h"

namespace websub::hub {

namespace {

constexpr Rate kNotices{1, std::chrono::seconds(10)};

bool Costs(const http::Request& request) {
  const std::string_view path = request.Path();
  if (path == "/hub" || path.starts_with("/api/v1/")) return true;
  return path.starts_with("/topics/") && request.method != "GET" && request.method != "HEAD";
}

}  // namespace

http::Response TooMany(const std::string& who, const Rate& rate, Duration wait) {
  const std::string seconds = std::to_string(RetryAfterSeconds(wait));
  auto response = http::Response::Text(429, "too many " + who + ": at most " + FormatRate(rate) +
                                                "; try again in " + seconds + " s");
  response.fields.emplace_back("Retry-After", seconds);
  return response;
}

Gate::Gate(GateOptions options, const Clock& clock, Notice notice)
    : clock_(clock),
      notice_(std::move(notice)),
      trusted_proxies_(std::move(options.trusted_proxies)),
      notices_(kNotices, 1'000) {
  if (options.per_address) requests_.emplace(*options.per_address);
}

std::optional<http::Response> Gate::Refuse(http::Request& request) {
  if (!trusted_proxies_.empty()) request.peer = PeerBehind(trusted_proxies_, request);
  if (!requests_ || !Costs(request)) return std::nullopt;
  const std::string address = http::AddressGroup(http::HostOfPeer(request.peer));
  const Time now = clock_.Now();
  const Duration wait = requests_->Take(address, now);
  if (wait == Duration::zero()) return std::nullopt;
  const std::string who = "requests from " + address;
  if (notices_.Take(address, now) == Duration::zero()) {
    notice_("too many " + who + ", beyond " + FormatRate(requests_->rate()) + ": answered 429",
            request.peer);
  }
  return TooMany(who, requests_->rate(), wait);
}

}  // namespace websub::hub
