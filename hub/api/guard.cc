#include "hub/api/guard.h"

#include "core/address.h"
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

}  // namespace

Result<void> CheckGuard(const http::Request& request, const GuardOptions& options) {
  const auto host = request.Field("Host");
  const auto asked = Url::Parse("http://" + std::string(host.value_or("")));
  const auto base = Url::Parse(options.base_url);
  const bool advertised =
      base && asked && asked->host() == base->host() &&
      (base->HostHeader() == asked->HostHeader() || asked->port() == base->port());
  if (!asked || (!advertised && !NamesListener(*asked, options))) {
    return Fail(ErrorCode::kForbidden,
                "Host: " + Quote(host.value_or("")) + " is not this hub; use " + options.base_url);
  }
  const auto origin = request.Field("Origin");
  if (!origin) return {};
  const auto from = Url::Parse(*origin);
  if (from && ((base && from->Origin() == base->Origin()) ||
               (from->host() == asked->host() && from->port() == asked->port()))) {
    return {};
  }
  return Fail(ErrorCode::kForbidden,
              "Origin: " + Quote(*origin) + " is foreign; a web page may not change this hub");
}

}  // namespace websub::hub
