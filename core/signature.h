// Authenticated content distribution (section 8): X-Hub-Signature: method=hex.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace websub {

enum class SignatureAlgorithm { kSha1, kSha256, kSha384, kSha512 };  // HUB-SIG-02

std::string_view Name(SignatureAlgorithm algorithm);                               // "sha256"
std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(std::string_view name);  // any case

// Signs many bodies with one secret. The two hashes of an HMAC (RFC 2104) are begun with the key
// once and copied for each body, which costs a third of a one-shot HMAC. Not for use by two threads
// at once. Throws std::runtime_error only where OpenSSL itself is broken or out of memory.
class Signer {
 public:
  Signer(SignatureAlgorithm algorithm, std::string_view secret);
  ~Signer();
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;

  // The header's value: "sha256=" and lower-case hex, over exactly these bytes.
  std::string Sign(std::string_view body) const;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  SignatureAlgorithm algorithm_;
};

enum class SignatureVerdict {
  kValid,
  kInvalid,  // a signature came and is wrong: discard the content (SUB-DIS-02)
  kMissing,  // a secret was given and no signature came: discard (SUB-DIS-03)
  kNone,     // no secret was given, so there is nothing to check
};

std::string_view Name(SignatureVerdict verdict);  // "valid"

struct SignatureCheck {
  SignatureVerdict verdict = SignatureVerdict::kNone;
  std::optional<SignatureAlgorithm> algorithm;  // the one named in the header (SUB-DIS-04)
  std::string sentence;                         // why it is invalid or missing; empty otherwise
};

// Checks a delivery. The header is the value of X-Hub-Signature, or nothing where it did not come;
// an empty secret means that none was given. Hex digits of either case match; the comparison takes
// the same time wherever the digests differ. The sentence names a malformed header (no '=', unknown
// method, not hex, too few or too many digits), and a digest that fits under another algorithm.
SignatureCheck CheckSignature(std::optional<std::string_view> header, std::string_view secret,
                              std::string_view body);

// The same for a body that comes in pieces, of which none is kept. Not for use by two threads at
// once. Throws as Signer does.
class SignatureChecker {
 public:
  SignatureChecker(std::optional<std::string_view> header, std::string_view secret);
  ~SignatureChecker();
  SignatureChecker(SignatureChecker&&) noexcept;
  SignatureChecker& operator=(SignatureChecker&&) noexcept;

  void Add(std::string_view piece);
  // Once, after the last piece.
  SignatureCheck Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace websub
