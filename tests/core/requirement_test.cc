#include "core/requirement.h"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>

using websub::FindRequirement;
using websub::Level;
using websub::Requirement;

TEST_CASE("every row of the tables is there once and whole") {
  std::set<std::string_view> ids;
  for (const Requirement& row : websub::Requirements()) {
    CAPTURE(row.id);
    CHECK(ids.insert(row.id).second);
    CHECK((row.role == "hub" || row.role == "subscriber" || row.role == "publisher"));
    CHECK_FALSE(row.section.empty());
    CHECK_FALSE(row.rocks.empty());
    CHECK_FALSE(row.text.empty());
    CHECK(row.text.find('\t') == std::string_view::npos);
  }
  std::size_t lines = 0;
  for (const char* file : {"/docs/requirements.tsv", "/docs/requirements-beyond.tsv"}) {
    std::ifstream table(std::string(WEBSUB_SOURCE_DIR) + file);
    std::string line;
    while (std::getline(table, line)) ++lines;
    --lines;  // the names of the columns
  }
  CHECK(ids.size() == lines);
}

TEST_CASE("a requirement is found by its id") {
  const Requirement* found = FindRequirement("HUB-DIS-02");
  REQUIRE(found != nullptr);
  CHECK(found->role == "hub");
  CHECK(found->level == Level::kMust);
  CHECK(found->section == "7");
  CHECK(found->rocks == "105,106");
  CHECK(found->text.starts_with("Content-Type equals the topic's"));
  CHECK(FindRequirement("HUB-DIS-08")->level == Level::kShould);
  CHECK(FindRequirement("HUB-RETRY-01")->level == Level::kBeyond);
  CHECK(FindRequirement("HUB-DIS") == nullptr);
  CHECK(FindRequirement("") == nullptr);
  CHECK(websub::ParseLevel("should") == Level::kShould);
  CHECK_FALSE(websub::ParseLevel("shall"));
}
