// The completion of websub in a shell: a script, made from the commands and their flags. What the
// local hub keeps is asked for when it is needed, by `websub completion --topics` and `--ids`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.h"

namespace websub::cli::completion {

enum class Shell { kBash, kZsh, kFish };

std::optional<Shell> ParseShell(std::string_view name);
std::vector<std::string> ShellNames();

struct CompletedCommand {
  std::string_view name;
  std::string_view summary;
  CommandFacts facts;
};

// Needs nothing but the shell itself and `websub` as it was called. Summaries and help are shown
// where the shell shows such.
std::string Script(Shell shell, std::span<const CompletedCommand> commands);

// --- For the three scripts

std::string BashScript(std::span<const CompletedCommand> commands);
std::string ZshScript(std::span<const CompletedCommand> commands);
std::string FishScript(std::span<const CompletedCommand> commands);

// What stands behind a flag.
enum class ValueKind {
  kNone,   // a switch
  kOther,  // nothing can be offered
  kWords,
  kFile,
  kFolder,
  kTopic,
  kId,
};
ValueKind KindOf(const FlagFacts& flag);
// "-q", "--quiet"
std::vector<std::string> NamesOf(const FlagFacts& flag);
bool MayRepeat(const FlagFacts& flag);
// Whether another program's command line may follow behind "--".
bool TakesCommandLine(const CommandFacts& facts);

// "a b c"
std::string Joined(const std::vector<std::string>& words);
// `text` with each `what` in it replaced.
std::string Replaced(std::string text, std::string_view what, std::string_view by);

}  // namespace websub::cli::completion
