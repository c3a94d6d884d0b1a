#include "cli/commands/serve_rules.h"

namespace websub::cli {

void DefineCallbackRules(FlagSet& flags, hub::CallbackRules& rules) {
  flags.Values(
      "--signature-algorithm-for PATTERN=NAME",
      [&rules](const std::string& text) { return rules.AddAlgorithm(text); },
      "for callbacks like https://reader.example/*; first match", Shown::kBrief);
  flags.Lines(
      "--content-type-for PATTERN=TYPE",
      [&rules](const std::string& text) { return rules.AddContentType(text); },
      "deliver as this type, whatever the topic's own is", Shown::kBrief);
}

}  // namespace websub::cli
