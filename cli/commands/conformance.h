// websub conformance: suites over docs/requirements.tsv against a hub, a subscriber or a publisher.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/conformance/suite.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "cli/shared_flags.h"

namespace websub::cli {

struct ConformanceOptions {
  std::vector<std::string> words;  // a role, and the URL of what is tested
  conformance::Target target;
  conformance::Selection selection;
  std::string level = "may";
  std::vector<std::string> groups;  // names, several in one separated by commas
  std::string listen = "127.0.0.1:0";
  std::string public_base;
  HeaderFields headers;
  Duration patience = std::chrono::seconds(5);
  std::optional<Duration> silence;  // a twelfth of the patience
  std::optional<Duration> timeout;
  std::size_t jobs = 24;
  bool list = false;
  std::string expected_failures;            // a file; empty: none
  std::string junit, tap, json, html, w3c;  // files for reports; empty: none, "-": stdout
  bool github = false;
  TlsOptions tls;
  OutputOptions output;
};

CommandHelp HelpOf(const ConformanceOptions&);
void Define(FlagSet& flags, ConformanceOptions& options);
ExitStatus Run(Environment& environment, const ConformanceOptions& options);

}  // namespace websub::cli
