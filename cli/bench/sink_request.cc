#include "cli/bench/sink_request.h"

#include <algorithm>
#include <cstring>

#include "core/text.h"

namespace websub::cli::bench {
namespace {

constexpr std::size_t kMaxChunkLine = 1024;

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool IsName(std::string_view name, std::string_view lower_case_name) {
  if (name.size() != lower_case_name.size()) return false;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (ToLower(name[at]) != lower_case_name[at]) return false;
  }
  return true;
}

// Calls `take(name, value)` for each field of a head until it says false.
template <typename Take>
bool EachField(std::string_view head, Take take) {
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t end = head.find('\r', at);
    if (end == std::string_view::npos || head[end + 1] != '\n') return false;
    if (end == at) return true;
    const std::string_view line = head.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    if (!take(line.substr(0, colon), TrimBlanks(line.substr(colon + 1)))) return false;
    at = end + 2;
  }
  return true;
}

}  // namespace

std::string_view HeadField(std::string_view head, std::string_view lower_case_name) {
  std::string_view found;
  EachField(head, [&](std::string_view name, std::string_view value) {
    if (!IsName(name, lower_case_name)) return true;
    found = value;
    return false;
  });
  return found;
}

void SinkReader::Next() {
  *this = SinkReader(limits_);
}

SinkReader::State SinkReader::Feed(char* data, std::size_t size) {
  if (head_size_ == 0) {
    const std::string_view bytes(data, size);
    const std::size_t end = bytes.find("\r\n\r\n", scanned_ < 3 ? 0 : scanned_ - 3);
    scanned_ = size;
    if (end == std::string_view::npos ? size >= limits_.max_head : end + 4 > limits_.max_head) {
      return State::kBad;
    }
    if (end == std::string_view::npos) return State::kMore;
    if (!ReadHead(bytes.substr(0, end + 4))) return State::kBad;
    head_size_ = end + 4;
    chunk_at_ = head_size_;
  }
  if (coding_ == Coding::kChunked) {
    const State state = ReadChunks(data, size);
    if (state != State::kMore) return state;
  } else {
    if (length_ > limits_.max_body) return State::kBad;
    if (size - head_size_ >= length_) return Complete(data, length_, head_size_ + length_);
  }
  if (!expects_continue_) return State::kMore;
  expects_continue_ = false;
  return State::kContinue;
}

SinkReader::State SinkReader::Complete(const char* data, std::size_t body_size, std::size_t used) {
  request_.method = {data, method_size_};
  request_.target = {data + method_size_ + 1, target_size_};
  request_.head = {data, head_size_};
  request_.body = {data + head_size_, body_size};
  request_.keep_alive = keep_alive_;
  used_ = used;
  return State::kRequest;
}

bool SinkReader::ReadHead(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  method_size_ = line.find(' ');
  if (method_size_ == std::string_view::npos || method_size_ == 0) return false;
  const std::size_t target_end = line.find(' ', method_size_ + 1);
  if (target_end == std::string_view::npos || target_end == method_size_ + 1) return false;
  target_size_ = target_end - method_size_ - 1;
  const std::string_view version = line.substr(target_end + 1);
  if (version == "HTTP/1.0") {
    keep_alive_ = false;
  } else if (version != "HTTP/1.1") {
    return false;
  }
  const bool whole = EachField(head, [this](std::string_view name, std::string_view value) {
    return ReadField(name, value);
  });
  // Both at once is how requests are smuggled.
  return whole && !(coding_ == Coding::kChunked && has_length_);
}

bool SinkReader::ReadField(std::string_view name, std::string_view value) {
  if (IsName(name, "content-length")) {
    std::size_t length = 0;
    if (value.empty() || value.size() > 15) return false;
    for (const char c : value) {
      if (!IsDigit(c)) return false;
      length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    if (has_length_ && length != length_) return false;
    has_length_ = true;
    length_ = length;
  } else if (IsName(name, "transfer-encoding")) {
    if (!EqualIgnoringCase(value, "chunked") || coding_ == Coding::kChunked) return false;
    coding_ = Coding::kChunked;
  } else if (IsName(name, "connection")) {
    if (EqualIgnoringCase(value, "close")) keep_alive_ = false;
  } else if (IsName(name, "expect")) {
    expects_continue_ = EqualIgnoringCase(value, "100-continue");
  }
  return true;
}

bool SinkReader::ReadChunkSize(std::string_view line) {
  const std::string_view digits = TrimBlanks(line.substr(0, line.find(';')));
  if (digits.empty() || digits.size() > 12) return false;
  chunk_left_ = 0;
  for (const char c : digits) {
    const int value = HexValue(c);
    if (value < 0) return false;
    chunk_left_ = chunk_left_ * 16 + static_cast<std::size_t>(value);
  }
  return true;
}

SinkReader::State SinkReader::ReadChunks(char* data, std::size_t size) {
  while (true) {
    if (chunk_ == Chunk::kData) {
      const std::size_t take = std::min(chunk_left_, size - chunk_at_);
      std::memmove(data + head_size_ + length_, data + chunk_at_, take);
      length_ += take;
      chunk_at_ += take;
      chunk_left_ -= take;
      if (chunk_left_ > 0) return State::kMore;
      chunk_ = Chunk::kDataEnd;
    }
    const std::string_view rest(data + chunk_at_, size - chunk_at_);
    const std::size_t end = rest.substr(0, kMaxChunkLine).find("\r\n");
    if (end == std::string_view::npos) {
      return rest.size() >= kMaxChunkLine ? State::kBad : State::kMore;
    }
    chunk_at_ += end + 2;
    overhead_ += end + 2;
    // Chunks of one byte each must not make a buffer that is many times the body.
    if (overhead_ > limits_.max_body + limits_.max_head) return State::kBad;
    if (chunk_ == Chunk::kDataEnd) {
      if (end != 0) return State::kBad;
      chunk_ = Chunk::kSize;
    } else if (chunk_ == Chunk::kSize) {
      if (!ReadChunkSize(rest.substr(0, end))) return State::kBad;
      if (length_ + chunk_left_ > limits_.max_body) return State::kBad;
      chunk_ = chunk_left_ == 0 ? Chunk::kTrailer : Chunk::kData;
    } else if (end == 0) {
      return Complete(data, length_, chunk_at_);
    }
  }
}

}  // namespace websub::cli::bench
