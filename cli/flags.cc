#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/suggest.h"
#include "core/mask_urls.h"

namespace websub::cli {
namespace {

struct Flag : FlagFacts {
  Shown shown = Shown::kLine;
  // Gets the values in order; for a switch, one empty text each time it was given.
  std::function<Result<void>(const std::vector<std::string>& values)> set;
  CLI::Option* option = nullptr;
};

std::string SpecOf(const Flag& flag) {
  return flag.names + (flag.metavar.empty() ? "" : " " + flag.metavar);
}

}  // namespace

struct FlagSet::Impl {
  CommandHelp help;
  CLI::App app;
  std::vector<std::unique_ptr<Flag>> flags;
  std::vector<std::vector<std::string>> exclusive;
  bool wants_help = false;
  bool wants_all = false;
  ConfigChoice config;
  ConfigChoice* config_target = nullptr;
  std::size_t own_flags = 0;  // the first ones, which no file sets
  std::string argument = "an argument";
  std::vector<std::string>* arguments = nullptr;
  std::size_t min_arguments = 0;
  std::size_t max_arguments = 0;
  ArgumentFacts argument_facts;
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
    if (takes == Flag::Takes::kNothing || takes == Flag::Takes::kCount) {
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
  Result<void> ReadOwnFlags(const Environment& environment);
  Result<std::vector<ConfigFile>> ReadFiles(const Environment& environment) const;
  enum class Warn { kYes, kNo };
  Result<std::vector<Setting>> ReadFlags(const Environment& environment, Warn warn);
  Result<void> CheckArguments(const std::vector<std::string>& found) const;
  Result<void> Read(const Environment& environment, std::span<const std::string> args);
  Result<void> CheckBare(const std::string& arg) const;
  Error MissingValue(const std::string& arg) const;
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
    if (auto bare = CheckBare(arg); !bare) return tl::unexpected(bare.error());
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

// "--json=false" would turn it on.
Result<void> FlagSet::Impl::CheckBare(const std::string& arg) const {
  const auto equals = arg.find('=');
  if (!arg.starts_with("--") || equals == std::string::npos) return {};
  const std::string name = arg.substr(0, equals);
  for (const auto& flag : flags) {
    if (flag->name != name || !flag->metavar.empty()) continue;
    return Fail(ErrorCode::kInvalid,
                name + " is a switch: it takes no value; leave it away for no");
  }
  return {};
}

Error FlagSet::Impl::MissingValue(const std::string& arg) const {
  for (const auto& flag : flags) {
    if (!arg.empty() && flag->option->check_name(arg)) {
      return {ErrorCode::kInvalid, arg + " needs a value: " + arg + " " + flag->metavar};
    }
  }
  return {ErrorCode::kInvalid, arg + " needs a value"};
}

// Those of every command: they come ahead of the others, because they say where to look for values.
Result<void> FlagSet::Impl::ReadOwnFlags(const Environment& environment) {
  const auto given = [&](const Flag& flag) { return !flag.option->empty(); };
  const auto named = [&](std::string_view name) -> const Flag& {
    return **std::ranges::find_if(flags, [&](const auto& flag) { return flag->name == name; });
  };
  wants_help = given(named("--help"));
  wants_all = given(named("--help-all"));
  const Flag& file = named("--config");
  const bool none = given(named("--no-config"));
  if (file.option->count() > 1)
    return Fail(ErrorCode::kInvalid, "--config is given more than once");
  if (given(file) && none) {
    return Fail(ErrorCode::kInvalid, "--config and --no-config exclude each other");
  }
  if (given(file)) {
    config.file = file.option->results().front();
  } else if (none) {
    config.none = true;
  } else if (const auto switched = Variable(environment, "WEBSUB_NO_CONFIG")) {
    const auto on = ParseSwitch(*switched);
    if (!on) return Fail(ErrorCode::kInvalid, "WEBSUB_NO_CONFIG: " + on.error().message);
    config.none = *on;
  }
  if (!config.none && !config.file) config.file = Variable(environment, "WEBSUB_CONFIG");
  if (config_target != nullptr) *config_target = config;
  return {};
}

Result<std::vector<ConfigFile>> FlagSet::Impl::ReadFiles(const Environment& environment) const {
  auto files = ReadConfigFiles(environment, config);
  if (!files || files->empty()) return files;
  std::vector<FlagsOfCommand> commands;
  for (const Command& command : Commands()) commands.push_back({command.name, command.flags()});
  for (const ConfigFile& file : *files) {
    if (auto good = CheckConfig(file, commands); !good) return tl::unexpected(good.error());
  }
  return files;
}

Result<std::vector<Setting>> FlagSet::Impl::ReadFlags(const Environment& environment, Warn warn) {
  const auto files = ReadFiles(environment);
  if (!files) return tl::unexpected(files.error());
  if (warn == Warn::kYes) {
    for (const ConfigFile& file : *files) {
      const std::string warning = WarnOfSecrets(file);
      if (!warning.empty()) environment.err << "websub: warning: " << Printable(warning) << '\n';
    }
  }
  std::vector<FlagFacts> facts;
  std::vector<std::vector<std::string>> given;
  for (std::size_t i = own_flags; i < flags.size(); ++i) {
    const Flag& flag = *flags[i];
    facts.push_back(flag);
    given.push_back(flag.metavar.empty() ? std::vector<std::string>(flag.option->count())
                                         : flag.option->results());
    if (flag.takes == Flag::Takes::kOne && given.back().size() > 1) {
      return Fail(ErrorCode::kInvalid, flag.name + " is given more than once");
    }
  }
  auto settings = Resolve(environment, {help.name, facts, given, exclusive, *files});
  if (!settings) return settings;
  for (std::size_t i = 0; i < settings->size(); ++i) {
    const Setting& setting = (*settings)[i];
    if (setting.values.empty()) continue;
    if (auto set = flags[own_flags + i]->set(setting.values); !set) {
      const bool named = setting.from == Setting::From::kFile;
      return Fail(ErrorCode::kInvalid, setting.source + ": " +
                                           (named ? setting.flag.substr(2) + ": " : "") +
                                           set.error().message);
    }
  }
  return settings;
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
  if (auto own = ReadOwnFlags(environment); !own || wants_help || wants_all) return own;
  if (auto read = ReadFlags(environment, Warn::kYes); !read) return tl::unexpected(read.error());
  if (auto right = CheckArguments(*found); !right) return right;
  if (arguments != nullptr) *arguments = *std::move(found);
  return {};
}

FlagSet::FlagSet(CommandHelp help) : impl_(std::make_unique<Impl>()) {
  impl_->help = std::move(help);
  impl_->app.set_help_flag();
  impl_->app.allow_extras();
  const auto own = [this](const std::string& spec, FlagFacts::Takes takes, const std::string& text,
                          Shown shown) { impl_->Add(spec, takes, text, shown); };
  own("-h,--help", FlagFacts::Takes::kNothing, "this, on one screen", Shown::kBrief);
  own("--help-all", FlagFacts::Takes::kNothing, "every flag", Shown::kNever);
  own("--config FILE", FlagFacts::Takes::kOne, "read settings from this file only", Shown::kNever);
  own("--no-config", FlagFacts::Takes::kNothing, "read no file of settings", Shown::kNever);
  impl_->own_flags = impl_->flags.size();
}

FlagSet::~FlagSet() = default;

void FlagSet::Switch(const std::string& spec, bool& target, const std::string& help, Shown shown) {
  Flag& flag = impl_->Add(spec, Flag::Takes::kNothing, help, shown);
  flag.by_default = target ? "true" : "false";
  flag.set = [&target](const auto&) -> Result<void> {
    target = true;
    return {};
  };
}

void FlagSet::Counter(const std::string& spec, int& target, const std::string& help, Shown shown) {
  impl_->Add(spec, Flag::Takes::kCount, help, shown).set =
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

void FlagSet::Value(const std::string& spec, Reader read, const std::string& help, Shown shown,
                    std::string by_default) {
  Flag& flag = impl_->Add(spec, Flag::Takes::kOne, help, shown);
  flag.by_default = std::move(by_default);
  flag.set = [read = std::move(read)](const auto& values) { return read(values.front()); };
}

namespace {

auto EachBy(FlagSet::Reader read) {
  return [read = std::move(read)](const std::vector<std::string>& values) -> Result<void> {
    for (const std::string& value : values) {
      if (auto good = read(value); !good) return good;
    }
    return {};
  };
}

}  // namespace

void FlagSet::Values(const std::string& spec, Reader read, const std::string& help, Shown shown) {
  impl_->Add(spec, Flag::Takes::kMany, help, shown).set = EachBy(std::move(read));
}

void FlagSet::Lines(const std::string& spec, Reader read, const std::string& help, Shown shown) {
  impl_->Add(spec, Flag::Takes::kLines, help, shown).set = EachBy(std::move(read));
}

void FlagSet::Choice(const std::string& spec, std::string& target, std::vector<std::string> words,
                     const std::string& help, Shown shown) {
  const std::string by_default = target;
  Value(
      spec,
      [&target, words](const std::string& text) -> Result<void> {
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
      help, shown, by_default);
  impl_->flags.back()->words = std::move(words);
}

void FlagSet::Words(const std::string& name, std::vector<std::string> words) {
  const auto flag =
      std::ranges::find_if(impl_->flags, [&](const auto& f) { return f->name == name; });
  if (flag != impl_->flags.end()) (*flag)->words = std::move(words);
}

void FlagSet::Complete(ArgumentFacts facts) {
  impl_->argument_facts = std::move(facts);
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

void FlagSet::Files(ConfigChoice& target) {
  impl_->config_target = &target;
}

std::vector<FlagFacts> FlagSet::Facts() const {
  std::vector<FlagFacts> facts;
  for (std::size_t i = impl_->own_flags; i < impl_->flags.size(); ++i) {
    facts.push_back(*impl_->flags[i]);
  }
  return facts;
}

CommandFacts FlagSet::Whole() const {
  CommandFacts whole{impl_->help, {}, impl_->argument_facts};
  for (const auto& flag : impl_->flags) whole.flags.push_back(*flag);
  return whole;
}

Result<std::vector<Setting>> FlagSet::Settings(const Environment& environment,
                                               std::span<const std::string> args,
                                               const ConfigChoice& choice) {
  if (auto found = impl_->ReadArguments(args); !found) return tl::unexpected(found.error());
  impl_->config = choice;
  return impl_->ReadFlags(environment, Impl::Warn::kNo);
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

std::string FlagSet::Help() const {
  HelpRows rows;
  std::vector<std::string> brief;
  for (const auto& flag : impl_->flags) {
    if (flag->shown == Shown::kLine) rows.emplace_back(SpecOf(*flag), flag->help);
    if (flag->shown == Shown::kBrief) brief.push_back(SpecOf(*flag));
  }
  return LayHelp(impl_->help, rows, std::move(brief));
}

std::string FlagSet::HelpAll() const {
  HelpRows rows;
  for (const auto& flag : impl_->flags) rows.emplace_back(SpecOf(*flag), flag->help);
  return LayWholeHelp(impl_->help, rows);
}

ExitStatus UsageError(const Environment& environment, std::string_view command,
                      const std::string& sentence) {
  const std::string help = "websub " + (command.empty() ? "" : std::string(command) + " ");
  environment.err << "websub: " << Printable(MaskUrls(sentence)) << "\n"
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
