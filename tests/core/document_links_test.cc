#include "core/document_links.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/cases.h"

namespace websub {
namespace {

std::string Repeat(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string PlaceName(LinkPlace place) {
  return place == LinkPlace::kHead ? "head" : place == LinkPlace::kBody ? "body" : "entry";
}

nlohmann::json AsJson(const DocumentLink& link) {
  return {{"rel", link.rel},
          {"href", link.href},
          {"base", link.base},
          {"place", PlaceName(link.place)},
          {"line", link.line}};
}

std::vector<std::string> Codes(const DocumentLinks& found) {
  std::vector<std::string> codes;
  for (const Warning& warning : found.warnings) codes.push_back(warning.code);
  return codes;
}

// Runs the cases of the table whose kind is one of `kinds`; returns how many there were.
int RunCases(const std::vector<std::string>& kinds) {
  int run = 0;
  for (const auto& one : tests::ReadCases("core/document_links.json")) {
    const std::string kind = one.at("kind");
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) continue;
    ++run;
    CAPTURE(one.at("name").get<std::string>());
    const std::string body = tests::ReadData("documents/" + one.at("file").get<std::string>());
    const DocumentLinks found = FindDocumentLinks(one.at("type").get<std::string>(), body);
    CHECK(std::string(Name(found.kind)) == kind);
    nlohmann::json links = nlohmann::json::array();
    for (const DocumentLink& link : found.links) links.push_back(AsJson(link));
    nlohmann::json wanted = one.at("links");
    for (auto& link : wanted) {
      if (!link.contains("base")) link["base"] = "";
    }
    CHECK(links.dump() == wanted.dump());
    CHECK(nlohmann::json(Codes(found)).dump() == one.at("warnings").dump());
  }
  return run;
}

TEST_CASE(
    "finds links in the head of HTML pages and tells those in the body (SUB-DISC-02 SUB-DISC-06)") {
  CHECK(RunCases({"html"}) >= 20);
}

TEST_CASE("finds links in Atom feeds (SUB-DISC-03)") {
  CHECK(RunCases({"atom"}) >= 20);
}

TEST_CASE("finds atom:link elements in RSS feeds (SUB-DISC-04)") {
  CHECK(RunCases({"rss"}) >= 8);
}

TEST_CASE("finds links in JSON Feeds and other XML and nothing elsewhere") {
  CHECK(RunCases({"json-feed", "xml", "other"}) >= 10);
}

TEST_CASE("an unknown link element is named with its line") {
  const DocumentLinks found = FindDocumentLinks(
      "application/rss+xml",
      "<rss><channel>\n\n<link rel=\"hub\" href=\"https://hub.example/\"/></channel></rss>");
  REQUIRE(found.warnings.size() == 1);
  CHECK(found.warnings[0].message.starts_with("line 3: "));
}

TEST_CASE("a document over the limit is read up to it") {
  const std::string link = "<link rel=hub href=https://hub.example/>";
  std::string page = link + "<!--";
  page.append(kMaxDocument - page.size() - 3 - link.size(), ' ').append("-->").append(link);
  REQUIRE(page.size() == kMaxDocument);
  CHECK(FindDocumentLinks("text/html", page).links.size() == 2);
  CHECK(FindDocumentLinks("text/html", page).warnings.empty());
  const DocumentLinks found = FindDocumentLinks("text/html", " " + page);
  CHECK(found.links.size() == 1);
  REQUIRE_FALSE(found.warnings.empty());
  CHECK(found.warnings[0].code == "document-too-large");
}

TEST_CASE("links and warnings are bounded") {
  const DocumentLinks page =
      FindDocumentLinks("text/html", Repeat("<link rel=hub href=https://hub.example/>\n", 5000));
  CHECK(page.links.size() == kMaxLinksPerPlace);
  CHECK(page.warnings.size() <= kMaxDocumentWarnings);
  const DocumentLinks bare = FindDocumentLinks("text/html", Repeat("<link rel=hub>\n", 5000));
  CHECK(bare.links.empty());
  CHECK(bare.warnings.size() == kMaxDocumentWarnings);
  // Links of entries never crowd out those of the feed.
  const DocumentLinks feed =
      FindDocumentLinks("", "<feed xmlns=\"http://www.w3.org/2005/Atom\">" +
                                Repeat("<entry><link rel=\"self\" href=\"e\"/></entry>", 5000) +
                                "<link rel=\"hub\" href=\"https://hub.example/\"/></feed>");
  REQUIRE(feed.links.size() == kMaxLinksPerPlace + 1);
  CHECK(feed.links.back().place == LinkPlace::kHead);
  CHECK(feed.warnings.empty());
}

TEST_CASE("reading stops where attributes and namespaces multiply") {
  std::string namespaces;
  for (int i = 0; i < 900; ++i) namespaces += " xmlns:n" + std::to_string(i) + "=\"u\"";
  std::string defaults;
  for (int i = 0; i < 200; ++i) defaults += " a" + std::to_string(i) + " CDATA 'x'";
  const std::string documents[] = {
      Repeat("<a" + namespaces + ">", 200) + Repeat("<b/>", 10'000),
      "<!DOCTYPE a [<!ATTLIST a" + defaults + ">]><a/>",
  };
  for (const std::string& document : documents) {
    const auto codes = Codes(FindDocumentLinks("text/xml", document));
    CHECK(std::find(codes.begin(), codes.end(), "document-too-complex") != codes.end());
  }
}

TEST_CASE("hostile documents cost no more than their size") {
  constexpr std::size_t kSize = 1'000'000;
  const auto fill = [](const std::string& piece) { return Repeat(piece, kSize / piece.size()); };
  std::string attributes;
  for (int i = 0; attributes.size() < kSize; ++i) attributes += " a" + std::to_string(i) + "=\"\"";
  std::string namespaces;
  for (int i = 0; i < 900; ++i) namespaces += " xmlns:n" + std::to_string(i) + "=\"u\"";
  std::string defaults;
  for (int i = 0; defaults.size() < kSize; ++i) defaults += " a" + std::to_string(i) + " CDATA 'x'";
  const std::pair<const char*, std::string> documents[] = {
      {"text/html", fill("<")},
      {"text/html", fill("<a ")},
      {"text/html", fill("<!--")},
      {"text/html", fill("<!-- --")},
      {"text/html", fill("<b>") + fill("</p>")},
      {"text/html", fill("<title>")},
      {"text/html", fill("<script></scrip")},
      {"text/html", fill("<a x=\"")},
      {"text/html", fill("<link rel=hub href=\"&&&&&&&\">")},
      {"text/html", "<a" + attributes + ">"},
      {"text/html", std::string(kSize, '\0')},
      {"text/xml", "<a" + attributes + "/>"},
      {"text/xml", Repeat("<a" + namespaces + ">", 200) + fill("<b/>")},
      {"text/xml", fill("<a>")},
      {"text/xml", "<!DOCTYPE a [<!ATTLIST a" + defaults + ">]>" + fill("<a/>")},
      {"text/xml", "<!DOCTYPE a [<!ENTITY e \"" + fill("x") + "\">]><a>" + fill("&e;")},
      {"text/xml", "<a>" + fill("&undefined;")},
      {"text/xml", "<a>" + fill("<!-- -->")},
      {"text/xml", "<a>" + fill("<![CDATA[")},
      {"text/xml", fill("<?a ?>")},
      {"application/json", fill("[")},
      {"application/json", fill("{\"a\":")},
      {"application/json", "{\"hubs\":[" + fill("{},")},
      {"text/html; charset=iso-2022-jp", fill("\x1b$B")},
      {"text/html; charset=gb18030", fill("\xff")},
  };
  int number = 0;
  for (const auto& [type, body] : documents) {
    CAPTURE(number++);
    // Well under a second each. A quadratic step would take minutes: ctest ends the test then.
    const DocumentLinks found = FindDocumentLinks(type, body);
    CHECK(found.links.size() <= 3 * kMaxLinksPerPlace);
  }
}

// The library that parses sets itself up at its first use, which here is the first of all threads.
TEST_CASE("documents are read by several threads from the first on") {
  constexpr int kThreads = 16;
  std::latch start(kThreads);
  std::atomic<int> found{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      const DocumentLinks links = FindDocumentLinks(
          "application/atom+xml",
          R"(<feed xmlns="http://www.w3.org/2005/Atom"><link rel="hub" href="https://hub.example/"/></feed>)");
      found += static_cast<int>(links.links.size());
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(found == kThreads);
}

}  // namespace
}  // namespace websub
