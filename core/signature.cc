#include "core/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <vector>

#include "core/hex.h"
#include "core/text.h"

namespace websub {
namespace {

constexpr std::array kAlgorithms = {SignatureAlgorithm::kSha1, SignatureAlgorithm::kSha256,
                                    SignatureAlgorithm::kSha384, SignatureAlgorithm::kSha512};

struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD, FreeDigest>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigest>;
using DigestBytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::size_t DigestSize(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kSha1:
      return 20;
    case SignatureAlgorithm::kSha256:
      return 32;
    case SignatureAlgorithm::kSha384:
      return 48;
    case SignatureAlgorithm::kSha512:
      return 64;
  }
  return 0;
}

// Only a broken OpenSSL installation, or no memory, leads here.
void Require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL cannot compute an HMAC");
}

// Looked up once: that costs as much as signing a short body.
const EVP_MD* FindDigest(SignatureAlgorithm algorithm) {
  static const auto digests = [] {
    std::array<Digest, kAlgorithms.size()> found;
    for (std::size_t i = 0; i < found.size(); ++i) {
      found[i].reset(EVP_MD_fetch(nullptr, std::string(Name(kAlgorithms[i])).c_str(), nullptr));
    }
    return found;
  }();
  const auto& digest = digests[static_cast<std::size_t>(algorithm)];
  Require(digest != nullptr);
  return digest.get();
}

DigestContext NewContext() {
  DigestContext context(EVP_MD_CTX_new());
  Require(context != nullptr);
  return context;
}

void Update(EVP_MD_CTX* context, const void* bytes, std::size_t size) {
  Require(EVP_DigestUpdate(context, bytes, size) == 1);
}

std::size_t Final(EVP_MD_CTX* context, DigestBytes& digest) {
  unsigned int size = 0;
  Require(EVP_DigestFinal_ex(context, digest.data(), &size) == 1);
  return size;
}

// A key that is longer than a block of the hash is replaced by its digest (RFC 2104 section 2).
std::string BlockKey(const EVP_MD* digest, std::string_view secret) {
  std::string key(secret);
  const auto block = static_cast<std::size_t>(EVP_MD_get_block_size(digest));
  if (key.size() > block) {
    DigestBytes hashed{};
    unsigned int size = 0;
    Require(EVP_Digest(key.data(), key.size(), hashed.data(), &size, digest, nullptr) == 1);
    key.assign(hashed.begin(), hashed.begin() + size);
  }
  key.resize(block, '\0');
  return key;
}

// A hash that has taken the key, each byte of it combined with `pad`.
DigestContext BeginWithKey(const EVP_MD* digest, std::string key, char pad) {
  for (char& byte : key) byte = static_cast<char>(byte ^ pad);
  DigestContext context = NewContext();
  Require(EVP_DigestInit_ex2(context.get(), digest, nullptr) == 1);
  Update(context.get(), key.data(), key.size());
  OPENSSL_cleanse(key.data(), key.size());
  return context;
}

// Both lower-case hex. Takes the same time wherever they differ.
bool SameDigest(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string HexDigest(SignatureAlgorithm algorithm, std::string_view secret,
                      std::string_view body) {
  return Signer(algorithm, secret).Sign(body).substr(Name(algorithm).size() + 1);
}

// The algorithm under which this digest would be right, other than the one named.
std::optional<SignatureAlgorithm> FindFit(std::string_view digest,
                                          std::optional<SignatureAlgorithm> named,
                                          std::string_view secret, std::string_view body) {
  for (const SignatureAlgorithm algorithm : kAlgorithms) {
    if (algorithm == named || digest.size() != 2 * DigestSize(algorithm)) continue;
    if (SameDigest(HexDigest(algorithm, secret, body), digest)) return algorithm;
  }
  return std::nullopt;
}

bool IsHex(std::string_view text) {
  for (const char c : text) {
    if (HexValue(c) < 0) return false;
  }
  return true;
}

std::string DescribeMismatch(std::string_view method, std::optional<SignatureAlgorithm> named,
                             std::string_view digest, std::string_view secret,
                             std::string_view body) {
  if (const auto fit = FindFit(digest, named, secret, body)) {
    return "the header says " + Quote(method, 20) + ", but the digest is the right one for " +
           std::string(Name(*fit));
  }
  if (!named) {
    return "the method " + Quote(method, 20) + " is none of sha1, sha256, sha384 and sha512";
  }
  const std::size_t wanted = 2 * DigestSize(*named);
  if (digest.size() != wanted) {
    return "the digest has " + std::to_string(digest.size()) + " hex digits, too " +
           (digest.size() < wanted ? "few" : "many") + " for " + std::string(Name(*named)) +
           ", which has " + std::to_string(wanted);
  }
  return "the digest does not match: the body was changed on its way, or signed with another "
         "secret";
}

}  // namespace

