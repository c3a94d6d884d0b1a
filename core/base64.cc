#include "core/base64.h"

#include <openssl/evp.h>

#include <cstdint>
#include <utility>

#include "core/text.h"

namespace websub {

namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// 0 to 63 in either alphabet, or -1.
int Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (IsDigit(c)) return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

struct Decoded {
  std::string bytes;
  bool exact = false;  // the bits that the bytes leave over are zero
};

// Nothing where a character is no digit of either alphabet, or the last one begins a byte only.
std::optional<Decoded> DecodeDigits(std::string_view digits) {
  Decoded decoded;
  decoded.bytes.reserve(digits.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;  // how many bits of `bits` are not written yet
  for (const char c : digits) {
    const int value = Value(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xfff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    decoded.bytes += static_cast<char>(bits >> held & 0xff);
  }
  if (held >= 6) return std::nullopt;
  decoded.exact = (bits & ((1U << held) - 1)) == 0;
  return decoded;
}

// The same, for the one text that an encoder makes.
std::optional<std::string> DecodeExact(std::string_view digits) {
  auto decoded = DecodeDigits(digits);
  if (!decoded || !decoded->exact) return std::nullopt;
  return std::move(decoded->bytes);
}

bool HasAny(std::string_view text, std::string_view of) {
  return text.find_first_of(of) != std::string_view::npos;
}

}  // namespace

std::string EncodeBase64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
  const int size = EVP_EncodeBlock(Bytes(out), Bytes(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0 || HasAny(text, "-_")) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return DecodeExact(text);
}

std::optional<std::string> DecodeBase64Url(std::string_view text) {
  if (HasAny(text, "+/")) return std::nullopt;
  return DecodeExact(text);
}

std::optional<std::string> DecodeLaxBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  auto decoded = DecodeDigits(text);
  if (!decoded) return std::nullopt;
  return std::move(decoded->bytes);
}

}  // namespace websub
