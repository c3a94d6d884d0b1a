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
};

// Every command, in the order of the help.
std::span<const Command> Commands();

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

}  // namespace websub::cli
