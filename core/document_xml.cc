// Hub and self links of Atom, RSS and other XML, by libxml2's SAX interface: no tree, no network,
// no external subset, no entity but the built-in ones.
//
// Hostile documents. An entity reference never expands: our getEntity answers every name with one
// character that XML forbids, so that a link which holds a reference is known and left out. Nesting
// ends at libxml2's own limit of 256. What is quadratic in libxml2 (attributes of one tag, defaults
// of one ATTLIST, namespaces in scope) is bounded here: see kMaxAttributes, kMaxDefaults and
// kMaxCost.
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "core/document_readers.h"
#include "core/text.h"
#include "core/url.h"
#include "core/xml_library.h"

namespace websub {
namespace {

constexpr std::string_view kAtomNamespace = "http://www.w3.org/2005/Atom";
constexpr std::string_view kRdfNamespace = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
constexpr std::string_view kXmlNamespace = "http://www.w3.org/XML/1998/namespace";
// RFC 4287 section 4.2.7.2: the long form of a registered relation.
constexpr std::string_view kRelationPrefix = "http://www.iana.org/assignments/relation/";

constexpr std::size_t kMaxAttributes = 1000;   // of one tag
constexpr std::size_t kMaxDefaults = 100;      // attributes declared in a DTD
constexpr std::size_t kMaxCost = 300'000'000;  // comparisons
constexpr char kEntityMark = '\x01';

std::string_view View(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// A relative reference against a base that may itself be relative, as far as can be done without
// the document's URL.
std::string Compose(const std::string& outer, const std::string& inner) {
  if (outer.empty()) return inner;
  if (inner.empty()) return outer;
  if (auto resolved = ResolveReference(outer, inner)) return *std::move(resolved);
  const std::size_t colon = inner.find(':');
  const bool absolute = colon != std::string::npos && colon < inner.find_first_of("/?#");
  if (absolute || inner.starts_with("//")) return inner;
  if (outer.starts_with("//")) {
    const auto resolved = ResolveReference("http:" + outer, inner);
    return resolved ? resolved->substr(5) : inner;
  }
  if (inner.starts_with('/')) return inner;
  std::string path = outer.substr(0, outer.find_first_of("?#"));
  if (inner.starts_with('?') || inner.starts_with('#')) return path + inner;
  path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1);
  return path + inner;
}

struct Element {
  bool feed_level = false;  // its children speak of the feed
  std::size_t namespaces = 0;
  std::optional<std::string> base;
};

class XmlReader {
 public:
  explicit XmlReader(LinkSink* sink) : sink_(*sink) {
    mark_.type = XML_ENTITY_DECL;
    mark_.name = mark_name_;
    mark_.content = mark_text_;
    mark_.orig = mark_text_;
    mark_.length = 1;
    mark_.etype = XML_INTERNAL_PREDEFINED_ENTITY;
  }

  void Read(std::string_view text) {
    SetUpXmlLibrary();
    const std::unique_ptr<xmlParserCtxt, decltype(&xmlFreeParserCtxt)> context(
        xmlCreateMemoryParserCtxt(text.data(), static_cast<int>(text.size())), xmlFreeParserCtxt);
    if (!context) return;
    context_ = context.get();
    xmlSAXHandler handler = {};
    handler.initialized = XML_SAX2_MAGIC;
    handler.startElementNs = &XmlReader::OnStart;
    handler.endElementNs = &XmlReader::OnEnd;
    handler.getEntity = &XmlReader::OnEntity;
    handler.attributeDecl = &XmlReader::OnAttributeDecl;
    handler.serror = &XmlReader::OnError;
    *context_->sax = handler;
    context_->userData = this;
    xmlCtxtUseOptions(
        context_, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC);
    xmlSwitchEncoding(context_, XML_CHAR_ENCODING_UTF8);
    xmlParseDocument(context_);
    // An internal subset leaves a document behind, to hold its entities.
    if (context_->myDoc != nullptr) xmlFreeDoc(context_->myDoc);
    context_->myDoc = nullptr;
  }

 private:
  static XmlReader& Self(void* self) { return *static_cast<XmlReader*>(self); }

