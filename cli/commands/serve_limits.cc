#include "cli/commands/serve_limits.h"

namespace websub::cli {
namespace {

constexpr std::size_t kLeastHead = 1024;

void RateFlag(FlagSet& flags, const std::string& name, std::optional<hub::Rate>& target,
              const std::string& help) {
  flags.Value(
      name + " RATE",
      [&target](const std::string& text) {
        return hub::ParseRate(text).map([&target](hub::Rate rate) { target = rate; });
      },
      help, Shown::kBrief);
}

}  // namespace

void DefineWait(FlagSet& flags, const std::string& name, Duration& target,
                const std::string& help) {
  flags.Value(
      name + " D",
      [&target](const std::string& text) -> Result<void> {
        const auto wait = ParseDuration(text);
        if (!wait) return tl::unexpected(wait.error());
        if (*wait <= Duration::zero()) return Fail(ErrorCode::kInvalid, "use more than 0");
        target = *wait;
        return {};
      },
      help, Shown::kBrief, Written(target));
}

void DefineLimits(FlagSet& flags, hub::HubOptions& hub) {
  constexpr long long kMost = 1'000'000;
  hub::http::ServerOptions& server = hub.server;
  flags.Size("--max-body SIZE", hub.max_body, "of a request and of a topic: 10MiB", Shown::kBrief);
  flags.Size("--max-head SIZE", server.max_head, "of a request: 32KiB", Shown::kBrief);
  flags.Number("--max-connections N", server.max_connections, 1, kMost,
               "4096, at most half of the files that may be open", Shown::kBrief);
  flags.Number("--max-connections-per-address N", server.max_connections_per_address, 1, kMost,
               "a quarter of those", Shown::kBrief);
  RateFlag(flags, "--max-requests-per-address", hub.gate.per_address,
           "100/s, 600/m, 10000/h; beyond: 429 (default: no limit)");
  flags.Values(
      "--trusted-proxy CIDR",
      [&hub](const std::string& text) {
        return AddressRange::Parse(text).map(
            [&hub](AddressRange range) { hub.gate.trusted_proxies.push_back(range); });
      },
      "believe X-Forwarded-For of these peers; may be repeated", Shown::kBrief);
  DefineWait(flags, "--head-timeout", server.head_timeout, "for a whole head: 10s");
  DefineWait(flags, "--body-timeout", server.body_timeout, "for a body that stands still: 30s");
  DefineWait(flags, "--write-timeout", server.write_timeout, "for an answer that is not read: 30s");
  DefineWait(flags, "--idle-timeout", server.idle_timeout, "between two requests: 60s");
}

void DefineRetention(FlagSet& flags, hub::RetentionPolicy& keep) {
  constexpr long long kMost = 1'000'000'000'000;
  flags.Number("--keep-exchanges N", keep.exchanges, 1, kMost, "newest exchanges kept",
               Shown::kBrief);
  flags.Span("--keep-exchanges-for D", keep.exchanges_for, "how long an exchange is kept",
             Shown::kBrief);
  flags.Number("--keep-messages N", keep.messages, 1, kMost, "newest messages kept", Shown::kBrief);
  flags.Span("--keep-messages-for D", keep.messages_for, "how long a message is kept",
             Shown::kBrief);
  flags.Number("--keep-dead-letters N", keep.dead_letters, 1, kMost, "newest dead letters kept",
               Shown::kBrief);
  flags.Span("--keep-dead-letters-for D", keep.dead_letters_for, "how long a dead letter is kept",
             Shown::kBrief);
  flags.Span("--keep-ended-for D", keep.ended_for, "how long a subscription is kept after its end",
             Shown::kBrief);
}

Result<void> CheckLimits(const hub::HubOptions& hub) {
  const auto wrong = [](const char* sentence) { return Fail(ErrorCode::kInvalid, sentence); };
  if (hub.lease.min > hub.lease.max)
    return wrong("--min-lease-seconds is over --max-lease-seconds");
  // The built-in default gives way to the limits; one that was asked for contradicts them.
  if (hub.lease.by_default != LeasePolicy{}.by_default) {
    if (hub.lease.by_default < hub.lease.min) {
      return wrong("--default-lease-seconds is under --min-lease-seconds");
    }
    if (hub.lease.by_default > hub.lease.max) {
      return wrong("--default-lease-seconds is over --max-lease-seconds");
    }
  }
  if (hub.server.max_head < kLeastHead) return wrong("--max-head: use 1KiB or more");
  return {};
}

}  // namespace websub::cli
