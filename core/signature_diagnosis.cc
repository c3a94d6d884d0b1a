#include "core/signature_diagnosis.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base64.h"
#include "core/hex.h"
#include "core/signature_changes.h"
#include "core/text.h"

namespace websub {
namespace {

constexpr std::size_t kFewestDigits = 8;  // fewer would be the beginning of anything

struct ChangeText {
  SignatureChange change;
  std::string_view name;  // behind "signature-" the slug of its entry in the catalogue
  std::string_view shown;
};

constexpr std::array kTexts = {
    ChangeText{SignatureChange::kNone, "none", "the digest is right"},
    ChangeText{SignatureChange::kNewlineAdded, "newline-added",
               "it fits the body with a newline added at its end"},
    ChangeText{SignatureChange::kNewlineDropped, "newline-dropped",
               "it fits the body without the newline at its end"},
    ChangeText{SignatureChange::kTrimmed, "trimmed",
               "it fits the body without the white space around it"},
    ChangeText{SignatureChange::kLfToCrlf, "lf-to-crlf", "it fits the body with CRLF line ends"},
    ChangeText{SignatureChange::kCrlfToLf, "crlf-to-lf", "it fits the body with LF line ends"},
    ChangeText{SignatureChange::kByteOrderMarkAdded, "bom-added",
               "it fits the body with a byte order mark before it"},
    ChangeText{SignatureChange::kByteOrderMarkDropped, "bom-dropped",
               "it fits the body without its byte order mark"},
    ChangeText{SignatureChange::kLatin1ToUtf8, "latin1-to-utf8",
               "it fits the body in UTF-8; the bytes here are ISO-8859-1"},
    ChangeText{SignatureChange::kUtf8ToLatin1, "utf8-to-latin1",
               "it fits the body in ISO-8859-1; the bytes here are UTF-8"},
    ChangeText{SignatureChange::kUtf8Twice, "utf8-twice",
               "it fits the body with its UTF-8 decoded once"},
    ChangeText{SignatureChange::kReplaced, "replacement",
               "it fits the body with U+FFFD for each byte that is no UTF-8"},
    ChangeText{SignatureChange::kPercentDecoded, "percent-decoded",
               "it fits the percent-decoded body"},
    ChangeText{SignatureChange::kJsonCompact, "json-compact",
               "it fits the same JSON written without white space"},
    ChangeText{SignatureChange::kJsonSpaced, "json-spaced",
               "it fits the same JSON written with a space behind ',' and ':'"},
    ChangeText{SignatureChange::kJsonPretty, "json-pretty",
               "it fits the same JSON written with indentation"},
    ChangeText{SignatureChange::kJsonSorted, "json-sorted",
               "it fits the same JSON with its members in the order of their names"},
    ChangeText{SignatureChange::kJsonAscii, "json-ascii",
               "it fits the same JSON with \\u escapes for what is not ASCII"},
    ChangeText{SignatureChange::kDecompressed, "decompressed", "it fits the decompressed body"},
    ChangeText{SignatureChange::kCompressed, "compressed", "it fits the body compressed"},
    ChangeText{SignatureChange::kEmptyBody, "empty-body", "it fits an empty body"},
    ChangeText{SignatureChange::kSecretTrimmed, "secret-trimmed",
               "it fits the secret without the white space around it"},
    ChangeText{SignatureChange::kSecretNewlineAdded, "secret-newline-added",
               "it fits the secret with a newline at its end"},
    ChangeText{SignatureChange::kSecretUnquoted, "secret-unquoted",
               "it fits the secret without the quotes around it"},
    ChangeText{SignatureChange::kSecretHexDecoded, "secret-hex-decoded",
               "it fits the secret read as hex digits"},
    ChangeText{SignatureChange::kSecretHexEncoded, "secret-hex-encoded",
               "it fits the secret written as hex digits"},
    ChangeText{SignatureChange::kSecretBase64Decoded, "secret-base64-decoded",
               "it fits the secret read as base64"},
    ChangeText{SignatureChange::kSecretPercentDecoded, "secret-percent-decoded",
               "it fits the percent-decoded secret"},
    ChangeText{SignatureChange::kSecretPercentEncoded, "secret-percent-encoded",
               "it fits the percent-encoded secret"},
    ChangeText{SignatureChange::kSecretEmpty, "secret-empty", "it fits an empty secret"},
    ChangeText{SignatureChange::kTruncated, "truncated",
               "the digest is the beginning of the right one"},
    ChangeText{SignatureChange::kPadded, "padded", "the digest begins with the right one"},
};

const ChangeText& TextOf(SignatureChange change) {
  for (const ChangeText& text : kTexts) {
    if (text.change == change) return text;
  }
  return kTexts.front();
}

std::optional<SignatureAlgorithm> AlgorithmOfLength(std::size_t bytes) {
  switch (bytes) {
    case 20:
      return SignatureAlgorithm::kSha1;
    case 32:
      return SignatureAlgorithm::kSha256;
    case 48:
      return SignatureAlgorithm::kSha384;
    case 64:
      return SignatureAlgorithm::kSha512;
    default:
      return std::nullopt;
  }
}

// What is odd about how a digest stands in the header.
struct Oddity {
  FindingCode code;
  std::string clause;
};

// "method=digest" as far as it can be told apart.
struct WrittenHeader {
  std::optional<SignatureAlgorithm> named;
  std::string_view digest;
  std::optional<Oddity> oddity;
};

WrittenHeader ReadHeader(std::string_view header) {
  const std::string_view trimmed = Trim(header);
  WrittenHeader written{std::nullopt, trimmed,
                        Oddity{FindingCode::kSignatureNoMethod,
                               "the header must begin with the method, as in sha256=…"}};
  const auto split = trimmed.find_first_of("=:");
  if (split == std::string_view::npos) return written;
  const std::string_view method = Trim(trimmed.substr(0, split));
  const std::string_view rest = Trim(trimmed.substr(split + 1));
  written.named = ParseSignatureAlgorithm(method);
  if (!written.named) {
    // What ends with '=' is base64 without a method.
    if (rest.find_first_not_of('=') == std::string_view::npos) return written;
    written.oddity = {
        FindingCode::kSignatureUnknownMethod,
        "the method " + Quote(method, 20) + " is none of sha1, sha256, sha384 and sha512"};
  } else if (trimmed[split] == ':') {
    written.oddity = {FindingCode::kSignatureColon,
                      "'=' belongs between method and digest, not ':'"};
  } else {
    written.oddity.reset();
  }
  written.digest = rest;
  return written;
}

// A digest that was found in the header.
struct WrittenDigest {
  SignatureAlgorithm algorithm;
  std::string hex;
  std::optional<Oddity> oddity;
};

std::optional<WrittenDigest> ReadDigest(const WrittenHeader& header) {
  std::optional<Oddity> oddity = header.oddity;
  auto bytes = DecodeHex(header.digest);
  if (!bytes || !AlgorithmOfLength(bytes->size())) {
    bytes = DecodeLaxBase64(header.digest);
    oddity = {FindingCode::kSignatureBase64,
              "the digest is in base64 where hex digits are asked for"};
  }
  if (!bytes) return std::nullopt;
  const auto algorithm = AlgorithmOfLength(bytes->size());
  if (!algorithm) return std::nullopt;
  if (header.named && header.named != algorithm) {
    oddity = {FindingCode::kSignatureOtherAlgorithm,
              "the digest is " + std::string(Name(*algorithm)) + " under the label " +
                  std::string(Name(*header.named))};
  }
  return WrittenDigest{*algorithm, EncodeHex(*bytes), std::move(oddity)};
}

SignatureDiagnosis Told(SignatureChange change, SignatureAlgorithm algorithm,
                        const std::optional<Oddity>& oddity) {
  SignatureDiagnosis told;
  told.change = change;
  told.algorithm = algorithm;
  told.shown = TextOf(change).shown;
  if (change == SignatureChange::kNone) {
    told.code = oddity ? oddity->code : FindingCode::kSignatureNotHex;
    told.sentence = told.shown + (oddity ? ", but " + oddity->clause : "");
    told.shown = told.sentence;
    return told;
  }
  told.code = ParseFindingCode("signature-" + std::string(Name(change))).value_or(told.code);
  told.sentence = told.shown + ": " + std::string(EntryOf(told.code).cause);
  if (!oddity) return told;
  told.sentence += "; besides, " + oddity->clause;
  told.besides.push_back(oddity->code);
  return told;
}

std::optional<SignatureDiagnosis> TryChanges(const WrittenDigest& digest, std::string_view secret,
                                             std::string_view body) {
  const std::string wanted = std::string(Name(digest.algorithm)) + "=" + digest.hex;
  const Signer signer(digest.algorithm, secret);
  for (const SignatureTry& each : BodyTries()) {
    const auto changed = each.apply(body);
    if (!changed || (each.change != SignatureChange::kNone && *changed == body)) continue;
    if (signer.Sign(*changed) == wanted) return Told(each.change, digest.algorithm, digest.oddity);
  }
  for (const SignatureTry& each : SecretTries()) {
    const auto changed = each.apply(secret);
    if (!changed || *changed == secret) continue;
    if (Signer(digest.algorithm, *changed).Sign(body) == wanted) {
      return Told(each.change, digest.algorithm, digest.oddity);
    }
  }
  return std::nullopt;
}

// A digest that lost its end, or has something behind it. Under the algorithm that the header
// names, or any where it names none.
std::optional<SignatureDiagnosis> TryLengths(const WrittenHeader& header, std::string_view secret,
                                             std::string_view body) {
  using enum SignatureAlgorithm;
  if (header.digest.size() < kFewestDigits) return std::nullopt;
  for (const SignatureAlgorithm algorithm : {kSha256, kSha1, kSha512, kSha384}) {
    if (header.named && header.named != algorithm) continue;
    const std::string whole = Signer(algorithm, secret).Sign(body);
    const std::string right = whole.substr(whole.find('=') + 1);
    const std::string digest = ToLower(header.digest.substr(0, right.size()));
    if (digest.size() < right.size() && right.starts_with(digest)) {
      return Told(SignatureChange::kTruncated, algorithm, header.oddity);
    }
    if (header.digest.size() > right.size() && digest == right) {
      return Told(SignatureChange::kPadded, algorithm, header.oddity);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(SignatureChange change) {
  return TextOf(change).name;
}

std::optional<SignatureDiagnosis> DiagnoseSignature(std::string_view header,
                                                    std::string_view secret,
                                                    std::string_view body) {
  const WrittenHeader written = ReadHeader(header);
  if (const auto digest = ReadDigest(written)) {
    if (auto told = TryChanges(*digest, secret, body)) return told;
  }
  return TryLengths(written, secret, body);
}

}  // namespace websub
