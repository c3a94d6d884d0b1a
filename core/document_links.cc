#include "core/document_links.h"

#include <algorithm>
#include <utility>

#include "core/document_readers.h"
#include "core/text.h"

namespace websub {
namespace {

// What a content type promises.
enum class Promise {
  kNothing,  // missing, or so general that anything may follow
  kHtml,
  kXml,         // a feed
  kGenericXml,  // XML of any kind, XHTML too
  kJson,
  kUnrelated,  // an image, a style sheet
};

Promise PromiseOf(std::string_view essence) {
  if (essence.empty() || essence == "text/plain" || essence == "application/octet-stream" ||
      essence == "binary/octet-stream" || essence == "application/x-unknown") {
    return Promise::kNothing;
  }
  if (essence == "text/html" || essence == "application/xhtml+xml") return Promise::kHtml;
  if (essence == "text/xml" || essence == "application/xml") return Promise::kGenericXml;
  if (essence.ends_with("+xml") || essence == "application/rss" || essence == "application/rdf" ||
      essence == "application/atom" || essence == "text/rss" || essence == "application/x-rss") {
    return Promise::kXml;
  }
  if (essence.ends_with("/json") || essence.ends_with("+json")) return Promise::kJson;
  return Promise::kUnrelated;
}

Markup Markups(Promise promise) {
  switch (promise) {
    case Promise::kHtml:
      return Markup::kHtml;
    case Promise::kXml:
    case Promise::kGenericXml:
      return Markup::kXml;
    case Promise::kJson:
      return Markup::kJson;
    case Promise::kNothing:
    case Promise::kUnrelated:
      return Markup::kNone;
  }
  return Markup::kNone;
}

void ReadAs(Markup markup, std::string_view text, LinkSink* sink) {
  if (markup == Markup::kHtml) ReadHtml(text, sink);
  if (markup == Markup::kXml) ReadXml(text, sink);
  if (markup == Markup::kJson) ReadJsonFeed(text, sink);
}

// A document may show that its content type is wrong, but a type that has nothing to do with links
// gives way only to a feed: an SVG image is XML, and a style sheet may begin with a brace.
void ReadDocument(std::string_view essence, std::string_view text, LinkSink* sink) {
  const Promise promise = PromiseOf(essence);
  const Markup promised = Markups(promise);
  const Markup found = SniffMarkup(text);
  const bool fits = found == promised || found == Markup::kNone || promise == Promise::kNothing ||
                    (promise == Promise::kGenericXml && found == Markup::kHtml);
  if (fits) {
    ReadAs(found == Markup::kNone ? promised : found, text, sink);
  } else {
    DocumentLinks other;
    LinkSink trial(&other);
    ReadAs(found, text, &trial);
    const bool feed = other.kind == DocumentKind::kAtom || other.kind == DocumentKind::kRss ||
                      other.kind == DocumentKind::kJsonFeed;
    if (feed || (promise != Promise::kUnrelated && other.kind == DocumentKind::kHtml)) {
      sink->Warn("content-type-mismatch", "the content type is " + Quote(essence) +
                                              " but the text is " + std::string(Name(other.kind)) +
                                              "; it was read as such");
      DocumentLinks& result = sink->result();
      result.kind = other.kind;
      result.links = std::move(other.links);
      for (Warning& warning : other.warnings) result.warnings.push_back(std::move(warning));
    } else if (promise != Promise::kUnrelated) {
      ReadAs(promised, text, sink);
    }
  }
  const DocumentKind kind = sink->result().kind;
  if ((essence == "application/atom+xml" && kind == DocumentKind::kRss) ||
      (essence == "application/rss+xml" && kind == DocumentKind::kAtom)) {
    sink->Warn("content-type-mismatch", "the content type is " + Quote(essence) +
                                            " but the document is " + std::string(Name(kind)));
  }
}

}  // namespace

std::string_view Name(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kOther:
      return "other";
    case DocumentKind::kHtml:
      return "html";
    case DocumentKind::kAtom:
      return "atom";
    case DocumentKind::kRss:
      return "rss";
    case DocumentKind::kXml:
      return "xml";
    case DocumentKind::kJsonFeed:
      return "json-feed";
  }
  return "other";
}

bool LinkSink::Wanted(std::string_view rels) {
  for (std::size_t at = 0; at < rels.size();) {
    std::size_t end = at;
    while (end < rels.size() && !IsSpace(rels[end])) ++end;
    const std::string_view rel = rels.substr(at, end - at);
    if (EqualIgnoringCase(rel, "hub") || EqualIgnoringCase(rel, "self")) return true;
    at = end + 1;
  }
  return false;
}

void LinkSink::Add(std::string_view rels, const std::string* href, std::string_view base,
                   LinkPlace place, std::size_t line) {
  if (!Wanted(rels)) return;
  if (href == nullptr) {
    return Warn("link-without-href", "a link with rel=" + Quote(rels) + " has no href", line);
  }
  if (href->size() > kMaxHref) {
    return Warn("link-too-long", "the href of a link is longer than 8192 bytes; it was left out",
                line);
  }
  bool seen[2] = {false, false};
  for (std::size_t at = 0; at < rels.size();) {
    std::size_t end = at;
    while (end < rels.size() && !IsSpace(rels[end])) ++end;
    const std::string rel = ToLower(rels.substr(at, end - at));
    at = end + 1;
    if (rel != "hub" && rel != "self") continue;
    bool& again = seen[rel == "hub" ? 0 : 1];
    if (std::exchange(again, true)) continue;
    std::size_t& kept = kept_[static_cast<std::size_t>(place)];
    if (kept == kMaxLinksPerPlace) {
      if (place == LinkPlace::kHead) {
        Warn("document-too-many-links", "only the first 100 hub and self links were kept", line);
      }
      return;
    }
    ++kept;
    result_.links.push_back({rel, *href, std::string(base), place, line});
  }
}

void LinkSink::Warn(const char* code, const std::string& message, std::size_t line) {
  if (result_.warnings.size() >= kMaxDocumentWarnings) return;
  const std::string where = line == 0 ? "" : "line " + std::to_string(line) + ": ";
  result_.warnings.push_back({code, where + message, 0});
}

DocumentLinks FindDocumentLinks(std::string_view content_type, std::string_view body) {
  DocumentLinks result;
  LinkSink sink(&result);
  if (body.size() > kMaxDocument) {
    body = body.substr(0, kMaxDocument);
    sink.Warn("document-too-large", "only the first 16 MiB of the document were read");
  }
  const std::string essence =
      ToLower(Trim(content_type.substr(0, std::min(content_type.find(';'), content_type.size()))));
  const std::string text = DecodeText(content_type, body, &sink);
  ReadDocument(essence, text, &sink);
  return result;
}

}  // namespace websub
