#include "cli/commands/conformance.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "cli/client_options.h"
#include "cli/conformance/expected_failures.h"
#include "cli/conformance/report.h"
#include "cli/conformance/role_flags.h"
#include "cli/files.h"
#include "cli/http_call.h"
#include "cli/progress_line.h"
#include "cli/suggest.h"
#include "cli/table.h"
#include "core/mask_urls.h"
#include "core/text.h"
#include "core/url.h"
#include "core/version.h"

namespace websub::cli {
namespace {

using conformance::Case;
using conformance::CaseResult;
using conformance::Report;

constexpr std::string_view kName = "conformance";
constexpr std::size_t kFenceDigits = 32;
constexpr int kSilentPart = 12;  // of the patience
const std::vector<std::string> kRoles = {"hub", "subscriber", "publisher"};

// A report that goes to a file.
struct Destination {
  std::string flag;
  std::string file;
  std::string (*write)(const Report&);
};

std::vector<Destination> DestinationsOf(const ConformanceOptions& options) {
  std::vector<Destination> all = {
      {"--report-junit", options.junit, conformance::ReportJunit},
      {"--report-tap", options.tap, conformance::ReportTap},
      {"--report-json", options.json,
       [](const Report& report) {
         // A sentence may quote bytes of a peer's that are no UTF-8.
         return conformance::ReportJson(report).dump(2, ' ', false,
                                                     Json::error_handler_t::replace) +
                "\n";
       }},
      {"--report-html", options.html, conformance::ReportHtml},
      {"--report-w3c", options.w3c, conformance::ReportW3c},
  };
  std::erase_if(all, [](const Destination& each) { return each.file.empty(); });
  return all;
}

// What a run is made of, out of what was given.
struct Plan {
  std::string role;
  conformance::Target target;
  std::vector<Case> cases;
  conformance::StageSettings stage;
  conformance::ExpectedFailures expected;
  std::vector<Destination> destinations;
};

Result<void> ReadTarget(Plan& plan, const ConformanceOptions& options) {
  plan.role = options.words.empty() ? "" : options.words[0];
  if (std::find(kRoles.begin(), kRoles.end(), plan.role) == kRoles.end()) {
    const auto nearest = Nearest(plan.role, kRoles);
    return Fail(ErrorCode::kInvalid,
                plan.role.empty() ? "say what to test: hub URL, subscriber or publisher URL"
                                  : "unknown role " + Quote(plan.role) +
                                        (nearest ? ": did you mean " + *nearest + "?"
                                                 : "; it is one of hub, subscriber, publisher"));
  }
  plan.target = options.target;
  const bool has_url = options.words.size() > 1;
  if (plan.role == "subscriber") {
    if (has_url) return Fail(ErrorCode::kInvalid, "a subscriber has no URL: give --start-cmd");
    if (options.target.start_cmd.empty() == !options.target.interactive && !options.list) {
      return Fail(ErrorCode::kInvalid,
                  "give either --start-cmd 'app {topic}', which starts the subscriber, or "
                  "--interactive");
    }
    return {};
  }
  if (!has_url) {
    if (options.list) return {};
    return Fail(ErrorCode::kInvalid,
                plan.role == "hub"
                    ? "name the hub, as in `websub conformance hub http://localhost:4820/hub`"
                    : "name the topic, as in `websub conformance publisher "
                      "http://localhost:8080/feed.atom`");
  }
  plan.target.url = ExpandShorthand(options.words[1]);
  if (const auto url = Url::Parse(plan.target.url); !url) {
    return Fail(ErrorCode::kInvalid, Quote(plan.target.url) + ": " + url.error().message);
  }
  return {};
}

std::vector<std::string> NamesOf(const std::vector<Case>& cases) {
  std::vector<std::string> names;
  names.reserve(cases.size());
  for (const Case& one : cases) names.push_back(one.name);
  return names;
}

Result<void> CheckNamed(const std::string& flag, const std::vector<std::string>& texts,
                        const std::vector<Case>& cases) {
  for (const std::string& text : texts) {
    const auto names = [&](const Case& one) { return conformance::Names(text, one); };
    if (std::any_of(cases.begin(), cases.end(), names)) continue;
    const auto nearest = Nearest(text, NamesOf(cases));
    return Fail(ErrorCode::kInvalid,
                flag + ": no case is named " + Quote(text) +
                    (nearest ? "; did you mean " + *nearest + "?" : " (--list shows them)"));
  }
  return {};
}

Result<std::set<std::string>> GroupsOf(const ConformanceOptions& options) {
  std::set<std::string> known = {"all"};
  for (const Requirement& row : Requirements()) {
    if (row.level == Level::kBeyond) known.emplace(row.section);
  }
  std::set<std::string> groups;
  for (const std::string& text : options.groups) {
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = rest.find(',');
      const std::string name(Trim(rest.substr(0, end)));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (!known.contains(name)) {
        std::string names;
        for (const std::string& each : known) names += (names.empty() ? "" : ", ") + each;
        return Fail(ErrorCode::kInvalid, "--group: " + Quote(name) + " is none of " + names);
      }
      groups.insert(name);
    }
  }
  return groups;
}

Result<void> Choose(Plan& plan, Environment& environment, const ConformanceOptions& options) {
  std::vector<Case> all = plan.role == "hub" ? conformance::HubCases(plan.target)
                          : plan.role == "subscriber"
                              ? conformance::SubscriberCases(environment, plan.target)
                              : conformance::PublisherCases(environment, plan.target);
  conformance::Selection selection = options.selection;
  selection.level = ParseLevel(options.level).value_or(Level::kMay);
  auto groups = GroupsOf(options);
  if (!groups) return tl::unexpected(groups.error());
  selection.groups = *std::move(groups);
  if (auto named = CheckNamed("--only", selection.only, all); !named) return named;
  if (auto named = CheckNamed("--skip", selection.skip, all); !named) return named;
  if (!options.expected_failures.empty()) {
    const auto text = ReadInput(environment, options.expected_failures);
    if (!text) return Fail(text.error().code, "--expected-failures: " + text.error().message);
    auto expected = conformance::ExpectedFailures::Parse(options.expected_failures, *text, all);
    if (!expected) {
      return Fail(ErrorCode::kInvalid, "--expected-failures: " + expected.error().message);
    }
    plan.expected = *std::move(expected);
  }
  std::erase_if(all, [&](const Case& one) { return !conformance::Selects(selection, one); });
  if (all.empty()) return Fail(ErrorCode::kInvalid, "no case is left of what was chosen");
  plan.cases = std::move(all);
  return {};
}

Result<Plan> PlanOf(Environment& environment, const ConformanceOptions& options) {
  Plan plan;
  if (auto read = ReadTarget(plan, options); !read) return tl::unexpected(read.error());
  if (auto fit = conformance::CheckRoleFlags(environment, plan.role); !fit) {
    return tl::unexpected(fit.error());
  }
  if (auto chosen = Choose(plan, environment, options); !chosen) {
    return tl::unexpected(chosen.error());
  }
  const auto listen = ParseListenAddress(options.listen);
  if (!listen) return Fail(ErrorCode::kInvalid, "--listen: " + listen.error().message);
  plan.stage.listen = *listen;
  plan.stage.public_base = options.public_base;
  while (plan.stage.public_base.ends_with('/')) plan.stage.public_base.pop_back();
  if (!plan.stage.public_base.empty()) {
    if (const auto url = Url::Parse(plan.stage.public_base); !url) {
      return Fail(ErrorCode::kInvalid, "--public-base: " + url.error().message);
    }
  }
  plan.stage.client = MakeClientOptions(environment, options.tls);
  plan.stage.headers = options.headers;
  plan.stage.patience = options.patience;
  plan.stage.silence = options.silence.value_or(options.patience / kSilentPart);
  plan.destinations = DestinationsOf(options);
  return plan;
}

void List(Output& output, const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const Requirement& its = one.requirement();
    output.Event("case", {{"name", one.name},
                          {"id", its.id},
                          {"level", Name(its.level)},
                          {"section", its.section},
                          {"title", one.title},
                          {"aliases", conformance::Aliases(its)}});
    output.Line({{PadRight(std::string(Name(its.level)), 7), Style::kDim},
                 {one.name, Style::kStrong},
                 {"  " + one.title}});
  }
}

