#include "cli/commands/bench.h"

#include <chrono>

#include "cli/client_options.h"
#include "cli/commands/bench_report.h"
#include "cli/listen_address.h"
#include "cli/progress_line.h"
#include "cli/text.h"
#include "core/lease.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli {
namespace {

constexpr std::string_view kName = "bench";
constexpr std::size_t kMaxSize = 64 * 1024 * 1024;

bench::PublishKind KindOf(const std::string& word) {
  if (word == "content") return bench::PublishKind::kContent;
  return word == "ping" ? bench::PublishKind::kPing : bench::PublishKind::kAuto;
}

// The settings that a run takes, out of what was given. kInvalid says what does not fit.
Result<bench::RunSettings> SettingsOf(Environment& environment, const BenchOptions& options) {
  bench::RunSettings settings = options.run;
  std::string hub = options.hubs.empty() ? "" : options.hubs[0];
  if (hub.empty()) hub = Variable(environment, "WEBSUB_HUB_URL").value_or("");
  if (hub.empty()) {
    return Fail(ErrorCode::kInvalid,
                "name the hub, as in `websub bench http://localhost:4820/hub`");
  }
  settings.hub = ExpandShorthand(hub);
  if (const auto url = Url::Parse(settings.hub); !url) {
    return Fail(ErrorCode::kInvalid, Quote(settings.hub) + ": " + url.error().message);
  }
  const auto listen = ParseListenAddress(options.listen);
  if (!listen) return Fail(ErrorCode::kInvalid, "--listen: " + listen.error().message);
  settings.listen = *listen;
  if (settings.stalled > settings.subscribers) {
    return Fail(ErrorCode::kInvalid, "--stalled is over --subscribers");
  }
  if (settings.size < bench::kMaxMark || settings.size > kMaxSize) {
    return Fail(ErrorCode::kInvalid, "--size is from 64 bytes to 64MiB");
  }
  settings.publish = KindOf(options.publish);
  settings.secret = !options.no_secret;
  settings.client = MakeClientOptions(environment, options.tls);
  return settings;
}

Result<std::vector<bench::FailIf>> ChecksOf(const BenchOptions& options) {
  std::vector<bench::FailIf> checks;
  for (const std::string& text : options.checks) {
    auto check = bench::ParseFailIf(text);
    if (!check) return Fail(ErrorCode::kInvalid, "--fail-if: " + check.error().message);
    checks.push_back(*std::move(check));
  }
  return checks;
}

void Print(Output& output, Environment& environment, const bench::RunSettings& settings,
           const bench::RunNumbers& numbers) {
  const auto width =
      environment.terminal.out ? static_cast<std::size_t>(environment.terminal.width) : 0;
  Table table({{"what"}, {"value", Column::Kind::kNumber}, {"", Column::Kind::kText, 1}}, width);
  for (const Table::Line& line : table.Lay(BenchRows(settings, numbers))) output.Line(line);
}

std::vector<std::string> FailedChecks(const std::vector<bench::FailIf>& checks,
                                      const bench::RunResult& result) {
  std::vector<std::string> failed;
  if (!result.numbers || result.ended == bench::Ended::kSignal) return failed;
  const bench::Metrics metrics = MetricsOf(*result.numbers);
  for (const bench::FailIf& check : checks) {
    if (auto violation = bench::Violation(check, metrics)) failed.push_back(*std::move(violation));
  }
  return failed;
}

void DefineMore(FlagSet& flags, BenchOptions& options) {
  bench::RunSettings& run = options.run;
  AddHeaderFlag(flags, run.headers);
  flags.Switch("--mix-stalled", run.mix_stalled, "the stalled lie on the ports of the others",
               Shown::kBrief);
  flags.Switch("--no-secret", options.no_secret, "subscribe without a secret", Shown::kBrief);
  flags.Switch("--verify-signatures", run.verify_signatures, "check every signature",
               Shown::kBrief);
  flags.Value(
      "--lease D",
      [&run](const std::string& text) {
        return ParseDuration(text).map([&run](Duration lease) {
          run.lease = std::chrono::ceil<std::chrono::seconds>(std::min<Duration>(lease, kMaxLease));
        });
      },
      "to ask for: 1h", Shown::kBrief);
  flags.Span("--idle D", run.idle, "end where nothing comes for D: 10s", Shown::kBrief);
  flags.Span("--settle D", run.settle, "between subscribing and publishing: 500ms", Shown::kBrief);
  flags.Span("--linger D", run.linger, "wait for what comes twice: 500ms", Shown::kBrief);
  flags.Text("--listen ADDR:PORT", options.listen, "where subscribers listen", Shown::kBrief);
  flags.Text("--callback-url URL", run.callback_url,
             "what the hub is told: behind a tunnel or proxy", Shown::kBrief);
}

}  // namespace

