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
  // Several publishes.
  bool templated = false;             // the content has places that are filled in
  std::optional<long long> count;     // so many; with --host: the run ends after so many
  std::optional<Duration> every;      // the pause between two
  std::optional<std::string> replay;  // a recording, a file or "-"
  // A topic of its own.
  std::optional<std::string> host;  // a file, or a folder whose files are topics
  std::string listen = "127.0.0.1:0";
  std::string public_url;
  std::string ready_file;
  bool curl = false;     // only print the requests, as curl commands
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
