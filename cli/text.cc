#include "cli/text.h"

#include <array>
#include <cstdio>

#include "core/text.h"

namespace websub::cli {

Character FirstCharacter(std::string_view text) {
  const auto byte = [&](std::size_t i) -> char32_t { return static_cast<unsigned char>(text[i]); };
  const char32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {};
  char32_t code_point = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code_point < kSmallest[size] || code_point > 0x10FFFF) return {};
  if (code_point >= 0xD800 && code_point <= 0xDFFF) return {};
  return {code_point, size};
}

std::string Plural(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string HumanSize(std::size_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  const bool mebi = bytes >= 1024 * 1024;
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.1f %s",
                static_cast<double>(bytes) / (mebi ? 1024.0 * 1024.0 : 1024.0),
                mebi ? "MiB" : "KiB");
  return buffer.data();
}

std::string HubSentence(std::string_view content_type, std::string_view body) {
  constexpr std::size_t kMaxSentence = 300;  // bytes
  const bool markup = ToLower(content_type).find("html") != std::string::npos;
  std::string sentence;
  bool in_tag = false;
  bool gap = false;
  for (const char c : body.substr(0, 16 * 1024)) {
    if (markup && c == '<') in_tag = true;
    if (!in_tag && !IsSpace(c)) {
      if (gap && !sentence.empty()) sentence += ' ';
      gap = false;
      sentence += c;
    } else {
      gap = true;
    }
    if (markup && c == '>') in_tag = false;
    if (sentence.size() >= kMaxSentence) return sentence + "…";
  }
  return sentence;
}

}  // namespace websub::cli
