// Hub and self links of an HTML page.
//
// Read by a tokenizer of our own, after the HTML standard's, and not by libxml2: its HTML parser
// compares each attribute with all others of the tag and each end tag with all open elements, so
// that one page of some megabytes keeps it busy for hours; it also reads markup inside <title>,
// which a page may quote from anybody. Finding the head needs no tree: the head ends for good at
// the first thing that may not stand in it. One pass, nothing is looked at more than twice.
#include <libxml/HTMLparser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/document_readers.h"
#include "core/text.h"

namespace websub {
namespace {

template <std::size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr auto kHeadElements = std::to_array<std::string_view>(
    {"html", "head", "title", "meta", "link", "base", "basefont", "bgsound", "style", "script",
     "noscript", "noframes", "template"});

// Elements whose content is text up to their end tag.
constexpr auto kTextElements = std::to_array<std::string_view>(
    {"title", "textarea", "style", "script", "xmp", "iframe", "noembed", "noframes"});

void AppendUtf8(unsigned long code, std::string* out) {
  const auto put = [out](unsigned long byte) { out->push_back(static_cast<char>(byte)); };
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      put(0xE0 | (code >> 12));
    } else {
      put(0xF0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3F));
    }
    put(0x80 | ((code >> 6) & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

// The character that "&name;", "&#12;" or "&#x1f;" stands for; `name` is what is between & and ;.
std::optional<unsigned long> ReferencedCharacter(std::string_view name) {
  if (!name.starts_with('#')) {
    if (name == "apos") return '\'';
    const htmlEntityDesc* entity =
        htmlEntityLookup(reinterpret_cast<const xmlChar*>(std::string(name).c_str()));
    if (entity == nullptr) return std::nullopt;
    return entity->value;
  }
  name.remove_prefix(1);
  unsigned long base = 10;
  if (name.starts_with('x') || name.starts_with('X')) {
    base = 16;
    name.remove_prefix(1);
  }
  if (name.empty()) return std::nullopt;
  unsigned long code = 0;
  for (const char c : name) {
    const int digit = HexValue(c);
    if (digit < 0 || static_cast<unsigned long>(digit) >= base) return std::nullopt;
    code = std::min(code * base + static_cast<unsigned long>(digit), 0x110000UL);
  }
  return code;
}

// Character references without a semicolon stay as they are: in a URL "&copy=2" is a parameter.
std::string DecodeReferences(std::string_view text) {
  constexpr std::size_t kLongestName = 32;
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '&') {
      const std::size_t end = text.substr(at, kLongestName).find(';');
      if (end != std::string_view::npos) {
        if (const auto code = ReferencedCharacter(text.substr(at + 1, end - 1))) {
          AppendUtf8(*code, &out);
          at += end;
          continue;
        }
      }
    }
    out += text[at];
  }
  return out;
}

struct Tag {
  std::string name;  // lower case, cut at 32 bytes: no name that matters is longer
  std::optional<std::string_view> rel;
  std::optional<std::string_view> href;
};

class HtmlReader {
 public:
  HtmlReader(std::string_view text, LinkSink* sink) : text_(text), sink_(*sink) {}

  void Read() {
    while (at_ < text_.size()) {
      const std::size_t open = std::min(text_.find('<', at_), text_.size());
      SeeText(text_.substr(at_, open - at_));
      MoveTo(open);
      if (at_ < text_.size()) ReadMarkup();
    }
    // The base holds for the whole document, wherever it stands in the head.
    for (DocumentLink& link : sink_.result().links) link.base = base_.value_or("");
  }

 private:
  // Never backwards.
  void MoveTo(std::size_t to) {
    to = std::min(to, text_.size());
    for (; at_ < to; ++at_) {
      if (text_[at_] == '\n') ++line_;
    }
  }

  void SeeText(std::string_view text) {
    if (!Trim(text).empty() && noscripts_ == 0 && templates_ == 0) in_body_ = true;
  }

