// websub inspect: what a hub keeps, from the running hub or from its file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "cli/shared_flags.h"
#include "core/time.h"

namespace websub::cli {

struct InspectOptions {
  std::vector<std::string> what;  // "subscriptions", or "show" and an id
  std::optional<std::string> hub;
  std::optional<std::string> db;
  // Filters, as the API takes them.
  std::optional<std::string> topic;
  std::optional<std::string> callback;
  std::optional<std::string> state;
  std::optional<std::string> kind;
  std::optional<std::string> status;
  std::optional<std::string> since;
  std::optional<std::string> until;
  std::optional<std::string> subscription;
  std::optional<std::string> message;
  std::optional<std::string> order;
  std::optional<std::size_t> limit;
  // Of watch.
  std::optional<std::int64_t> count;
  std::optional<Duration> timeout;
  std::optional<Duration> idle;
  std::optional<std::string> to;  // of resend
  // Of export.
  bool har = false;
  bool curl = false;
  bool raw = false;
  std::string part = "both";
  bool all = false;
  ApiTokenOptions api_token;
  TlsOptions tls;
  OutputOptions output;
};

CommandHelp HelpOf(const InspectOptions&);
void Define(FlagSet& flags, InspectOptions& options);
ExitStatus Run(Environment& environment, const InspectOptions& options);

}  // namespace websub::cli
