#include "cli/commands/inspect_explain.h"

#include <algorithm>
#include <utility>

#include "cli/commands/inspect_format.h"
#include "cli/finding_output.h"
#include "cli/table.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli::inspect {
namespace {

constexpr int kMostSubscriptions = 5;

struct Told {
  GatheredFacts gathered;
  Explanation explanation;
};

Json ToJson(const ExplanationStep& step) {
  Json json{{"step", step.name}, {"state", Name(step.state)}};
  if (!step.text.empty()) json["text"] = step.text;
  if (step.at) json["at"] = FormatRfc3339(*step.at);
  if (step.exchange != 0) json["exchange"] = "x" + std::to_string(step.exchange);
  return json;
}

Json ToJson(const Told& told) {
  Json json;
  json["topic"] = told.gathered.facts.topic;
  const auto& its = told.gathered.facts.subscription;
  json["subscription"] = its ? Json(told.gathered.id) : Json();
  if (its) {
    json["callback"] = its->callback;
    json["state"] = its->state;
  }
  const ExplanationStep* stopped = told.explanation.Stopped();
  json["stopped_at"] = stopped ? Json(stopped->name) : Json();
  json["steps"] = Json::array();
  for (const ExplanationStep& step : told.explanation.steps) json["steps"].push_back(ToJson(step));
  AddFindings(json, told.explanation.findings);
  return json;
}

std::string Label(const ExplanationStep& step) {
  return step.name == "message" ? "in the log" : step.name;
}

void PrintStep(Output& output, const ExplanationStep& step) {
  constexpr std::size_t kIndent = 2 + 14 + 12;
  std::string_view state = "not reached";
  Style style = Style::kDim;
  if (step.state == StepState::kOk) {
    state = "ok";
    style = Style::kGood;
  } else if (step.state == StepState::kStopped) {
    state = "stopped here";
    style = Style::kBad;
  }
  std::vector<Piece> line{
      {"  "},
      {PadRight(std::string(state), 14), style},
      {step.text.empty() ? Label(step) : PadRight(Label(step), 12), Style::kStrong},
      {step.text}};
  if (step.at) line.push_back({"  " + Clock(*step.at), Style::kDim});
  if (step.exchange != 0) line.push_back({"  x" + std::to_string(step.exchange), Style::kStrong});
  output.Wrapped(line, kIndent);
}

void PrintFindings(Output& output, const Explanation& explanation) {
  bool first = true;
  for (const Finding& finding : explanation.findings) {
    if (!first) output.Line({});
    PrintFinding(output, finding);
    std::string see = "see    ";
    if (finding.exchange_id) {
      see += "websub inspect show x" + std::to_string(*finding.exchange_id) + ", ";
    }
    output.Line(
        {{see + std::string(finding.entry().requirement) + " (" + std::string(finding.slug()) + ")",
          Style::kDim}});
    first = false;
  }
}

void Print(Output& output, const Told& told) {
  const ExplanationFacts& facts = told.gathered.facts;
  if (facts.subscription) {
    output.Wrapped({{told.gathered.id, Style::kStrong},
                    {"  " + facts.topic + " -> " + facts.subscription->callback + "   "},
                    {facts.subscription->state, StateStyle(facts.subscription->state)}},
                   4);
  } else {
    output.Line({{facts.topic, Style::kStrong}, {"   nobody is subscribed"}});
  }
  for (const ExplanationStep& step : told.explanation.steps) PrintStep(output, step);
  output.Line({});
  PrintFindings(output, told.explanation);
}

// "s1", "1": what the hub takes for the id of a subscription; "t1" of a topic.
bool IsId(std::string_view text, char letter, bool bare) {
  if (text.starts_with(letter)) {
    text.remove_prefix(1);
  } else if (!bare) {
    return false;
  }
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// What a hub has never heard of, and nothing that is spelled almost like it.
bool IsUnknown(const ExplanationFacts& facts, const Json& rows) {
  return rows.empty() && facts.requests.empty() && facts.publishes.empty() && !facts.newest &&
         facts.almost.empty();
}

ExitStatus Report(Output& output, const std::vector<Told>& all) {
  const auto worst = std::find_if(all.begin(), all.end(), [](const Told& told) {
    return told.explanation.Stopped() != nullptr;
  });
  const bool stopped = worst != all.end();
  Json json = ToJson(stopped ? *worst : all.front());
  if (all.size() > 1) {
    json["subscriptions"] = Json::array();
    for (const Told& told : all) json["subscriptions"].push_back(ToJson(told));
  }
  output.Event("explanation", json);
  for (const Told& told : all) {
    if (&told != &all.front()) output.Line({});
    Print(output, told);
  }
  return stopped ? ExitStatus::kCheckFailed : ExitStatus::kDone;
}

Told Tell(GatheredFacts gathered) {
  Explanation explanation = Explain(gathered.facts);
  return {std::move(gathered), std::move(explanation)};
}

ExitStatus ExplainTopic(Output& output, const AskApi& ask, const std::string& topic, Time now) {
  Form query{{"topic", topic}, {"limit", std::to_string(kMostSubscriptions)}};
  auto page = ask("/api/v1/subscriptions", query);
  if (page && Inside(*page, "items").empty()) {
    query.push_back({"state", "all"});
    page = ask("/api/v1/subscriptions", query);
  }
  if (!page) return page.error();
  std::vector<Told> all;
  for (const Json& row : Inside(*page, "items")) {
    auto gathered = GatherSubscription(ask, row, now);
    if (!gathered) return gathered.error();
    all.push_back(Tell(*std::move(gathered)));
  }
  if (all.empty()) {
    const auto rows = ask("/api/v1/topics", {{"topic", topic}, {"limit", "1"}});
    if (!rows) return rows.error();
    auto gathered = GatherTopic(ask, topic, now);
    if (!gathered) return gathered.error();
    if (IsUnknown(gathered->facts, Inside(*rows, "items"))) {
      output.Diagnose("this hub knows nothing of " + Quote(topic, 200) +
                      ": nobody has subscribed to it or published it here");
      return ExitStatus::kHubRefused;
    }
    all.push_back(Tell(*std::move(gathered)));
  }
  return Report(output, all);
}

}  // namespace

ExitStatus ExplainWhat(Output& output, const AskApi& ask, const std::string& what, Time now) {
  if (IsId(what, 't', false)) {
    const auto topic = ask("/api/v1/topics/" + what, {});
    return topic ? ExplainTopic(output, ask, TextOf(*topic, "url"), now) : topic.error();
  }
  if (!IsId(what, 's', true)) return ExplainTopic(output, ask, ExpandShorthand(what), now);
  const auto subscription = ask("/api/v1/subscriptions/" + what, {});
  if (!subscription) return subscription.error();
  auto gathered = GatherSubscription(ask, *subscription, now);
  if (!gathered) return gathered.error();
  std::vector<Told> one;
  one.push_back(Tell(*std::move(gathered)));
  return Report(output, one);
}

}  // namespace websub::cli::inspect
