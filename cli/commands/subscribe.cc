#include "cli/commands/subscribe.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/client_options.h"
#include "cli/commands/subscribe_curl.h"
#include "cli/commands/subscribe_report.h"
#include "cli/commands/subscribe_session.h"
#include "cli/given_flags.h"
#include "cli/http_call.h"
#include "cli/topic_discovery.h"
#include "core/lease.h"
#include "core/subscription_request.h"
#include "core/text.h"
#include "core/url.h"
#include "hub/http/client.h"
#include "hub/http/loop.h"

namespace websub::cli {
namespace {

constexpr std::string_view kName = "subscribe";

Result<void> CheckTopic(const std::string& topic) {
  const bool control = std::ranges::any_of(topic, [](char c) { return IsControl(c); });
  if (topic.empty() || topic.size() > kMaxTopic || control || !IsUtf8(topic)) {
    return Fail(ErrorCode::kInvalid, "the topic " + Quote(topic) +
                                         " must be 1 to 8192 bytes of UTF-8 without control "
                                         "characters");
  }
  return {};
}

// What a URL can be made of behind its host.
Result<std::string> ParseCallbackPath(const std::string& text) {
  const std::string path = text.starts_with('/') ? text : "/" + text;
  const auto url = Url::Parse("http://localhost" + path);
  if (!url || url->target() != path || path.find_first_of("?#") != std::string::npos ||
      path.size() > kMaxCallback / 4) {
    return Fail(ErrorCode::kInvalid, Quote(text) + " is no path of a URL, as /hook");
  }
  return path;
}

// What only the options together can show.
Result<void> CheckOptions(const SubscribeOptions& options) {
  for (const std::string& topic : options.topics) {
    if (auto good = CheckTopic(topic); !good) return good;
    if (options.hub.empty()) {
      const auto url = Url::Parse(ExpandShorthand(topic));
      if (!url) {
        return Fail(ErrorCode::kInvalid, "the topic " + Quote(topic) + ": " + url.error().message +
                                             "; a topic that is no URL needs --hub");
      }
    }
  }
  if (!options.hub.empty()) {
    const auto hub = Url::Parse(options.hub);
    if (!hub) return Fail(ErrorCode::kInvalid, "--hub: " + hub.error().message);
  }
  if (!options.callback_url.empty()) {
    const auto callback = Url::Parse(options.callback_url);
    if (!callback) return Fail(ErrorCode::kInvalid, "--callback-url: " + callback.error().message);
    if (options.callback_url.size() > kMaxCallback / 2) {
      return Fail(ErrorCode::kInvalid, "--callback-url: it is too long");
    }
  }
  if (!options.forward_to.empty()) {
    const auto to = Url::Parse(options.forward_to);
    if (!to) return Fail(ErrorCode::kInvalid, "--forward-to: " + to.error().message);
  }
  const bool handed_on = !options.forward_to.empty() || !options.exec.empty();
  if (handed_on && options.reply_status) {
    return Fail(ErrorCode::kInvalid,
                "give --reply-status, or --forward-to or --exec that decide what is answered");
  }
  if (options.forward_all && !handed_on) {
    return Fail(ErrorCode::kInvalid, "--forward-all needs --forward-to or --exec");
  }
  if (options.lease && (*options.lease < std::chrono::seconds(1) || *options.lease > kMaxLease)) {
    return Fail(ErrorCode::kInvalid, "--lease: it must be from 1s to 36525d");
  }
  const bool has_secret = options.secret.value || options.secret.file || options.secret.variable;
  if (options.no_secret && has_secret) {
    return Fail(ErrorCode::kInvalid, "give a secret or --no-secret, not both");
  }
  return ListenTls(options.listen_tls).map([](const auto&) {});
}

// A limit of what is not done.
Result<void> CheckLimitFlags(const Environment& environment, const SubscribeOptions& options) {
  const auto needs = [&](const std::string& used, std::string_view flag, const std::string& other) {
    const std::array flags = {flag};
    if (!used.empty() || !FirstGiven(environment, flags)) return Result<void>();
    return Result<void>(Fail(ErrorCode::kInvalid, std::string(flag) + " needs " + other));
  };
  if (auto good = needs(options.forward_to, "--forward-timeout", "--forward-to"); !good) {
    return good;
  }
  return needs(options.exec, "--exec-timeout", "--exec");
}

// The hub and the topic to ask it for; the status to end with where they cannot be found.
tl::expected<SubscribeTarget, ExitStatus> FindTarget(HttpCaller& caller, SubscribeReport& report,
                                                     const std::string& url) {
  const TopicLookup lookup = LookUpTopic(caller, url);
  for (const std::string& remark : Remarks(lookup)) report.Note("warning: " + remark);
  if (!lookup.Complete()) {
    report.Failure({.topic = url, .hub = "", .callback = ""}, Explain(lookup));
    return tl::unexpected(StatusOf(lookup));
  }
  report.Discovered(url, *lookup.discovery.self, lookup.discovery.hubs);
  return SubscribeTarget{*lookup.discovery.self, lookup.discovery.hubs};  // SUB-REQ-01
}

tl::expected<std::vector<SubscribeTarget>, ExitStatus> FindTargets(Environment& environment,
                                                                   const SubscribeOptions& options,
                                                                   Output& output,
                                                                   SubscribeReport& report) {
  std::vector<SubscribeTarget> targets;
  std::unique_ptr<HttpCaller> caller;
  for (const std::string& topic : options.topics) {
    const std::string url = ExpandShorthand(topic);
    if (!options.hub.empty()) {
      targets.push_back({url, {options.hub}});
      continue;
    }
    if (!caller) {
      auto made = HttpCaller::Make(environment, options.tls, options.timeout);
      if (!made) return tl::unexpected(output.Fail(made.error()));
      caller = *std::move(made);
    }
    auto target = FindTarget(*caller, report, url);
    if (!target) return tl::unexpected(target.error());
    targets.push_back(*std::move(target));
  }
  return targets;
}

// A URL, or its shorthand.
FlagSet::Reader UrlInto(std::string& target) {
  return [&target](const std::string& text) -> Result<void> {
    target = ExpandShorthand(text);
    return {};
  };
}

FlagSet::Reader NamedInto(std::string& target, const char* otherwise) {
  return [&target, otherwise](const std::string& text) -> Result<void> {
    if (Trim(text).empty()) return Fail(ErrorCode::kInvalid, otherwise);
    target = text;
    return {};
  };
}

void DefinePlaces(FlagSet& flags, SubscribeOptions& options) {
  flags.Value("--hub URL", UrlInto(options.hub), "ask this hub for TOPIC as given; no discovery");
  flags.Value(
      "--listen ADDR:PORT",
      [&options](const std::string& text) {
        return ParseListenAddress(text).map(
            [&options](ListenAddress listen) { options.listen = std::move(listen); });
      },
      "where the hub calls (default: 127.0.0.1:0)");
  flags.Value("--callback-url URL", UrlInto(options.callback_url),
              "what the hub is told: behind a tunnel or proxy");
  flags.Value(
      "--callback-path PATH",
      [&options](const std::string& text) {
        return ParseCallbackPath(text).map(
            [&options](std::string path) { options.callback_path = std::move(path); });
      },
      "the path of the callback; of several PATH/1, … (default: random)", Shown::kBrief);
}

void DefineEnd(FlagSet& flags, SubscribeOptions& options) {
  flags.Number("--count N", options.count, 1, 1'000'000'000,
               "end after N notifications (--once: after one)");
  flags.Switch("--once", options.once, "the same as --count 1", Shown::kBrief);
  flags.Exclusive({"--count", "--once"});
  flags.Span("--timeout D", options.timeout, "end after D, with status 124");
  flags.Span("--idle D", options.idle, "the same where nothing comes for D");
  flags.Switch("--exit-on-verified", options.exit_on_verified, "end once subscribed",
               Shown::kBrief);
  flags.Switch("--keep", options.keep, "do not unsubscribe at the end", Shown::kBrief);
  flags.Texts("--expect WHAT", options.expect,
              "body~REGEX, type=… or signature=valid; else status 4");
}

// What is done with notifications.
void DefineWorkbench(FlagSet& flags, SubscribeOptions& options) {
  flags.Value("--forward-to URL", UrlInto(options.forward_to),
              "POST each to this URL; its answer goes to the hub");
  flags.Value("--exec CMD", NamedInto(options.exec, "it names no program"),
              "run this for each: body on stdin, the rest in WEBSUB_*");
  flags.Exclusive({"--forward-to", "--exec"});
  flags.Value("--output-dir DIR", NamedInto(options.output_dir, "it names no folder"),
              "bodies as files");
  flags.Value("--record FILE", NamedInto(options.record, "it names no file"),
              "append each as a raw HTTP request", Shown::kBrief);
  flags.Span("--forward-timeout D", options.forward_timeout,
             "for the answer of --forward-to; 0: no limit", Shown::kBrief);
  flags.Span("--exec-timeout D", options.exec_timeout, "for the program of --exec; 0: no limit",
             Shown::kBrief);
  flags.Switch("--forward-all", options.forward_all,
               "hand on what must be discarded, too: a wrong signature, or none", Shown::kBrief);
  flags.Number("--reply-status N", options.reply_status, 200, 599,
               "answer notifications with this, as a bad subscriber", Shown::kBrief);
  flags.Text("--reply-challenge TEXT", options.reply_challenge,
             "answer the verification with this, as a bad subscriber", Shown::kBrief);
  flags.Span("--reply-delay D", options.reply_delay,
             "wait before each answer, as a slow subscriber", Shown::kBrief);
}

}  // namespace

CommandHelp HelpOf(const SubscribeOptions&) {
  return {
      .name = std::string(kName),
      .usage = "TOPIC… [flags]",
      .summary = "Subscribe, print what is delivered, renew, and unsubscribe at the end.",
      .examples = {"websub subscribe https://example.com/feed",
                   "websub subscribe :4820/topics/demo.atom --once --timeout 30s --json"},
  };
}

void Define(FlagSet& flags, SubscribeOptions& options) {
  DefinePlaces(flags, options);
  flags.Span("--lease D", options.lease, "how long to ask for (default: the hub decides)");
  AddSecretFlags(flags, options.secret);
  flags.Switch("--no-secret", options.no_secret, "no secret (default: a random one)");
  DefineEnd(flags, options);
  DefineWorkbench(flags, options);
  flags.Switch("--curl", options.curl, "print curl commands that do the same; send nothing",
               Shown::kBrief);
  flags.Span("--verify-timeout D", options.verify_timeout,
             "how long to wait for the verification; then status 7", Shown::kBrief);
  flags.Size("--max-body SIZE", options.max_body,
             "of a notification; beyond: 413 (default: 10MiB, to files 1GiB)", Shown::kBrief);
  AddHeaderFlag(flags, options.extras.fields);
  flags.Lines(
      "--hub-param NAME=VALUE",
      [&options](const std::string& text) {
        return ParseHubParam(text).map(
            [&options](FormField field) { options.extras.parameters.push_back(std::move(field)); });
      },
      "also tell the hub this, as hub.verify=sync; may be repeated", Shown::kBrief);
  AddListenTlsFlags(flags, options.listen_tls);
  AddTlsFlags(flags, options.tls);
  AddOutputFlags(flags, options.output);
  flags.Arguments("a topic", options.topics, 1, 1000);
  flags.Complete({.kind = ArgumentFacts::Kind::kTopic});
}

ExitStatus Run(Environment& environment, const SubscribeOptions& options) {
  const Time started = environment.clock.Now();
  Output output(environment, options.output);
  if (const auto good = CheckOptions(options); !good) {
    return UsageError(environment, kName, good.error().message);
  }
  if (const auto good = CheckLimitFlags(environment, options); !good) {
    return UsageError(environment, kName, good.error().message);
  }
  if (options.curl) {
    PrintSubscribeCurl(options, output);
    return ExitStatus::kDone;
  }
  const auto secret = ReadSecret(environment, options.secret);
  if (!secret) return UsageError(environment, kName, secret.error().message);
  std::vector<Expectation> expectations;
  for (const std::string& text : options.expect) {
    auto expectation = Expectation::Parse(text);
    if (!expectation) {
      return UsageError(environment, kName, "--expect: " + expectation.error().message);
    }
    expectations.push_back(*std::move(expectation));
  }
  SubscribeReport report(environment, output, options.topics.size());

  const auto targets = FindTargets(environment, options, output, report);
  if (!targets) return targets.error();

  hub::http::Loop loop;
  const auto client = hub::http::Client::Make(loop, MakeClientOptions(environment, options.tls));
  if (!client) return output.Fail(client.error());
  SubscribeSession session(environment, options, std::move(expectations), report, loop, **client,
                           started);
  if (const auto listening = session.Listen(); !listening) {
    return output.Fail(listening.error());
  }
  const auto status = session.Run(*targets, secret->value_or(""));
  return status ? *status : output.Fail(status.error());
}

}  // namespace websub::cli
