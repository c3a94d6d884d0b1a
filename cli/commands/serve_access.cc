#include "cli/commands/serve_access.h"

#include <utility>

#include "core/address.h"

namespace websub::cli {

void DefineAccess(FlagSet& flags, ServeOptions& options) {
  flags.Text("--auth FILE", options.auth, "who may do what: tokens, passwords, issuers of JWTs",
             Shown::kBrief);
  flags.Value(
      "--max-requests-per-identity RATE",
      [&options](const std::string& text) {
        return hub::ParseRate(text).map(
            [&options](hub::Rate rate) { options.hub.requests_per_identity = rate; });
      },
      "100/s, 600/m, 10000/h; beyond: 429 (default: no limit)", Shown::kBrief);
  flags.Switch("--require-registration", options.hub.require_registration,
               "take only topics that a publisher has registered", Shown::kBrief);
  flags.Switch("--force-deregister", options.hub.force_deregister,
               "deregister topics with subscriptions too: they are denied", Shown::kBrief);
  flags.Number("--max-subscriptions-per-host N", options.hub.most_on_host, 1, 1'000'000'000,
               "whose callbacks lie on one host; beyond: 429 (default: no limit)", Shown::kBrief);
  AddApiTokenFlags(flags, options.api_token,
                   "who has it may use /api/v1 (default: whoever is on this machine)");
}

Result<std::optional<hub::Policy>> ReadAccess(const ServeOptions& options, Output& output) {
  if (options.auth.empty()) return std::nullopt;
  auto read = hub::ReadPolicyFile(options.auth);
  if (!read) return tl::unexpected(Error{ErrorCode::kInvalid, "--auth " + read.error().message});
  if (!read->warning.empty()) output.Diagnose(read->warning);
  return std::move(read->policy);
}

std::string DescribeAccess(const ServeOptions& options) {
  const bool hook = !options.hub.hooks.url.empty() || !options.hub.hooks.command.empty();
  if (!options.auth.empty()) return "by " + options.auth + (hook ? ", then the hook" : "");
  return hook ? "what the hook allows" : "open to whoever reaches it (--auth FILE)";
}

std::string WarnOfOpenHub(const ServeOptions& options, const hub::HubOptions& hub) {
  const bool on_loopback = ClassifyAddress(hub.listen_address) == AddressClass::kLoopback ||
                           hub.listen_address == "localhost";
  const bool hook = !hub.hooks.url.empty() || !hub.hooks.command.empty();
  if (on_loopback || hook || !options.auth.empty()) return {};
  return "WARNING: everybody who reaches " + hub.listen_address +
         " may subscribe and publish here; say who may by --auth FILE";
}

}  // namespace websub::cli
