// A command: its options, how they are read, and the function that does the work.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "cli/exit_status.h"
#include "cli/flags.h"

namespace websub::cli {

struct Command {
  std::string_view name;
  std::string_view summary;
  // Gets what stands behind the command's name.
  ExitStatus (*main)(Environment& environment, std::span<const std::string> args);
  // Its flags, and the values that hold for them (FlagSet::Settings).
  std::vector<FlagFacts> (*flags)();
  CommandFacts (*facts)();
  Result<std::vector<Setting>> (*settings)(const Environment& environment,
                                           std::span<const std::string> args,
                                           const ConfigChoice& choice);
};

// Every command, in the order of the help.
std::span<const Command> Commands();
std::vector<std::string> CommandNames();

// Runs what environment.args ask for.
ExitStatus Main(Environment& environment);

// The main function of a command whose header declares, beside its options,
//   CommandHelp HelpOf(const Options&);              what --help says around the flags
//   void Define(FlagSet& flags, Options& options);   its flags and arguments
//   ExitStatus Run(Environment& environment, const Options& options);
template <typename Options>
ExitStatus RunCommand(Environment& environment, std::span<const std::string> args) {
  Options options;
  FlagSet flags(HelpOf(options));
  Define(flags, options);
  if (const auto ended = flags.Parse(environment, args)) return *ended;
  return Run(environment, options);
}

template <typename Options>
std::vector<FlagFacts> FlagsOf() {
  Options options;
  FlagSet flags(HelpOf(options));
  Define(flags, options);
  return flags.Facts();
}

template <typename Options>
CommandFacts FactsOf() {
  Options options;
  FlagSet flags(HelpOf(options));
  Define(flags, options);
  return flags.Whole();
}

template <typename Options>
Result<std::vector<Setting>> SettingsOf(const Environment& environment,
                                        std::span<const std::string> args,
                                        const ConfigChoice& choice) {
  Options options;
  FlagSet flags(HelpOf(options));
  Define(flags, options);
  return flags.Settings(environment, args, choice);
}

template <typename Options>
constexpr Command MakeCommand(std::string_view name, std::string_view summary) {
  return {name,
          summary,
          &RunCommand<Options>,
          &FlagsOf<Options>,
          &FactsOf<Options>,
          &SettingsOf<Options>};
}

}  // namespace websub::cli
