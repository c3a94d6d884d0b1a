#include "hub/api/guard.h"

#include "core/address.h"
#include "core/digest.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::hub {

namespace {

bool NamesListener(const Url& asked, const GuardOptions& options) {
  if (asked.port() != options.port) return false;
  if (asked.host() == "localhost") return true;
  const auto kind = ClassifyAddress(asked.host());
  if (!kind) return false;  // a name that may lead anywhere
  if (asked.host() == options.listen_address || kind == AddressClass::kLoopback) return true;
  const auto listening = ClassifyAddress(options.listen_address);
  return listening == AddressClass::kUnspecified;
}

// "127.0.0.1" of "127.0.0.1:53211", "::1" of "[::1]:53211".
std::string AddressOf(const std::string& peer) {
  std::string address = peer.substr(0, peer.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  return address;
}

Result<Url> Asked(const http::Request& request) {
  return Url::Parse("http://" + std::string(request.Field("Host").value_or("")));
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || ClassifyAddress(host) == AddressClass::kLoopback;
}

bool CameThroughProxy(const http::Request& request) {
  return request.Field("Forwarded") || request.Field("X-Forwarded-For") || request.Field("Via");
}

bool HasToken(const http::Request& request, const std::string& token) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view given = request.Field("Authorization").value_or("");
  if (given.size() <= kScheme.size() ||
      !EqualIgnoringCase(given.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  // Digests have one length, so that the comparison tells nothing of the token's.
  const std::string expected = Sha256Hex(token);
  const std::string digest = Sha256Hex(Trim(given.substr(kScheme.size())));
  unsigned difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference |= static_cast<unsigned char>(expected[i]) ^ static_cast<unsigned char>(digest[i]);
  }
  return difference == 0;
}

}  // namespace

Result<void> CheckHost(const http::Request& request, const GuardOptions& options) {
  const auto asked = Asked(request);
  const auto base = Url::Parse(options.base_url);
  const bool advertised =
      base && asked && asked->host() == base->host() &&
      (base->HostHeader() == asked->HostHeader() || asked->port() == base->port());
  if (asked && (advertised || NamesListener(*asked, options))) return {};
  return Fail(ErrorCode::kForbidden, "Host: " + Quote(request.Field("Host").value_or("")) +
                                         " is not this hub; use " + options.base_url);
}

Result<void> CheckOrigin(const http::Request& request, const GuardOptions& options) {
  const auto origin = request.Field("Origin");
  if (!origin) return {};
  const auto from = Url::Parse(*origin);
  const auto base = Url::Parse(options.base_url);
  const auto asked = Asked(request);
  if (from && ((base && from->Origin() == base->Origin()) ||
               (asked && from->host() == asked->host() && from->port() == asked->port()))) {
    return {};
  }
  return Fail(ErrorCode::kForbidden,
              "Origin: " + Quote(*origin) + " is foreign; a web page may not change this hub");
}

Result<void> CheckGuard(const http::Request& request, const GuardOptions& options) {
  if (auto host = CheckHost(request, options); !host) return host;
  return CheckOrigin(request, options);
}

Result<void> CheckApi(const http::Request& request, const GuardOptions& options) {
  if (auto guarded = CheckGuard(request, options); !guarded) return guarded;
  if (!options.api_token.empty()) {
    if (HasToken(request, options.api_token)) return {};
    return Fail(ErrorCode::kForbidden,
                "Authorization: the API of this hub wants the token of its --api-token as a bearer "
                "token");
  }
  const auto asked = Asked(request);
  if (IsLoopback(AddressOf(request.peer)) && asked && IsLoopback(asked->host()) &&
      !CameThroughProxy(request)) {
    return {};
  }
  return Fail(
      ErrorCode::kForbidden,
      "the API answers on the hub's own machine only; start the hub with --api-token to use "
      "it from elsewhere");
}

}  // namespace websub::hub
