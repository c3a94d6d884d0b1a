#include "hub/hooks/make.h"

#include "core/text.h"
#include "core/url.h"
#include "hub/hooks/asker.h"

namespace websub::hub {

Result<std::vector<HookEvent>> ParseHookEvents(const std::string& list) {
  std::vector<HookEvent> events;
  for (std::size_t at = 0; at <= list.size();) {
    const auto end = std::min(list.find(',', at), list.size());
    const std::string name(Trim(std::string_view(list).substr(at, end - at)));
    const auto event = ParseHookEvent(name);
    if (!event) {
      return Fail(ErrorCode::kInvalid,
                  Quote(name) +
                      " is no event; use register_topic, deregister_topic, update_message, "
                      "subscription, unsubscription, or one of the last two with _validation or "
                      "_intent_verified behind it");
    }
    events.push_back(*event);
    at = end + 1;
  }
  return events;
}

Result<std::unique_ptr<Hooks>> MakeHooks(const HookOptions& options, Transport& transport,
                                         const Clock& clock, HookOutlets outlets) {
  std::unique_ptr<HookLine> line;
  if (!options.url.empty() && !options.command.empty()) {
    return Fail(ErrorCode::kInvalid, "a hook is a URL or a command, not both");
  }
  if (!options.url.empty()) {
    const auto url = Url::Parse(options.url);
    if (!url) return Fail(ErrorCode::kInvalid, "the hook's URL: " + url.error().message);
    line = MakeUrlLine(*url, options.authorization, transport);
  } else if (!options.command.empty()) {
    line = MakeCommandLine(options.command, options.authorization, outlets.post);
  } else {
    return nullptr;
  }
  return std::make_unique<Asker>(std::move(line), options, clock, std::move(outlets));
}

}  // namespace websub::hub
