#include "cli/completion/script.h"

namespace websub::cli::completion {
namespace {

constexpr std::string_view kStart = R"sh(#compdef websub
# Completion of websub for zsh, made by `websub completion zsh`.

# What the local hub keeps.
_websub_topics() {
  local -a found
  found=(${(f)"$(_call_program topics $_websub_program completion --topics 2>/dev/null)"})
  _wanted topics expl topic compadd -a found
}
_websub_ids() {
  local -a found
  found=(${(f)"$(_call_program ids $_websub_program completion --ids 2>/dev/null)"})
  _wanted ids expl id compadd -a found
}

_websub() {
  local curcontext=$curcontext state line ret=1 _websub_program=$words[1]
  typeset -A opt_args
  _arguments -C \
    '(- *)'{-h,--help}'[show the commands]' \
    '(- *)--version[print the version]' \
    '1:command:->command' \
    '*:: :->arguments' && ret=0
  case $state in
    command)
      local -a commands
      commands=(
)sh";

constexpr std::string_view kMiddle = R"sh(      )
      _describe -t commands command commands && ret=0
      ;;
    arguments)
      case $line[1] in
        help)
          _arguments '1:command:(@COMMANDS@)' && ret=0
          ;;
)sh";

constexpr std::string_view kEnd = R"sh(      esac
      ;;
  esac
  return ret
}

# Loaded from a folder of $fpath, or by eval.
if [ "$funcstack[1]" = "_websub" ]; then
  _websub "$@"
else
  compdef _websub websub
fi
)sh";

std::string InQuotes(const std::string& text) {
  return "'" + Replaced(text, "'", "'\\''") + "'";
}

// Text within "[…]" or between ':' of a specification.
std::string Escaped(std::string text) {
  for (const std::string_view one : {"\\", "[", "]", ":"}) {
    text = Replaced(std::move(text), one, "\\" + std::string(one));
  }
  return text;
}

std::string ActionOf(const FlagFacts& flag) {
  switch (KindOf(flag)) {
    case ValueKind::kWords:
      return "(" + Joined(flag.words) + ")";
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kFolder:
      return "_files -/";
    case ValueKind::kTopic:
      return "_websub_topics";
    case ValueKind::kId:
      return "_websub_ids";
    case ValueKind::kNone:
    case ValueKind::kOther:
      break;
  }
  return " ";
}

std::string SpecOf(const FlagFacts& flag) {
  const auto names = NamesOf(flag);
  const bool valued = KindOf(flag) != ValueKind::kNone;
  std::string rest = valued ? "=" : "";
  rest += "[" + Escaped(flag.help) + "]";
  if (valued) rest += ":" + Escaped(flag.metavar) + ":" + ActionOf(flag);
  if (MayRepeat(flag)) {
    std::string specs;
    for (const std::string& name : names) {
      specs += (specs.empty() ? "" : " ") + InQuotes("*" + name + rest);
    }
    return specs;
  }
  if (names.size() == 1) return InQuotes(names[0] + rest);
  return InQuotes("(" + Joined(names) + ")") + "{" + names[0] + "," + names[1] + "}" +
         InQuotes(rest);
}

std::string ArgumentSpecs(const CommandFacts& facts) {
  const ArgumentFacts& arguments = facts.arguments;
  std::vector<std::string> specs;
  if (!arguments.words.empty()) specs.push_back("'1:what:(" + Joined(arguments.words) + ")'");
  if (arguments.kind == ArgumentFacts::Kind::kFile) specs.emplace_back("'*:file:_files'");
  if (arguments.kind == ArgumentFacts::Kind::kTopic) specs.emplace_back("'*:topic:_websub_topics'");
  if (arguments.kind == ArgumentFacts::Kind::kId) specs.emplace_back("'*:id:_websub_ids'");
  if (TakesCommandLine(facts)) specs.emplace_back("'*:::command:_normal'");
  std::string text;
  for (const std::string& spec : specs) text += " \\\n            " + spec;
  return text;
}

}  // namespace

std::string ZshScript(std::span<const CompletedCommand> commands) {
  std::vector<std::string> names;
  std::string text(kStart);
  for (const CompletedCommand& command : commands) {
    names.emplace_back(command.name);
    text +=
        "        " + InQuotes(Escaped(names.back()) + ":" + std::string(command.summary)) + "\n";
  }
  text += "        'help:the help of a command'\n";
  text += Replaced(std::string(kMiddle), "@COMMANDS@", Joined(names));
  for (const CompletedCommand& command : commands) {
    text += "        " + std::string(command.name) + ")\n          _arguments -s -S";
    for (const FlagFacts& flag : command.facts.flags) text += " \\\n            " + SpecOf(flag);
    text += ArgumentSpecs(command.facts) + " && ret=0\n          ;;\n";
  }
  text += kEnd;
  return text;
}

}  // namespace websub::cli::completion
