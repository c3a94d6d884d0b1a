#include "hub/store/secret_key.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <string>

#include "core/base64.h"
#include "core/hex.h"
#include "core/text.h"

namespace websub::hub {

namespace {

bool IsPrintable(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= ' ' && c <= '~'; });
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
  const std::string_view text = Trim(file);
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
