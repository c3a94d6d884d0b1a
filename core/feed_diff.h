// The entries of an Atom feed and the items of an RSS feed, as places in its bytes, so that a
// delivery can leave out those that went before (HUB-DIS-10) and stay the same in every other byte.
//
// A feed is read only where that can be done for certain. A document is not touched (no entries are
// told) that
// - is declared to be no XML, or whose root is neither Atom's feed nor RSS's rss: RSS 1.0, whose
//   items stand beside the channel, is left whole, too;
// - is not well-formed, or has a DOCTYPE;
// - has text of its own between the entries;
// - is in an encoding in which markup cannot be told from the bytes (UTF-16, Shift_JIS, …);
// - is larger or deeper, or has more entries, than the bounds below allow.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace websub {

// Whether the hub leaves out entries that were delivered before.
enum class FeedDiff { kOff, kOn };

inline constexpr std::size_t kMaxFeed = 4 * 1024 * 1024;  // bytes
inline constexpr std::size_t kMaxFeedEntries = 5'000;

struct FeedEntry {
  // From its '<' to behind its last '>'.
  std::size_t begin = 0;
  std::size_t end = 0;
  // 32 hex digits: the same for the same bytes below the same start tags, which may bind prefixes
  // and set xml:base. The identity (atom:id, guid) is among the bytes: a change of either makes
  // another version of the entry.
  std::string digest;
};

// In order, never nested. Linear in the size; fetches nothing and expands no entity.
std::vector<FeedEntry> ReadFeed(std::string_view content_type, std::string_view body);

// Each digest once, in any order.
std::vector<std::string> DigestsOf(const std::vector<FeedEntry>& entries);

// The document without these entries and the white space before each. They are some of those that
// ReadFeed told of it, in order. What it gives is well-formed.
std::string WithoutEntries(std::string_view body, const std::vector<FeedEntry>& entries);

}  // namespace websub