std::string Line(const conformance::Progress& progress) {
  std::string line = std::to_string(progress.done) + " of " + std::to_string(progress.all);
  if (progress.failed > 0) line += ", " + std::to_string(progress.failed) + " failed";
  for (const std::string& name : progress.running) line += "  " + name;
  return line;
}

// Ends the run at a signal, or when its time is over.
class Guard {
 public:
  Guard(Signals& signals, conformance::Stage& stage, std::optional<Duration> timeout)
      : stage_(stage), watch_(signals.OnSignal([this](int signal) {
          int none = 0;
          signal_.compare_exchange_strong(none, signal);
          stage_.Stop();
        })) {
    if (!timeout) return;
    clock_ = std::thread([this, wait = *timeout] {
      std::unique_lock lock(mutex_);
      if (ended_.wait_for(lock, wait, [this] { return done_; })) return;
      out_of_time_ = true;
      stage_.Stop();
    });
  }
  ~Guard() { End(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  void End() {
    {
      const std::scoped_lock lock(mutex_);
      done_ = true;
    }
    ended_.notify_all();
    if (clock_.joinable()) clock_.join();
  }
  int signal() const { return signal_; }
  bool out_of_time() const { return out_of_time_; }

 private:
  conformance::Stage& stage_;
  std::atomic<int> signal_{0};
  std::atomic<bool> out_of_time_{false};
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;  // guarded by mutex_
  std::thread clock_;
  std::unique_ptr<Signals::Watch> watch_;
};

// Whether what is tested answers at all: otherwise every case would say the same.
ExitStatus Reach(Environment& environment, Output& output, const ConformanceOptions& options,
                 const Plan& plan) {
  if (plan.role == "subscriber") return ExitStatus::kDone;
  const auto caller = HttpCaller::Make(environment, options.tls, std::nullopt);
  if (!caller) return output.Fail(caller.error());
  Call call;
  call.url = plan.target.url;
  call.hub_fields = options.headers;
  call.timeout = std::max<Duration>(options.patience, std::chrono::seconds(10));
  const CallResult result = (*caller)->Send(call);
  if (result.Answered()) return ExitStatus::kDone;
  output.Diagnose(Explain(call, result));
  return StatusOf(result);
}

// Opened before the run: nobody waits for a report that cannot be written.
Result<std::vector<std::ofstream>> OpenAll(const std::vector<Destination>& destinations) {
  std::vector<std::ofstream> files;
  for (const Destination& each : destinations) {
    std::ofstream& file = files.emplace_back();
    if (each.file == "-") continue;
    file.open(each.file, std::ios::binary);
    if (!file) return Fail(ErrorCode::kInvalid, each.flag + ": cannot write " + each.file);
  }
  return files;
}

ExitStatus Deliver(Environment& environment, Output& output, const ConformanceOptions& options,
                   const Plan& plan, const Report& report, std::vector<std::ofstream>& files) {
  ExitStatus status = ExitStatus::kDone;
  bool printed = false;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Destination& to = plan.destinations[i];
    const std::string text = to.write(report);
    if (to.file == "-") {
      output.Raw(text);
      printed = true;
    } else if (files[i] << text; !files[i].flush()) {
      output.Diagnose(to.flag + ": cannot write " + to.file);
      status = ExitStatus::kUsage;
    }
  }
  if (options.github) {
    output.Raw(conformance::GithubAnnotations(report));
    if (const auto file = Variable(environment, "GITHUB_STEP_SUMMARY")) {
      std::ofstream summary(*file, std::ios::binary | std::ios::app);
      summary << conformance::GithubSummary(report);
    }
  }
  output.Event("conformance", conformance::ReportJson(report));
  if (printed) return status;
  // What peers sent stands in the report: a workflow must take nothing of it for a command.
  const bool fenced = options.github && !output.json() && !output.quiet();
  const std::string fence = fenced ? environment.random.Hex(kFenceDigits) : "";
  if (fenced) output.Raw("::stop-commands::" + fence + "\n");
  conformance::PrintReport(output, report);
  if (fenced) output.Raw("::" + fence + "::\n");
  return status;
}

ExitStatus Conclude(const Report& report, const Guard& guard, Output& output,
                    const ConformanceOptions& options, ExitStatus written) {
  if (guard.signal() != 0) return StatusOfSignal(guard.signal());
  if (guard.out_of_time()) {
    output.Diagnose("--timeout " + FormatDuration(*options.timeout) + " ran out");
    return ExitStatus::kTimeout;
  }
  const auto broke = [](const CaseResult& one) { return one.internal_error; };
  if (std::any_of(report.cases.begin(), report.cases.end(), broke)) return ExitStatus::kInternal;
  if (conformance::Fails(report)) return ExitStatus::kCheckFailed;
  const auto untested = [](const CaseResult& one) {
    return one.outcome.verdict != conformance::Verdict::kPassed &&
           one.outcome.verdict != conformance::Verdict::kFailed;
  };
  if (!report.cases.empty() && std::all_of(report.cases.begin(), report.cases.end(), untested)) {
    output.Diagnose(
        "nothing was tested: every case was skipped or could not be observed, such as " +
        report.cases.front().name + ": " + report.cases.front().outcome.message);
    return ExitStatus::kCheckFailed;
  }
  return written;
}

void DefineMore(FlagSet& flags, ConformanceOptions& options) {
  flags.Switch("--interactive", options.target.interactive,
               "subscriber: print each topic and wait for somebody to subscribe", Shown::kBrief);
  flags.Switch("--observe-output", options.target.observe_output,
               "subscriber: its standard output is what it has taken", Shown::kBrief);
  flags.Text("--topic URL", options.target.topic, "hub: the topic, where it takes known ones only",
             Shown::kBrief);
  flags.Text("--denied-topic URL", options.target.denied_topic,
             "hub: a topic to which it gives nobody a subscription", Shown::kBrief);
  flags.Texts("--skip CASE", options.selection.skip, "but not these; repeatable", Shown::kBrief);
  flags.Span("--silence D", options.silence,
             "how long nothing must come before it counts as nothing", Shown::kBrief);
  flags.Span("--timeout D", options.timeout, "of the whole run", Shown::kBrief);
  flags.Number("--jobs N", options.jobs, 1, 256, "cases at a time: 24", Shown::kBrief);
  flags.Text("--listen ADDR:PORT", options.listen, "where the suite listens", Shown::kBrief);
  flags.Text("--public-base URL", options.public_base, "how peers reach --listen, as by a tunnel",
             Shown::kBrief);
  flags.Text("--report-tap FILE", options.tap, "TAP, version 14", Shown::kBrief);
  flags.Text("--report-w3c FILE", options.w3c, "the implementation report of the Recommendation",
             Shown::kBrief);
  flags.Switch("--github", options.github, "annotations and a step summary for a workflow",
               Shown::kBrief);
  AddHeaderFlag(flags, options.headers);
}

}  // namespace

