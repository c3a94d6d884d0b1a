// The one place where an error becomes an HTTP status.
#pragma once

#include "core/result.h"
#include "hub/http/server.h"

namespace websub::hub {

int StatusOf(ErrorCode code);

// text/plain with the error's sentence (HUB-REQ-12). 503 carries Retry-After.
http::Response Refuse(const Error& error);

}  // namespace websub::hub
