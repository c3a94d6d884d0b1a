#include "cli/commands/inspect.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "cli/commands/inspect_explain.h"
#include "cli/commands/inspect_format.h"
#include "cli/commands/inspect_show.h"
#include "cli/commands/inspect_source.h"
#include "cli/commands/inspect_tables.h"
#include "cli/commands/inspect_timeline.h"
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

using Filter = std::optional<std::string> InspectOptions::*;

// A flag, and the parameter of the API that it becomes.
struct Parameter {
  std::string_view name;
  Filter filter;
};

constexpr Parameter kTopic{"topic", &InspectOptions::topic};
constexpr Parameter kCallback{"callback", &InspectOptions::callback};
constexpr Parameter kState{"state", &InspectOptions::state};
constexpr Parameter kKind{"kind", &InspectOptions::kind};
constexpr Parameter kStatus{"status", &InspectOptions::status};
constexpr Parameter kSince{"since", &InspectOptions::since};
constexpr Parameter kUntil{"until", &InspectOptions::until};
constexpr Parameter kSubscription{"subscription", &InspectOptions::subscription};
constexpr Parameter kMessage{"message", &InspectOptions::message};
constexpr Parameter kOrder{"order", &InspectOptions::order};

constexpr Parameter kOfTopics[] = {kTopic, kSince, kUntil, kOrder};
constexpr Parameter kOfSubscriptions[] = {kTopic, kCallback, kState, kSince, kUntil, kOrder};
constexpr Parameter kOfMessages[] = {kTopic, kSubscription, kSince, kUntil, kOrder};
constexpr Parameter kOfExchanges[] = {kTopic,        kCallback, kKind,  kStatus, kSince,
                                      kSubscription, kMessage,  kUntil, kOrder};
constexpr Parameter kOfDeadLetters[] = {kTopic, kCallback, kSubscription, kSince, kUntil, kOrder};
constexpr Parameter kOfTimeline[] = {kSince, kUntil};

// Every filter, by the flag that sets it.
constexpr Parameter kFlags[] = {kTopic, kCallback, kState,        kKind,    kStatus,
                                kSince, kUntil,    kSubscription, kMessage, kOrder};

struct Collection {
  std::string_view name;
  std::string_view type;  // of one, in JSON
  char letter;
  std::span<const Parameter> parameters;
  const ListLayout& (*layout)();
  std::string_view empty;  // what to say, and do, where there is none
};

constexpr Collection kCollections[] = {
    {"topics", "topic", 't', kOfTopics, TopicLayout,
     "no topics yet: websub subscribe URL or websub publish URL makes one"},
    {"subscriptions", "subscription", 's', kOfSubscriptions, SubscriptionLayout,
     "no subscriptions yet: websub subscribe URL makes one (--all shows those that ended, too)"},
    {"messages", "message", 'm', kOfMessages, MessageLayout,
     "no messages yet: websub publish URL sends one"},
    {"exchanges", "exchange", 'x', kOfExchanges, ExchangeLayout,
     "no exchanges yet: websub subscribe URL and websub publish URL make some"},
    {"dead-letters", "dead_letter", 'd', kOfDeadLetters, DeadLetterLayout,
     "no dead letters: no delivery was given up"},
};

const Collection* FindCollection(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCollections), std::end(kCollections),
                                   [&](const Collection& c) { return c.name == name; });
  return found == std::end(kCollections) ? nullptr : found;
}

const Collection* FindLetter(char letter) {
  const auto* found = std::find_if(std::begin(kCollections), std::end(kCollections),
                                   [&](const Collection& c) { return c.letter == letter; });
  return found == std::end(kCollections) ? nullptr : found;
}

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

Form QueryOf(const InspectOptions& options, std::span<const Parameter> parameters) {
  Form query;
  for (const Parameter& parameter : parameters) {
    const auto& value = options.*parameter.filter;
    if (value) query.push_back({std::string(parameter.name), *value});
  }
  return query;
}

