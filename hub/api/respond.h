// What the answers of the hub have in common; the one place where an error becomes an HTTP status.
#pragma once

#include "core/result.h"
#include "hub/api/views.h"
#include "hub/http/server.h"

namespace websub::hub {

int StatusOf(ErrorCode code);

// text/plain with the error's sentence (HUB-REQ-12). 503 carries Retry-After.
http::Response Refuse(const Error& error);

// A line of JSON, which is of the moment: nobody keeps it.
http::Response JsonResponse(int status, const Json& body);

}  // namespace websub::hub
