// The first byte chooses the algorithm, the second the length of the secret, the third what is
// changed. What was signed is valid; one flipped bit, in the body or in the header, is not. A
// header of any text is judged with a sentence.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/signature.h"
#include "core/text.h"

namespace {

using websub::SignatureAlgorithm;
using websub::SignatureVerdict;

void Require(bool condition) {
  if (!condition) std::abort();
}

SignatureVerdict Verdict(std::string_view header, std::string_view secret, std::string_view body) {
  const auto check = websub::CheckSignature(header, secret, body);
  Require(check.sentence.empty() == (check.verdict == SignatureVerdict::kValid));
  return check.verdict;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  constexpr SignatureAlgorithm kAlgorithms[] = {
      SignatureAlgorithm::kSha1, SignatureAlgorithm::kSha256, SignatureAlgorithm::kSha384,
      SignatureAlgorithm::kSha512};
  const std::string rest(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::string secret = 's' + rest.substr(0, data[1]);
  const std::string body = rest.substr(secret.size() - 1);
  const std::string header = websub::Signer(kAlgorithms[data[0] % 4], secret).Sign(body);
  Require(Verdict(header, secret, body) == SignatureVerdict::kValid);

  const std::size_t at = data[2];
  const char bit = static_cast<char>(1 << (at % 8));
  if (!body.empty()) {
    std::string changed = body;
    changed[at % changed.size()] = static_cast<char>(changed[at % changed.size()] ^ bit);
    Require(Verdict(header, secret, changed) == SignatureVerdict::kInvalid);
  }
  // 0x20 only turns a letter of the header to the other case, which still matches.
  std::string changed = header;
  const std::size_t i = at % changed.size();
  changed[i] = static_cast<char>(changed[i] ^ bit);
  const bool same = websub::EqualIgnoringCase(changed, header);
  Require((Verdict(changed, secret, body) == SignatureVerdict::kValid) == same);

  Verdict(body, secret, rest);
  Require(websub::CheckSignature(header, "", body).verdict == SignatureVerdict::kNone);
  return 0;
}
