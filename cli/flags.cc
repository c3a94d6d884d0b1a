#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <iostream>
#include <sstream>

#include "cli/output.h"
#include "cli/suggest.h"

namespace websub::cli {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kLines = 24;

struct Flag {
  std::string names;    // "-q,--quiet"
  std::string name;     // "--quiet"
  std::string metavar;  // "URL", empty for a switch
  std::string help;
  Shown shown = Shown::kLine;
  enum class Takes { kNothing, kOne, kMany } takes = Takes::kOne;
  // Gets the values in order; for a switch, one empty text each time it was given.
  std::function<Result<void>(const std::vector<std::string>& values)> set;
  CLI::Option* option = nullptr;
};

std::string SpecOf(const Flag& flag) {
  return flag.names + (flag.metavar.empty() ? "" : " " + flag.metavar);
}

std::string VariableOf(const Flag& flag) {
  std::string variable = "WEBSUB_";
  for (char c : flag.name.substr(2)) {
    variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

Result<bool> ParseSwitch(std::string_view text) {
  for (std::string_view yes : {"1", "true", "yes", "on"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "false", "no", "off"}) {
    if (text == no) return false;
  }
  return Fail(ErrorCode::kInvalid, "is a switch: 1 or 0, not \"" + std::string(text) + "\"");
}

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
std::string Lay(const std::vector<std::pair<std::string, std::string>>& rows) {
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

}  // namespace

struct FlagSet::Impl {
  CommandHelp help;
  CLI::App app;
  std::vector<std::unique_ptr<Flag>> flags;
  std::vector<std::vector<std::string>> exclusive;
  bool wants_help = false;
  bool wants_all = false;
  std::string argument = "an argument";
  std::vector<std::string>* arguments = nullptr;
  std::size_t min_arguments = 0;
  std::size_t max_arguments = 0;
  std::vector<std::string>* rest = nullptr;

  Flag& Add(const std::string& spec, Flag::Takes takes, const std::string& text, Shown shown) {
    auto flag = std::make_unique<Flag>();
    const auto space = spec.find(' ');
    flag->names = spec.substr(0, space);
    if (space != std::string::npos) flag->metavar = spec.substr(space + 1);
    flag->name = flag->names.substr(flag->names.find("--"));
    flag->help = text;
    flag->shown = shown;
    flag->takes = takes;
    if (takes == Flag::Takes::kNothing) {
      flag->option = app.add_flag(flag->names);
    } else {
      flag->option = app.add_option(flag->names, [](const CLI::results_t&) { return true; })
                         ->expected(1)
                         ->allow_extra_args(false)
                         ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    flags.push_back(std::move(flag));
    return *flags.back();
  }

  Result<std::vector<std::string>> ReadArguments(std::span<const std::string> args);
  Result<void> ReadFlags(const Environment& environment);
  bool Shadowed(const Flag& flag) const;
  Result<void> CheckExclusive() const;
  Result<void> CheckArguments(const std::vector<std::string>& found) const;
  Result<void> Read(const Environment& environment, std::span<const std::string> args);
  Error MissingValue(const std::string& arg) const;
  std::string Lead() const;
  std::string Examples() const;
};

// Leaves the flags' values in their options and returns the other arguments, in order.
Result<std::vector<std::string>> FlagSet::Impl::ReadArguments(std::span<const std::string> args) {
  const auto end_of_flags = std::find(args.begin(), args.end(), "--");
  std::vector<std::string> before(args.begin(), end_of_flags);
  std::vector<std::string> behind;
  if (end_of_flags != args.end()) behind.assign(end_of_flags + 1, args.end());
  for (const std::string& arg : before) {  // "--x=" would take the next argument for its value
    if (arg.starts_with("--") && arg.ends_with("=") && arg.find('=') == arg.size() - 1) {
      return tl::unexpected(MissingValue(arg.substr(0, arg.size() - 1)));
    }
  }
  try {
    app.parse(std::vector<std::string>(before.rbegin(), before.rend()));
  } catch (
      const CLI::ArgumentMismatch&) {  // a flag takes exactly one value: only the last can lack it
    return tl::unexpected(MissingValue(before.empty() ? "" : before.back()));
  } catch (const CLI::ParseError& error) {
    return Fail(ErrorCode::kInvalid, error.what());
  }
  std::vector<std::string> found;
  for (const std::string& arg : app.remaining()) {
    if (arg.size() < 2 || arg[0] != '-') {
      found.push_back(arg);
      continue;
    }
    const std::string written = arg.substr(0, arg.find('='));
    std::vector<std::string> known;
    for (const auto& flag : flags) known.push_back(flag->name);
    const auto nearest = Nearest(written, known);
    return Fail(ErrorCode::kInvalid,
                "unknown flag " + written + (nearest ? ": did you mean " + *nearest + "?" : ""));
  }
  (rest ? *rest : found).insert((rest ? *rest : found).end(), behind.begin(), behind.end());
  return found;
}

Error FlagSet::Impl::MissingValue(const std::string& arg) const {
  for (const auto& flag : flags) {
    if (!arg.empty() && flag->option->check_name(arg)) {
      return {ErrorCode::kInvalid, arg + " needs a value: " + arg + " " + flag->metavar};
    }
  }
  return {ErrorCode::kInvalid, arg + " needs a value"};
}

// Whether the command line gives another flag of its group, so that its variable does not count.
bool FlagSet::Impl::Shadowed(const Flag& flag) const {
  return std::any_of(exclusive.begin(), exclusive.end(), [&](const auto& group) {
    if (std::find(group.begin(), group.end(), flag.name) == group.end()) return false;
    return std::any_of(flags.begin(), flags.end(), [&](const auto& other) {
      return other->option->count() > 0 &&
             std::find(group.begin(), group.end(), other->name) != group.end();
    });
  });
}

Result<void> FlagSet::Impl::CheckExclusive() const {
  for (const auto& group : exclusive) {
    std::string given;
    for (const auto& flag : flags) {
      if (flag->option->count() == 0) continue;
      if (std::find(group.begin(), group.end(), flag->name) == group.end()) continue;
      if (!given.empty()) {
        return Fail(ErrorCode::kInvalid, given + " and " + flag->name + " exclude each other");
      }
      given = flag->name;
    }
  }
  return {};
}

Result<void> FlagSet::Impl::ReadFlags(const Environment& environment) {
  for (const auto& flag : flags) {
    std::string source = flag->name;
    std::vector<std::string> values;
    if (flag->takes == Flag::Takes::kNothing) {
      values.resize(flag->option->count());
    } else {
      values = flag->option->results();
    }
    if (values.empty() && !flag->name.starts_with("--help") && !Shadowed(*flag)) {
      source = VariableOf(*flag);
      if (const auto value = Variable(environment, source)) {
        if (flag->takes == Flag::Takes::kNothing) {
          const auto on = ParseSwitch(*value);
          if (!on) return Fail(ErrorCode::kInvalid, source + ": " + on.error().message);
          values.resize(*on ? 1 : 0);
        } else {
          values = flag->takes == Flag::Takes::kMany ? Words(*value) : std::vector{*value};
        }
      }
    }
    if (values.empty()) continue;
    if (flag->takes == Flag::Takes::kOne && values.size() > 1) {
      return Fail(ErrorCode::kInvalid, flag->name + " is given more than once");
    }
    if (auto set = flag->set(values); !set) {
      return Fail(ErrorCode::kInvalid, source + ": " + set.error().message);
    }
  }
  return {};
}

Result<void> FlagSet::Impl::CheckArguments(const std::vector<std::string>& found) const {
  if (found.size() < min_arguments) return Fail(ErrorCode::kInvalid, argument + " is missing");
  if (found.size() > max_arguments) {
    return Fail(ErrorCode::kInvalid, "\"" + found[max_arguments] + "\" is one argument too many");
  }
  return {};
}

Result<void> FlagSet::Impl::Read(const Environment& environment,
                                 std::span<const std::string> args) {
  auto found = ReadArguments(args);
  if (!found) return tl::unexpected(found.error());
  if (auto one = CheckExclusive(); !one) return one;
  if (auto read = ReadFlags(environment); !read || wants_help || wants_all) return read;
  if (auto right = CheckArguments(*found); !right) return right;
  if (arguments != nullptr) *arguments = *std::move(found);
  return {};
}

FlagSet::FlagSet(CommandHelp help) : impl_(std::make_unique<Impl>()) {
  impl_->help = std::move(help);
  impl_->app.set_help_flag();
  impl_->app.allow_extras();
  Switch("-h,--help", impl_->wants_help, "this, on one screen", Shown::kBrief);
  Switch("--help-all", impl_->wants_all, "every flag", Shown::kNever);
}

FlagSet::~FlagSet() = default;

void FlagSet::Switch(const std::string& spec, bool& target, const std::string& help, Shown shown) {
  impl_->Add(spec, Flag::Takes::kNothing, help, shown).set =
      [&target](const auto&) -> Result<void> {
    target = true;
    return {};
  };
}

void FlagSet::Counter(const std::string& spec, int& target, const std::string& help, Shown shown) {
  impl_->Add(spec, Flag::Takes::kNothing, help, shown).set =
      [&target](const auto& values) -> Result<void> {
    target = static_cast<int>(values.size());
    return {};
  };
}

void FlagSet::Texts(const std::string& spec, std::vector<std::string>& target,
                    const std::string& help, Shown shown) {
  impl_->Add(spec, Flag::Takes::kMany, help, shown).set =
      [&target](const auto& values) -> Result<void> {
    target = values;
    return {};
  };
}

void FlagSet::Value(const std::string& spec, Reader read, const std::string& help, Shown shown) {
  impl_->Add(spec, Flag::Takes::kOne, help, shown).set =
      [read = std::move(read)](const auto& values) { return read(values.front()); };
}

void FlagSet::Values(const std::string& spec, Reader read, const std::string& help, Shown shown) {
  impl_->Add(spec, Flag::Takes::kMany, help, shown).set =
      [read = std::move(read)](const auto& values) -> Result<void> {
    for (const std::string& value : values) {
      if (auto good = read(value); !good) return good;
    }
    return {};
  };
}

void FlagSet::Choice(const std::string& spec, std::string& target, std::vector<std::string> words,
                     const std::string& help, Shown shown) {
  Value(
      spec,
      [&target, words = std::move(words)](const std::string& text) -> Result<void> {
        std::string list;
        for (const std::string& word : words) {
          if (word == text) {
            target = text;
            return {};
          }
          list += (list.empty() ? "" : ", ") + word;
        }
        const auto nearest = Nearest(text, words);
        const std::string_view fits_not = words.size() == 1 ? "\" is not " : "\" is none of ";
        return Fail(ErrorCode::kInvalid, "\"" + text + std::string(fits_not) + list +
                                             (nearest ? ": did you mean " + *nearest + "?" : ""));
      },
      help, shown);
}

void FlagSet::Exclusive(std::vector<std::string> names) {
  impl_->exclusive.push_back(std::move(names));
}

void FlagSet::Arguments(const std::string& name, std::vector<std::string>& target, std::size_t min,
                        std::size_t max) {
  impl_->argument = name;
  impl_->arguments = &target;
  impl_->min_arguments = min;
  impl_->max_arguments = max;
}

void FlagSet::Rest(std::vector<std::string>& target) {
  impl_->rest = &target;
}

std::optional<ExitStatus> FlagSet::Parse(const Environment& environment,
                                         std::span<const std::string> args) {
  if (auto read = impl_->Read(environment, args); !read) {
    return UsageError(environment, impl_->help.name, read.error().message);
  }
  if (!impl_->wants_help && !impl_->wants_all) return std::nullopt;
  environment.out << (impl_->wants_all ? HelpAll() : Help()) << std::flush;
  return ExitStatus::kDone;
}

std::string FlagSet::Impl::Lead() const {
  return "Usage: websub " + help.name + " " + help.usage + "\n" + help.summary + "\n\n";
}

std::string FlagSet::Impl::Examples() const {
  std::string text = "\nExamples:\n";
  for (const std::string& example : help.examples) text += "  " + example + "\n";
  return text;
}

std::string FlagSet::Help() const {
  std::vector<std::pair<std::string, std::string>> rows;
  std::vector<std::string> brief;
  for (const auto& flag : impl_->flags) {
    if (flag->shown == Shown::kLine) rows.emplace_back(SpecOf(*flag), flag->help);
    if (flag->shown == Shown::kBrief) brief.push_back(SpecOf(*flag));
  }
  const std::string lead = impl_->Lead() + Lay(rows);
  const std::string examples = impl_->Examples();
  const std::size_t taken = LinesOf(lead) + LinesOf(examples);
  return lead + WrapWithin("Also:", std::move(brief), 7, kLines - std::min(taken, kLines - 1)) +
         examples;
}

std::string FlagSet::HelpAll() const {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& flag : impl_->flags) rows.emplace_back(SpecOf(*flag), flag->help);
  return impl_->Lead() + Lay(rows) + impl_->Examples();
}

ExitStatus UsageError(const Environment& environment, std::string_view command,
                      const std::string& sentence) {
  const std::string help = "websub " + (command.empty() ? "" : std::string(command) + " ");
  environment.err << "websub: " << Printable(sentence) << "\n"
                  << "See `" << help << "--help`.\n"
                  << std::flush;
  return ExitStatus::kUsage;
}

Result<long long> ParseNumber(const std::string& text, long long min, long long max) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fail(ErrorCode::kInvalid, "\"" + text + "\" is not a whole number");
  }
  if (number < min || number > max) {
    return Fail(ErrorCode::kInvalid,
                text + " is not between " + std::to_string(min) + " and " + std::to_string(max));
  }
  return number;
}

}  // namespace websub::cli
