#include "core/text.h"

#include <algorithm>

namespace websub {
namespace {

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

}  // namespace websub
