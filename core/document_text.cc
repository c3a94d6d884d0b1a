// From the bytes of a document to UTF-8, and a look at what it is.
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include "core/document_readers.h"
#include "core/text.h"

namespace websub {
namespace {

constexpr std::size_t kDeclarationWindow = 1024;  // where HTML looks for its charset

// The charsets that the web uses. No other name reaches iconv: it has a decoder for each of
// hundreds, some of them never looked at, and a peer must not choose among those.
bool IsKnownCharset(std::string_view name) {
  constexpr auto kKnown = std::to_array<std::string_view>(
      {"us-ascii",     "ascii",        "iso-8859-2",   "iso-8859-3",   "iso-8859-4",
       "iso-8859-5",   "iso-8859-6",   "iso-8859-7",   "iso-8859-8",   "iso-8859-9",
       "iso-8859-10",  "iso-8859-13",  "iso-8859-14",  "iso-8859-15",  "iso-8859-16",
       "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254",
       "windows-1255", "windows-1256", "windows-1257", "windows-1258", "iso-8859-1",
       "latin1",       "koi8-r",       "koi8-u",       "shift_jis",    "euc-jp",
       "gb2312",       "gbk",          "gb18030",      "big5",         "euc-kr",
       "utf-16le",     "utf-16be"});
  return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
}

bool IsUtf8Name(std::string_view name) {
  return name == "utf-8" || name == "utf8";
}

struct CloseIconv {
  void operator()(void* handle) const { iconv_close(handle); }
};

constexpr std::size_t kSlice = 1024;  // bytes; far more than a character or an escape sequence has

// Nothing where the system has no such charset.
std::optional<std::string> ToUtf8(std::string_view bytes, const std::string& charset) {
  const iconv_t handle = iconv_open("UTF-8", charset.c_str());
  // NOLINTNEXTLINE(performance-no-int-to-ptr): how iconv_open says no
  if (handle == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  const std::unique_ptr<void, CloseIconv> closer(handle);
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 2);
  std::array<char, 8192> buffer;
  char* from = const_cast<char*>(bytes.data());  // iconv only reads it
  std::size_t left = bytes.size();
  while (left > 0) {
    char* to = buffer.data();
    std::size_t room = buffer.size();
    // In slices: sanitizers look at all that is offered, at each call.
    const std::size_t offered = std::min(left, kSlice);
    std::size_t rest = offered;
    const std::size_t status = iconv(handle, &from, &rest, &to, &room);
    left -= offered - rest;
    const int error = status == static_cast<std::size_t>(-1) ? errno : 0;
    out.append(buffer.data(), buffer.size() - room);
    if (error == EILSEQ) {
      out += '?';
      ++from;
      --left;
    } else if (error == EINVAL && rest == offered) {
      break;  // cut inside a character: nothing more can be read
    }
  }
  return out;
}

// What follows `key`, '=' and perhaps a quote in the first bytes: encoding="x", charset=x.
std::string DeclaredName(std::string_view window, std::string_view key) {
  std::size_t at = window.find(key);
  for (; at != std::string_view::npos; at = window.find(key, at + 1)) {
    std::size_t i = at + key.size();
    const auto skip_blanks = [&] {
      while (i < window.size() && IsSpace(window[i])) ++i;
    };
    skip_blanks();
    if (i >= window.size() || window[i] != '=') continue;
    ++i;
    skip_blanks();
    if (i < window.size() && (window[i] == '"' || window[i] == '\'')) ++i;
    const std::size_t end = window.find_first_of("\"' \t\r\n;>/?", i);
    if (end == std::string_view::npos) return "";
    return std::string(window.substr(i, end - i));
  }
  return "";
}

// What the document says of itself: an XML declaration, or HTML's <meta charset>. A declaration
// that could be read is in ASCII, so one that says UTF-16 is wrong.
std::string DeclaredCharset(std::string_view body) {
  const std::string window = ToLower(body.substr(0, kDeclarationWindow));
  const std::string_view trimmed = Trim(window);
  std::string name;
  if (trimmed.starts_with("<?xml")) {
    name = DeclaredName(trimmed.substr(0, trimmed.find("?>")), "encoding");
  }
  if (name.empty()) {
    const std::size_t meta = window.find("<meta");
    if (meta != std::string::npos && trimmed.starts_with('<')) {
      name = DeclaredName(std::string_view(window).substr(meta), "charset");
    }
  }
  return name.starts_with("utf-16") ? "utf-8" : name;
}

struct Mark {
  std::string charset;   // empty: none
  std::size_t size = 0;  // of the byte order mark
};

Mark ByteOrderMark(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) return {"utf-8", 3};
  if (body.starts_with("\xFF\xFE")) return {"utf-16le", 2};
  if (body.starts_with("\xFE\xFF")) return {"utf-16be", 2};
  // UTF-16 without a mark still shows at its first '<' or '{'.
  if (body.size() >= 2 && body[0] == '\0' && (body[1] == '<' || body[1] == '{')) {
    return {"utf-16be", 0};
  }
  if (body.size() >= 2 && body[1] == '\0' && (body[0] == '<' || body[0] == '{')) {
    return {"utf-16le", 0};
  }
  return {};
}

// Well-formed characters stay; every other byte becomes '?'.
std::string RepairUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const std::string_view character = text.substr(at, length);
    if (IsUtf8(character)) {
      out += character;
      at += length;
    } else {
      out += '?';
      ++at;
    }
  }
  return out;
}

}  // namespace