CommandHelp HelpOf(const ConformanceOptions&) {
  return {
      .name = std::string(kName),
      .usage = "hub URL | subscriber | publisher URL [flags]",
      .summary = "Test an implementation against the Recommendation, offline, and say why.",
      .examples = {"websub conformance hub :4820/hub --report-junit hub.xml",
                   "websub conformance subscriber --start-cmd 'app {topic}'"},
  };
}

void Define(FlagSet& flags, ConformanceOptions& options) {
  flags.Arguments("a role and a URL", options.words, 0, 2);
  flags.Complete({.words = {"hub", "subscriber", "publisher"}});
  flags.Choice("--publish-style S", options.target.publish_style,
               {"hub.url", "hub.topic", "both", "ballerina"},
               "hub: hub.url, hub.topic, both, ballerina");
  flags.Text("--start-cmd CMD", options.target.start_cmd, "subscriber: what starts it");
  flags.Text("--observe-cmd CMD", options.target.observe_cmd, "prints what it has taken");
  flags.Text("--observe-url URL", options.target.observe_url, "shows what it has taken");
  flags.Exclusive({"--observe-cmd", "--observe-url"});
  flags.Text("--publish-cmd CMD", options.target.publish_cmd, "publisher: changes the topic");
  flags.Texts("--only CASE", options.selection.only, "HUB-VER, HUB-VER-03, rocks:hub:103");
  flags.Choice("--level LEVEL", options.level, {"must", "should", "may"}, "must, should or may");
  flags.Texts("--group NAME", options.groups, "beyond: retries,order,security or all");
  flags.Words("--group", {"retries", "order", "durability", "dialects", "security", "all"});
  flags.Span("--patience D", options.patience, "wait for what should come: 5s");
  flags.Switch("--list", options.list, "show the cases, run nothing");
  flags.Text("--expected-failures FILE", options.expected_failures, "known gaps, a case a line");
  flags.Text("--report-junit FILE", options.junit, "also -tap, -json, -html and -w3c");
  flags.Text("--report-json FILE", options.json, "one object, of the schema websub-conformance-1",
             Shown::kBrief);
  flags.Text("--report-html FILE", options.html, "one page, with who said what to whom",
             Shown::kBrief);
  DefineMore(flags, options);
  AddTlsFlags(flags, options.tls);
  AddOutputFlags(flags, options.output);
}

