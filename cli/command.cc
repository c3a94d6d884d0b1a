#include "cli/command.h"

#include <array>
#include <iostream>

#include "cli/commands/bench.h"
#include "cli/commands/completion.h"
#include "cli/commands/config.h"
#include "cli/commands/conformance.h"
#include "cli/commands/discover.h"
#include "cli/commands/inspect.h"
#include "cli/commands/publish.h"
#include "cli/commands/serve.h"
#include "cli/commands/subscribe.h"
#include "cli/commands/verify_sig.h"
#include "cli/output.h"
#include "cli/suggest.h"
#include "core/version.h"

namespace websub::cli {
namespace {

constexpr std::array kCommands = {
    MakeCommand<ServeOptions>("serve", "run a hub"),
    MakeCommand<SubscribeOptions>("subscribe", "print what topics deliver"),
    MakeCommand<PublishOptions>("publish", "tell hubs that a topic has new content"),
    MakeCommand<DiscoverOptions>("discover", "find the hub and the topic that a URL names"),
    MakeCommand<InspectOptions>("inspect", "show what a hub keeps and what it said to whom"),
    MakeCommand<VerifySigOptions>("verify-sig", "check or make the signature of a delivery"),
    MakeCommand<ConformanceOptions>("conformance", "test a hub, a subscriber or a publisher"),
    MakeCommand<BenchOptions>("bench", "measure a hub: publishers and subscribers, counted"),
    MakeCommand<ConfigOptions>("config", "show which settings hold and where they come from"),
    MakeCommand<CompletionOptions>("completion", "print the completion of a shell"),
};

const Command* Find(std::string_view name) {
  for (const Command& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

void PrintHelp(Environment& environment) {
  std::ostream& out = environment.out;
  out << "Usage: websub COMMAND [flags]\n"
         "Run, use and debug WebSub: hub, subscriber, publisher and checks in one tool.\n\n";
  for (const Command& command : kCommands) {
    out << "  " << command.name << std::string(14 - command.name.size(), ' ') << command.summary
        << "\n";
  }
  out << "\n`websub COMMAND --help` says more. Also: --version  -h,--help\n\n"
         "Examples:\n"
         "  websub discover https://example.com/feed\n"
         "  websub verify-sig body.xml --signature sha256=… --secret-file secret\n"
      << std::flush;
}

ExitStatus Unknown(Environment& environment, const std::string& word) {
  std::vector<std::string> known = {"--help", "--version"};
  if (word.starts_with('-')) {
    const std::string flag = word.substr(0, word.find('='));
    const auto nearest = Nearest(flag, known);
    return UsageError(environment, "",
                      "unknown flag " + flag +
                          (nearest ? ": did you mean " + *nearest + "?"
                                   : ": a command's flags stand behind its name"));
  }
  const auto nearest = Nearest(word, CommandNames());
  return UsageError(
      environment, "",
      "unknown command " + word + (nearest ? ": did you mean " + *nearest + "?" : ""));
}

}  // namespace

std::span<const Command> Commands() {
  return kCommands;
}

std::vector<std::string> CommandNames() {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  return names;
}

ExitStatus Main(Environment& environment) {
  const std::span<const std::string> args = environment.args;
  if (args.empty() || args[0] == "--help" || args[0] == "-h" ||
      (args[0] == "help" && args.size() == 1)) {
    PrintHelp(environment);
    return ExitStatus::kDone;
  }
  if (args[0] == "--version") {
    environment.out << "websub " << kVersion << '\n' << std::flush;
    return ExitStatus::kDone;
  }
  const bool asks_help = args[0] == "help";
  const std::string& name = args[asks_help ? 1 : 0];
  const Command* command = Find(name);
  if (command == nullptr) return Unknown(environment, name);
  const std::string help = "--help";
  return command->main(environment, asks_help ? std::span(&help, 1) : args.subspan(1));
}

}  // namespace websub::cli