CommandHelp HelpOf(const BenchOptions&) {
  return {
      .name = std::string(kName),
      .usage = "HUB [flags]",
      .summary = "Play publishers and subscribers against any hub; count and time what comes.",
      .examples = {"websub bench :4820/hub --subscribers 1000 --messages 200",
                   "websub bench :4820/hub --wait --fail-if 'p95>200ms' --fail-if 'lost>0'"},
  };
}

void Define(FlagSet& flags, BenchOptions& options) {
  bench::RunSettings& run = options.run;
  flags.Arguments("a hub", options.hubs, 0, 1);
  flags.Number("--subscribers N", run.subscribers, 0, 2'000'000, "default 100");
  flags.Number("--messages N", run.messages, 0, 10'000'000, "of each topic: 100");
  flags.Number("--topics N", run.topics, 1, 1'000'000, "each with its publisher: 1");
  flags.Size("--size SIZE", run.size, "of a message: 2KiB");
  flags.Number("--stalled N", run.stalled, 0, 2'000'000, "of the subscribers never answer");
  flags.Number("--connections N", run.connections, 1, 10'000, "calls to the hub at a time: 64");
  flags.Number("--origins N", run.origins, 1, 10'000, "ports that subscribers lie on: up to 64");
  flags.Switch("--wait", run.wait, "next message once all have the last");
  flags.Choice("--publish HOW", options.publish, {"content", "ping", "auto"},
               "content, ping or auto");
  flags.Texts("--fail-if CHECK", options.checks, "status 4 where it holds; repeatable");
  flags.Span("--timeout D", run.timeout, "of the whole run: 5m");
  flags.Switch("--keep", run.keep, "do not unsubscribe at the end");
  DefineMore(flags, options);
  AddTlsFlags(flags, options.tls);
  AddOutputFlags(flags, options.output);
}

ExitStatus Run(Environment& environment, const BenchOptions& options) {
  Output output(environment, options.output);
  const auto settings = SettingsOf(environment, options);
  if (!settings) return UsageError(environment, kName, settings.error().message);
  const auto checks = ChecksOf(options);
  if (!checks) return UsageError(environment, kName, checks.error().message);
  bench::RunResult result;
  {
    ProgressLine progress(environment, options.output);
    result = bench::RunBench(environment, *settings,
                             [&](const std::string& line) { progress.Show(line); });
  }
  if (result.status == ExitStatus::kUsage) {
    return UsageError(environment, kName, result.sentences[0]);
  }
  const std::vector<std::string> failed = FailedChecks(*checks, result);
  if (!failed.empty()) result.status = ExitStatus::kCheckFailed;
  output.Event("bench", BenchJson(*settings, result, failed));
  if (result.numbers) Print(output, environment, *settings, *result.numbers);
  for (const std::string& sentence : result.sentences) output.Diagnose(sentence);
  for (const std::string& sentence : failed) output.Diagnose("failed: " + sentence);
  if (result.numbers && result.numbers->left_behind > 0) {
    output.Note(Plural(result.numbers->left_behind, "subscription") +
                " stay at the hub, for at most " + FormatDuration(settings->lease));
  }
  return result.status;
}

}  // namespace websub::cli
