#include "cli/commands/serve_hooks.h"

#include <utility>
#include <vector>

#include "core/text.h"
#include "core/url.h"

namespace websub::cli {

void DefineHooks(FlagSet& flags, ServeOptions& options) {
  hub::HookOptions& hooks = options.hub.hooks;
  flags.Value(
      "--hook URL",
      [&hooks](const std::string& text) {
        return Url::Parse(ExpandShorthand(text)).map([&hooks](const Url& url) {
          hooks.url = url.text();
        });
      },
      "ask this URL, by a POST of JSON, before anything happens", Shown::kBrief);
  flags.Value(
      "--hook-command CMD",
      [&hooks](const std::string& text) -> Result<void> {
        if (Trim(text).empty()) return Fail(ErrorCode::kInvalid, "it names no program");
        hooks.command = text;
        return {};
      },
      "ask this program, run by /bin/sh -c", Shown::kBrief);
  flags.Exclusive({"--hook", "--hook-command"});
  flags.Value(
      "--hook-events LIST",
      [&hooks](const std::string& text) {
        return hub::ParseHookEvents(text).map(
            [&hooks](std::vector<hub::HookEvent> events) { hooks.events = std::move(events); });
      },
      "ask about these only: subscription,update_message,…", Shown::kBrief);
  flags.Value(
      "--hook-timeout D",
      [&hooks](const std::string& text) -> Result<void> {
        const auto timeout = ParseDuration(text);
        if (!timeout) return tl::unexpected(timeout.error());
        if (*timeout <= Duration::zero()) return Fail(ErrorCode::kInvalid, "use more than 0");
        hooks.timeout = *timeout;
        return {};
      },
      "for the hook's answer; default 5s", Shown::kBrief);
  flags.Number("--hook-concurrency N", hooks.concurrency, 1, 1000,
               "questions to the hook at once; default 16", Shown::kBrief);
  flags.Switch("--hook-authorization", options.hook_authorization,
               "tell the hook the Authorization that a peer sent", Shown::kBrief);
}

}  // namespace websub::cli
