// The documents that the suite's topics answer with, and what announces a hub in them.
#pragma once

#include <string>
#include <string_view>

#include "cli/conformance/stage.h"

namespace websub::cli::conformance {

inline constexpr std::string_view kAtomType = "application/atom+xml";
inline constexpr std::string_view kRssType = "application/rss+xml";
inline constexpr std::string_view kHtmlType = "text/html; charset=utf-8";

// What a topic says of itself.
struct Announced {
  std::string hub;
  std::string self;
};

// <hub>; rel="hub", <self>; rel="self"
std::string LinkField(const Announced& said);
// The same as two elements: <link …/>, with a prefix (<atom:link …/>) where one is given.
// Ampersands in the URLs are escaped.
std::string LinkElements(const Announced& said, const std::string& prefix = "");

// Documents around what is given. `title` stands in each of them, in UTF-8.
std::string AtomFeed(const std::string& links, const std::string& title = "Feed");
std::string RssFeed(const std::string& links, const std::string& more = "");
std::string HtmlPage(const std::string& head, const std::string& body = "");

// The answer with that document; with a Link field where one is given.
Reply Page(std::string_view content_type, std::string body, const std::string& link = "");
// An Atom feed that announces the same in the Link header and in itself: whoever reads either finds
// it.
Reply PlainTopic(const Announced& said);
Answer Always(Reply reply);

// UTF-8 text in another charset; only characters up to U+00FF.
std::string Latin1(std::string_view utf8);
std::string Utf16(std::string_view utf8);  // big-endian, with a byte order mark

}  // namespace websub::cli::conformance
