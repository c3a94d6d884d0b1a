// Reads HTTP/1.1 requests for the sink of `bench`, in place: what is measured is the hub, so that
// reading a delivery may cost next to nothing. The general reader of hub/http copies and keeps more
// than a sink needs.
#pragma once

#include <cstddef>
#include <string_view>

namespace websub::cli::bench {

struct SinkLimits {
  std::size_t max_head = 16 * 1024;         // bytes, the empty line included
  std::size_t max_body = 16 * 1024 * 1024;  // bytes; what chunks add is bounded with it
};

// One request. The views lie in the buffer that was fed.
struct SinkRequest {
  std::string_view method;
  std::string_view target;
  std::string_view head;  // whole, from the request line to the empty line
  std::string_view body;  // without its chunks
  bool keep_alive = true;
};

// The value of a field in a head, without white space around it; empty where there is none.
std::string_view HeadField(std::string_view head, std::string_view lower_case_name);

// Reads one request after the other. It keeps offsets, no bytes: the caller owns the buffer, may
// move it between calls, and feeds it again from the start of the request when there is more.
class SinkReader {
 public:
  enum class State {
    kMore,      // not whole yet
    kContinue,  // as kMore, and the peer waits for "100 Continue"; said once for a request
    kRequest,   // request() holds until the buffer changes; size() bytes are used up
    kBad,       // no HTTP, or over a limit: answer 400 and close
  };

  explicit SinkReader(SinkLimits limits = {}) : limits_(limits) {}

  // `data` begins with the request under way. A chunked body is decoded in place: the buffer
  // changes behind its head.
  State Feed(char* data, std::size_t size);
  const SinkRequest& request() const { return request_; }
  std::size_t size() const { return used_; }
  void Next();  // begins with the request behind

 private:
  enum class Coding { kLength, kChunked };

  bool ReadHead(std::string_view head);
  bool ReadField(std::string_view name, std::string_view value);
  State ReadChunks(char* data, std::size_t size);
  bool ReadChunkSize(std::string_view line);
  State Complete(const char* data, std::size_t body_size, std::size_t used);

  SinkLimits limits_;
  SinkRequest request_;
  std::size_t used_ = 0;
  std::size_t scanned_ = 0;    // of a head that is not whole
  std::size_t head_size_ = 0;  // 0: not whole yet
  std::size_t method_size_ = 0;
  std::size_t target_size_ = 0;
  Coding coding_ = Coding::kLength;
  bool keep_alive_ = true;
  bool has_length_ = false;
  bool expects_continue_ = false;
  std::size_t length_ = 0;  // of the body; with chunks: what is decoded of it
  enum class Chunk { kSize, kData, kDataEnd, kTrailer };
  Chunk chunk_ = Chunk::kSize;
  std::size_t chunk_at_ = 0;    // where the raw bytes go on
  std::size_t chunk_left_ = 0;  // of the chunk under way
  std::size_t overhead_ = 0;    // bytes of sizes and trailers
};

}  // namespace websub::cli::bench