// A flag that says nothing about what is asked for would be an answer to another question.
std::optional<std::string> Misplaced(const InspectOptions& options, std::string_view what,
                                     std::span<const Parameter> parameters) {
  for (const Parameter& flag : kFlags) {
    const bool taken = std::any_of(parameters.begin(), parameters.end(),
                                   [&](const Parameter& p) { return p.filter == flag.filter; });
    if ((options.*flag.filter).has_value() && !taken) {
      return "--" + std::string(flag.name) + " does not go with " + std::string(what);
    }
  }
  return std::nullopt;
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

ExitStatus Timeline(const Session& session, const std::string& id) {
  Form query = QueryOf(session.options, kOfTimeline);
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

// What is asked for, checked before anything is opened.
struct Request {
  const Collection* collection = nullptr;  // a list, or what `show` shows
  enum class Act { kList, kShow, kTimeline, kExplain, kSummary } act = Act::kList;
  std::string id;
};

Result<Request> Understand(const InspectOptions& options) {
  const std::string& what = options.what.front();
  const bool takes_id = what == "show" || what == "timeline" || what == "explain";
  Request request{FindCollection(what), Request::Act::kList, ""};
  std::span<const Parameter> parameters;
  if (request.collection != nullptr) {
    parameters = request.collection->parameters;
  } else if (what == "status") {
    request.act = Request::Act::kSummary;
  } else if (takes_id) {
    request.act = what == "show"      ? Request::Act::kShow
                  : what == "explain" ? Request::Act::kExplain
                                      : Request::Act::kTimeline;
    if (what == "timeline") parameters = kOfTimeline;
  } else {
    return Fail(
        ErrorCode::kInvalid,
        "cannot inspect " + what +
            ": there are topics, subscriptions, messages, exchanges, dead-letters, show ID, "
            "timeline SUBSCRIPTION, explain SUBSCRIPTION or TOPIC, status");
  }
  if (takes_id && options.what.size() < 2) {
    return Fail(
        ErrorCode::kInvalid,
        what +
            (what == "explain" ? " needs a topic or an id, such as " : " needs an id, such as ") +
            (what == "show" ? "x1" : "s1") + ": websub inspect " +
            (what == "show" ? "exchanges" : "subscriptions --all") + " lists some");
  }
  if (!takes_id && options.what.size() > 1) {
    return Fail(ErrorCode::kInvalid,
                what + " takes no id; websub inspect show " + options.what[1] + " shows one");
  }
  if (takes_id) request.id = options.what[1];
  if (what == "show") request.collection = FindLetter(request.id.empty() ? '\0' : request.id[0]);
  if (what == "show" && request.collection == nullptr) {
    return Fail(ErrorCode::kInvalid,
                "show " + request.id +
                    ": an id begins with the letter of its kind: t for a topic, " +
                    "s subscription, m message, x exchange, d dead letter");
  }
  if (auto misplaced = Misplaced(options, what, parameters)) {
    return Fail(ErrorCode::kInvalid, *std::move(misplaced));
  }
  return request;
}

}  // namespace

CommandHelp HelpOf(const InspectOptions&) {
  return {
      .name = std::string(kName),
      .usage = "WHAT [ID] [flags]",
      .summary =
          "Show what a hub keeps: topics, subscriptions, messages, exchanges,\n"
          "dead-letters, show ID, timeline SUBSCRIPTION, status. Or tell why nothing came:\n"
          "explain SUBSCRIPTION|TOPIC (exit status 4: it stopped on its way).",
      .examples = {"websub inspect exchanges --kind deliver --since 10m",
                   "websub inspect timeline s1 --db hub.db"},
  };
}

void Define(FlagSet& flags, InspectOptions& options) {
  flags.Arguments("what to inspect (such as subscriptions)", options.what, 1, 2);
  flags.Complete({.words = {"topics", "subscriptions", "messages", "exchanges", "dead-letters",
                            "show", "timeline", "explain", "status"},
                  .kind = ArgumentFacts::Kind::kId});
  flags.Text("--hub URL", options.hub, "a running hub (default: http://127.0.0.1:4820)");
  flags.Text("--db FILE", options.db, "its file instead, also while it runs");
  flags.Exclusive({"--hub", "--db"});
  flags.Text("--topic URL", options.topic, "only of this topic");
  flags.Text("--callback URL", options.callback, "only of this callback");
  flags.Text("--state STATE", options.state, "subscriptions: active, pending, expired, …, all");
  flags.Text("--kind KIND", options.kind, "exchanges: subscribe, verify, deliver, fetch, …");
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
      return Show(session, *request->collection, request->id);
    case Request::Act::kTimeline:
      return Timeline(session, request->id);
    case Request::Act::kExplain:
      return Explain(session, request->id);
    case Request::Act::kSummary:
      return Status(session);
  }
  return ExitStatus::kInternal;
}

}  // namespace websub::cli
