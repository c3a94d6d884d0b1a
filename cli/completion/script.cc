#include "cli/completion/script.h"

#include <algorithm>
#include <array>

namespace websub::cli::completion {
namespace {

constexpr std::array<std::pair<Shell, std::string_view>, 3> kShells = {
    {{Shell::kBash, "bash"}, {Shell::kZsh, "zsh"}, {Shell::kFish, "fish"}}};

}  // namespace

std::optional<Shell> ParseShell(std::string_view name) {
  for (const auto& [shell, its] : kShells) {
    if (its == name) return shell;
  }
  return std::nullopt;
}

std::vector<std::string> ShellNames() {
  std::vector<std::string> names;
  for (const auto& [shell, name] : kShells) names.emplace_back(name);
  return names;
}

std::string Script(Shell shell, std::span<const CompletedCommand> commands) {
  switch (shell) {
    case Shell::kBash:
      return BashScript(commands);
    case Shell::kZsh:
      return ZshScript(commands);
    case Shell::kFish:
      break;
  }
  return FishScript(commands);
}

ValueKind KindOf(const FlagFacts& flag) {
  using Takes = FlagFacts::Takes;
  if (flag.takes == Takes::kNothing || flag.takes == Takes::kCount) return ValueKind::kNone;
  if (!flag.words.empty()) return ValueKind::kWords;
  if (flag.metavar.starts_with("FILE")) return ValueKind::kFile;
  if (flag.metavar == "DIR") return ValueKind::kFolder;
  if (flag.metavar == "ID") return ValueKind::kId;
  return flag.name == "--topic" ? ValueKind::kTopic : ValueKind::kOther;
}

std::vector<std::string> NamesOf(const FlagFacts& flag) {
  const auto comma = flag.names.find(',');
  if (comma == std::string::npos) return {flag.name};
  return {flag.names.substr(0, comma), flag.name};
}

bool MayRepeat(const FlagFacts& flag) {
  using Takes = FlagFacts::Takes;
  return flag.takes == Takes::kMany || flag.takes == Takes::kLines || flag.takes == Takes::kCount;
}

bool TakesCommandLine(const CommandFacts& facts) {
  return facts.help.usage.find("[-- COMMAND") != std::string::npos;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string Replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace websub::cli::completion
