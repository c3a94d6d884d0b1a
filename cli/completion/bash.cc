// bash breaks words at ':' and '=', which URLs and --flag=value hold: the script puts them together
// again, and offers only what stands behind the last of these characters.
#include <map>
#include <set>

#include "cli/completion/script.h"

namespace websub::cli::completion {
namespace {

constexpr std::string_view kStart =
    R"sh(# Completion of websub for bash, made by `websub completion bash`.

# Offers the words that begin with what stands at the cursor. The first argument is put ahead of each.
_websub_offer() {
  local prefix=$1 breaks= word head=
  shift
  for word; do
    [[ $prefix$word == "$cur"* ]] && COMPREPLY+=("$prefix$word")
  done
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
  # Readline puts what is offered behind the last place where it breaks a word.
  [[ -n $breaks ]] && head=${cur%"${cur##*["$breaks"]}"}
  COMPREPLY=("${COMPREPLY[@]#"$head"}")
}

# What the local hub keeps: _websub_ask PREFIX --topics|--ids
_websub_ask() {
  local found
  mapfile -t found < <("${words[0]}" completion "$2" 2>/dev/null)
  _websub_offer "$1" "${found[@]}"
}

# The value of a flag: _websub_value COMMAND FLAG PREFIX
_websub_value() {
  case "$1 $2" in
)sh";

constexpr std::string_view kMiddle = R"sh(  esac
}

_websub() {
  local IFS=$' \t\n' words=() rest=${COMP_LINE:0:COMP_POINT} word space i
  for ((i = 0; i <= COMP_CWORD; ++i)); do
    space=${rest%%[![:space:]]*}
    rest=${rest#"$space"}
    word=${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || word=$rest
    if [[ -n $space || $i -eq 0 ]]; then words+=("$word"); else words[-1]+=$word; fi
    rest=${rest:${#word}}
  done
  local cur=${words[-1]} command=${words[1]-} flags= valued= arguments=0 last=$((${#words[@]} - 1))
  COMPREPLY=()
  if ((last == 1)); then
    _websub_offer '' @COMMANDS@ help --help --version
    return
  fi
  case $command in
    help)
      ((last > 2)) || _websub_offer '' @COMMANDS@
      return
      ;;
)sh";

constexpr std::string_view kLoop = R"sh(  esac
  for ((i = 2; i < last; ++i)); do
    word=${words[i]}
    if [[ $word == -- ]]; then
      compopt -o default
      return
    fi
    if [[ $valued == *" $word "* ]]; then
      ((++i))
    elif [[ $word != -* ]]; then
      ((++arguments))
    fi
  done
  if ((i > last)); then
    _websub_value "$command" "$word" ''
    return
  fi
  if [[ $cur == --*=* ]]; then
    _websub_value "$command" "${cur%%=*}" "${cur%%=*}="
    return
  fi
  if [[ $cur != -* ]]; then
    case $command in
)sh";

constexpr std::string_view kEnd = R"sh(    esac
    [[ -z $cur && ${#COMPREPLY[@]} -eq 0 ]] || return
  fi
  # shellcheck disable=SC2086
  _websub_offer '' $flags
}
complete -F _websub websub
)sh";

std::string Quoted(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += " '" + word + "'";
  return text;
}

// The line of script that offers the values of a flag; empty where there are none to offer.
std::string OfferOf(const FlagFacts& flag) {
  switch (KindOf(flag)) {
    case ValueKind::kWords:
      return "_websub_offer \"$3\"" + Quoted(flag.words);
    case ValueKind::kFile:
      return "compopt -o default";
    case ValueKind::kFolder:
      return "compopt -o dirnames";
    case ValueKind::kTopic:
      return "_websub_ask \"$3\" --topics";
    case ValueKind::kId:
      return "_websub_ask \"$3\" --ids";
    case ValueKind::kNone:
    case ValueKind::kOther:
      break;
  }
  return "";
}

std::string ValueCases(std::span<const CompletedCommand> commands) {
  std::map<std::string, std::map<std::string, std::string>> offers;  // by the flag and the command
  std::map<std::string, std::set<std::string>> kinds;                // by the flag
  for (const CompletedCommand& command : commands) {
    for (const FlagFacts& flag : command.facts.flags) {
      if (KindOf(flag) == ValueKind::kNone) continue;
      const std::string offer = OfferOf(flag);
      offers[flag.name][std::string(command.name)] = offer;
      kinds[flag.name].insert(offer);
    }
  }
  std::map<std::string, std::string> patterns;  // by the offer
  const auto add = [&](const std::string& offer, const std::string& pattern) {
    if (offer.empty()) return;
    std::string& all = patterns[offer];
    all += (all.empty() ? "" : " | ") + pattern;
  };
  for (const auto& [flag, by_command] : offers) {
    if (kinds[flag].size() == 1) {
      add(*kinds[flag].begin(), "*' " + flag + "'");
      continue;
    }
    for (const auto& [command, offer] : by_command) {
      add(offer, "'" + command + " " + flag + "'");
    }
  }
  std::string text;
  for (const auto& [offer, pattern] : patterns) text += "    " + pattern + ") " + offer + " ;;\n";
  return text;
}

std::string FlagCases(std::span<const CompletedCommand> commands) {
  std::string text;
  for (const CompletedCommand& command : commands) {
    std::string flags;
    std::string valued = " ";
    for (const FlagFacts& flag : command.facts.flags) {
      for (const std::string& name : NamesOf(flag)) {
        flags += (flags.empty() ? "" : " ") + name;
        if (KindOf(flag) != ValueKind::kNone) valued += name + " ";
      }
    }
    text += "    " + std::string(command.name) + ")\n      flags='" + flags + "'\n      valued='" +
            valued + "'\n      ;;\n";
  }
  return text;
}

std::string ArgumentCases(std::span<const CompletedCommand> commands) {
  std::string text;
  for (const CompletedCommand& command : commands) {
    const ArgumentFacts& arguments = command.facts.arguments;
    std::string offer;
    if (arguments.kind == ArgumentFacts::Kind::kFile) offer = "compopt -o default; return";
    if (arguments.kind == ArgumentFacts::Kind::kTopic) offer = "_websub_ask '' --topics";
    if (arguments.kind == ArgumentFacts::Kind::kId) offer = "_websub_ask '' --ids";
    const std::string words = "_websub_offer ''" + Quoted(arguments.words);
    if (!arguments.words.empty() && offer.empty())
      offer = "((arguments > 0)) || " + words;
    else if (!arguments.words.empty()) {
      offer = "if ((arguments == 0)); then " + words + "; else " + offer + "; fi";
    }
    if (!offer.empty()) text += "      " + std::string(command.name) + ") " + offer + " ;;\n";
  }
  return text;
}

}  // namespace

std::string BashScript(std::span<const CompletedCommand> commands) {
  std::vector<std::string> names;
  for (const CompletedCommand& command : commands) names.emplace_back(command.name);
  std::string text(kStart);
  text += ValueCases(commands);
  text += Replaced(std::string(kMiddle), "@COMMANDS@", Joined(names));
  text += FlagCases(commands);
  text += kLoop;
  text += ArgumentCases(commands);
  text += kEnd;
  return text;
}

}  // namespace websub::cli::completion
