#include "hub/store/sealer.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <stdexcept>

#include "core/base64.h"

namespace websub::hub {

namespace {

constexpr std::string_view kVersion = "1:";
constexpr std::size_t kNonce = 12;  // bytes, as the next
constexpr std::size_t kTag = 16;

// Only a broken OpenSSL installation, or no memory, leads here.
void Require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL cannot seal a secret");
}

unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The parts have fixed sizes but for the last, so that no two places look the same.
std::array<unsigned char, 9> Prefix(const SealPlace& place) {
  std::array<unsigned char, 9> prefix{static_cast<unsigned char>(place.what)};
  for (std::size_t i = 0; i < 8; ++i) {
    prefix[1 + i] = static_cast<unsigned char>(place.topic_id >> (56 - 8 * i));
  }
  return prefix;
}

}  // namespace

std::string UnreadableSecret() {
  return std::string(kUnreadableSize, '\0');
}

void Sealer::Free::operator()(evp_cipher_ctx_st* context) const {
  EVP_CIPHER_CTX_free(context);
}

Sealer::Sealer(const SecretKey& key)
    : sealing_(EVP_CIPHER_CTX_new()), opening_(EVP_CIPHER_CTX_new()) {
  Require(sealing_ && opening_);
  Require(EVP_EncryptInit_ex2(sealing_.get(), EVP_aes_256_gcm(), key.bytes(), nullptr, nullptr) ==
          1);
  Require(EVP_DecryptInit_ex2(opening_.get(), EVP_aes_256_gcm(), key.bytes(), nullptr, nullptr) ==
          1);
}

std::string Sealer::Seal(std::string_view secret, const SealPlace& place) {
  if (secret.empty()) return {};
  std::string sealed(kNonce + secret.size() + kTag, '\0');
  EVP_CIPHER_CTX* context = sealing_.get();
  const auto prefix = Prefix(place);
  int size = 0;
  Require(RAND_bytes(Bytes(sealed), kNonce) == 1);
  Require(EVP_EncryptInit_ex2(context, nullptr, nullptr, Bytes(sealed), nullptr) == 1);
  Require(EVP_EncryptUpdate(context, nullptr, &size, prefix.data(), prefix.size()) == 1);
  Require(EVP_EncryptUpdate(context, nullptr, &size, Bytes(place.callback),
                            static_cast<int>(place.callback.size())) == 1);
  Require(EVP_EncryptUpdate(context, Bytes(sealed) + kNonce, &size, Bytes(secret),
                            static_cast<int>(secret.size())) == 1);
  unsigned char* const tag = Bytes(sealed) + kNonce + secret.size();
  Require(EVP_EncryptFinal_ex(context, tag, &size) == 1);
  Require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTag, tag) == 1);
  return std::string(kVersion) + EncodeBase64(sealed);
}

std::optional<std::string> Sealer::Open(std::string_view sealed, const SealPlace& place) {
  if (sealed.empty()) return std::string();
  if (!sealed.starts_with(kVersion)) return std::nullopt;
  auto bytes = DecodeBase64(sealed.substr(kVersion.size()));
  if (!bytes || bytes->size() <= kNonce + kTag) return std::nullopt;
  std::string secret(bytes->size() - kNonce - kTag, '\0');
  unsigned char* const tag = Bytes(*bytes) + kNonce + secret.size();
  EVP_CIPHER_CTX* context = opening_.get();
  const auto prefix = Prefix(place);
  int size = 0;
  Require(EVP_DecryptInit_ex2(context, nullptr, nullptr, Bytes(*bytes), nullptr) == 1);
  Require(EVP_DecryptUpdate(context, nullptr, &size, prefix.data(), prefix.size()) == 1);
  Require(EVP_DecryptUpdate(context, nullptr, &size, Bytes(place.callback),
                            static_cast<int>(place.callback.size())) == 1);
  Require(EVP_DecryptUpdate(context, Bytes(secret), &size, Bytes(*bytes) + kNonce,
                            static_cast<int>(secret.size())) == 1);
  Require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTag, tag) == 1);
  unsigned char rest = 0;
  if (EVP_DecryptFinal_ex(context, &rest, &size) != 1) return std::nullopt;
  return secret;
}

}  // namespace websub::hub
