#include "core/signature_changes.h"

#include <algorithm>
#include <utility>

#include "core/base64.h"
#include "core/deflate.h"
#include "core/form.h"
#include "core/hex.h"
#include "core/json_rewrite.h"
#include "core/text.h"

namespace websub {
namespace {

using Changed = std::optional<std::string>;

constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kMaxInflated = 16 * 1024 * 1024;  // bytes
constexpr std::size_t kMaxDeflated = 1024 * 1024;       // bytes: compressing is slow

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

// As Utf8ToLatin1, where that leaves UTF-8: what was encoded twice, encoded once.
Changed EncodedOnce(std::string_view body) {
  std::string once = Utf8ToLatin1(body);
  if (once == body || !IsUtf8(once)) return std::nullopt;
  return once;
}

// How many bytes from `at` belong to the same broken sequence (Unicode, "maximal subpart").
std::size_t BrokenLength(std::string_view text, std::size_t at) {
  for (std::size_t length = 3; length > 1; --length) {
    if (at + length > text.size()) continue;
    // It is the beginning of a character if some bytes behind it make one.
    const std::string start(text.substr(at, length));
    for (const std::string_view rest : {"\x80", "\xBF", "\x80\x80", "\xBF\xBF"}) {
      if (start.size() + rest.size() <= 4 && IsUtf8(start + std::string(rest))) return length;
    }
  }
  return 1;
}

// As programs read bytes that should be UTF-8: what is none becomes U+FFFD.
Changed WithReplacements(std::string_view body) {
  std::string text;
  for (std::size_t at = 0; at < body.size();) {
    const auto byte = static_cast<unsigned char>(body[at]);
    const std::size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    if (byte < 0x80 || IsUtf8(body.substr(at, length))) {
      text += body.substr(at, length);
      at += length;
    } else {
      text += kReplacement;
      at += BrokenLength(body, at);
    }
  }
  return text;
}

Changed WithoutNewline(std::string_view body) {
  if (!body.ends_with('\n')) return std::nullopt;
  body.remove_suffix(body.ends_with("\r\n") ? 2 : 1);
  return std::string(body);
}

Changed WithoutMark(std::string_view body) {
  if (!body.starts_with(kMark)) return std::nullopt;
  return std::string(body.substr(kMark.size()));
}

Changed WithoutQuotes(std::string_view secret) {
  if (secret.size() < 3 || secret.front() != secret.back()) return std::nullopt;
  if (secret.front() != '"' && secret.front() != '\'') return std::nullopt;
  return std::string(secret.substr(1, secret.size() - 2));
}

SignatureTry Json(SignatureChange change, JsonSpacing spacing, JsonLetters letters) {
  return {change, [=](std::string_view body) { return RewriteJson(body, spacing, letters); }};
}

// Many programs end a file with a newline.
SignatureTry JsonLine(SignatureChange change, JsonSpacing spacing) {
  return {change, [=](std::string_view body) {
            auto text = RewriteJson(body, spacing);
            if (text) *text += '\n';
            return text;
          }};
}

SignatureTry Compressed(Compression compression) {
  return {SignatureChange::kCompressed, [=](std::string_view body) {
            return body.size() > kMaxDeflated ? std::nullopt : Deflate(body, compression);
          }};
}

}  // namespace

std::vector<SignatureTry> BodyTries() {
  using enum SignatureChange;
  using enum JsonLetters;
  return {
      {kNone, [](auto body) { return std::string(body); }},
      {kNewlineAdded, [](auto body) { return std::string(body) + "\n"; }},
      {kNewlineAdded, [](auto body) { return std::string(body) + "\r\n"; }},
      {kNewlineDropped, WithoutNewline},
      {kCrlfToLf, ToLf},
      {kLfToCrlf, ToCrlf},
      {kByteOrderMarkDropped, WithoutMark},
      {kByteOrderMarkAdded, [](auto body) { return std::string(kMark) + std::string(body); }},
      {kTrimmed, [](auto body) { return std::string(Trim(body)); }},
      {kUtf8Twice, EncodedOnce},
      {kUtf8ToLatin1, Utf8ToLatin1},
      {kLatin1ToUtf8, Latin1ToUtf8},
      {kReplaced, WithReplacements},
      {kPercentDecoded, FormDecode},
      Json(kJsonCompact, JsonSpacing::kNone, kAsWritten),
      Json(kJsonSpaced, JsonSpacing::kSpace, kAsWritten),
      Json(kJsonPretty, JsonSpacing::kTwo, kAsWritten),
      Json(kJsonPretty, JsonSpacing::kFour, kAsWritten),
      Json(kJsonPretty, JsonSpacing::kTab, kAsWritten),
      JsonLine(kJsonPretty, JsonSpacing::kTwo),
      JsonLine(kJsonPretty, JsonSpacing::kFour),
      Json(kJsonAscii, JsonSpacing::kNone, kAscii),
      Json(kJsonAscii, JsonSpacing::kSpace, kAscii),
      {kJsonSorted, SortJson},
      {kDecompressed, [](auto body) { return Inflate(body, kMaxInflated); }},
      Compressed(Compression::kGzip),
      Compressed(Compression::kZlib),
      Compressed(Compression::kRaw),
      {kEmptyBody, [](auto) { return std::string(); }},
  };
}

std::vector<SignatureTry> SecretTries() {
  using enum SignatureChange;
  return {
      {kSecretTrimmed, [](auto secret) { return std::string(Trim(secret)); }},
      {kSecretNewlineAdded, [](auto secret) { return std::string(secret) + "\n"; }},
      {kSecretUnquoted, WithoutQuotes},
      {kSecretHexDecoded, DecodeHex},
      {kSecretHexEncoded, EncodeHex},
      {kSecretBase64Decoded, DecodeLaxBase64},
      {kSecretPercentDecoded, FormDecode},
      {kSecretPercentEncoded, PercentEncode},
      {kSecretEmpty, [](auto) { return std::string(); }},
  };
}

}  // namespace websub
