// Recorded exchanges as an HTTP archive (HAR 1.2), which browsers' tools and proxies open.
#pragma once

#include <vector>

#include "cli/output.h"
#include "core/exchange.h"

namespace websub::cli::inspect {

// A recorded exchange: as the API shows it, and the same read.
struct Recorded {
  Json json;
  Exchange exchange;
};

// The URL that was asked for: of a request that a peer sent, by its Host.
std::string UrlOf(const Exchange& exchange);

Json HttpArchive(const std::vector<Recorded>& recorded);

}  // namespace websub::cli::inspect
