// websub serve: runs the hub.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/listen_address.h"
#include "cli/output.h"
#include "cli/shared_flags.h"
#include "hub/hub.h"

namespace websub::cli {

struct ServeOptions {
  std::string listen = "127.0.0.1:4820";
  std::optional<std::string> db;
  std::string ready_file;
  bool demo = false;
  bool feed_diff = false;
  std::vector<std::string> allow_callback;
  std::vector<std::string> allow_topic;
  hub::HubOptions hub;  // what the flags below set; Run adds the rest
  bool hook_authorization = false;
  std::string auth;  // a file; empty: none
  ApiTokenOptions api_token;
  std::string secret_key_file;      // as auth
  std::string old_secret_key_file;  // the same
  TlsOptions tls;
  ListenTlsOptions listen_tls;
  std::vector<std::string> command;  // run with WEBSUB_HUB_URL set; its end is the hub's
  OutputOptions output;
};

CommandHelp HelpOf(const ServeOptions&);
void Define(FlagSet& flags, ServeOptions& options);
ExitStatus Run(Environment& environment, const ServeOptions& options);

}  // namespace websub::cli
