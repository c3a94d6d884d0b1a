// A file of raw HTTP/1.1 requests, one after another: what `websub subscribe --record` writes, and
// what people save by hand from a log, a proxy or a packet capture.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/exchange.h"
#include "core/result.h"

namespace websub {

struct SavedRequest {
  std::string method;
  std::string target;         // of the request line, as it stands there
  FieldList fields;           // in order, names and values as they stand there
  std::string body;           // without the marks of chunks
  std::size_t line = 1;       // of the file, in which the request line stands
  std::size_t missing = 0;    // bytes that Content-Length promises and the file has not
  std::size_t left_over = 0;  // line ends behind the last body, as an editor adds one
};

inline constexpr std::size_t kMaxSavedRequests = 100'000;
inline constexpr std::size_t kMaxSavedHead = 256 * 1024;  // bytes

// Reads all of them; at least one. Lines of a head may end with CRLF or LF. A body is as long as
// Content-Length says, or comes in chunks; where a head says neither, GET, HEAD, DELETE and OPTIONS
// have none and any other takes the rest of the file. Empty lines between two requests, and a byte
// order mark ahead of the first, are passed over; so are answers that stand behind a request, as
// `websub inspect export --raw` writes them. A field that goes on in the next line is joined by a
// space. Only the last body may be cut short (`missing`).
//
// kInvalid or kTooLarge, with a sentence that begins "line 7 (byte 120): ". Time and memory are
// linear in the bytes.
Result<std::vector<SavedRequest>> ReadSavedRequests(std::string_view bytes);

}  // namespace websub
