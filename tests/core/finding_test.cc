#include "core/finding.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <fstream>
#include <set>
#include <string>

namespace websub {
namespace {

std::set<std::string> Requirements() {
  std::ifstream file(std::string(WEBSUB_SOURCE_DIR) + "/docs/requirements.tsv");
  std::set<std::string> ids;
  for (std::string line; std::getline(file, line);) ids.insert(line.substr(0, line.find('\t')));
  return ids;
}

// "kChallengeQuoted" and its slug cannot be compared by a program; their order can.
TEST_CASE("every finding stands in the catalogue at its place and can be found by its slug") {
  std::size_t place = 0;
  for (const CatalogueEntry& entry : Catalogue()) {
    CAPTURE(entry.slug);
    CHECK(static_cast<std::size_t>(entry.code) == place++);
    CHECK(ParseFindingCode(entry.slug) == entry.code);
    CHECK(&EntryOf(entry.code) == &entry);
  }
  CHECK(static_cast<std::size_t>(FindingCode::kHookFailed) + 1 == Catalogue().size());
  CHECK_FALSE(ParseFindingCode("no-such-fault").has_value());
}

TEST_CASE("every finding cites a row of the requirements and says cause and next step") {
  const auto ids = Requirements();
  REQUIRE(ids.size() > 50);
  std::set<std::string_view> slugs;
  for (const CatalogueEntry& entry : Catalogue()) {
    CAPTURE(entry.slug);
    CHECK(slugs.insert(entry.slug).second);
    CHECK(ids.contains(std::string(entry.requirement)));
    CHECK(entry.slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
          std::string_view::npos);
    for (const std::string_view sentence : {entry.cause, entry.next}) {
      CHECK(sentence.size() > 10);
      CHECK_FALSE(sentence.ends_with('.'));
      CHECK(sentence.find('\n') == std::string_view::npos);
    }
  }
}

}  // namespace
}  // namespace websub
