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

namespace {

using Given = std::vector<std::pair<bool, std::string_view>>;

// Refuses the first of the flags that is given: it does not go with `flag`, because of `why`.
Result<void> GoesWithout(const std::string& flag, const std::string& why, const Given& others) {
  for (const auto& [given, name] : others) {
    if (!given) continue;
    return Fail(ErrorCode::kInvalid,
                flag + " " + why + ": it does not go with " + std::string(name));
  }
  return {};
}

Result<void> CheckActs(const PublishOptions& options) {
  const auto act = ActOf(options);
  if (act == PublishAct::kPublish) return {};
  const std::string flag = "--" + std::string(Name(act));
  if (auto good = GoesWithout(flag, "publishes nothing",
                              {{options.content.has_value(), "--content"},
                               {options.wait_delivered.has_value(), "--wait-delivered"},
                               {options.replay.has_value(), "--replay"},
                               {options.host.has_value(), "--host"},
                               {options.count.has_value(), "--count"},
                               {options.every.has_value(), "--every"}});
      !good) {
    return good;
  }
  if (options.body_style == "echostream") {
    return Fail(ErrorCode::kInvalid, flag + " is unknown to EchoStream");
  }
  return {};
}

Result<void> CheckHost(const PublishOptions& options) {
  if (!options.host) return {};
  if (!options.topics.empty()) {
    return Fail(ErrorCode::kInvalid,
                "--host makes the topic itself: leave " + options.topics.front() + " out");
  }
  return GoesWithout("--host", "publishes what the file holds",
                     {{options.content.has_value(), "--content"},
                      {options.replay.has_value(), "--replay"},
                      {options.every.has_value(), "--every"},
                      {options.wait_delivered.has_value(), "--wait-delivered"},
                      {options.curl, "--curl"}});
}

Result<void> CheckCurl(const PublishOptions& options) {
  if (!options.curl) return {};
  return GoesWithout(
      "--curl", "prints each request once",
      {{options.count.has_value(), "--count"}, {options.every.has_value(), "--every"}});
}

}  // namespace

Result<void> CheckOptions(const PublishOptions& options) {
  for (const auto& check : {CheckActs, CheckHost, CheckCurl}) {
    if (auto good = check(options); !good) return good;
  }
  if (options.topics.empty() && !options.host && !options.replay) {
    return Fail(ErrorCode::kInvalid, "a topic is missing");
  }
  if (options.replay && options.content) {
    return Fail(ErrorCode::kInvalid, "--replay has its own content: leave --content out");
  }
  if (options.templated && !options.content) {
    return Fail(ErrorCode::kInvalid, "--template belongs to --content");
  }
  if (options.type.empty()) return {};
  if (options.replay) {
    return Fail(ErrorCode::kInvalid, "--replay publishes with the recorded type: leave --type out");
  }
  if (!options.content && !options.host) {
    return Fail(ErrorCode::kInvalid, "--type belongs to --content and --host");
  }
  if (const auto good = CheckMediaType(options.type); !good) {
    return Fail(ErrorCode::kInvalid, "--type: " + good.error().message);
  }
  return {};
}

std::string_view TypeOfFile(std::string_view file) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kTypes = {{
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
      {".jpeg", "image/jpeg"},
      {".gif", "image/gif"},
      {".webp", "image/webp"},
      {".xhtml", "application/xhtml+xml"},
      {".rdf", "application/rdf+xml"},
      {".css", "text/css"},
      {".js", "text/javascript"},
      {".yaml", "application/yaml"},
      {".yml", "application/yaml"},
      {".pdf", "application/pdf"},
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
      .examples = {"websub publish :3000/feed --hub :4820/hub --content feed.xml",
                   "websub publish --host feed.xml --hub :4820/hub --listen :3000"},
  };
}

namespace {

void DefineHost(FlagSet& flags, PublishOptions& options) {
  flags.Text("--host FILE", options.host, "serve a file, or a folder, and publish its changes");
  flags.Text("--listen ADDR:PORT", options.listen, "where --host serves it (default: a free port)",
             Shown::kBrief);
  flags.Text("--public-url URL", options.public_url,
             "of --host: how others reach it, behind a tunnel or proxy", Shown::kBrief);
  flags.Text("--ready-file FILE", options.ready_file,
             "of --host: the topic's URL is written there once it answers", Shown::kBrief);
}

void DefineRounds(FlagSet& flags, PublishOptions& options) {
  flags.Number("--count N", options.count, 1, 1'000'000'000,
               "publish so many times; with --host: end after so many");
  flags.Span("--every D", options.every, "pause so long between two publishes", Shown::kBrief);
  flags.Switch("--template", options.templated,
               "fill in {{n}}, {{now}}, {{random N}} in --content");
  flags.Text("--replay FILE", options.replay, "publish what `subscribe --record` wrote");
}

}  // namespace

void Define(FlagSet& flags, PublishOptions& options) {
  flags.Texts("--hub URL", options.hubs,
              "repeatable (default: $WEBSUB_HUB_URL, else by discovery)");
  flags.Text("--content FILE", options.content, "send this content, - is standard input");
  flags.Text("--type MIME", options.type, "its media type (default: by the name of FILE)");
  DefineHost(flags, options);
  DefineRounds(flags, options);
  flags.Choice("--param NAME", options.parameter, {"both", "hub.url", "hub.topic"},
               "how a ping names the topic: hub.url, hub.topic or both", Shown::kBrief);
  flags.Switch("--register", options.register_, "announce the topic to the hub (--deregister)");
  flags.Switch("--deregister", options.deregister, "withdraw the topic", Shown::kBrief);
  flags.Exclusive({"--register", "--deregister"});
  flags.Choice("--body-style STYLE", options.body_style, {"ping", "ballerina", "echostream"},
               "how hubs of others want it: ping, ballerina, echostream");
  flags.Number("--wait-delivered N", options.wait_delivered, 1, 1'000'000'000,
               "wait until N subscribers have it (websub's own hub)");
  flags.Span("--timeout D", options.timeout, "give up after this time (waiting: 30s)");
  flags.Switch("--curl", options.curl, "print the requests as curl commands, send nothing",
               Shown::kBrief);
  AddHeaderFlag(flags, options.headers);
  AddApiTokenFlags(flags, options.api_token, "of the hub's API, for --wait-delivered");
  AddTlsFlags(flags, options.tls);
  AddOutputFlags(flags, options.output);
  flags.Arguments("a topic", options.topics, 0, 1000);
  flags.Complete({.kind = ArgumentFacts::Kind::kTopic});
}

}  // namespace websub::cli
