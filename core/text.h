// Small things that the parsers of core share. ASCII only: no locale has a say in a protocol.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace websub {

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// A space or a horizontal tab, CR, LF, VT or FF.
constexpr bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
// C0 and DEL; bytes of UTF-8 are not.
constexpr bool IsControl(char c) {
  return (c >= '\0' && c < ' ') || c == '\x7f';
}
// ALPHA DIGIT - . _ ~ (RFC 3986 section 2.3).
constexpr bool IsUnreserved(char c) {
  return IsAlpha(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
constexpr char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// 0 to 15, or -1 where the character is no hex digit.
constexpr int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = ToLower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string ToLower(std::string_view text);
bool EqualIgnoringCase(std::string_view a, std::string_view b);

// Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
bool IsUtf8(std::string_view text);

// Without the white space (IsSpace) at both ends.
std::string_view Trim(std::string_view text);

// Appends "%XX", in upper case.
void AppendPercentEncoded(std::string& out, char c);

// Whether text[at] begins a '%' and two hex digits.
bool IsPercentEscape(std::string_view text, std::size_t at);

// Decodes every %-escape once; a '%' that begins none stays as it is. '+' is itself.
std::string PercentDecode(std::string_view text);

// What a peer sent, for use in a sentence: in double quotes, control characters as \xNN, cut to
// `limit` bytes with "..." where it is longer.
std::string Quote(std::string_view text, std::size_t limit = 60);

}  // namespace websub
