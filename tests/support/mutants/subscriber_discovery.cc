#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/uri.h>

#include <csignal>
#include <functional>

#include "tests/support/mutants/subscriber.h"

namespace mutant {
namespace {

constexpr int kMaxRedirects = 10;
constexpr const char* kAtom = "http://www.w3.org/2005/Atom";

// ------------------------------------------------------------------------------------ Link header

std::string Trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool HasWord(const std::string& rels, const std::string& word) {
  if (Has("header-one-rel")) return rels == word;
  const std::string padded = " " + rels + " ";
  return padded.find(" " + word + " ") != std::string::npos;
}

// Cuts at `mark` where it stands neither in <> nor in quotes.
std::vector<std::string> Cut(const std::string& text, char mark) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  bool angled = false;
  const bool naive = Has("header-split-naively");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      parts.back() += c;
      parts.back() += text[++i];
      continue;
    }
    if (c == '"' && !angled) quoted = !quoted;
    if (c == '<' && !quoted) angled = true;
    if (c == '>' && !quoted) angled = false;
    if (c == mark && ((!quoted && !angled) || naive)) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

void ReadLink(const std::string& link, Found& found) {
  const auto open = link.find('<');
  const auto close = link.find('>', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return;
  const std::string url = link.substr(open + 1, close - open - 1);
  for (const std::string& piece : Cut(link.substr(close + 1), ';')) {
    const auto equals = piece.find('=');
    if (equals == std::string::npos) continue;
    std::string name = Trimmed(piece.substr(0, equals));
    std::string value = Trimmed(piece.substr(equals + 1));
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    if (!quoted && Has("header-quoted-only")) continue;
    if (quoted) value = value.substr(1, value.size() - 2);
    if (!Has("header-case-sensitive")) {
      name = Lower(name);
      value = Lower(value);
    }
    if (name != "rel") continue;
    if (HasWord(value, "hub") && found.hub.empty()) found.hub = url;
    if (HasWord(value, "self") && found.self.empty()) found.self = url;
  }
}

Found ReadHeader(const Got& got) {
  Found found;
  if (Has("header-unread")) return found;
  for (const auto& [name, value] : got.fields) {
    if (name != "link") continue;
    for (const std::string& link : Cut(value, ',')) ReadLink(link, found);
    if (Has("header-first-field")) break;
  }
  return found;
}

// -------------------------------------------------------------------------------------- documents

std::string Attribute(xmlNode* node, const char* name) {
  xmlChar* const value = xmlGetNoNsProp(node, reinterpret_cast<const xmlChar*>(name));
  std::string text = value == nullptr ? "" : reinterpret_cast<const char*>(value);
  xmlFree(value);
  return text;
}

std::string Name(const xmlNode* node) {
  return Lower(reinterpret_cast<const char*>(node->name));
}

void Walk(xmlNode* node, const std::function<bool(xmlNode*)>& enter) {
  for (; node != nullptr; node = node->next) {
    if (node->type == XML_ELEMENT_NODE && enter(node)) Walk(node->children, enter);
  }
}

void Take(xmlNode* node, const std::string& base, Found& found, bool last_wins) {
  const std::string rels = " " + Lower(Attribute(node, "rel")) + " ";
  std::string href = Attribute(node, "href");
  if (!Has("document-relative")) href = Resolve(base, href);
  if (rels.find(" hub ") != std::string::npos && (found.hub.empty() || last_wins)) {
    found.hub = href;
  }
  if (rels.find(" self ") != std::string::npos && (found.self.empty() || last_wins)) {
    found.self = href;
  }
}

// What somebody writes who has never seen a parser.
Found ReadByPattern(const std::string& text) {
  Found found;
  const auto find = [&](const std::string& rel) {
    const std::string pattern = "<link rel=\"" + rel + "\" href=\"";
    const auto at = text.find(pattern);
    if (at == std::string::npos) return std::string();
    const auto begin = at + pattern.size();
    return text.substr(begin, text.find('"', begin) - begin);
  };
  found.hub = find("hub");
  found.self = find("self");
  return found;
}

std::string Charset(const std::string& type) {
  const auto at = Lower(type).find("charset=");
  return at == std::string::npos ? "" : type.substr(at + 8);
}

Found ReadHtml(const Got& got, const std::string& url) {
  Found found;
  if (Has("html-unread")) return found;
  if (Has("html-by-pattern")) return ReadByPattern(got.body);
  std::string charset = Charset(got.Field("content-type"));
  if (got.body.starts_with("\xfe\xff")) charset.clear();  // the byte order mark says it better
  if (Has("html-utf8-only")) charset = "UTF-8";
  htmlDocPtr document = htmlReadMemory(
      got.body.data(), static_cast<int>(got.body.size()), url.c_str(),
      charset.empty() ? nullptr : charset.c_str(),
      HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);
  if (document == nullptr) return found;
  std::string base = url;
  Walk(xmlDocGetRootElement(document), [&](xmlNode* node) {
    const std::string name = Name(node);
    if (name == "body" && !Has("html-body-trusted") && !Has("html-body-wins")) return false;
    if (name == "base" && !Has("html-base-ignored")) base = Resolve(url, Attribute(node, "href"));
    if (name == "link") Take(node, base, found, Has("html-body-wins"));
    return true;
  });
  xmlFreeDoc(document);
  if (Has("html-entities-raw")) {
    const auto at = found.hub.find('&');
    if (at != std::string::npos) found.hub.replace(at, 1, "&amp;");
  }
  return found;
}

bool IsAtomLink(const xmlNode* node) {
  if (Name(node) != "link") return false;
  if (Has("xml-any-namespace")) return true;
  const xmlNs* const ns = node->ns;
  const std::string prefix =
      ns == nullptr || ns->prefix == nullptr ? "" : reinterpret_cast<const char*>(ns->prefix);
  if (Has("xml-usual-prefixes") && !prefix.empty() && prefix != "atom") return false;
  return ns != nullptr && reinterpret_cast<const char*>(ns->href) == std::string(kAtom);
}

Found ReadXml(const Got& got, const std::string& url) {
  Found found;
  if (got.body.find("<!ENTITY") != std::string::npos && Has("entities-expanded")) {
    std::raise(SIGKILL);  // as the system does to who takes all of the memory
  }
  xmlDocPtr document = xmlReadMemory(got.body.data(), static_cast<int>(got.body.size()),
                                     url.c_str(), Has("xml-utf8-only") ? "UTF-8" : nullptr,
                                     XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET);
  if (document == nullptr) return found;
  xmlNode* const root = xmlDocGetRootElement(document);
  const bool atom = root != nullptr && Name(root) == "feed";
  if (!Has(atom ? "atom-unread" : "rss-unread")) {
    Walk(root, [&](xmlNode* node) {
      const std::string name = Name(node);
      if ((name == "entry" || name == "item") && !Has("xml-entry-links")) return false;
      if (IsAtomLink(node)) {
        xmlChar* const own = xmlNodeGetBase(document, node);
        const std::string base =
            own == nullptr || Has("xml-base-ignored") ? url : reinterpret_cast<const char*>(own);
        xmlFree(own);
        Take(node, base, found, Has("xml-entry-links"));
      }
      return true;
    });
  }
  xmlFreeDoc(document);
  return found;
}

Found ReadDocument(const Got& got, const std::string& url) {
  const std::string type = Lower(got.Field("content-type"));
  return type.find("html") != std::string::npos ? ReadHtml(got, url) : ReadXml(got, url);
}

bool Follows(int status) {
  if (status == 301) return !Has("topic-301-unfollowed");
  if (status == 302) return !Has("topic-302-unfollowed");
  return status == 303 || status == 307 || status == 308;
}

}  // namespace

std::string Resolve(const std::string& base, const std::string& reference) {
  if (reference.find("://") != std::string::npos) return reference;  // with its escapes as they are
  xmlChar* const built = xmlBuildURI(reinterpret_cast<const xmlChar*>(reference.c_str()),
                                     reinterpret_cast<const xmlChar*>(base.c_str()));
  std::string url = built == nullptr ? "" : reinterpret_cast<const char*>(built);
  xmlFree(built);
  return url;
}

std::optional<Found> Discover(const std::string& topic) {
  std::string url = topic;
  Got got = Send("GET", url);
  Found early;
  for (int hops = 0; Follows(got.status); ++hops) {
    if (hops == kMaxRedirects && !Has("redirects-without-end")) return std::nullopt;
    if (hops == 1 && Has("one-redirect-only")) return std::nullopt;
    if (hops == 0 && Has("first-hop-links")) early = ReadHeader(got);
    const std::string location = got.Field("location");
    url = Has("location-relative") ? location : Resolve(url, location);
    got = Send("GET", url);
  }
  if (got.status != 200) return std::nullopt;
  if (Has("huge-document-kills") && got.body.size() > 16 * 1024 * 1024) std::raise(SIGKILL);
  Found found = ReadHeader(got);
  if (!early.hub.empty()) found = early;
  if (!Has("header-relative")) {
    if (!found.hub.empty()) found.hub = Resolve(url, found.hub);
    if (!found.self.empty() && !Has("self-relative")) found.self = Resolve(url, found.self);
  }
  const bool document_first = Has("document-wins");
  if (found.hub.empty() || found.self.empty() || document_first) {
    const Found inside = ReadDocument(got, url);
    if (!inside.hub.empty() && (found.hub.empty() || document_first)) found.hub = inside.hub;
    if (!inside.self.empty() && (found.self.empty() || document_first)) found.self = inside.self;
  }
  if (Has("topic-fetched")) found.self = url;
  if (Has("topic-given")) found.self = topic;
  if (found.hub.empty() || found.self.empty()) return std::nullopt;
  return found;
}

}  // namespace mutant
