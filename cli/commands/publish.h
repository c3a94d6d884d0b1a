// websub publish: tells hubs that a topic has new content, or hands it to them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/shared_flags.h"

namespace websub::cli {

struct PublishOptions {
  std::vector<std::string> topics;
  std::vector<std::string> hubs;
  std::optional<std::string> content;  // a file or "-"; nothing: a ping
  std::string type;                    // of the content; empty: by the file's name
  std::string parameter = "both";
  std::optional<int> wait_delivered;
  std::optional<Duration> timeout;
  TlsOptions tls;
  OutputOptions output;
};

CommandHelp HelpOf(const PublishOptions&);
void Define(FlagSet& flags, PublishOptions& options);
ExitStatus Run(Environment& environment, const PublishOptions& options);

// The media type that a file's name tells; application/octet-stream where it tells none.
std::string_view TypeOfFile(std::string_view file);

// What a hub said in an answer that is no success, as one line: its text without markup, cut to a
// sensible length; empty where it said nothing.
std::string HubSentence(std::string_view content_type, std::string_view body);

}  // namespace websub::cli