  void ReadMarkup() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<!--")) {
      MoveTo(CommentEnd(at_ + 2));
    } else if (rest.size() > 1 && IsAlpha(rest[1])) {
      ReadStartTag();
    } else if (rest.size() > 2 && rest[1] == '/' && IsAlpha(rest[2])) {
      ReadEndTag();
    } else if (rest.size() > 1 && (rest[1] == '!' || rest[1] == '?' || rest[1] == '/')) {
      MoveTo(After(text_.find('>', at_)));  // a doctype, or a comment of sorts
    } else {
      SeeText("<");
      MoveTo(at_ + 1);
    }
  }

  std::size_t After(std::size_t found) const {
    return found == std::string_view::npos ? text_.size() : found + 1;
  }

  // "-->", or "--!>" as browsers have it; "<!-->" is a comment too.
  std::size_t CommentEnd(std::size_t from) const {
    for (std::size_t at = text_.find("--", from); at != std::string_view::npos;
         at = text_.find("--", at + 1)) {
      const std::string_view end = text_.substr(at + 2, 2);
      if (end.starts_with('>')) return at + 3;
      if (end == "!>") return at + 4;
    }
    return text_.size();
  }

  // Reads "<name attributes>" or "</name attributes>" from its name on; nothing where it does not
  // end.
  std::optional<Tag> ReadTag(std::size_t at) {
    const auto end_of = [&](std::string_view stops, std::size_t from) {
      return std::min(text_.find_first_of(stops, from), text_.size());
    };
    Tag tag;
    const std::size_t name_end = end_of(" \t\r\n\f/>", at);
    tag.name = ToLower(text_.substr(at, std::min<std::size_t>(name_end - at, 32)));
    at = name_end;
    while (at < text_.size() && text_[at] != '>') {
      if (IsSpace(text_[at]) || text_[at] == '/') {
        ++at;
        continue;
      }
      const std::size_t end = end_of(" \t\r\n\f/>=", at + 1);
      const std::string_view name = text_.substr(at, end - at);
      at = std::min(text_.find_first_not_of(" \t\r\n\f", end), text_.size());
      std::string_view value;
      if (at < text_.size() && text_[at] == '=') {
        at = std::min(text_.find_first_not_of(" \t\r\n\f", at + 1), text_.size());
        if (at >= text_.size()) break;
        const bool quoted = text_[at] == '"' || text_[at] == '\'';
        const std::size_t start = quoted ? at + 1 : at;
        const std::size_t value_end = quoted ? std::min(text_.find(text_[at], start), text_.size())
                                             : end_of(" \t\r\n\f>", start);
        value = text_.substr(start, value_end - start);
        at = quoted ? value_end + 1 : value_end;
      }
      // Of an attribute given twice the first counts.
      if (!tag.rel && EqualIgnoringCase(name, "rel")) tag.rel = value;
      if (!tag.href && EqualIgnoringCase(name, "href")) tag.href = value;
    }
    if (at >= text_.size()) {
      MoveTo(text_.size());
      return std::nullopt;
    }
    MoveTo(at + 1);
    return tag;
  }

  void ReadEndTag() {
    const std::optional<Tag> tag = ReadTag(at_ + 2);
    if (!tag) return;
    if (tag->name == "noscript" && noscripts_ > 0) --noscripts_;
    if (tag->name == "template" && templates_ > 0) --templates_;
    if (tag->name == "body" || tag->name == "html" || tag->name == "br") in_body_ = true;
  }

  void ReadStartTag() {
    const std::size_t line = line_;
    const std::optional<Tag> tag = ReadTag(at_ + 1);
    if (!tag) {
      return sink_.Warn("document-truncated", "the document ends inside a tag", line);
    }
    // What stands in a noscript is no sign that the head is over: it holds images that count
    // visits.
    const bool in_head_only = IsOneOf(tag->name, kHeadElements);
    if (tag->name == "body" || (!in_head_only && noscripts_ == 0 && templates_ == 0)) {
      in_body_ = true;
    }
    if (tag->name == "noscript" && !in_body_) ++noscripts_;
    if (tag->name == "template") ++templates_;
    if (tag->name == "link") TakeLink(*tag, line);
    if (tag->name == "base" && tag->href && !base_ && !in_body_ && templates_ == 0)
      TakeBase(*tag, line);
    if (tag->name == "plaintext") MoveTo(text_.size());
    if (IsOneOf(tag->name, kTextElements)) SkipTextOf(tag->name);
  }

  void TakeLink(const Tag& tag, std::size_t line) {
    if (!tag.rel) return;
    const std::string rels = DecodeReferences(tag.rel->substr(0, kMaxHref));
    std::optional<std::string> href;
    if (tag.href) href = tag.href->size() > kMaxHref ? *tag.href : DecodeReferences(*tag.href);
    // SUB-DISC-06; the content of a template is in no page until a script puts it there.
    const LinkPlace place = in_body_ || templates_ > 0 ? LinkPlace::kBody : LinkPlace::kHead;
    sink_.Add(rels, href ? &*href : nullptr, "", place, line);
  }

  void TakeBase(const Tag& tag, std::size_t line) {
    if (tag.href->size() > kMaxHref) {
      return sink_.Warn("link-too-long", "the href of <base> is too long; it was ignored", line);
    }
    base_ = std::string(Trim(DecodeReferences(*tag.href)));
  }

  void SkipTextOf(std::string_view name) {
    for (std::size_t at = text_.find("</", at_); at != std::string_view::npos;
         at = text_.find("</", at + 2)) {
      if (!EqualIgnoringCase(text_.substr(at + 2, name.size()), name)) continue;
      const std::size_t after = at + 2 + name.size();
      if (after < text_.size() && !IsSpace(text_[after]) && text_[after] != '/' &&
          text_[after] != '>') {
        continue;
      }
      return MoveTo(at);
    }
    MoveTo(text_.size());
  }

  std::string_view text_;
  LinkSink& sink_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool in_body_ = false;  // for good
  std::size_t noscripts_ = 0;
  std::size_t templates_ = 0;
  std::optional<std::string> base_;
};

}  // namespace

void ReadHtml(std::string_view text, LinkSink* sink) {
  sink->result().kind = DocumentKind::kHtml;
  HtmlReader(text, sink).Read();
}

}  // namespace websub
