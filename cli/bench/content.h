// What `bench` publishes: a mark that tells which message it is, and filler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace websub::cli::bench {

struct Mark {
  std::uint64_t run = 0;  // tells the messages of this run from those of an earlier one
  std::uint32_t topic = 0;
  std::uint32_t sequence = 0;
  bool operator==(const Mark&) const = default;
};

// Bytes that a mark takes at most.
inline constexpr std::size_t kMaxMark = 64;

// Text of `size` bytes, or of the mark's size where that is more. Every message differs from the
// one before it behind its mark, too.
std::string MakeContent(const Mark& mark, std::size_t size);

// The mark at the start of a body; nothing where there is none.
std::optional<Mark> ReadMark(std::string_view body);

}  // namespace websub::cli::bench
