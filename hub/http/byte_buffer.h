// Bytes received and not yet used: written at one end, consumed at the other, without moving them
// more than once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace websub::hub::http {

class ByteBuffer {
 public:
  std::string_view View() const { return {data_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Room for at least `size` more bytes, good until the next call; Commit says how many were
  // written.
  char* Prepare(std::size_t size) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ - end_ < size) MakeRoom(size);
    return data_.get() + end_;
  }
  std::size_t room() const { return capacity_ - end_; }
  void Commit(std::size_t size) { end_ += size; }
  void Consume(std::size_t size) { begin_ += size; }

 private:
  void MakeRoom(std::size_t size) {
    const std::size_t held = end_ - begin_;
    if (capacity_ - held < size || capacity_ < 2 * held) {
      capacity_ = std::max(2 * held, held + size);
      auto grown = std::make_unique_for_overwrite<char[]>(capacity_);
      if (held > 0) std::memcpy(grown.get(), data_.get() + begin_, held);
      data_ = std::move(grown);
    } else {
      std::memmove(data_.get(), data_.get() + begin_, held);
    }
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace websub::hub::http
