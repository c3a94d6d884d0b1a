// websub discover: which hub and which topic a URL names, and why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "cli/shared_flags.h"
#include "cli/topic_discovery.h"

namespace websub::cli {

struct DiscoverOptions {
  std::vector<std::string> urls;  // exactly one
  std::optional<std::string> accept;
  std::optional<std::string> accept_language;
  std::string fail_on;  // "warning" or empty
  std::optional<Duration> timeout;
  bool curl = false;  // only print the requests, as curl commands
  HeaderFields headers;
  TlsOptions tls;
  OutputOptions output;
};

CommandHelp HelpOf(const DiscoverOptions&);
void Define(FlagSet& flags, DiscoverOptions& options);
ExitStatus Run(Environment& environment, const DiscoverOptions& options);

// What HEAD answered where GET had answered, compared.
struct HeadComparison {
  CallResult head;
  std::vector<std::string> differs;  // of "status", "link", "content-type"
  std::vector<Warning> warnings;
};

HeadComparison CompareHead(const CallResult& get, CallResult head);

}  // namespace websub::cli
