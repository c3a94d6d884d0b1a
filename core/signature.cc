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

// The algorithm whose digests have so many hex digits.
std::optional<SignatureAlgorithm> OfSize(std::size_t digits) {
  for (const SignatureAlgorithm algorithm : kAlgorithms) {
    if (digits == 2 * DigestSize(algorithm)) return algorithm;
  }
  return std::nullopt;
}

bool IsHex(std::string_view text) {
  for (const char c : text) {
    if (HexValue(c) < 0) return false;
  }
  return true;
}

// `fit` is the algorithm that the digest is right for.
std::string DescribeMismatch(std::string_view method, std::optional<SignatureAlgorithm> named,
                             std::size_t digits, std::optional<SignatureAlgorithm> fit) {
  if (fit) {
    return "the header says " + Quote(method, 20) + ", but the digest is the right one for " +
           std::string(Name(*fit));
  }
  if (!named) {
    return "the method " + Quote(method, 20) + " is none of sha1, sha256, sha384 and sha512";
  }
  const std::size_t wanted = 2 * DigestSize(*named);
  if (digits != wanted) {
    return "the digest has " + std::to_string(digits) + " hex digits, too " +
           (digits < wanted ? "few" : "many") + " for " + std::string(Name(*named)) +
           ", which has " + std::to_string(wanted);
  }
  return "the digest does not match: the body was changed on its way, or signed with another "
         "secret";
}

// The two hashes of an HMAC (RFC 2104), begun with the key.
struct Keyed {
  DigestContext inner;
  DigestContext outer;
};

Keyed BeginHmac(SignatureAlgorithm algorithm, std::string_view secret) {
  const EVP_MD* digest = FindDigest(algorithm);
  std::string key = BlockKey(digest, secret);
  Keyed keyed{BeginWithKey(digest, key, '\x36'), BeginWithKey(digest, key, '\x5c')};
  OPENSSL_cleanse(key.data(), key.size());
  return keyed;
}

// In hex. `inner` has taken the whole body and is used up; `begun_outer` is not.
std::string FinishHmac(EVP_MD_CTX* inner, const EVP_MD_CTX* begun_outer) {
  DigestBytes digest{};
  std::size_t size = Final(inner, digest);
  Require(EVP_MD_CTX_copy_ex(inner, begun_outer) == 1);
  Update(inner, digest.data(), size);
  size = Final(inner, digest);
  return EncodeHex({reinterpret_cast<const char*>(digest.data()), size});
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

struct Signer::Context : Keyed {};

Signer::Signer(SignatureAlgorithm algorithm, std::string_view secret)
    : context_(std::make_unique<Context>(Context{BeginHmac(algorithm, secret)})),
      algorithm_(algorithm) {}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;

std::string Signer::Sign(std::string_view body) const {
  const DigestContext context = NewContext();
  Require(EVP_MD_CTX_copy_ex(context.get(), context_->inner.get()) == 1);
  Update(context.get(), body.data(), body.size());
  return std::string(Name(algorithm_)) + '=' + FinishHmac(context.get(), context_->outer.get());
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

// A digest can only be that of the one algorithm whose digests have its size: that one is computed,
// whichever the header names, and tells too whether the header names the wrong one.
struct SignatureChecker::State {
  std::optional<SignatureCheck> decided;  // without the body
  std::string method;
  std::optional<SignatureAlgorithm> named;
  std::string digest;                       // lower-case hex
  std::optional<SignatureAlgorithm> sized;  // has digests of that size
  Keyed keyed;

  void Begin(std::optional<std::string_view> header, std::string_view secret);
};

void SignatureChecker::State::Begin(std::optional<std::string_view> header,
                                    std::string_view secret) {
  const auto decide = [this](SignatureVerdict verdict, std::string sentence) {
    decided = SignatureCheck{verdict, named, std::move(sentence)};
  };
  if (secret.empty()) return decide(SignatureVerdict::kNone, "");
  if (!header) {
    return decide(SignatureVerdict::kMissing, "a secret was given, but no X-Hub-Signature came");
  }
  const auto equals = header->find('=');
  if (equals == header->npos) {
    return decide(SignatureVerdict::kInvalid,
                  "the header has no '=': it should read sha256=DIGEST");
  }
  method = header->substr(0, equals);
  digest = ToLower(header->substr(equals + 1));
  named = ParseSignatureAlgorithm(method);  // SUB-DIS-04
  if (!IsHex(digest) || digest.empty()) {
    return decide(SignatureVerdict::kInvalid,
                  digest.empty() ? "the header has no digest after the '='"
                                 : "the digest is not hex (is it base64, or in quotes?)");
  }
  sized = OfSize(digest.size());
  if (sized) keyed = BeginHmac(*sized, secret);
}
SignatureChecker::SignatureChecker(std::optional<std::string_view> header, std::string_view secret)
    : state_(std::make_unique<State>()) {
  state_->Begin(header, secret);
}
SignatureChecker::~SignatureChecker() = default;
SignatureChecker::SignatureChecker(SignatureChecker&&) noexcept = default;
SignatureChecker& SignatureChecker::operator=(SignatureChecker&&) noexcept = default;

void SignatureChecker::Add(std::string_view piece) {
  if (state_->sized) Update(state_->keyed.inner.get(), piece.data(), piece.size());
}

SignatureCheck SignatureChecker::Finish() {
  if (state_->decided) return *state_->decided;
  const bool fits =
      state_->sized &&
      SameDigest(FinishHmac(state_->keyed.inner.get(), state_->keyed.outer.get()), state_->digest);
  if (fits && state_->named == state_->sized) {
    return {SignatureVerdict::kValid, state_->named, ""};
  }
  return {SignatureVerdict::kInvalid, state_->named,
          DescribeMismatch(state_->method, state_->named, state_->digest.size(),
                           fits ? state_->sized : std::nullopt)};
}

SignatureCheck CheckSignature(std::optional<std::string_view> header, std::string_view secret,
                              std::string_view body) {
  SignatureChecker checker(header, secret);
  checker.Add(body);
  return checker.Finish();
}

}  // namespace websub
