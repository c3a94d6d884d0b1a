#include "cli/commands/discover.h"

#include <algorithm>
#include <set>

#include "cli/curl_command.h"
#include "cli/finding_output.h"
#include "cli/text.h"
#include "core/findings.h"
#include "core/mask_urls.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli {
namespace {

constexpr std::string_view kName = "discover";
constexpr std::size_t kLabel = 9;  // columns of what stands in front: "topic    "

struct Report {
  std::string url;
  TopicLookup lookup;
  std::optional<HeadComparison> head;
  std::vector<Warning> warnings;  // of all sources
  std::string error;              // why it is not complete; empty where it is
};

CallFields Wishes(const DiscoverOptions& options) {
  CallFields fields;
  if (options.accept) fields.emplace_back("Accept", *options.accept);
  if (options.accept_language) fields.emplace_back("Accept-Language", *options.accept_language);
  return fields;
}

Report Look(HttpCaller& caller, const std::string& url, const CallFields& fields,
            const HeaderFields& headers) {
  Report report;
  report.url = url;
  report.lookup = LookUpTopic(caller, url, fields, headers);
  report.error = Explain(report.lookup);
  report.warnings = report.lookup.warnings;
  const auto& found = report.lookup.discovery.warnings;
  report.warnings.insert(report.warnings.end(), found.begin(), found.end());
  const FollowedResult& fetch = report.lookup.fetch;
  if (!report.lookup.HasAnswer() || !fetch.stopped.empty()) return report;
  Call head = fetch.last_call;
  head.method = "HEAD";
  report.head = CompareHead(fetch.last, caller.Send(head));
  report.warnings.insert(report.warnings.end(), report.head->warnings.begin(),
                         report.head->warnings.end());
  return report;
}

Json ToJson(const HeadComparison& comparison) {
  if (!comparison.head.Answered()) return {{"error", comparison.head.answer.detail}};
  return {{"status", comparison.head.answer.status},
          {"content_type", comparison.head.Field("Content-Type")},
          {"link", comparison.head.Fields("Link")},
          {"differs", comparison.differs}};
}

// The URL whose links count.
const std::string& FinalUrl(const Report& report) {
  const FollowedResult& fetch = report.lookup.fetch;
  return report.lookup.HasAnswer() ? fetch.last_call.url : report.url;
}

std::optional<Finding> FindingOf(const Report& report, const Warning& warning) {
  return JudgeWarning(FinalUrl(report), report.lookup.discovery, warning);
}

// Why it is not complete: no answer, no success, or no links.
std::optional<Finding> MainFinding(const Report& report) {
  if (report.error.empty()) return std::nullopt;
  const CallResult& last = report.lookup.fetch.last;
  if (last.end == CallEnd::kFault) {
    return JudgeFault(Peer::kTopic, last.answer.fault, report.url, last.answer.detail);
  }
  for (const Warning& warning : report.warnings) {
    if (warning.code == "status") return FindingOf(report, warning);
  }
  if (!last.Answered() || !report.lookup.fetch.stopped.empty()) return std::nullopt;
  const auto findings = JudgeDiscovery(FinalUrl(report), report.lookup.discovery);
  if (findings.empty()) return std::nullopt;
  return findings.front();
}

// Passwords in URLs, wherever they stand: a page may name a hub by such a URL, too.
void MaskStrings(Json& json) {
  if (json.is_string()) {
    json = MaskUrls(json.get_ref<const std::string&>());
  } else if (json.is_structured()) {
    for (Json& inside : json) MaskStrings(inside);
  }
}

Json ToJson(const Report& report) {
  const FollowedResult& fetch = report.lookup.fetch;
  const Discovery& discovery = report.lookup.discovery;
  Json json{{"url", report.url}};
  json["topic"] = discovery.self ? Json(*discovery.self) : Json(nullptr);
  json["hubs"] = discovery.hubs;
  if (!report.error.empty()) json["error"] = report.error;
  if (report.lookup.HasAnswer()) {
    json["final_url"] = fetch.last_call.url;
    json["status"] = fetch.last.answer.status;
    json["content_type"] = fetch.last.Field("Content-Type");
    json["document"] = Name(discovery.document);
    json["bytes"] = fetch.last.answer.body_size;
  }
  json["candidates"] = Json::array();
  for (const Candidate& candidate : discovery.candidates) {
    json["candidates"].push_back({{"rel", candidate.rel},
                                  {"url", candidate.url},
                                  {"written", candidate.written},
                                  {"source", Name(candidate.source)},
                                  {"where", candidate.where},
                                  {"taken", candidate.taken},
                                  {"reason", candidate.reason}});
  }
  json["hops"] = Json::array();
  for (const DiscoveryHop& hop : fetch.hops) {
    Json entry{{"url", hop.url}, {"status", hop.status}, {"link", hop.link_headers}};
    if (!hop.location.empty()) entry["location"] = hop.location;
    json["hops"].push_back(std::move(entry));
  }
  if (report.head) json["head"] = ToJson(*report.head);
  json["warnings"] = Json::array();
  for (const Warning& warning : report.warnings) {
    Json entry{{"code", warning.code}, {"message", warning.message}};
    if (warning.column > 0) entry["column"] = warning.column;
    if (const auto finding = FindingOf(report, warning)) entry["finding"] = FindingJson(*finding);
    json["warnings"].push_back(std::move(entry));
  }
  if (const auto finding = MainFinding(report)) json["finding"] = FindingJson(*finding);
  MaskStrings(json);
  return json;
}

const Candidate* TakenFor(const Discovery& discovery, std::string_view rel,
                          const std::string& url) {
  for (const Candidate& candidate : discovery.candidates) {
    if (candidate.taken && candidate.rel == rel && candidate.url == url) return &candidate;
  }
  return nullptr;
}

void PrintFound(Output& output, const Discovery& discovery) {
  std::vector<std::pair<std::string, std::string>> rows;
  if (discovery.self) rows.emplace_back("self", *discovery.self);
  for (const std::string& hub : discovery.hubs) rows.emplace_back("hub", hub);
  std::size_t width = 0;
  for (const auto& [rel, url] : rows) width = std::max(width, url.size());
  width = std::min<std::size_t>(width, 60);
  for (const auto& [rel, url] : rows) {
    const Candidate* candidate = TakenFor(discovery, rel, url);
    const std::string gap(url.size() < width ? width - url.size() : 0, ' ');
    output.Line({{rel == "self" ? "topic    " : "hub      ", Style::kDim},
                 {MaskUrls(url), Style::kStrong},
                 {candidate ? gap + "  " + candidate->where : "", Style::kDim}});
  }
}

std::string ReadAs(const TopicLookup& lookup) {
  const DocumentKind kind = lookup.discovery.document;
  if (kind != DocumentKind::kOther) return "read as " + std::string(Name(kind));
  return "only its Link headers count";
}

// Redirects are always worth a line; the only answer only with -v.
void PrintTrail(Output& output, const Report& report) {
  const FollowedResult& fetch = report.lookup.fetch;
  for (const DiscoveryHop& hop : fetch.hops) {
    if (hop.location.empty()) continue;
    output.Line({{"redirect ", Style::kDim},
                 {MaskUrls(hop.url) + "  "},
                 {std::to_string(hop.status), Style::kStrong},
                 {" to " + MaskUrls(hop.location)}});
  }
  if (output.verbose() == 0 || !report.lookup.HasAnswer()) return;
  const std::string type = fetch.last.Field("Content-Type");
  output.Line({{"answer   ", Style::kDim},
               {MaskUrls(fetch.last_call.url) + "  "},
               {std::to_string(fetch.last.answer.status), Style::kStrong},
               {"  " + (type.empty() ? "no Content-Type" : type) + "  " +
                HumanSize(fetch.last.answer.body_size) + "  " + ReadAs(report.lookup)}});
}

// Without -v only what was left out and says something else than what was taken: a feed that
// repeats its Link header is as it should be.
void PrintCandidates(Output& output, const Discovery& discovery) {
  for (const Candidate& candidate : discovery.candidates) {
    const bool agrees = TakenFor(discovery, candidate.rel, candidate.url) != nullptr;
    if (agrees && output.verbose() == 0) continue;
    output.Wrapped({{candidate.taken ? "taken    " : "ignored  ", Style::kDim},
                    {candidate.rel + " "},
                    {MaskUrls(candidate.url.empty() ? candidate.written : candidate.url)},
                    {"  " + candidate.where + ": " + candidate.reason, Style::kDim}},
                   kLabel);
  }
}

void Print(Output& output, const Report& report) {
  PrintFound(output, report.lookup.discovery);
  PrintTrail(output, report);
  PrintCandidates(output, report.lookup.discovery);
  if (report.head && !report.head->head.Answered()) {
    output.Line({{"HEAD     ", Style::kDim}, {"no answer: " + report.head->head.answer.detail}});
  }
  std::set<FindingCode> advised;  // once is enough, however many warnings have the same cause
  for (const Warning& warning : report.warnings) {
    output.Wrapped({{"warning  ", Style::kWarning},
                    {MaskUrls(warning.message)},
                    {output.verbose() > 0 ? "  (" + warning.code + ")" : "", Style::kDim}},
                   kLabel);
    const auto finding = FindingOf(report, warning);
    if (!finding || !advised.insert(finding->code).second) continue;
    output.Wrapped({{std::string(kLabel, ' ')}, {Advice(*finding), Style::kDim}}, kLabel);
  }
}

// Whether the run ended during HEAD, which is not the topic's fault.
bool Ended(const Report& report) {
  return report.head && (report.head->head.end == CallEnd::kInterrupted ||
                         report.head->head.end == CallEnd::kOutOfTime);
}

// GET and then HEAD, as Look sends them.
ExitStatus PrintCurl(Output& output, const std::string& url, const DiscoverOptions& options) {
  CurlRequest request{.url = HiddenPassword(url),
                      .tls = options.tls,
                      .redirects = CurlRequest::Redirects::kFollowed};
  for (const auto& [name, value] : Wishes(options)) request.fields.emplace_back(name, value);
  for (auto& field : HiddenFields(options.headers)) request.fields.push_back(std::move(field));
  PrintCurl(output, request);
  request.method = "HEAD";
  PrintCurl(output, request);
  return ExitStatus::kDone;
}

std::string Joined(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

}  // namespace

HeadComparison CompareHead(const CallResult& get, CallResult head) {
  HeadComparison comparison;
  comparison.head = std::move(head);
  const CallResult& answer = comparison.head;
  if (!answer.Answered()) return comparison;
  const auto differs = [&](const std::string& what, const std::string& sentence) {
    comparison.differs.push_back(what);
    comparison.warnings.push_back({"head-" + what, sentence, 0});
  };
  if (answer.answer.status != get.answer.status) {
    differs("status", "HEAD is answered " + std::to_string(answer.answer.status) + ", GET " +
                          std::to_string(get.answer.status));
    return comparison;  // what else differs follows from that
  }
  const auto head_links = answer.Fields("Link");
  const auto get_links = get.Fields("Link");
  if (head_links != get_links) {
    differs("link", head_links.empty()
                        ? "HEAD has no Link header, GET has"
                        : "HEAD has another Link header than GET: " + Joined(head_links));
  }
  const std::string type = answer.Field("Content-Type");
  if (type != get.Field("Content-Type")) {
    differs("content-type", type.empty() ? "HEAD has no Content-Type, GET has"
                                         : "HEAD has another Content-Type than GET: " + type);
  }
  return comparison;
}

CommandHelp HelpOf(const DiscoverOptions&) {
  return {
      .name = std::string(kName),
      .usage = "URL [flags]",
      .summary =
          "Find the hub and the topic that a URL names, and say why (exit status 8: none).\n"
          "Link headers win over the document. -v tells every candidate and answer.",
      .examples = {"websub discover https://example.com/feed",
                   "websub discover :3000/feed --json --fail-on warning"},
  };
}

void Define(FlagSet& flags, DiscoverOptions& options) {
  flags.Text("--accept TYPES", options.accept, "ask for these media types (default: */*)");
  flags.Text("--accept-language TAGS", options.accept_language, "ask for these languages");
  flags.Choice("--fail-on WHAT", options.fail_on, {"warning"},
               "warning: exit status 4 when there is one");
  flags.Span("--timeout D", options.timeout, "give up after this time, as 500ms, 10s or 5m");
  flags.Switch("--curl", options.curl, "print the requests as curl commands, send nothing");
  AddHeaderFlag(flags, options.headers);
  AddTlsFlags(flags, options.tls);
  AddOutputFlags(flags, options.output);
  flags.Arguments("a URL", options.urls, 1, 1);
  flags.Complete({.kind = ArgumentFacts::Kind::kTopic});
}

ExitStatus Run(Environment& environment, const DiscoverOptions& options) {
  Output output(environment, options.output);
  const std::string url = ExpandShorthand(options.urls.front());
  if (const auto parsed = Url::Parse(url); !parsed) {
    return UsageError(environment, kName, Quote(url) + ": " + parsed.error().message);
  }
  if (options.curl) return PrintCurl(output, url, options);
  const auto caller = HttpCaller::Make(environment, options.tls, options.timeout);
  if (!caller) return output.Fail(caller.error());
  const Report report = Look(**caller, url, Wishes(options), options.headers);
  if (Ended(report)) {
    output.Diagnose(Explain(report.lookup.fetch.last_call, report.head->head));
    return StatusOf(report.head->head);
  }
  output.Event("discovery", ToJson(report));
  Print(output, report);
  if (!report.error.empty()) output.Diagnose(report.error);
  if (const auto finding = MainFinding(report)) output.Note(Advice(*finding));
  const ExitStatus status = StatusOf(report.lookup);
  if (status != ExitStatus::kDone) return status;
  const bool fails = options.fail_on == "warning" && !report.warnings.empty();
  return fails ? ExitStatus::kCheckFailed : ExitStatus::kDone;
}

}  // namespace websub::cli
