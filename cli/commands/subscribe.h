// websub subscribe: subscribes to topics, prints what they deliver, renews, and unsubscribes.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands/subscribe_request.h"
#include "cli/listen_address.h"
#include "cli/output.h"
#include "cli/shared_flags.h"
#include "core/time.h"

namespace websub::cli {

struct SubscribeOptions {
  std::vector<std::string> topics;
  std::string hub;  // empty: discovery finds it
  ListenAddress listen;
  std::string callback_url;   // empty: the listener's own
  std::string callback_path;  // empty: a random one for each subscription
  std::optional<Duration> lease;
  HubExtras extras;
  SecretOptions secret;
  bool no_secret = false;
  std::optional<std::size_t> count;
  bool once = false;
  std::optional<Duration> timeout;
  std::optional<Duration> idle;
  bool exit_on_verified = false;
  bool keep = false;
  bool curl = false;  // print what would be sent
  std::vector<std::string> expect;
  // What is done with notifications beside printing them.
  std::string output_dir;
  std::string record;
  std::string forward_to;
  Duration forward_timeout = std::chrono::seconds(10);  // 0: without end
  std::string exec;
  Duration exec_timeout = std::chrono::minutes(1);  // 0: without end
  bool forward_all = false;  // also what must be discarded goes to the application or program
  // To play a bad subscriber: what deliveries are answered, what comes in place of the challenge,
  // and how long each answer takes.
  std::optional<int> reply_status;
  std::optional<std::string> reply_challenge;
  Duration reply_delay{0};
  Duration verify_timeout = std::chrono::seconds(30);
  std::optional<std::size_t> max_body;  // bytes
  TlsOptions tls;
  ListenTlsOptions listen_tls;
  OutputOptions output;
};

CommandHelp HelpOf(const SubscribeOptions&);
void Define(FlagSet& flags, SubscribeOptions& options);
ExitStatus Run(Environment& environment, const SubscribeOptions& options);

}  // namespace websub::cli
