#include "cli/client_options.h"

#include <string>

#include "core/text.h"

namespace websub::cli {
namespace {

// The lower-case form wins, as it does elsewhere.
std::string ProxyVariable(const Environment& environment, const std::string& name) {
  if (auto value = Variable(environment, ToLower(name))) return *value;
  return Variable(environment, name).value_or("");
}

}  // namespace

hub::http::ClientOptions MakeClientOptions(const Environment& environment, const TlsOptions& tls) {
  hub::http::ClientOptions options;
  options.tls_peer = tls.insecure ? hub::http::TlsPeer::kAcceptAny : hub::http::TlsPeer::kVerify;
  options.insecure_hosts = tls.insecure_hosts;
  options.cacert = tls.cacert;
  options.http_proxy = ProxyVariable(environment, "HTTP_PROXY");
  options.https_proxy = ProxyVariable(environment, "HTTPS_PROXY");
  // What runs on this machine is asked directly: a proxy would look for it on its own.
  options.no_proxy = ProxyVariable(environment, "NO_PROXY");
  if (!options.no_proxy.empty()) options.no_proxy += ",";
  options.no_proxy += "localhost,127.0.0.1,::1";
  return options;
}

}  // namespace websub::cli
