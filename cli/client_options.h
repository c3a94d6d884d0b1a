// How a command's outgoing HTTP is set up: trust and proxies.
#pragma once

#include "cli/environment.h"
#include "cli/shared_flags.h"
#include "hub/http/client.h"

namespace websub::cli {

// From --cacert, --insecure and the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY, of which the
// lower-case form wins. Loopback is never reached by a proxy.
hub::http::ClientOptions MakeClientOptions(const Environment& environment, const TlsOptions& tls);

}  // namespace websub::cli