ExitStatus Run(Environment& environment, const ConformanceOptions& options) {
  Output output(environment, options.output);
  const auto plan = PlanOf(environment, options);
  if (!plan) return UsageError(environment, kName, plan.error().message);
  if (options.list) {
    List(output, plan->cases);
    return ExitStatus::kDone;
  }
  auto files = OpenAll(plan->destinations);
  if (!files) return UsageError(environment, kName, files.error().message);
  if (const auto status = Reach(environment, output, options, *plan); status != ExitStatus::kDone) {
    return status;
  }
  auto stage = conformance::Stage::Open(environment, plan->stage);
  if (!stage) return output.Fail(stage.error());

  Report report;
  report.role = plan->role;
  report.target = MaskUrls(plan->target.url.empty() ? plan->target.start_cmd : plan->target.url);
  report.version = kVersion;
  report.started_at = environment.clock.Now();
  Guard guard(environment.signals, **stage, options.timeout);
  {
    ProgressLine line(environment, options.output);
    report.cases = conformance::RunCases(
        **stage, plan->role, plan->cases, options.jobs,
        [&](const conformance::Progress& progress) { line.Show(Line(progress)); });
  }
  guard.End();
  report.took = environment.clock.Now() - report.started_at;
  report.unexpected_passes = plan->expected.Apply(report.cases);
  const ExitStatus written = Deliver(environment, output, options, *plan, report, *files);
  return Conclude(report, guard, output, options, written);
}

}  // namespace websub::cli
