#include "tests/support/jwt_maker.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace websub::tests {

namespace {

void Require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL cannot sign");
}

std::string Base64Url(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  text.erase(text.find_last_not_of('=') + 1);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

}  // namespace

void JwtMaker::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

JwtMaker::JwtMaker() = default;
JwtMaker::~JwtMaker() = default;

void JwtMaker::MakeKey(const std::string& id) {
  auto& key = keys_[id];
  key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  Require(key != nullptr);
  std::string open(32, '\0');
  std::size_t size = open.size();
  Require(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(open.data()),
                                      &size) == 1);
  published_[id] = {{"kty", "OKP"}, {"crv", "Ed25519"}, {"kid", id}, {"x", Base64Url(open)}};
}

void JwtMaker::DropKey(const std::string& id) {
  published_.erase(id);
}

std::string JwtMaker::Jwks() const {
  nlohmann::json keys = nlohmann::json::array();
  for (const auto& [id, key] : published_) keys.push_back(key);
  return nlohmann::json{{"keys", keys}}.dump();
}

std::string JwtMaker::Token(const std::string& key_id, const nlohmann::json& claims) const {
  const nlohmann::json head = {{"alg", "EdDSA"}, {"kid", key_id}};
  const std::string text = Base64Url(head.dump()) + "." + Base64Url(claims.dump());
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  Require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, keys_.at(key_id).get()) ==
          1);
  Require(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                         reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
  return text + "." + Base64Url(signature);
}

}  // namespace websub::tests
