// Signatures, by their diagnosis.
#include <algorithm>
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"
#include "core/text.h"

namespace websub {
namespace {

using enum FindingCode;

constexpr std::size_t kShownHeader = 160;  // a SHA-512 digest with its method, whole

std::size_t HexDigitsOf(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kSha1:
      return 40;
    case SignatureAlgorithm::kSha256:
      return 64;
    case SignatureAlgorithm::kSha384:
      return 96;
    case SignatureAlgorithm::kSha512:
      return 128;
  }
  return 64;
}

// What a header that no change makes fit shows by itself.
FindingCode HeaderFault(std::string_view header) {
  const std::string_view trimmed = Trim(header);
  const auto equals = trimmed.find('=');
  if (equals == std::string_view::npos) return kSignatureNoMethod;
  const auto named = ParseSignatureAlgorithm(Trim(trimmed.substr(0, equals)));
  if (!named) return kSignatureUnknownMethod;
  const std::string_view digest = Trim(trimmed.substr(equals + 1));
  const bool hex =
      std::all_of(digest.begin(), digest.end(), [](char c) { return HexValue(c) >= 0; });
  if (!hex) return kSignatureNotHex;
  const std::size_t wanted = HexDigitsOf(*named);
  if (digest.size() == wanted) return kSignatureMismatch;
  return digest.size() < wanted ? kSignatureTruncated : kSignaturePadded;
}

bool HasUpperCase(std::string_view header) {
  const std::string_view digest = header.substr(std::min(header.find('='), header.size()));
  return std::any_of(digest.begin(), digest.end(), [](char c) { return c >= 'A' && c <= 'F'; });
}

}  // namespace

std::vector<Finding> JudgeSignature(const SignatureCheck& check,
                                    const std::optional<SignatureDiagnosis>& diagnosis,
                                    std::optional<std::string_view> header, std::size_t body_size) {
  const std::string_view value = header.value_or(std::string_view());
  const std::string shown = Quote(value, kShownHeader);
  switch (check.verdict) {
    case SignatureVerdict::kNone:
      return {MakeFinding(kSignatureNoSecret, "no secret was given, so nothing was checked")};
    case SignatureVerdict::kMissing:
      return {
          MakeFinding(kSignatureMissing, "no X-Hub-Signature came, although a secret was given")};
    case SignatureVerdict::kValid:
      if (!HasUpperCase(value)) return {};
      return {
          MakeFinding(kSignatureUpperCase, "the signature is right, in upper-case hex: " + shown)};
    case SignatureVerdict::kInvalid:
      break;
  }
  const std::string what = "the signature " + shown + " does not fit the body of " +
                           std::to_string(body_size) + " bytes";
  if (!diagnosis) return {MakeFinding(HeaderFault(value), what + ": " + check.sentence)};
  std::vector<Finding> findings{MakeFinding(diagnosis->code, what + "; " + diagnosis->shown)};
  for (const FindingCode code : diagnosis->besides) {
    findings.push_back(MakeFinding(code, "the header is " + shown));
  }
  return findings;
}

std::vector<Finding> JudgeSignature(std::optional<std::string_view> header, std::string_view secret,
                                    std::string_view body) {
  const SignatureCheck check = CheckSignature(header, secret, body);
  std::optional<SignatureDiagnosis> diagnosis;
  if (check.verdict == SignatureVerdict::kInvalid) {
    diagnosis = DiagnoseSignature(header.value_or(std::string_view()), secret, body);
  }
  return JudgeSignature(check, diagnosis, header, body.size());
}

std::optional<Finding> JudgeSignatureFields(const FieldList& fields) {
  if (!FirstField(fields, "X-Hub-Signature").empty()) return std::nullopt;
  const std::string other = FirstField(fields, "X-Hub-Signature-256");
  if (other.empty()) return std::nullopt;
  return MakeFinding(kSignatureField256,
                     "the signature came as X-Hub-Signature-256: " + Quote(other, kShownHeader));
}

}  // namespace websub
