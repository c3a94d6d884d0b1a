// Bodies compressed by gzip or deflate (RFC 1950 to 1952), by zlib.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace websub {

enum class Compression { kGzip, kZlib, kRaw };

// The bytes that a gzip or zlib stream holds: all of them, or nothing where it is none, is cut
// short, or holds more than `limit` bytes.
std::optional<std::string> Inflate(std::string_view bytes, std::size_t limit);

// As zlib writes it at its usual level, without a time or name.
std::optional<std::string> Deflate(std::string_view bytes, Compression compression);

}  // namespace websub
