#include "cli/conformance/subscriber_pages.h"

#include <utility>

#include "cli/text.h"

namespace websub::cli::conformance {
namespace {

std::string Escaped(std::string_view url) {
  std::string out;
  for (const char c : url) {
    if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string LinkField(const Announced& said) {
  return "<" + said.hub + ">; rel=\"hub\", <" + said.self + ">; rel=\"self\"";
}

std::string LinkElements(const Announced& said, const std::string& prefix) {
  const std::string tag = prefix.empty() ? "link" : prefix + ":link";
  return "<" + tag + " rel=\"hub\" href=\"" + Escaped(said.hub) + "\"/>\n<" + tag +
         " rel=\"self\" href=\"" + Escaped(said.self) + "\"/>\n";
}

std::string AtomFeed(const std::string& links, const std::string& title) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
         "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<title>" +
         title + "</title>\n" + links +
         "<id>urn:example:conformance</id>\n<updated>2026-01-01T00:00:00Z</updated>\n"
         "<author><name>Suite</name></author>\n"
         "<entry>\n<title>" +
         title + "</title>\n<id>urn:example:conformance:" + title +
         "</id>\n<updated>2026-01-01T00:00:00Z</updated>\n<content type=\"text\">" + title +
         "</content>\n</entry>\n</feed>\n";
}

std::string RssFeed(const std::string& links, const std::string& more) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
         "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n"
         "<title>Feed</title>\n<link>http://example.com/</link>\n"
         "<description>A feed</description>\n" +
         links + more + "</channel>\n</rss>\n";
}

std::string HtmlPage(const std::string& head, const std::string& body) {
  return "<!DOCTYPE html>\n<html>\n<head>\n<title>Page</title>\n" + head +
         "</head>\n<body>\n<p>A page.</p>\n" + body + "</body>\n</html>\n";
}

Reply Page(std::string_view content_type, std::string body, const std::string& link) {
  Reply reply;
  reply.fields.emplace_back("Content-Type", content_type);
  if (!link.empty()) reply.fields.emplace_back("Link", link);
  reply.body = std::move(body);
  return reply;
}

Reply PlainTopic(const Announced& said) {
  return Page(kAtomType, AtomFeed(LinkElements(said)), LinkField(said));
}

Answer Always(Reply reply) {
  return [reply = std::move(reply)](const Visit&) { return reply; };
}

std::string Latin1(std::string_view utf8) {
  std::string out;
  while (!utf8.empty()) {
    const Character next = FirstCharacter(utf8);
    out += static_cast<char>(next.code_point.value_or('?'));
    utf8.remove_prefix(next.size);
  }
  return out;
}

std::string Utf16(std::string_view utf8) {
  std::string out = "\xfe\xff";
  for (const char c : Latin1(utf8)) {
    out += '\0';
    out += c;
  }
  return out;
}

}  // namespace websub::cli::conformance
