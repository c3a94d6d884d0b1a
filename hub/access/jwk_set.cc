#include "hub/access/jwk_set.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base64.h"
#include "hub/access/strict_json.h"

namespace websub::hub {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxKeys = 100;
constexpr int kMaxTries = 8;
constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // more costs the loop too much time
constexpr int kMaxExponentBits = 33;
constexpr std::size_t kCoordinate = 32;  // bytes: of P-256 and of Ed25519

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* value) const {
    Free(value);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<&EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<&EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<&BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<&OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<&OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<&ECDSA_SIG_free>>;

// What a key or a signature that is wrong leaves in the thread's list of errors is taken away
// again: TLS looks there.
struct NoErrorsLeft {
  NoErrorsLeft() { ERR_set_mark(); }
  ~NoErrorsLeft() { ERR_pop_to_mark(); }
  NoErrorsLeft(const NoErrorsLeft&) = delete;
  NoErrorsLeft& operator=(const NoErrorsLeft&) = delete;
};

struct Key {
  JwtAlgorithm algorithm;
  std::optional<std::string> id;
  KeyPtr key;
};

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number MakeNumber(std::string_view bytes) {
  return Number(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

std::optional<std::string> BytesMember(const json& jwk, const char* name) {
  const auto text = StringMember(jwk, name);
  return text ? DecodeBase64Url(*text) : std::nullopt;
}

// Null where the parameters make no key.
KeyPtr MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return KeyPtr(made);
}

KeyPtr MakeRsaKey(const json& jwk) {
  const auto n = BytesMember(jwk, "n");
  const auto e = BytesMember(jwk, "e");
  if (!n || !e || n->size() > kMaxRsaBits / 8 || e->size() > kMaxRsaBits / 8) return nullptr;
  const Number modulus = MakeNumber(*n);
  const Number exponent = MakeNumber(*e);
  if (!modulus || !exponent || BN_num_bits(modulus.get()) < kMinRsaBits ||
      BN_num_bits(exponent.get()) > kMaxExponentBits || BN_is_odd(modulus.get()) == 0 ||
      BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) == 1) {
    return nullptr;
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return MakeKey("RSA", builder.get());
}

KeyPtr MakeEcKey(const json& jwk) {
  const auto x = BytesMember(jwk, "x");
  const auto y = BytesMember(jwk, "y");
  if (StringMember(jwk, "crv") != "P-256" || !x || !y || x->size() != kCoordinate ||
      y->size() != kCoordinate) {
    return nullptr;
  }
  const std::string point = "\x04" + *x + *y;  // uncompressed (SEC 1 section 2.3.3)
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  KeyPtr key = MakeKey("EC", builder.get());
  // Whether the point lies on the curve. (The same check of an RSA key takes OpenSSL many times as
  // long, and finds nothing that would let in a signature of somebody else.)
  const KeyContext check(key ? EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr) : nullptr);
  return check && EVP_PKEY_public_check(check.get()) == 1 ? std::move(key) : nullptr;
}

KeyPtr MakeEdKey(const json& jwk) {
  const auto x = BytesMember(jwk, "x");
  if (StringMember(jwk, "crv") != "Ed25519" || !x || x->size() != kCoordinate) return nullptr;
  return KeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(*x), x->size()));
}

// Whether the issuer lets the key verify signatures of that algorithm (RFC 7517 section 4).
bool MayVerify(const json& jwk, JwtAlgorithm algorithm) {
  if (jwk.contains("use") && StringMember(jwk, "use") != "sig") return false;
  if (jwk.contains("alg") && StringMember(jwk, "alg") != Name(algorithm)) return false;
  const auto operations = jwk.find("key_ops");
  if (operations == jwk.end()) return true;
  return operations->is_array() &&
         std::find(operations->begin(), operations->end(), "verify") != operations->end();
}

std::optional<Key> ReadKey(const json& jwk) {
  if (!jwk.is_object()) return std::nullopt;
  Key key{JwtAlgorithm::kRs256, StringMember(jwk, "kid"), nullptr};
  if (jwk.contains("kid") && !key.id) return std::nullopt;
  const auto kind = StringMember(jwk, "kty");
  if (kind == "RSA") {
    key.key = MakeRsaKey(jwk);
  } else if (kind == "EC") {
    key.algorithm = JwtAlgorithm::kEs256;
    key.key = MakeEcKey(jwk);
  } else if (kind == "OKP") {
    key.algorithm = JwtAlgorithm::kEdDsa;
    key.key = MakeEdKey(jwk);
  }
  if (!key.key || !MayVerify(jwk, key.algorithm)) return std::nullopt;
  return key;
}

// An ECDSA signature as OpenSSL reads it (DER), from the two numbers that a JWS holds (RFC 7518
// section 3.4). Empty where it has not their length.
std::string ToDer(std::string_view raw) {
  if (raw.size() != 2 * kCoordinate) return {};
  Number r = MakeNumber(raw.substr(0, kCoordinate));
  Number s = MakeNumber(raw.substr(kCoordinate));
  const EcSignature signature(ECDSA_SIG_new());
  if (!r || !s || !signature) return {};
  ECDSA_SIG_set0(signature.get(), r.release(), s.release());  // fails for null only
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool Verifies(const Key& key, const SignedText& token) {
  const bool elliptic = key.algorithm == JwtAlgorithm::kEs256;
  const std::string signature = elliptic ? ToDer(token.signature) : token.signature;
  const EVP_MD* digest = key.algorithm == JwtAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  const DigestContext context(EVP_MD_CTX_new());
  return !signature.empty() && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.key.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(token.text),
                          token.text.size()) == 1;
}

}  // namespace

struct JwkSet::Impl {
  std::vector<Key> keys;
};

Result<JwkSet> JwkSet::Parse(std::string_view text) {
  if (text.size() > kMaxJwkSet) return Fail(ErrorCode::kTooLarge, "it is larger than 256 KiB");
  const auto set = ParseStrictJson(text);
  if (!set) return tl::unexpected(set.error());
  const auto keys = set->find("keys");
  if (!set->is_object() || keys == set->end() || !keys->is_array()) {
    return Fail(ErrorCode::kInvalid, "it is no JWKS: it has no list of keys");
  }
  if (keys->size() > kMaxKeys) return Fail(ErrorCode::kTooLarge, "it has more than 100 keys");
  const NoErrorsLeft clean;
  auto impl = std::make_shared<Impl>();
  for (const json& jwk : *keys) {
    if (auto key = ReadKey(jwk)) impl->keys.push_back(std::move(*key));
  }
  JwkSet made;
  made.impl_ = std::move(impl);
  return made;
}

std::size_t JwkSet::size() const {
  return impl_ ? impl_->keys.size() : 0;
}

SignatureFit JwkSet::Check(const SignedText& token) const {
  const NoErrorsLeft clean;
  int tries = 0;
  for (std::size_t i = 0; i < size() && tries < kMaxTries; ++i) {
    const Key& key = impl_->keys[i];
    if (key.algorithm != token.algorithm || (token.key_id && key.id != token.key_id)) continue;
    ++tries;
    if (Verifies(key, token)) return SignatureFit::kValid;
  }
  return tries > 0 && token.key_id ? SignatureFit::kForged : SignatureFit::kNoKey;
}

}  // namespace websub::hub
