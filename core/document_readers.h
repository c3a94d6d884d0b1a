// The readers behind FindDocumentLinks, one for each family of documents. Inside core only.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/document_links.h"

namespace websub {

// Gathers what a reader finds, within bounds.
class LinkSink {
 public:
  explicit LinkSink(DocumentLinks* result) : result_(*result) {}

  // Whether a rel attribute, a list of relations in any case, names hub or self.
  static bool Wanted(std::string_view rels);

  // One link for each of hub and self among `rels`. A link without href, or with one longer than
  // kMaxHref, becomes a warning.
  void Add(std::string_view rels, const std::string* href, std::string_view base, LinkPlace place,
           std::size_t line);

  // "line 7: message" where the line is known. At most kMaxDocumentWarnings are kept.
  void Warn(const char* code, const std::string& message, std::size_t line = 0);

  DocumentLinks& result() { return result_; }

 private:
  DocumentLinks& result_;
  std::array<std::size_t, 3> kept_{};  // by LinkPlace
};

enum class Markup { kNone, kHtml, kXml, kJson };

// What the text evidently is, from its first tag or brace.
Markup SniffMarkup(std::string_view text);

// The value of the charset parameter, lower case, or empty.
std::string CharsetOf(std::string_view content_type);

// The body as valid UTF-8 without byte order mark. Which charset: byte order mark, then content
// type, then what the document declares, then UTF-8 where it is that, then windows-1252. Bytes that
// the charset does not know become '?'; nothing else changes, line ends least of all.
std::string DecodeText(std::string_view content_type, std::string_view body, LinkSink* sink);

// All take UTF-8 and set the kind.
void ReadHtml(std::string_view text, LinkSink* sink);
void ReadXml(std::string_view text, LinkSink* sink);
// kOther, and no links, where the text is no JSON Feed.
void ReadJsonFeed(std::string_view text, LinkSink* sink);

}  // namespace websub
