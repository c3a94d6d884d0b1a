#include "core/requirement.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/text.h"

namespace websub {

// The tables' text, made by CMake (core/CMakeLists.txt).
extern const std::string_view kRequirementTable;

namespace {

constexpr std::array kLevels = {Level::kMust, Level::kShould, Level::kMay, Level::kBeyond};

// What stands before the next tab or line end, which is taken too.
std::string_view Take(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

std::vector<Requirement> Read(std::string_view table) {
  std::vector<Requirement> rows;
  while (!table.empty()) {
    std::string_view line = Take(table, '\n');
    Requirement row;
    row.id = Take(line, '\t');
    row.role = Take(line, '\t');
    const auto level = ParseLevel(Take(line, '\t'));
    row.section = Take(line, '\t');
    row.rocks = Take(line, '\t');
    row.text = line;
    if (!level) continue;  // the line of names
    row.level = *level;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

std::string_view Name(Level level) {
  switch (level) {
    case Level::kMust:
      return "MUST";
    case Level::kShould:
      return "SHOULD";
    case Level::kMay:
      return "MAY";
    case Level::kBeyond:
      break;
  }
  return "BEYOND";
}

std::optional<Level> ParseLevel(std::string_view name) {
  for (const Level level : kLevels) {
    if (EqualIgnoringCase(name, Name(level))) return level;
  }
  return std::nullopt;
}

std::span<const Requirement> Requirements() {
  static const std::vector<Requirement> rows = Read(kRequirementTable);
  return rows;
}

const Requirement* FindRequirement(std::string_view id) {
  const auto rows = Requirements();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Requirement& row) { return row.id == id; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace websub