std::string CharsetOf(std::string_view content_type) {
  const std::string lower = ToLower(content_type);
  const std::size_t semicolon = lower.find(';');
  if (semicolon == std::string::npos) return "";
  return DeclaredName(lower.substr(semicolon) + ";", "charset");
}

std::string DecodeText(std::string_view content_type, std::string_view body, LinkSink* sink) {
  const Mark mark = ByteOrderMark(body);
  std::string charset = mark.charset;
  body.remove_prefix(mark.size);
  for (std::string name : {CharsetOf(content_type), DeclaredCharset(body)}) {
    if (!charset.empty() || name.empty()) continue;
    if (name == "utf-16") name = "utf-16be";  // RFC 2781: big-endian without a mark
    if (IsUtf8Name(name) || IsKnownCharset(name)) {
      charset = name;
    } else {
      sink->Warn("unknown-charset", "the charset " + Quote(name) + " is not known; it was ignored");
    }
  }
  if (charset == "us-ascii" || charset == "ascii") charset.clear();  // whoever says so sends more
  if (charset == "iso-8859-1" || charset == "latin1") charset = "windows-1252";  // as browsers do
  const bool valid = (charset.empty() || IsUtf8Name(charset)) && IsUtf8(body);
  if (valid) return std::string(body);
  if (IsUtf8Name(charset)) {
    sink->Warn("invalid-utf8", "the document holds bytes that are not UTF-8; they were read as ?");
    return RepairUtf8(body);
  }
  if (charset.empty()) {
    sink->Warn("charset-not-declared",
               "the document is not UTF-8 and declares no charset; it was read as windows-1252");
    charset = "windows-1252";
  }
  if (auto text = ToUtf8(body, charset)) return *std::move(text);
  sink->Warn("unknown-charset", "the charset " + Quote(charset) + " is not known; it was ignored");
  return RepairUtf8(body);
}

Markup SniffMarkup(std::string_view text) {
  while (true) {
    text = text.substr(std::min(text.find_first_not_of(" \t\r\n\f"), text.size()));
    std::string_view end = ">";
    if (text.starts_with("<!--")) {
      end = "-->";
    } else if (text.starts_with("<!")) {
      if (ToLower(text.substr(0, 14)) == "<!doctype html") return Markup::kHtml;
      if (text.starts_with("<!DOCTYPE")) return Markup::kXml;
      return Markup::kHtml;  // XML knows no other declaration here
    } else if (!text.starts_with("<?")) {
      break;
    }
    const std::size_t at = text.find(end, 2);
    if (at == std::string_view::npos) return end == ">" ? Markup::kXml : Markup::kNone;
    text.remove_prefix(at + end.size());
  }
  if (text.starts_with('{')) return Markup::kJson;
  if (text.size() < 2 || text[0] != '<' || !IsAlpha(text[1])) return Markup::kNone;
  const std::string tag =
      ToLower(text.substr(1, text.substr(0, 64).find_first_of(" \t\r\n\f/>") - 1));
  constexpr auto kHtmlTags =
      std::to_array<std::string_view>({"html", "head", "body", "title", "meta", "script", "style"});
  const bool html = std::find(kHtmlTags.begin(), kHtmlTags.end(), tag) != kHtmlTags.end();
  // <link> begins a sloppy HTML page, or a fragment of a feed, which is nothing to subscribe to.
  return html || tag == "link" ? Markup::kHtml : Markup::kXml;
}

}  // namespace websub
