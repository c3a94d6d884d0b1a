// `websub publish --curl`: the requests as curl commands, for people to read and to send by hand.
#pragma once

#include <string>
#include <vector>

#include "cli/commands/publish.h"
#include "cli/commands/publish_targets.h"

namespace websub::cli {

// What --curl can say of the content: its bytes where websub itself makes them (from a template, a
// recording, or in JSON), else the file, which curl reads.
enum class CurlContent { kBytes, kFile };
CurlContent ContentForCurl(const PublishOptions& options);

// Prints the command for each request: the discovery of a topic where no hub is given, then each
// POST. Fields of --header, passwords and the API token are variables. kInvalid where the requests
// cannot be known without asking the hub.
Result<void> PrintPublishCurl(Output& output, const PublishOptions& options,
                              const std::vector<std::string>& hubs,
                              const std::vector<Publication>& publications);

}  // namespace websub::cli