  static void OnStart(void* self, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri,
                      int namespace_count, const xmlChar** /*namespaces*/, int attribute_count,
                      int /*defaulted*/, const xmlChar** attributes) {
    Self(self).Start(View(name), View(prefix), View(uri), static_cast<std::size_t>(namespace_count),
                     static_cast<std::size_t>(attribute_count), attributes);
  }

  static void OnEnd(void* self, const xmlChar*, const xmlChar*, const xmlChar*) {
    XmlReader& reader = Self(self);
    if (reader.open_.empty()) return;
    reader.namespaces_ -= reader.open_.back().namespaces;
    reader.open_.pop_back();
  }

  static xmlEntityPtr OnEntity(void* self, const xmlChar*) { return &Self(self).mark_; }

  static void OnAttributeDecl(void* self, const xmlChar*, const xmlChar*, int, int, const xmlChar*,
                              xmlEnumerationPtr values) {
    xmlFreeEnumeration(values);
    XmlReader& reader = Self(self);
    if (++reader.defaults_ == kMaxDefaults) reader.Stop();
  }

  static void OnError(void* self, xmlErrorPtr error) {
    XmlReader& reader = Self(self);
    if (error->level != XML_ERR_FATAL || reader.over_) return;
    reader.over_ = true;
    std::string_view message = Trim(error->message == nullptr ? "" : error->message);
    reader.sink_.Warn(
        "document-not-well-formed",
        "the XML ends here or is broken (" + Quote(message, 100) + "); what stands before was read",
        static_cast<std::size_t>(std::max(error->line, 0)));
  }

  void Stop() {
    if (over_) return;
    over_ = true;
    sink_.Warn("document-too-complex",
               "the document holds too many attributes or namespaces; it was read up to here",
               Line());
    xmlStopParser(context_);
  }

  std::size_t Line() const {
    return context_->input == nullptr
               ? 0
               : static_cast<std::size_t>(std::max(context_->input->line, 0));
  }

  static std::optional<std::string> Find(std::size_t count, const xmlChar** attributes,
                                         std::string_view name, std::string_view uri) {
    for (std::size_t i = 0; i < count; ++i) {
      const xmlChar** a = attributes + 5 * i;  // name, prefix, namespace, value, its end
      if (View(a[0]) != name || View(a[2]) != uri) continue;
      return std::string(reinterpret_cast<const char*>(a[3]),
                         static_cast<std::size_t>(a[4] - a[3]));
    }
    return std::nullopt;
  }

  void Start(std::string_view name, std::string_view prefix, std::string_view uri,
             std::size_t namespaces, std::size_t count, const xmlChar** attributes) {
    namespaces_ += namespaces;
    cost_ += count * count + (1 + namespaces_) * (1 + count) + namespaces * namespaces;
    if (cost_ > kMaxCost) Stop();
    Element element;
    element.namespaces = namespaces;
    element.base = Find(count, attributes, "base", kXmlNamespace);
    if (element.base && element.base->size() > kMaxHref) element.base.reset();
    if (open_.empty()) {
      sink_.result().kind = KindOf(name, uri);
      element.feed_level = true;
    } else {
      element.feed_level =
          open_.size() == 1 && sink_.result().kind == DocumentKind::kRss && name == "channel";
    }
    const bool at_feed_level = !open_.empty() && open_.back().feed_level;
    const bool is_child = !open_.empty();
    open_.push_back(std::move(element));
    if (name != "link" || !is_child) return;
    if (uri == kAtomNamespace) {
      TakeLink(count, attributes, at_feed_level ? LinkPlace::kHead : LinkPlace::kEntry);
    } else if (at_feed_level) {
      WarnOfForeignLink(prefix, uri, count, attributes);
    }
  }

  static DocumentKind KindOf(std::string_view root, std::string_view uri) {
    if (uri == kAtomNamespace && (root == "feed" || root == "entry")) return DocumentKind::kAtom;
    if (root == "rss" || (root == "RDF" && uri == kRdfNamespace)) return DocumentKind::kRss;
    return DocumentKind::kXml;
  }

