// Hub and self links inside a document: HTML, Atom, RSS or other XML, JSON Feed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace websub {

enum class DocumentKind { kOther, kHtml, kAtom, kRss, kXml, kJsonFeed };

std::string_view Name(DocumentKind kind);  // "atom"

// Where a link stood decides whether it counts.
enum class LinkPlace {
  kHead,   // HTML <head>; a feed's own level (Atom feed, RSS channel); JSON Feed's top level
  kBody,   // HTML <body>: not trusted (SUB-DISC-06, section 9.1)
  kEntry,  // inside an entry or item: about that entry, not about the feed
};

struct DocumentLink {
  std::string rel;   // "hub" or "self"
  std::string href;  // as written
  std::string base;  // what it is relative to: the document's <base> or xml:base where given, else
                     // empty (the document's own URL); may itself be relative to that URL
  LinkPlace place = LinkPlace::kHead;
  std::size_t line = 0;  // 1-based, where the tag begins (HTML) or ends (XML); 0 where not known
  bool operator==(const DocumentLink&) const = default;
};

struct DocumentLinks {
  DocumentKind kind = DocumentKind::kOther;
  std::vector<DocumentLink> links;  // in document order
  std::vector<Warning> warnings;
};

// Reads at most kMaxDocument bytes; never fails, fetches nothing, expands no entity beyond the
// built-in ones, and stays linear in the size of the document. The kind follows the content type,
// and the text itself where the type is missing, generic (application/xml, text/xml, text/plain,
// octet-stream) or evidently wrong (with a warning). XML links count by the Atom namespace whatever
// the prefix; a link element of RSS without the namespace is named in a warning. Text in another
// charset (declared by the content type or the document) is read as such.
DocumentLinks FindDocumentLinks(std::string_view content_type, std::string_view body);

inline constexpr std::size_t kMaxDocument = 16 * 1024 * 1024;  // bytes
inline constexpr std::size_t kMaxHref = 8192;                  // bytes; a longer one is left out
inline constexpr std::size_t kMaxLinksPerPlace = 100;          // the first ones are kept
inline constexpr std::size_t kMaxDocumentWarnings = 50;

}  // namespace websub
