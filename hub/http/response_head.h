// The head of an answer, as the server writes it.
#pragma once

#include <string>
#include <string_view>

#include "core/time.h"
#include "hub/http/server.h"

namespace websub::hub::http {

enum class KeepAlive { kYes, kNo };

// Status line, the response's fields, Date, Content-Length (where the length is known) and
// Connection, and the empty line. Fields that the server decides itself are left out of the
// response's; control characters are left out of a value, so that no value can end its line.
std::string FormatResponseHead(const Response& response, KeepAlive keep_alive, Time now);

// Whether an answer of this status may have a body (RFC 9112 section 6.3).
bool MayHaveBody(int status);

std::string_view ReasonPhrase(int status);  // "Not Found"; "Unknown" where there is none

}  // namespace websub::hub::http
