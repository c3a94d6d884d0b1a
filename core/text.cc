#include "core/text.h"

#include <algorithm>
#include <cstdint>

namespace websub {
namespace {

std::uint32_t Byte(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// The length of the sequence that begins at `at`, or 0 where it is not well formed.
std::size_t SequenceLength(std::string_view bytes, std::size_t at) {
  const std::uint32_t lead = Byte(bytes, at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || bytes.size() - at < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((Byte(bytes, at + i) & 0xc0) != 0x80) return 0;
  }
  // The second byte tells overlong forms, surrogates and what lies above U+10FFFF.
  const std::uint32_t second = Byte(bytes, at + 1);
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return length;
}

constexpr char kHex[] = "0123456789ABCDEF";

}  // namespace

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLower(c);
  return lower;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ToLower(x) == ToLower(y); });
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

void AppendPercentEncoded(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool IsPercentEscape(std::string_view text, std::size_t at) {
  return text[at] == '%' && text.size() - at > 2 && HexValue(text[at + 1]) >= 0 &&
         HexValue(text[at + 2]) >= 0;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsPercentEscape(text, i)) {
      out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Quote(std::string_view text, std::size_t limit) {
  // A cut must not fall inside a UTF-8 sequence.
  std::size_t end = std::min(text.size(), limit);
  while (end > 0 && end < text.size() && (text[end] & '\xc0') == '\x80') --end;
  std::string out = "\"";
  for (const char c : text.substr(0, end)) {
    if (IsControl(c)) {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  if (end < text.size()) out += "...";
  return out + '"';
}

bool IsUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = SequenceLength(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace websub
