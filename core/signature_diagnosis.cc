#include "core/signature_diagnosis.h"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "core/base64.h"
#include "core/form.h"
#include "core/text.h"

namespace websub {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::string_view kHexDigits = "0123456789abcdef";

struct ChangeText {
  SignatureChange change;
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array kTexts = {
    ChangeText{SignatureChange::kNone, "none", "the digest is right"},
    ChangeText{
        SignatureChange::kNewlineAdded, "newline-added",
        "it fits the body with a newline added at its end: the newline was lost after signing"},
    ChangeText{
        SignatureChange::kNewlineDropped, "newline-dropped",
        "it fits the body without the newline at its end: the newline was added after signing"},
    ChangeText{SignatureChange::kTrimmed, "trimmed",
               "it fits the body without the white space around it: sign the bytes that are sent, "
               "untrimmed"},
    ChangeText{SignatureChange::kLfToCrlf, "lf-to-crlf",
               "it fits the body with CRLF line ends: something turned CRLF into LF after signing"},
    ChangeText{SignatureChange::kCrlfToLf, "crlf-to-lf",
               "it fits the body with LF line ends: something turned LF into CRLF after signing"},
    ChangeText{
        SignatureChange::kByteOrderMarkAdded, "bom-added",
        "it fits the body with a byte order mark before it: the mark was lost after signing"},
    ChangeText{SignatureChange::kByteOrderMarkDropped, "bom-dropped",
               "it fits the body without its byte order mark: the mark was added after signing"},
    ChangeText{SignatureChange::kLatin1ToUtf8, "latin1-to-utf8",
               "it fits the body in UTF-8: the bytes here are ISO-8859-1"},
    ChangeText{SignatureChange::kUtf8ToLatin1, "utf8-to-latin1",
               "it fits the body in ISO-8859-1: the bytes here are UTF-8"},
    ChangeText{SignatureChange::kPercentDecoded, "percent-decoded",
               "it fits the percent-decoded body: sign the bytes that are sent"},
    ChangeText{
        SignatureChange::kJsonCompact, "json-compact",
        "it fits the same JSON written without white space: sign the bytes that are sent, not "
        "a value that was parsed and written anew"},
    ChangeText{SignatureChange::kEmptyBody, "empty-body",
               "it fits an empty body: the signer did not see the content"},
    ChangeText{SignatureChange::kSecretTrimmed, "secret-trimmed",
               "it fits the secret without the white space around it: take that away here"},
    ChangeText{
        SignatureChange::kSecretNewlineAdded, "secret-newline-added",
        "it fits the secret with a newline at its end: the signer read its secret with the end "
        "of the line"},
    ChangeText{SignatureChange::kSecretUnquoted, "secret-unquoted",
               "it fits the secret without the quotes around it: take them away here"},
    ChangeText{SignatureChange::kSecretHexDecoded, "secret-hex-decoded",
               "it fits the secret read as hex digits: the secret is text, not hex"},
    ChangeText{
        SignatureChange::kSecretPercentDecoded, "secret-percent-decoded",
        "it fits the percent-decoded secret: it was decoded once more or once less than sent"},
    ChangeText{SignatureChange::kSecretPercentEncoded, "secret-percent-encoded",
               "it fits the percent-encoded secret: the signer did not decode hub.secret"},
    ChangeText{SignatureChange::kSecretEmpty, "secret-empty",
               "it fits an empty secret: the signer lost the secret"},
};

const ChangeText& TextOf(SignatureChange change) {
  for (const ChangeText& text : kTexts) {
    if (text.change == change) return text;
  }
  return kTexts.front();
}

std::optional<std::string> DecodeHex(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    hex += kHexDigits[static_cast<unsigned char>(c) >> 4];
    hex += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
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

// A digest that was found in the header, and what is odd about how it stands there.
struct WrittenDigest {
  SignatureAlgorithm algorithm;
  std::string hex;
  std::string oddity;  // a clause, or empty
};

std::optional<WrittenDigest> ReadDigest(std::string_view header) {
  const std::string trimmed(Trim(header));
  std::string_view digest = trimmed;
  std::string oddity;
  std::optional<SignatureAlgorithm> named;
  if (const auto split = trimmed.find_first_of("=:"); split != std::string::npos) {
    named = ParseSignatureAlgorithm(Trim(std::string_view(trimmed).substr(0, split)));
    if (named) digest.remove_prefix(split + 1);
    if (named && trimmed[split] == ':') oddity = "'=' belongs between method and digest, not ':'";
  }
  if (!named) oddity = "the header must begin with the method, as in sha256=…";
  const std::string_view text = Trim(digest);
  auto bytes = DecodeHex(text);
  if (!bytes || !AlgorithmOfLength(bytes->size())) {
    bytes = DecodeLaxBase64(text);
    oddity = "the digest is in base64 where hex digits are asked for";
  }
  if (!bytes) return std::nullopt;
  const auto algorithm = AlgorithmOfLength(bytes->size());
  if (!algorithm) return std::nullopt;
  if (named && named != algorithm) {
    oddity = "the digest is " + std::string(Name(*algorithm)) + " under the label " +
             std::string(Name(*named));
  }
  return WrittenDigest{*algorithm, ToHex(*bytes), oddity};
}

std::string ToCrlf(std::string_view body) {
  std::string text;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\n' && (i == 0 || body[i - 1] != '\r')) text += '\r';
    text += body[i];
  }
  return text;
}

std::string ToLf(std::string_view body) {
  std::string text;
  for (std::size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\r' && i + 1 < body.size() && body[i + 1] == '\n') continue;
    text += body[i];
  }
  return text;
}

std::string Latin1ToUtf8(std::string_view body) {
  std::string text;
  for (const char c : body) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

// The same text where every character has an ISO-8859-1 byte; else the body itself.
std::string Utf8ToLatin1(std::string_view body) {
  std::string text;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const auto byte = static_cast<unsigned char>(body[i]);
    if (byte < 0x80) {
      text += body[i];
      continue;
    }
    if ((byte != 0xC2 && byte != 0xC3) || i + 1 >= body.size()) return std::string(body);
    const auto next = static_cast<unsigned char>(body[++i]);
    if ((next & 0xC0) != 0x80) return std::string(body);
    text += static_cast<char>((byte & 3) << 6 | (next & 0x3F));
  }
  return text;
}

std::string FormDecode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return PercentDecode(spaced);
}

// JSON without the white space outside of its strings; another text stays as it is.
std::string CompactJson(std::string_view body) {
  const std::string trimmed(Trim(body));
  if (!trimmed.starts_with('{') && !trimmed.starts_with('[')) return std::string(body);
  std::string text;
  bool in_string = false;
  for (std::size_t i = 0; i < trimmed.size(); ++i) {
    const char c = trimmed[i];
    if (c == '"') in_string = !in_string;
    if (in_string || !IsSpace(c)) text += c;
    if (in_string && c == '\\' && i + 1 < trimmed.size()) text += trimmed[++i];
  }
  return text;
}

using Change = std::pair<SignatureChange, std::function<std::string(std::string_view)>>;

std::vector<Change> BodyChanges() {
  using enum SignatureChange;
  return {
      {kNone, [](auto body) { return std::string(body); }},
      {kNewlineAdded, [](auto body) { return std::string(body) + "\n"; }},
      {kNewlineAdded, [](auto body) { return std::string(body) + "\r\n"; }},
      {kNewlineDropped,
       [](auto body) {
         if (body.ends_with('\n')) body.remove_suffix(body.ends_with("\r\n") ? 2 : 1);
         return std::string(body);
       }},
      {kCrlfToLf, ToLf},
      {kLfToCrlf, ToCrlf},
      {kByteOrderMarkDropped,
       [](auto body) { return std::string(body.substr(body.starts_with(kMark) ? 3 : 0)); }},
      {kByteOrderMarkAdded, [](auto body) { return std::string(kMark) + std::string(body); }},
      {kTrimmed, [](auto body) { return std::string(Trim(body)); }},
      {kUtf8ToLatin1, Utf8ToLatin1},
      {kLatin1ToUtf8, Latin1ToUtf8},
      {kPercentDecoded, FormDecode},
      {kJsonCompact, CompactJson},
      {kEmptyBody, [](auto) { return std::string(); }},
  };
}

std::vector<Change> SecretChanges() {
  using enum SignatureChange;
  return {
      {kSecretTrimmed, [](auto secret) { return std::string(Trim(secret)); }},
      {kSecretNewlineAdded, [](auto secret) { return std::string(secret) + "\n"; }},
      {kSecretUnquoted,
       [](auto secret) {
         const bool quoted = secret.size() > 2 && secret.front() == secret.back() &&
                             (secret.front() == '"' || secret.front() == '\'');
         return std::string(quoted ? secret.substr(1, secret.size() - 2) : secret);
       }},
      {kSecretHexDecoded,
       [](auto secret) { return DecodeHex(secret).value_or(std::string(secret)); }},
      {kSecretPercentDecoded, FormDecode},
      {kSecretPercentEncoded, PercentEncode},
      {kSecretEmpty, [](auto) { return std::string(); }},
  };
}

}  // namespace

