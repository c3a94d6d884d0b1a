#include "cli/commands/inspect.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "cli/commands/inspect_explain.h"
#include "cli/commands/inspect_export.h"
#include "cli/commands/inspect_format.h"
#include "cli/commands/inspect_request.h"
#include "cli/commands/inspect_resend.h"
#include "cli/commands/inspect_show.h"
#include "cli/commands/inspect_source.h"
#include "cli/commands/inspect_timeline.h"
#include "cli/commands/inspect_watch.h"
#include "cli/finding_output.h"
#include "cli/shared_flags.h"
#include "cli/table.h"
#include "core/findings.h"
#include "core/form.h"

namespace websub::cli {
namespace {

using namespace inspect;

constexpr std::string_view kName = "inspect";
constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMaxPage = 1000;

// What one run works with.
struct Session {
  Environment& environment;
  const InspectOptions& options;
  Output& output;
  Source& source;

  std::size_t Width() const {
    const Terminal& terminal = environment.terminal;
    return terminal.out ? static_cast<std::size_t>(std::max(terminal.width, 1)) : 0;
  }
};

// An answer that is no success, as the status to end with. A sentence about a parameter is one
// about the flag of the same name.
ExitStatus Refused(const Session& session, const SourceAnswer& answer) {
  const bool usage = answer.status == 400;
  session.output.Diagnose((usage ? "--" : "") + TextOf(answer.body, "error"));
  return usage ? ExitStatus::kUsage : ExitStatus::kHubRefused;
}

// The body of a success; otherwise the status to end with.
tl::expected<Json, ExitStatus> Ask(const Session& session, const std::string& path,
                                   const Form& query) {
  auto answer = session.source.Get(path, EncodeForm(query));
  if (!answer) {
    session.output.Diagnose(answer.error().sentence);
    return tl::unexpected(answer.error().status);
  }
  if (answer->status == 200) return std::move(answer->body);
  return tl::unexpected(Refused(session, *answer));
}

ExitStatus List(const Session& session, const Collection& collection) {
  const InspectOptions& options = session.options;
  Form query = QueryOf(options, collection.parameters);
  const bool filtered = !query.empty();
  if (options.all && collection.letter == 's' && !options.state) query.push_back({"state", "all"});
  std::size_t left =
      options.all ? std::numeric_limits<std::size_t>::max() : options.limit.value_or(kDefaultLimit);
  const ListLayout& layout = collection.layout();
  Table table(layout.columns, session.Width());
  std::string next;
  bool any = false;
  do {
    Form page_query = query;
    page_query.push_back({"limit", std::to_string(std::min(left, kMaxPage))});
    if (!next.empty()) page_query.push_back({"after", next});
    const auto page = Ask(session, "/api/v1/" + std::string(collection.name), page_query);
    if (!page) return page.error();
    const Json& items = Inside(*page, "items");
    std::vector<Table::Row> rows;
    for (const Json& item : items) {
      session.output.Event(collection.type, item);
      rows.push_back(layout.row(item, session.environment.clock.Now()));
    }
    if (!rows.empty()) {
      for (const Table::Line& line : table.Lay(rows)) session.output.Line(line);
    }
    any |= !rows.empty();
    left -= std::min(left, rows.size());
    next = rows.empty() ? "" : TextOf(*page, "next");
  } while (!next.empty() && left > 0 && session.output.open());
  if (!any) {
    session.output.Note(filtered ? "no " + std::string(collection.name) + " match these filters"
                                 : std::string(collection.empty));
  } else if (!next.empty() && session.output.open()) {
    session.output.Note("there are more: --limit N or --all shows them");
  }
  return ExitStatus::kDone;
}

ExitStatus Show(const Session& session, const Collection& collection, const std::string& id) {
  const auto item =
      Ask(session, "/api/v1/" + std::string(collection.name) + "/" + PercentEncode(id), {});
  if (!item) return item.error();
  const Time now = session.environment.clock.Now();
  if (collection.letter == 'x') {
    const auto findings = Judge(ReadExchange(*item));
    Json judged = *item;
    AddFindings(judged, findings);
    session.output.Event(collection.type, judged);
    PrintExchange(session.output, *item, now);
    for (const Finding& finding : findings) PrintFinding(session.output, finding);
    return ExitStatus::kDone;
  }
  session.output.Event(collection.type, *item);
  PrintRecord(session.output, *item, now);
  return ExitStatus::kDone;
}

ExitStatus Timeline(const Session& session, const Request& request) {
  const std::string& id = request.ids.front();
  Form query = QueryOf(session.options, request.parameters);
  const std::size_t limit = session.options.limit.value_or(kMaxPage);
  query.push_back({"limit", std::to_string(std::min(limit, kMaxPage))});
  const auto story =
      Ask(session, "/api/v1/subscriptions/" + PercentEncode(id) + "/timeline", query);
  if (!story) return story.error();
  if (session.output.json()) {
    session.output.Event("subscription", Inside(*story, "subscription"));
    for (const Json& step : Inside(*story, "steps"))
      session.output.Event(TextOf(step, "type"), step);
    return ExitStatus::kDone;
  }
  PrintTimeline(session.output, *story,
                TimeOf(*story, "now").value_or(session.environment.clock.Now()), session.Width());
  return ExitStatus::kDone;
}

ExitStatus Explain(const Session& session, const std::string& what) {
  const AskApi ask = [&](const std::string& path, const Form& query) {
    return Ask(session, path, query);
  };
  return ExplainWhat(session.output, ask, what, session.environment.clock.Now());
}

ExitStatus Status(const Session& session) {
  const auto status = Ask(session, "/api/v1/status", {});
  if (!status) return status.error();
  session.output.Event("status", *status);
  PrintStatus(session.output, *status);
  return ExitStatus::kDone;
}

ExitStatus Follow(const Session& session, const Request& request) {
  const InspectOptions& options = session.options;
  return Watch(session.output, session.source,
               {.query = QueryOf(options, request.parameters),
                .count = options.count,
                .timeout = options.timeout,
                .idle = options.idle});
}

ExitStatus SendAgain(const Session& session, const std::string& id) {
  const InspectOptions& options = session.options;
  const AskApi ask = [&](const std::string& path, const Form& query) {
    return Ask(session, path, query);
  };
  if (options.to) {
    return ResendTo(session.environment, session.output, ask, id, *options.to, options.tls);
  }
  return ResendByHub(session.output, session.source, ask, id, session.environment.clock.Now());
}

ExitStatus ExportAll(const Session& session, const std::vector<std::string>& ids) {
  const InspectOptions& options = session.options;
  const AskApi ask = [&](const std::string& path, const Form& query) {
    return Ask(session, path, query);
  };
  const ExportAs as = options.curl  ? ExportAs::kCurl
                      : options.raw ? ExportAs::kRaw
                                    : ExportAs::kHar;
  const ExportPart part = options.part == "request"  ? ExportPart::kRequest
                          : options.part == "answer" ? ExportPart::kAnswer
                                                     : ExportPart::kBoth;
  return Export(session.output, ask, ids, as, part);
}

}  // namespace

CommandHelp HelpOf(const InspectOptions&) {
  return {
      .name = std::string(kName),
      .usage = "WHAT [ID] [flags]",
      .summary =
          "Show what a hub keeps: topics, subscriptions, messages, exchanges,\n"
          "dead-letters, show ID, timeline SUBSCRIPTION, status. Follow it: watch. Use it:\n"
          "resend ID, retry ID, export ID. Tell why nothing came: explain\n"
          "SUBSCRIPTION|TOPIC (exit status 4: it stopped on its way).",
      .examples = {"websub inspect watch --kind deliver,dead-letter",
                   "websub inspect timeline s1 --db hub.db"},
  };
}

void Define(FlagSet& flags, InspectOptions& options) {
  flags.Arguments("what to inspect (such as subscriptions)", options.what, 1, 1001);
  flags.Complete(
      {.words = {"topics", "subscriptions", "messages", "exchanges", "dead-letters", "show",
                 "timeline", "explain", "watch", "resend", "retry", "export", "status"},
       .kind = ArgumentFacts::Kind::kId});
  flags.Text("--hub URL", options.hub, "a running hub (default: http://127.0.0.1:4820)");
  flags.Text("--db FILE", options.db, "its file instead, also while it runs");
  flags.Exclusive({"--hub", "--db"});
  flags.Text("--topic URL", options.topic, "only of this topic");
  flags.Text("--callback URL", options.callback, "only of this callback");
  flags.Text("--state STATE", options.state, "subscriptions: active, pending, expired, …, all");
  flags.Text("--kind KIND", options.kind,
             "exchanges: verify, deliver, …; watch: also active, message");
  flags.Text("--status N", options.status, "exchanges: answered with N; 0: not answered");
  flags.Text("--subscription ID", options.subscription,
             "only of this one; messages: those it still waits for");
  flags.Text("--message ID", options.message, "exchanges: only of this message");
  flags.Text("--since WHEN", options.since, "a time, or a duration back from now: 10m");
  flags.Number("--limit N", options.limit, 1, 1000000, "how many (default: 100)");
  flags.Switch("--all", options.all, "no limit; subscriptions that have ended, too");
  flags.Text("--until WHEN", options.until, "a time, or a duration back from now: 10m",
             Shown::kBrief);
  flags.Text("--order newest|oldest", options.order, "which come first (default: newest)",
             Shown::kBrief);
  flags.Words("--state", {"pending", "active", "unsubscribed", "denied", "unverified", "expired",
                          "gone", "all"});
  flags.Words("--kind", {"subscribe", "unsubscribe", "publish", "register", "deregister", "verify",
                         "deny", "fetch", "deliver", "hook"});
  flags.Words("--order", {"newest", "oldest"});
  flags.Number("--count N", options.count, 1, 1'000'000'000, "watch: end after N events",
               Shown::kBrief);
  flags.Span("--timeout D", options.timeout, "watch: end after D, with status 124", Shown::kBrief);
  flags.Span("--idle D", options.idle, "watch: the same where nothing happens for D",
             Shown::kBrief);
  flags.Text("--to URL", options.to, "resend: from here to URL, not by the hub", Shown::kBrief);
  flags.Switch("--har", options.har, "export: as an HTTP archive (the default)", Shown::kBrief);
  flags.Switch("--curl", options.curl, "export: as curl commands", Shown::kBrief);
  flags.Switch("--raw", options.raw, "export: the bytes", Shown::kBrief);
  flags.Exclusive({"--har", "--curl", "--raw"});
  flags.Choice("--part PART", options.part, {"both", "request", "answer"},
               "export --raw: both, request or answer", Shown::kBrief);
  AddApiTokenFlags(flags, options.api_token, "of the hub's API");
  AddTlsFlags(flags, options.tls);
  AddOutputFlags(flags, options.output);
}

ExitStatus Run(Environment& environment, const InspectOptions& options) {
  const auto request = Understand(options);
  if (!request) return UsageError(environment, kName, request.error().message);
  Output output(environment, options.output);
  const auto token = ReadApiToken(environment, options.api_token);
  if (!token) return UsageError(environment, kName, token.error().message);
  const auto source = OpenSource(environment, {options.hub, options.db, *token}, options.tls);
  if (!source) return output.Fail(source.error());
  const Session session{environment, options, output, **source};
  switch (request->act) {
    case Request::Act::kList:
      return List(session, *request->collection);
    case Request::Act::kShow:
      return Show(session, *request->collection, request->ids.front());
    case Request::Act::kTimeline:
      return Timeline(session, *request);
    case Request::Act::kExplain:
      return Explain(session, request->ids.front());
    case Request::Act::kWatch:
      return Follow(session, *request);
    case Request::Act::kResend:
      return SendAgain(session, request->ids.front());
    case Request::Act::kExport:
      return ExportAll(session, request->ids);
    case Request::Act::kSummary:
      return Status(session);
  }
  return ExitStatus::kInternal;
}

}  // namespace websub::cli