std::string_view Name(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kSha1:
      return "sha1";
    case SignatureAlgorithm::kSha256:
      return "sha256";
    case SignatureAlgorithm::kSha384:
      return "sha384";
    case SignatureAlgorithm::kSha512:
      return "sha512";
  }
  return "";
}

std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(std::string_view name) {
  for (const SignatureAlgorithm algorithm : kAlgorithms) {
    if (EqualIgnoringCase(name, Name(algorithm))) return algorithm;
  }
  return std::nullopt;
}

struct Signer::Context {
  DigestContext inner;
  DigestContext outer;
};

Signer::Signer(SignatureAlgorithm algorithm, std::string_view secret) : algorithm_(algorithm) {
  const EVP_MD* digest = FindDigest(algorithm);
  std::string key = BlockKey(digest, secret);
  context_ = std::make_unique<Context>(
      Context{BeginWithKey(digest, key, '\x36'), BeginWithKey(digest, key, '\x5c')});
  OPENSSL_cleanse(key.data(), key.size());
}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;

std::string Signer::Sign(std::string_view body) const {
  const DigestContext context = NewContext();
  DigestBytes digest{};
  Require(EVP_MD_CTX_copy_ex(context.get(), context_->inner.get()) == 1);
  Update(context.get(), body.data(), body.size());
  std::size_t size = Final(context.get(), digest);
  Require(EVP_MD_CTX_copy_ex(context.get(), context_->outer.get()) == 1);
  Update(context.get(), digest.data(), size);
  size = Final(context.get(), digest);
  return std::string(Name(algorithm_)) + '=' +
         EncodeHex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string_view Name(SignatureVerdict verdict) {
  switch (verdict) {
    case SignatureVerdict::kValid:
      return "valid";
    case SignatureVerdict::kInvalid:
      return "invalid";
    case SignatureVerdict::kMissing:
      return "missing";
    case SignatureVerdict::kNone:
      return "none";
  }
  return "";
}

SignatureCheck CheckSignature(std::optional<std::string_view> header, std::string_view secret,
                              std::string_view body) {
  if (secret.empty()) return {};
  if (!header) {
    return {SignatureVerdict::kMissing, std::nullopt,
            "a secret was given, but no X-Hub-Signature came"};
  }
  const auto equals = header->find('=');
  if (equals == header->npos) {
    return {SignatureVerdict::kInvalid, std::nullopt,
            "the header has no '=': it should read sha256=DIGEST"};
  }
  const std::string_view method = header->substr(0, equals);
  const std::string digest = ToLower(header->substr(equals + 1));
  const auto named = ParseSignatureAlgorithm(method);  // SUB-DIS-04
  if (!IsHex(digest) || digest.empty()) {
    return {SignatureVerdict::kInvalid, named,
            digest.empty() ? "the header has no digest after the '='"
                           : "the digest is not hex (is it base64, or in quotes?)"};
  }
  if (named && SameDigest(HexDigest(*named, secret, body), digest)) {
    return {SignatureVerdict::kValid, named, ""};
  }
  return {SignatureVerdict::kInvalid, named, DescribeMismatch(method, named, digest, secret, body)};
}

}  // namespace websub
