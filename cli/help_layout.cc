#include "cli/help_layout.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace websub::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kLines = 24;

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // bytes that begin a UTF-8 character
  }));
}

std::size_t LinesOf(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Appends words to lines of at most kColumns, the later ones indented.
std::string Wrap(std::string line, const std::vector<std::string>& words, std::size_t indent) {
  std::string text;
  for (const std::string& word : words) {
    if (Width(line) + 2 + Width(word) > kColumns) {
      text += line + "\n";
      line.assign(indent, ' ');
    }
    line += (line.back() == ' ' ? "" : "  ") + word;
  }
  return text + line + "\n";
}

// The same, within so many lines: where the words are too many, the last ones give way to the flag
// that shows them all.
std::string WrapWithin(std::string_view line, std::vector<std::string> words, std::size_t indent,
                       std::size_t lines) {
  std::string text = Wrap(std::string(line), words, indent);
  for (std::size_t left_out = 0; LinesOf(text) > lines && !words.empty();) {
    if (left_out++ > 0) words.pop_back();
    words.back() = "--help-all for " + std::to_string(left_out) + " more";
    text = Wrap(std::string(line), words, indent);
  }
  return text;
}

// A line for each, its text in a column.
std::string Lay(const HelpRows& rows) {
  std::size_t column = 0;
  for (const auto& [spec, help] : rows) column = std::max(column, Width(spec));
  std::string text;
  for (const auto& [spec, help] : rows) {
    text += "  " + spec;
    if (!help.empty()) text += std::string(column - Width(spec) + 2, ' ') + help;
    text += '\n';
  }
  return text;
}

std::string Lead(const CommandHelp& help) {
  return "Usage: websub " + help.name + " " + help.usage + "\n" + help.summary + "\n\n";
}

std::string Examples(const CommandHelp& help) {
  std::string text = "\nExamples:\n";
  for (const std::string& example : help.examples) text += "  " + example + "\n";
  return text;
}

}  // namespace

std::string LayHelp(const CommandHelp& help, const HelpRows& rows, std::vector<std::string> brief) {
  const std::string lead = Lead(help) + Lay(rows);
  const std::string examples = Examples(help);
  const std::size_t taken = LinesOf(lead) + LinesOf(examples);
  return lead + WrapWithin("Also:", std::move(brief), 7, kLines - std::min(taken, kLines - 1)) +
         examples;
}

std::string LayWholeHelp(const CommandHelp& help, const HelpRows& rows) {
  return Lead(help) + Lay(rows) + Examples(help);
}

}  // namespace websub::cli
