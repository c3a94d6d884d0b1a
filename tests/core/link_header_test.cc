#include "core/link_header.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/cases.h"

namespace websub {
namespace {

std::vector<std::string> Codes(const LinkHeader& header) {
  std::vector<std::string> codes;
  for (const Warning& warning : header.warnings) {
    codes.push_back(warning.code + "@" + std::to_string(warning.column));
  }
  return codes;
}

nlohmann::json AsJson(const Link& link) {
  nlohmann::json parameters = nlohmann::json::array();
  for (const LinkParameter& p : link.parameters) parameters.push_back({p.name, p.value});
  return {{"target", link.target},
          {"rels", link.rels},
          {"parameters", parameters},
          {"column", link.column}};
}

std::string Repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST_CASE("reads the Link headers of the table (SUB-DISC-01)") {
  for (const auto& one : tests::ReadCases("core/link_header.json")) {
    CAPTURE(one.at("name").get<std::string>());
    const LinkHeader header = ParseLinkHeader(one.at("value").get<std::string>());
    nlohmann::json links = nlohmann::json::array();
    for (const Link& link : header.links) links.push_back(AsJson(link));
    nlohmann::json wanted = one.at("links");
    for (auto& link : wanted) {
      if (!link.contains("parameters")) link["parameters"] = nlohmann::json::array();
      if (!link.contains("column")) link["column"] = 1;
    }
    CHECK(links.dump() == wanted.dump());
    CHECK(Codes(header) == one.value("warnings", std::vector<std::string>{}));
  }
}

TEST_CASE("what the table reads is written and read back to the same links (HUB-DIS-03)") {
  for (const auto& one : tests::ReadCases("core/link_header.json")) {
    CAPTURE(one.at("name").get<std::string>());
    const LinkHeader header = ParseLinkHeader(one.at("value").get<std::string>());
    const LinkHeader again = ParseLinkHeader(FormatLinkHeader(header.links));
    CHECK(again.links == header.links);
    for (const Warning& warning : again.warnings) CHECK(warning.code == "link-without-rel");
  }
}

TEST_CASE("writes hub and self in one Link header (HUB-DIS-04)") {
  const Link hub{"https://hub.example/", {"hub"}, {}, 0};
  const Link self{
      "https://example.com/a,b;c", {"self", "alternate"}, {{"title", "a \"b\" \\c"}}, 0};
  CHECK(FormatLinkHeader({hub, self}) ==
        "<https://hub.example/>; rel=\"hub\", <https://example.com/a,b;c>; "
        "rel=\"self alternate\"; title=\"a \\\"b\\\" \\\\c\"");
  CHECK(FormatLinkHeader({}).empty());
}

TEST_CASE("no value can end its line or its place in the header") {
  const Link link{"http://h/\r\nX: y>; rel=\"self\", <b",
                  {"hub\r\n", "\"self"},
                  {{"title", "a\r\nSet-Cookie: x"}, {"rel", "self"}, {"no token", "x"}},
                  0};
  const std::string text = FormatLinkHeader({link});
  CHECK(text ==
        "<http://h/X: y%3E; rel=\"self\", %3Cb>; rel=\"hub \\\"self\"; title=\"aSet-Cookie: x\"");
  const LinkHeader again = ParseLinkHeader(text);
  REQUIRE(again.links.size() == 1);
  CHECK_FALSE(again.links[0].HasRel("self"));
}

TEST_CASE("reads relations whatever their case") {
  const LinkHeader header = ParseLinkHeader("<a>; REL=\"Hub SELF\"");
  REQUIRE(header.links.size() == 1);
  CHECK(header.links[0].HasRel("hub"));
  CHECK(header.links[0].HasRel("self"));
  CHECK_FALSE(header.links[0].HasRel("alternate"));
}

TEST_CASE("at most kMaxLinks links are read from one value") {
  const std::string link = "<http://h/>;rel=hub";
  std::string value = link;
  for (std::size_t i = 1; i < kMaxLinks; ++i) value += "," + link;
  LinkHeader header = ParseLinkHeader(value);
  CHECK(header.links.size() == kMaxLinks);
  CHECK(header.warnings.empty());
  header = ParseLinkHeader(value + "," + link);
  CHECK(header.links.size() == kMaxLinks);
  REQUIRE(header.warnings.size() == 1);
  CHECK(header.warnings[0].code == "link-too-many");
  CHECK(header.warnings[0].column == value.size() + 2);
}

TEST_CASE("at most kMaxLinkParameters parameters and kMaxLinkWarnings warnings are kept") {
  LinkHeader header = ParseLinkHeader("<a>; rel=hub" + Repeat("; a=b", kMaxLinkParameters + 5));
  REQUIRE(header.links.size() == 1);
  CHECK(header.links[0].parameters.size() == kMaxLinkParameters);
  REQUIRE(header.warnings.size() == 1);
  CHECK(header.warnings[0].code == "link-too-many-parameters");
  header = ParseLinkHeader(Repeat("<a>,", 500));
  CHECK(header.links.size() == 500);
  CHECK(header.warnings.size() == kMaxLinkWarnings);
}

TEST_CASE("reading stays linear in the length of the value") {
  const char* const pieces[] = {"<",         "<a",           "<a,",        "\"",
                                ",",         "<a>;rel=\"<",  "<a>;rel=\"", "<a>;x=\"\\\"",
                                "rel='",     "rel=a b ",     "a=\\\"",     "<a>;rel='a b c",
                                " ",         "<a>, rel   ",  "<a>;x=\"a;", "<a>;rel=\"a, <",
                                "<a>;;;;  ", "<a> rel = a ", "a",          "<a>,,,,"};
  for (const char* piece : pieces) {
    CAPTURE(piece);
    const std::string value = Repeat(piece, 500'000 / std::string_view(piece).size());
    // Linear takes milliseconds. A quadratic step would take minutes: ctest ends the test then.
    CHECK(ParseLinkHeader(value).links.size() <= kMaxLinks);
  }
}

}  // namespace
}  // namespace websub
