#include "core/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace websub {
namespace {

constexpr int kMaxWindow = 15;
constexpr int kDetect = 32;  // gzip or zlib, by its first bytes
constexpr int kGzipFormat = 16;

// zlib takes what it reads as not const, and does not write there.
Bytef* Input(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

}  // namespace

std::optional<std::string> Inflate(std::string_view bytes, std::size_t limit) {
  if (bytes.size() < 6 || bytes.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream stream{};
  if (inflateInit2(&stream, kMaxWindow + kDetect) != Z_OK) return std::nullopt;
  stream.next_in = Input(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<Bytef, 16384> chunk{};
  int state = Z_OK;
  while (state == Z_OK && out.size() <= limit) {
    stream.next_out = chunk.data();
    stream.avail_out = static_cast<uInt>(chunk.size());
    state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = chunk.size() - stream.avail_out;
    out.append(reinterpret_cast<const char*>(chunk.data()), got);
    if (state == Z_OK && got == 0 && stream.avail_in == 0) break;
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END || out.size() > limit) return std::nullopt;
  return out;
}

std::optional<std::string> Deflate(std::string_view bytes, Compression compression) {
  if (bytes.size() > std::numeric_limits<uInt>::max() / 2) return std::nullopt;
  constexpr int kMemory = 8;
  const int window = compression == Compression::kGzip  ? kMaxWindow + kGzipFormat
                     : compression == Compression::kRaw ? -kMaxWindow
                                                        : kMaxWindow;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = Input(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int state = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace websub
