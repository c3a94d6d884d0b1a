// websub bench: plays publishers and subscribers against any hub, and counts.
#pragma once

#include <string>
#include <vector>

#include "cli/bench/run.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/shared_flags.h"

namespace websub::cli {

struct BenchOptions {
  std::vector<std::string> hubs;  // one, or none: WEBSUB_HUB_URL
  std::string publish = "auto";
  std::string listen = "127.0.0.1:0";
  bool no_secret = false;
  std::vector<std::string> checks;  // of --fail-if
  bench::RunSettings run;
  TlsOptions tls;
  OutputOptions output;
};

CommandHelp HelpOf(const BenchOptions&);
void Define(FlagSet& flags, BenchOptions& options);
ExitStatus Run(Environment& environment, const BenchOptions& options);

}  // namespace websub::cli