  void TakeLink(std::size_t count, const xmlChar** attributes, LinkPlace place) {
    std::string rel = Find(count, attributes, "rel", "").value_or("");
    if (rel.starts_with(kRelationPrefix)) rel.erase(0, kRelationPrefix.size());
    if (!LinkSink::Wanted(rel)) return;
    if (Trim(rel).find_first_of(" \t\r\n") != std::string_view::npos) {
      sink_.Warn("feed-link-several-rels",
                 "a link of a feed has one relation; " + Quote(rel) + " was read as several",
                 Line());
    }
    const std::optional<std::string> href = Find(count, attributes, "href", "");
    std::string base;
    for (const Element& element : open_) {
      if (element.base) base = Compose(base, *element.base);
    }
    if ((href && href->find(kEntityMark) != std::string::npos) ||
        base.find(kEntityMark) != std::string::npos) {
      sink_.Warn("link-with-entity",
                 "a link with rel=" + Quote(rel) +
                     " holds an entity reference, which is not expanded; it was left out",
                 Line());
      return;
    }
    sink_.Add(rel, href ? &*href : nullptr, base, place, Line());
  }

  void WarnOfForeignLink(std::string_view prefix, std::string_view uri, std::size_t count,
                         const xmlChar** attributes) {
    const std::string rel = Find(count, attributes, "rel", "").value_or("");
    if (!LinkSink::Wanted(rel)) return;
    const std::string tag = prefix.empty() ? "link" : std::string(prefix) + ":link";
    const std::string which =
        uri.empty() ? std::string("no namespace") : "the namespace " + Quote(uri);
    sink_.Warn("link-without-atom-namespace",
               "<" + tag + " rel=" + Quote(rel) + "> is in " + which +
                   "; only links of http://www.w3.org/2005/Atom count",
               Line());
  }

  LinkSink& sink_;
  xmlParserCtxtPtr context_ = nullptr;
  std::vector<Element> open_;
  std::size_t namespaces_ = 0;  // in scope
  std::size_t defaults_ = 0;
  std::size_t cost_ = 0;
  bool over_ = false;  // an error was met, nothing more is read
  xmlChar mark_name_[5] = {'m', 'a', 'r', 'k', 0};
  xmlChar mark_text_[2] = {static_cast<xmlChar>(kEntityMark), 0};
  xmlEntity mark_ = {};
};

// Where the first tag with more than kMaxAttributes attributes begins, or npos. No '<' stands
// inside a tag, and each attribute has a '=' before a quote: so the text between two '<' bounds
// their number, whatever it is, and it is known before libxml2 compares them with each other.
std::size_t FindOverfullTag(std::string_view text) {
  std::size_t tag = 0;
  std::size_t attributes = 0;
  bool equals = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '<') {
      tag = at;
      attributes = 0;
    } else if (equals && (c == '"' || c == '\'') && ++attributes > kMaxAttributes) {
      return tag;
    }
    equals = c == '=' || (equals && IsSpace(c));
  }
  return std::string_view::npos;
}

}  // namespace

void ReadXml(std::string_view text, LinkSink* sink) {
  sink->result().kind = DocumentKind::kXml;
  // libxml2 would stop at a control character, and at white space before the XML declaration; feeds
  // hold both. The lines stay what they are.
  std::string clean(text);
  const std::size_t start = clean.find_first_not_of(" \t\r\n");
  if (start != std::string::npos && start > 0 && clean.compare(start, 5, "<?xml") == 0) {
    const std::size_t end = clean.find("?>", start);
    if (end != std::string::npos) {
      for (std::size_t i = start; i < end + 2; ++i) {
        if (clean[i] != '\n') clean[i] = ' ';
      }
    }
  }
  std::replace_if(
      clean.begin(), clean.end(),
      [](char c) { return IsControl(c) && c != '\t' && c != '\n' && c != '\r'; }, ' ');
  const std::size_t overfull = FindOverfullTag(clean);
  if (overfull != std::string::npos) {
    clean.resize(overfull);
    sink->Warn("document-too-complex", "a tag holds too many attributes; it was read up to there");
  }
  XmlReader(sink).Read(clean);
}

}  // namespace websub
