#include "hub/store/secret_key.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <string>

#include "core/base64.h"
#include "core/text.h"

namespace websub::hub {

namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> DecodeHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

bool IsPrintable(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view WithoutSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

SecretKey::SecretKey(std::string_view bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

SecretKey::~SecretKey() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

bool SecretKey::operator==(const SecretKey& other) const {
  return CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), kSize) == 0;
}

Result<SecretKey> SecretKey::Parse(std::string_view file) {
  if (file.size() == kSize && !IsPrintable(file)) return SecretKey(file);
  const std::string_view text = WithoutSpace(file);
  auto bytes = text.size() == 2 * kSize ? DecodeHex(text) : DecodeBase64(text);
  if (!bytes || bytes->size() != kSize) {
    return Fail(ErrorCode::kInvalid,
                "it holds no key of 64 hex digits: make one with 'openssl rand -hex 32'");
  }
  const SecretKey key(*bytes);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  return key;
}

}  // namespace websub::hub
