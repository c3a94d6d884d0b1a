#include "cli/completion/script.h"

namespace websub::cli::completion {
namespace {

constexpr std::string_view kStart =
    R"sh(# Completion of websub for fish, made by `websub completion fish`.

# Whether the command line is one of this command.
function __websub_on
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]
end
function __websub_no_command
    test (count (commandline -opc)) -eq 1
end
# Whether one of these words stands behind the command.
function __websub_has
    set -l words (commandline -opc)
    set -e words[1..2]
    for word in $words
        contains -- $word $argv; and return 0
    end
    return 1
end
# What the local hub keeps: __websub_ask --topics|--ids
function __websub_ask
    set -l words (commandline -opc)
    command $words[1] completion $argv[1] 2>/dev/null
end

complete -c websub -f
complete -c websub -n __websub_no_command -s h -l help -d 'show the commands'
complete -c websub -n __websub_no_command -l version -d 'print the version'
complete -c websub -n __websub_no_command -a help -d 'the help of a command'
)sh";

std::string InQuotes(std::string text) {
  text = Replaced(std::move(text), "\\", "\\\\");
  return "'" + Replaced(std::move(text), "'", "\\'") + "'";
}

std::string ValueOptions(const FlagFacts& flag) {
  switch (KindOf(flag)) {
    case ValueKind::kNone:
      return "";
    case ValueKind::kWords:
      return " -x -a " + InQuotes(Joined(flag.words));
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kFolder:
      return " -x -a '(__fish_complete_directories (commandline -ct))'";
    case ValueKind::kTopic:
      return " -x -a '(__websub_ask --topics)'";
    case ValueKind::kId:
      return " -x -a '(__websub_ask --ids)'";
    case ValueKind::kOther:
      break;
  }
  return " -x";
}

std::string FlagLine(const std::string& on, const FlagFacts& flag) {
  const auto names = NamesOf(flag);
  std::string line = on;
  if (names.size() > 1) line += " -s " + names[0].substr(1);
  line += " -l " + flag.name.substr(2) + ValueOptions(flag);
  if (!flag.help.empty()) line += " -d " + InQuotes(flag.help);
  return line + "\n";
}

std::string ArgumentLines(std::string_view name, const CommandFacts& facts) {
  const std::string start = "complete -c websub -n '__websub_on " + std::string(name);
  const ArgumentFacts& arguments = facts.arguments;
  std::string text;
  std::string rest = start;
  if (!arguments.words.empty()) {
    const std::string words = Joined(arguments.words);
    text += start + "; and not __websub_has " + words + "' -a " + InQuotes(words) + "\n";
    rest += "; and __websub_has " + words;
  }
  if (arguments.kind == ArgumentFacts::Kind::kFile || TakesCommandLine(facts)) {
    text += rest + "' -F\n";
  }
  if (arguments.kind == ArgumentFacts::Kind::kTopic) {
    text += rest + "' -a '(__websub_ask --topics)'\n";
  }
  if (arguments.kind == ArgumentFacts::Kind::kId) {
    text += rest + "' -a '(__websub_ask --ids)'\n";
  }
  return text;
}

}  // namespace

std::string FishScript(std::span<const CompletedCommand> commands) {
  std::string text(kStart);
  std::vector<std::string> names;
  for (const CompletedCommand& command : commands) {
    names.emplace_back(command.name);
    text += "complete -c websub -n __websub_no_command -a " + names.back() + " -d " +
            InQuotes(std::string(command.summary)) + "\n";
  }
  text += "complete -c websub -n '__websub_on help' -a " + InQuotes(Joined(names)) + "\n";
  for (const CompletedCommand& command : commands) {
    const std::string on = "complete -c websub -n '__websub_on " + std::string(command.name) + "'";
    text += "\n";
    for (const FlagFacts& flag : command.facts.flags) text += FlagLine(on, flag);
    text += ArgumentLines(command.name, command.facts);
  }
  return text;
}

}  // namespace websub::cli::completion
