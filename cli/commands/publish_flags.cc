// What `websub publish` accepts.
#include <array>

#include "cli/commands/publish.h"
#include "core/form.h"
#include "core/publish_request.h"
#include "core/text.h"

namespace websub::cli {

PublishAct ActOf(const PublishOptions& options) {
  if (options.deregister) return PublishAct::kDeregister;
  return options.register_ ? PublishAct::kRegister : PublishAct::kPublish;
}

Result<void> CheckOptions(const PublishOptions& options) {
  if (!options.type.empty() && !options.content) {
    return Fail(ErrorCode::kInvalid, "--type belongs to --content");
  }
  if (!options.type.empty()) {
    if (const auto good = CheckMediaType(options.type); !good) {
      return Fail(ErrorCode::kInvalid, "--type: " + good.error().message);
    }
  }
  const auto act = ActOf(options);
  if (act == PublishAct::kPublish) return {};
  const std::string flag = "--" + std::string(Name(act));
  if (options.content || options.wait_delivered) {
    return Fail(ErrorCode::kInvalid, flag + " publishes nothing: it does not go with " +
                                         (options.content ? "--content" : "--wait-delivered"));
  }
  if (options.body_style == "echostream") {
    return Fail(ErrorCode::kInvalid, flag + " is unknown to EchoStream");
  }
  return {};
}

std::string_view TypeOfFile(std::string_view file) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kTypes = {{
      {".atom", "application/atom+xml"},
      {".rss", "application/rss+xml"},
      {".xml", "application/xml"},
      {".json", "application/json"},
      {".jsonld", "application/ld+json"},
      {".html", "text/html"},
      {".htm", "text/html"},
      {".txt", "text/plain"},
      {".md", "text/markdown"},
      {".csv", "text/csv"},
      {".ics", "text/calendar"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
  }};
  const std::string name = ToLower(file);
  for (const auto& [ending, type] : kTypes) {
    if (name.size() > ending.size() && name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

CommandHelp HelpOf(const PublishOptions&) {
  return {
      .name = std::string(kPublish),
      .usage = "TOPIC… [flags]",
      .summary =
          "Tell hubs that a topic has new content: they fetch it (a ping) or get it\n"
          "at once (--content). Exit status 5: a hub refused; 8: the topic names no hub.",
      .examples = {"websub publish https://example.com/feed",
                   "websub publish :3000/feed --hub :4820/hub --content feed.xml"},
  };
}

void Define(FlagSet& flags, PublishOptions& options) {
  flags.Texts("--hub URL", options.hubs,
              "repeatable (default: $WEBSUB_HUB_URL, else by discovery)");
  flags.Text("--content FILE", options.content, "send this content, - is standard input");
  flags.Text("--type MIME", options.type, "its media type (default: by the name of FILE)");
  flags.Choice("--param NAME", options.parameter, {"both", "hub.url", "hub.topic"},
               "how a ping names the topic: hub.url, hub.topic or both");
  flags.Switch("--register", options.register_,
               "announce the topic to the hub, which then knows it");
  flags.Switch("--deregister", options.deregister, "withdraw it");
  flags.Exclusive({"--register", "--deregister"});
  flags.Choice("--body-style STYLE", options.body_style, {"ping", "ballerina", "echostream"},
               "how hubs of others want it: ping, ballerina, echostream");
  flags.Number("--wait-delivered N", options.wait_delivered, 1, 1'000'000'000,
               "wait until N subscribers have it (websub's own hub)");
  flags.Span("--timeout D", options.timeout, "give up after this time (waiting: 30s)");
  AddHeaderFlag(flags, options.headers);
  AddApiTokenFlags(flags, options.api_token, "of the hub's API, for --wait-delivered");
  AddTlsFlags(flags, options.tls);
  AddOutputFlags(flags, options.output);
  flags.Arguments("a topic", options.topics, 1, 1000);
  flags.Complete({.kind = ArgumentFacts::Kind::kTopic});
}

}  // namespace websub::cli
