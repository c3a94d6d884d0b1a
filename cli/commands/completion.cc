#include "cli/commands/completion.h"

#include "cli/commands/inspect_source.h"
#include "cli/completion/hub_words.h"
#include "cli/completion/script.h"
#include "cli/shared_flags.h"
#include "cli/suggest.h"

namespace websub::cli {
namespace {

constexpr std::string_view kName = "completion";

std::vector<completion::CompletedCommand> Completed() {
  std::vector<completion::CompletedCommand> all;
  for (const Command& command : Commands()) {
    all.push_back({command.name, command.summary, command.facts()});
  }
  return all;
}

// A hub that is not there offers nothing: whoever presses a key wants no sentence about it.
ExitStatus PrintWords(Environment& environment, const CompletionOptions& options, Output& output) {
  const auto token = ReadApiToken(environment, options.api_token);
  if (!token) return UsageError(environment, kName, token.error().message);
  const completion::HubPlace place{
      options.hub ? *options.hub
                  : Variable(environment, "WEBSUB_HUB_URL").value_or(inspect::kDefaultHub),
      *token};
  const auto words = options.topics ? completion::TopicWords(environment, place)
                                    : completion::IdWords(environment, place);
  for (const std::string& word : words) {
    output.Event("word", {{"word", word}});
    if (!output.json()) output.Raw(word + "\n");
  }
  return ExitStatus::kDone;
}

}  // namespace

CommandHelp HelpOf(const CompletionOptions&) {
  return {
      .name = std::string(kName),
      .usage = "bash|zsh|fish [flags]",
      .summary =
          "Print a script that completes commands, flags and their words, files, and the\n"
          "topics and ids of the running hub.",
      .examples = {"websub completion bash > ~/.local/share/bash-completion/completions/websub",
                   "websub completion fish | source"},
  };
}

void Define(FlagSet& flags, CompletionOptions& options) {
  flags.Switch("--topics", options.topics, "print the topics of the hub instead");
  flags.Switch("--ids", options.ids, "print the ids of what it keeps");
  flags.Exclusive({"--topics", "--ids"});
  flags.Text("--hub URL", options.hub, "a running hub (default: http://127.0.0.1:4820)");
  AddApiTokenFlags(flags, options.api_token, "of the hub's API");
  AddOutputFlags(flags, options.output);
  flags.Arguments("a shell", options.shell, 0, 1);
  flags.Complete({.words = completion::ShellNames()});
}

ExitStatus Run(Environment& environment, const CompletionOptions& options) {
  Output output(environment, options.output);
  if (options.topics || options.ids) {
    if (options.shell.empty()) return PrintWords(environment, options, output);
    return UsageError(environment, kName,
                      std::string(options.topics ? "--topics" : "--ids") + " takes no shell");
  }
  if (options.shell.empty()) {
    return UsageError(environment, kName, "a shell is missing: bash, zsh or fish");
  }
  const std::string& name = options.shell[0];
  const auto shell = completion::ParseShell(name);
  if (!shell) {
    const auto nearest = Nearest(name, completion::ShellNames());
    return UsageError(environment, kName,
                      "there is no completion for " + name +
                          (nearest ? ": did you mean " + *nearest + "?" : ": bash, zsh or fish"));
  }
  const std::string script = completion::Script(*shell, Completed());
  output.Event("completion", {{"shell", name}, {"script", script}});
  if (!output.json()) output.Raw(script);
  return ExitStatus::kDone;
}

}  // namespace websub::cli
