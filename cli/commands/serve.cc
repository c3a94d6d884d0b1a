#include "cli/commands/serve.h"

#include <csignal>
#include <filesystem>
#include <system_error>

#include "cli/background_writer.h"
#include "cli/child.h"
#include "cli/client_options.h"
#include "cli/commands/serve_access.h"
#include "cli/commands/serve_hooks.h"
#include "cli/commands/serve_limits.h"
#include "cli/commands/serve_log.h"
#include "cli/commands/serve_rules.h"
#include "cli/commands/serve_secrets.h"
#include "cli/files.h"
#include "cli/system.h"
#include "cli/text.h"
#include "core/address.h"
#include "core/text.h"
#include "hub/api/views.h"
#include "hub/http/loop.h"

namespace websub::cli {
namespace {

constexpr std::string_view kName = "serve";
constexpr Duration kGrace = std::chrono::seconds(5);

std::string DefaultDatabase(const Environment& environment) {
  if (const auto data = Variable(environment, "XDG_DATA_HOME")) return *data + "/websub/hub.db";
  return Variable(environment, "HOME").value_or(".") + "/.local/share/websub/hub.db";
}

Result<void> ReadSecurity(const std::string& text, hub::SubscriptionSecurity& security) {
  security = {};
  if (text == "both") {  // as EchoStream says it
    security = {.https = true, .secret = true};
    return {};
  }
  std::size_t at = 0;
  while (at <= text.size()) {
    const auto end = std::min(text.find(',', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (word == "https") {
      security.https = true;
    } else if (word == "secret") {
      security.secret = true;
    } else if (word != "none" || text != "none") {
      return Fail(ErrorCode::kInvalid, "use none, https, secret, or both: https,secret");
    }
    at = end + 1;
  }
  return {};
}

Result<void> ReadAllowPrivate(const std::string& text, hub::AllowPrivate& allow) {
  if (text == "auto") {
    allow = hub::AllowPrivate::kAuto;
  } else if (text == "always") {
    allow = hub::AllowPrivate::kAlways;
  } else if (text == "never") {
    allow = hub::AllowPrivate::kNever;
  } else {
    return Fail(ErrorCode::kInvalid, "use auto, always or never");
  }
  return {};
}

Result<std::vector<AllowedHost>> ReadAllowed(const std::string& flag,
                                             const std::vector<std::string>& texts) {
  std::vector<AllowedHost> allowed;
  for (const std::string& text : texts) {
    auto host = AllowedHost::Parse(text);
    if (!host) return Fail(ErrorCode::kInvalid, flag + ": " + host.error().message);
    allowed.push_back(std::move(*host));
  }
  return allowed;
}

void LeaseFlag(FlagSet& flags, const std::string& name, std::chrono::seconds& target,
               const std::string& help, Shown shown) {
  constexpr long long kLongest = 10LL * 366 * 86400;
  flags.Value(
      name + " N",
      [&target](const std::string& text) {
        return ParseNumber(text, 1, kLongest).map([&target](long long number) {
          target = std::chrono::seconds(number);
        });
      },
      help, shown);
}

// The hub's own streams: it never waits for who reads them. Standard output is the command's where
// there is one; what the hub says goes beside it.
class Streams {
 public:
  Streams(const Environment& environment, const ServeOptions& options)
      : writer_(environment.err),
        beside_(!options.command.empty()),
        out_(writer_.StreamTo(beside_ ? environment.err : environment.out)),
        err_(writer_.StreamTo(environment.err)) {}

  Environment Of(const Environment& environment) const {
    Terminal terminal = environment.terminal;
    if (beside_) terminal.out = terminal.err;
    return {environment.args,  environment.getenv, environment.in,     *out_, *err_, terminal,
            environment.clock, environment.random, environment.signals};
  }

  // What was said stands before what comes next, if its reader is there.
  void Drain() { writer_.Drain(std::chrono::seconds(1)); }

 private:
  BackgroundWriter writer_;
  bool beside_;
  std::unique_ptr<std::ostream> out_;
  std::unique_ptr<std::ostream> err_;
};

// What the run of a hub shares with its callbacks.
class Serving {
 public:
  Serving(Environment& environment, const ServeOptions& options)
      : streams_(environment, options),
        environment_(streams_.Of(environment)),
        options_(options),
        output_(environment_, options.output) {}

  ExitStatus Run(hub::HubOptions hub_options) {
    auto access = ReadAccess(options_, output_);
    if (!access) return output_.Fail(access.error());
    hub_options.access = std::move(*access);
    if (auto keys = ReadSecretKeys(environment_, options_, output_, hub_options); !keys) {
      return output_.Fail(keys.error());
    }
    const std::string warning = WarnOfOpenHub(options_, hub_options);
    auto started =
        hub::Hub::Start(loop_, environment_.clock, environment_.random, std::move(hub_options));
    if (!started) return output_.Fail(started.error());
    hub_ = std::move(*started);
    if (!warning.empty()) output_.Diagnose(warning);
    if (!output_.quiet() || output_.json()) {
      hub_->on_exchange = [this](const Exchange& exchange) { log_.Print(exchange); };
    }
    hub_->on_notice = [this](const std::string& sentence, const std::string& peer) {
      output_.Note(sentence + (peer.empty() ? "" : " (" + peer + ")"));
    };
    const auto watch = environment_.signals.OnSignal(
        [this](int signal) { loop_.Post([this, signal] { OnSignal(signal); }); });
    loop_.OnSignals({SIGHUP}, [this](int) { OnHangUp(); });
    hub_->on_ready = [this] { BeReady(); };
    loop_.Run();
    AwaitChild();
    hub_.reset();
    return status_;
  }

 private:
  void BeReady() {
    if (!options_.ready_file.empty()) {
      const auto written = WriteReadyFile(options_.ready_file, hub_->base_url() + "\n");
      if (!written) return Stop(output_.Fail(written.error()));
    }
    if (output_.json()) {
      output_.Event("ready", {{"url", hub_->base_url()}, {"hub", hub_->hub_url()}});
    } else if (options_.command.empty() || !output_.quiet()) {
      output_.Raw("Ready " + hub_->base_url() + "\n");
    }
    output_.Line({{"  hub     ", Style::kDim}, {hub_->hub_url()}});
    if (options_.demo) {
      output_.Line({{"  topics  ", Style::kDim},
                    {hub_->base_url() + "/topics/demo.atom"},
                    {" (.rss .json .html .txt), a tick every 10s", Style::kDim}});
    } else {
      output_.Line({{"  topics  ", Style::kDim},
                    {hub_->base_url() + "/topics/NAME"},
                    {" (PUT makes one)", Style::kDim}});
    }
    output_.Line({{"  access  ", Style::kDim}, {DescribeAccess(options_)}});
    environment_.out.flush();
    if (!options_.command.empty()) StartCommand();
  }

  void StartCommand() {
    streams_.Drain();
    auto child =
        Child::Start(options_.command, {"WEBSUB_HUB_URL=" + hub_->hub_url()}, [this](int status) {
          loop_.Post([this, status] { Stop(static_cast<ExitStatus>(status)); });
        });
    if (!child) return Stop(output_.Fail(child.error()));
    child_ = std::move(*child);
  }

  // The hub has ended; a command that ignores SIGTERM ends at the next signal.
  void AwaitChild() {
    if (!child_) return;
    const auto watch = environment_.signals.OnSignal([this](int) { child_->Kill(); });
    child_->Wait();
  }

  // The end of a terminal ends its hub, as it ends others; otherwise what can change while the hub
  // runs is read again.
  void OnHangUp() {
    if (TerminalIsGone(environment_.terminal)) return OnSignal(SIGHUP);
    if (!options_.auth.empty()) ReloadAccess();
    if (!options_.listen_tls.certificate.empty()) ReloadCertificate();
  }

  void ReloadAccess() {
    auto access = ReadAccess(options_, output_);
    if (access && *access) hub_->ReplaceAccess(std::move(**access));
    output_.Note(access ? "read " + options_.auth + " again"
                        : access.error().message + "; what it said before stays in force");
  }

  void ReloadCertificate() {
    const auto loaded = hub_->ReloadTls();
    output_.Note(loaded ? "read the TLS certificate again"
                        : loaded.error().message + "; the one before stays in use");
  }

  void OnSignal(int signal) {
    if (stopping_) {  // asked twice: at once
      if (child_) child_->Kill();
      return loop_.Stop();
    }
    if (child_) child_->Terminate();
    Stop(StatusOfSignal(signal));
  }

  void Stop(ExitStatus status) {
    if (std::exchange(stopping_, true)) return;
    status_ = status;
    hub_->Stop(kGrace, [this] { loop_.Stop(); });
  }

  Streams streams_;
  Environment environment_;
  const ServeOptions& options_;
  Output output_;
  hub::http::Loop loop_;
  ServeLog log_{environment_, output_, loop_};
  std::unique_ptr<hub::Hub> hub_;
  std::unique_ptr<Child> child_;
  bool stopping_ = false;
  ExitStatus status_ = ExitStatus::kDone;
};

}  // namespace

CommandHelp HelpOf(const ServeOptions&) {
  return {
      .name = std::string(kName),
      .usage = "[flags] [-- COMMAND…]",
      .summary = "Run a hub. With a COMMAND: run it with WEBSUB_HUB_URL set, and end with it.",
      .examples = {"websub serve --demo",
                   "websub serve --listen :0 --db :memory: -- ./integration-tests"},
  };
}

namespace {

void DefineAddresses(FlagSet& flags, ServeOptions& options) {
  hub::HubOptions& hub = options.hub;
  flags.Value(
      "--allow-private WHEN",
      [&hub](const std::string& text) { return ReadAllowPrivate(text, hub.allow_private); },
      "call private addresses: auto, always, never");
  flags.Words("--allow-private", {"auto", "always", "never"});
  flags.Texts("--allow-callback CIDR|HOST", options.allow_callback,
              "callbacks there, though they are private; may be repeated", Shown::kBrief);
  flags.Texts("--allow-topic CIDR|HOST", options.allow_topic,
              "topics there, though they are private; may be repeated", Shown::kBrief);
  flags.Value(
      "--allow-ports LIST",
      [&hub](const std::string& text) {
        return ParsePortList(text).map([&hub](PortList ports) { hub.allow_ports = ports; });
      },
      "of callbacks and topics: 80,443,8000-8999; default all but a few", Shown::kBrief);
  flags.Switch("--allow-credentials-in-urls", hub.allow_credentials,
               "take http://user:password@host/ and send them", Shown::kBrief);
}

}  // namespace

void Define(FlagSet& flags, ServeOptions& options) {
  hub::HubOptions& hub = options.hub;
  flags.Text("--listen ADDR:PORT", options.listen, "default 127.0.0.1:4820; port 0: a free one");
  flags.Text("--db FILE", options.db, "default ~/.local/share/websub/hub.db; :memory:");
  flags.Text("--public-url URL", hub.public_url, "what the hub calls itself, behind a proxy");
  flags.Text("--ready-file FILE", options.ready_file, "gets the hub's URL once it answers");
  flags.Switch("--demo", options.demo, "host topics that tick");
  LeaseFlag(flags, "--default-lease-seconds", hub.lease.by_default,
            "default 864000; also --min-, --max-lease-seconds", Shown::kLine);
  LeaseFlag(flags, "--min-lease-seconds", hub.lease.min,
            "a shorter lease is made as long as this: 1", Shown::kBrief);
  LeaseFlag(flags, "--max-lease-seconds", hub.lease.max, "a longer lease is cut to this: 864000",
            Shown::kBrief);
  flags.Value(
      "--delivery-retries N",
      [&hub](const std::string& text) -> Result<void> {
        if (text == "unlimited") {
          hub.retry.retries.reset();
          return {};
        }
        if (text.empty() || text.find_first_not_of("-0123456789") != std::string::npos) {
          return Fail(ErrorCode::kInvalid,
                      Quote(text) + " is neither a whole number nor unlimited");
        }
        return ParseNumber(text, 0, 1'000'000).map([&hub](long long number) {
          hub.retry.retries = static_cast<int>(number);
        });
      },
      "default 12; or unlimited");
  flags.Span("--retry-base D", hub.retry.base, "before the first retry, then doubled: 1s");
  flags.Span("--retry-max D", hub.retry.max, "the longest pause between two attempts: 1h",
             Shown::kBrief);
  flags.Span("--retry-for D", hub.retry.give_up_after, "give a message up after: 24h");
  DefineWait(flags, "--delivery-timeout", hub.delivery_timeout, "for one delivery: 10s");
  flags.Value(
      "--signature-algorithm NAME",
      [&hub](const std::string& text) -> Result<void> {
        const auto algorithm = ParseSignatureAlgorithm(text);
        if (!algorithm) return Fail(ErrorCode::kInvalid, "use sha1, sha256, sha384 or sha512");
        hub.signature_algorithm = *algorithm;
        return {};
      },
      "default sha256; sha1, sha384, sha512");
  flags.Words("--signature-algorithm", {"sha1", "sha256", "sha384", "sha512"});
  DefineCallbackRules(flags, hub.callback_rules);
  flags.Value(
      "--subscription-security WHAT",
      [&hub](const std::string& text) { return ReadSecurity(text, hub.security); },
      "none, https, secret, or both: https,secret");
  flags.Words("--subscription-security", {"none", "https", "secret", "https,secret"});
  DefineAddresses(flags, options);
  flags.Switch("--feed-diff", options.feed_diff, "deliver only the new entries of feeds",
               Shown::kBrief);
  AddListenTlsFlags(flags, options.listen_tls);
  DefineLimits(flags, hub);
  DefineRetention(flags, hub.retention);
  DefineAccess(flags, options);
  DefineHooks(flags, options);
  DefineSecretKeys(flags, options);
  AddTlsFlags(flags, options.tls);
  AddOutputFlags(flags, options.output);
  flags.Rest(options.command);
}

ExitStatus Run(Environment& environment, const ServeOptions& options) {
  hub::HubOptions hub = options.hub;
  const auto listen = ParseListenAddress(options.listen);
  if (!listen) return UsageError(environment, kName, "--listen: " + listen.error().message);
  hub.listen_address = listen->address;
  hub.listen_port = listen->port;
  hub.demo = options.demo ? hub::Demo::kOn : hub::Demo::kOff;
  hub.feed_diff = options.feed_diff ? FeedDiff::kOn : FeedDiff::kOff;
  hub.db = options.db ? *options.db : DefaultDatabase(environment);
  if (!hub.public_url.empty()) {
    const auto url = Url::Parse(hub.public_url);
    if (!url || url->has_fragment() || url->target().find('?') != std::string::npos) {
      return UsageError(environment, kName,
                        "--public-url: use an absolute http or https URL without query");
    }
  }
  if (auto fit = CheckLimits(hub); !fit) return UsageError(environment, kName, fit.error().message);
  if (options.hook_authorization) hub.hooks.authorization = hub::Authorization::kTold;
  auto callbacks = ReadAllowed("--allow-callback", options.allow_callback);
  if (!callbacks) return UsageError(environment, kName, callbacks.error().message);
  auto topics = ReadAllowed("--allow-topic", options.allow_topic);
  if (!topics) return UsageError(environment, kName, topics.error().message);
  hub.allow_callback = std::move(*callbacks);
  hub.allow_topic = std::move(*topics);
  auto token = ReadApiToken(environment, options.api_token);
  if (!token) return UsageError(environment, kName, token.error().message);
  hub.api_token = *std::move(token);
  const auto tls = ListenTls(options.listen_tls);
  if (!tls) return UsageError(environment, kName, tls.error().message);
  hub.server.tls = *tls;
  hub.client = MakeClientOptions(environment, options.tls);
  return Serving(environment, options).Run(std::move(hub));
}

}  // namespace websub::cli