std::string_view Name(SignatureChange change) {
  return TextOf(change).name;
}

std::optional<SignatureDiagnosis> DiagnoseSignature(std::string_view header,
                                                    std::string_view secret,
                                                    std::string_view body) {
  const auto digest = ReadDigest(header);
  if (!digest) return std::nullopt;
  const std::string wanted = std::string(Name(digest->algorithm)) + "=" + digest->hex;
  const auto found = [&](SignatureChange change) {
    std::string sentence(TextOf(change).sentence);
    if (!digest->oddity.empty()) {
      sentence += change == SignatureChange::kNone ? ", but " : "; besides, ";
      sentence += digest->oddity;
    }
    return SignatureDiagnosis{change, digest->algorithm, std::move(sentence)};
  };
  const Signer signer(digest->algorithm, secret);
  for (const auto& [change, apply] : BodyChanges()) {
    const std::string changed = apply(body);
    if (change != SignatureChange::kNone && changed == body) continue;
    if (signer.Sign(changed) == wanted) return found(change);
  }
  for (const auto& [change, apply] : SecretChanges()) {
    const std::string changed = apply(secret);
    if (changed == secret) continue;
    if (Signer(digest->algorithm, changed).Sign(body) == wanted) return found(change);
  }
  return std::nullopt;
}

}  // namespace websub
