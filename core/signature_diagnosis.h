// Why a signature does not match: tries the changes that senders and receivers are known to make to
// bytes, secret and header, and tells which one would have matched.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.h"
#include "core/signature.h"

namespace websub {

// What was signed, or what signed it, as against what is here.
enum class SignatureChange {
  kNone,                // nothing but the way in which the header is written
  kNewlineAdded,        // signed with a newline at the end that the body here lacks
  kNewlineDropped,      // signed without the newline at the end of the body here
  kTrimmed,             // signed without the white space around the body
  kLfToCrlf,            // signed with CRLF line ends, here they are LF
  kCrlfToLf,            // signed with LF line ends, here they are CRLF
  kByteOrderMarkAdded,  // signed with a byte order mark that the body here lacks
  kByteOrderMarkDropped,
  kLatin1ToUtf8,  // signed as UTF-8, the body here is ISO-8859-1
  kUtf8ToLatin1,
  kPercentDecoded,      // signed the form-decoded body
  kJsonCompact,         // signed JSON written anew, without white space
  kEmptyBody,           // signed nothing
  kUtf8Twice,           // the body here is UTF-8, encoded once more
  kReplaced,            // signed text in which U+FFFD stands for bytes that are no UTF-8
  kJsonSpaced,          // signed JSON written anew, with a space behind ',' and ':'
  kJsonPretty,          // indented by two or four spaces, or a tab
  kJsonSorted,          // without white space, members by name
  kJsonAscii,           // with \u escapes
  kDecompressed,        // signed what the compressed body here holds
  kCompressed,          // signed the body here, compressed
  kSecretTrimmed,       // the secret given has white space around it that the signer's has not
  kSecretNewlineAdded,  // the signer's secret ends with a newline
  kSecretUnquoted,      // the secret given stands in quotes
  kSecretHexDecoded,    // the signer read the secret as hex digits
  kSecretPercentDecoded,
  kSecretPercentEncoded,
  kSecretEmpty,
  kSecretHexEncoded,     // the signer used the secret's hex digits
  kSecretBase64Decoded,  // the signer read the secret as base64
  kTruncated,            // the digest in the header is the beginning of the right one
  kPadded,               // the header holds more than the right digest
};

std::string_view Name(SignatureChange change);  // "newline-added", stable, for scripts

struct SignatureDiagnosis {
  SignatureChange change = SignatureChange::kNone;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kSha256;  // the one that fits
  std::string sentence;  // what to change; more than one clause where the header is odd as well
  // The same for the catalogue: the fault, what shows it ("it fits the body with …"), and what is
  // odd about the header besides.
  FindingCode code = FindingCode::kSignatureMismatch;
  std::string shown;
  std::vector<FindingCode> besides;
};

// For a header that CheckSignature calls invalid. Tries one change at a time, with the algorithm
// that the length of the digest tells; also reads digests in base64, without "method=", or after
// ':'. Nothing where no change matches. Costs some twenty HMACs over the body.
std::optional<SignatureDiagnosis> DiagnoseSignature(std::string_view header,
                                                    std::string_view secret, std::string_view body);

}  // namespace websub
