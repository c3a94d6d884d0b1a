// Whatever a document holds: the entries that are told lie in order and apart; any of them can be
// cut out, and what is left is a document that libxml2 takes, holds exactly the others, and they
// are what they were to the byte. The first byte picks the encoding
// and what is cut.
#include <libxml/parser.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/feed_diff.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// By the interface that builds a tree, which our own code does not use.
bool IsWellFormed(const std::string& body, bool one_byte) {
  xmlDoc* document = xmlReadMemory(
      body.data(), static_cast<int>(body.size()), nullptr, one_byte ? "ISO-8859-1" : "UTF-8",
      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC);
  if (document == nullptr) return false;
  xmlFreeDoc(document);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  const bool one_byte = data[0] >= 128;
  const char* type = one_byte ? "text/xml; charset=iso-8859-1" : "text/xml; charset=utf-8";
  const auto entries = websub::ReadFeed(type, body);
  Require(websub::WithoutEntries(body, {}) == body);
  if (entries.empty()) return 0;
  Require(IsWellFormed(body, one_byte));

  std::vector<websub::FeedEntry> dropped;
  std::vector<websub::FeedEntry> kept;
  std::size_t end = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const websub::FeedEntry& entry = entries[i];
    Require(end < entry.begin && entry.begin < entry.end && entry.end < body.size());
    Require(body[entry.begin] == '<' && body[entry.end - 1] == '>');
    end = entry.end;
    ((data[0] >> (i % 7)) % 2 == 1 ? dropped : kept).push_back(entry);
  }
  const std::string rest = websub::WithoutEntries(body, dropped);
  Require(IsWellFormed(rest, one_byte));
  const auto left = websub::ReadFeed(type, rest);
  Require(left.size() == kept.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    Require(left[i].digest == kept[i].digest);
    Require(rest.compare(left[i].begin, left[i].end - left[i].begin, body, kept[i].begin,
                         kept[i].end - kept[i].begin) == 0);
  }
  return 0;
}
