// websub publish: tells hubs that a topic has new content, or hands it to them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/commands/publish_request.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "cli/shared_flags.h"

namespace websub::cli {

struct PublishOptions {
  std::vector<std::string> topics;
  std::vector<std::string> hubs;
  std::optional<std::string> content;  // a file or "-"; nothing: a ping
  std::string type;                    // of the content; empty: by the file's name
  std::string parameter = "both";
  std::string body_style = "ping";
  bool register_ = false;
  bool deregister = false;
  std::optional<int> wait_delivered;
  std::optional<Duration> timeout;
  HeaderFields headers;  // for hubs
  ApiTokenOptions api_token;
  TlsOptions tls;
  OutputOptions output;
};

inline constexpr std::string_view kPublish = "publish";  // the command's name

CommandHelp HelpOf(const PublishOptions&);
void Define(FlagSet& flags, PublishOptions& options);
ExitStatus Run(Environment& environment, const PublishOptions& options);

PublishAct ActOf(const PublishOptions& options);
// What only the options together can show to be wrong.
Result<void> CheckOptions(const PublishOptions& options);

// The media type that a file's name tells; application/octet-stream where it tells none.
std::string_view TypeOfFile(std::string_view file);

}  // namespace websub::cli
