// One HTTP request by a client that is not our own code (cpp-httplib), as publishers and
// subscribers that tests play send it.
#pragma once

#include <string>

#include "tests/support/http_peer.h"

namespace websub::tests {

// status 0: no answer came within ten seconds.
PeerAnswer Ask(const std::string& method, const std::string& url,
               const std::string& content_type = "", const std::string& body = "",
               const PeerFields& fields = {});

}  // namespace websub::tests
