#include "core/findings.h"

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/explanation.h"
#include "tests/support/cases.h"

namespace websub {
namespace {

using nlohmann::json;
using Slugs = std::vector<std::string>;

std::string Text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

std::int64_t Number(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || !found->is_number() ? 0 : found->get<std::int64_t>();
}

// Seconds since a beginning.
Time At(double seconds) {
  return Time(std::chrono::round<Duration>(std::chrono::duration<double>(seconds + 1e9)));
}

std::optional<Time> TimeOf(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return At(found->get<double>());
}

Exchange ExchangeOf(const json& row) {
  Exchange exchange;
  exchange.id = Number(row, "id");
  exchange.at = TimeOf(row, "at").value_or(At(0));
  exchange.direction = Text(row, "direction") == "in" ? Direction::kIn : Direction::kOut;
  exchange.kind = ParseExchangeKind(Text(row, "kind")).value();
  if (const auto message = Number(row, "message")) exchange.message_id = message;
  exchange.topic = Text(row, "topic");
  exchange.callback = Text(row, "callback");
  exchange.url = Text(row, "url");
  exchange.peer = Text(row, "peer");
  exchange.request_head = Text(row, "request_head");
  exchange.request_body = Text(row, "request_body");
  exchange.response_head = Text(row, "response_head");
  exchange.response_body = Text(row, "response_body");
  exchange.response_body_size = exchange.response_body.size();
  exchange.status = static_cast<int>(Number(row, "status"));
  if (row.contains("fault")) exchange.fault = ParseFault(Text(row, "fault")).value();
  exchange.outcome = Text(row, "outcome");
  exchange.timings.total = std::chrono::milliseconds(Number(row, "total_ms"));
  return exchange;
}

std::vector<Exchange> ExchangesOf(const json& rows) {
  std::vector<Exchange> exchanges;
  for (const json& row : rows) exchanges.push_back(ExchangeOf(row));
  return exchanges;
}

std::vector<Exchange> ExchangesOf(const json& facts, const char* name) {
  return facts.contains(name) ? ExchangesOf(facts[name]) : std::vector<Exchange>();
}

std::vector<Finding> One(std::optional<Finding> finding) {
  if (!finding) return {};
  return {*std::move(finding)};
}

std::vector<Finding> OfFault(const json& row) {
  const std::string peer = Text(row, "peer");
  const Peer who = peer == "callback" ? Peer::kCallback
                   : peer == "topic"  ? Peer::kTopic
                                      : Peer::kHub;
  return {JudgeFault(who, ParseFault(Text(row, "fault")).value(), "http://peer.example/",
                     Text(row, "detail"))};
}

std::vector<Finding> OfVerificationRequest(const json& row) {
  return JudgeVerificationRequest(
      Text(row, "target"),
      {.callback = Text(row, "callback"),
       .topic = Text(row, "topic"),
       .mode = Text(row, "mode") == "subscribe" ? Mode::kSubscribe : Mode::kUnsubscribe,
       .verify_token = Text(row, "verify_token")});
}

std::vector<Finding> OfDeliveryRequest(const json& row) {
  FieldList fields;
  for (const auto& [name, value] : row["fields"].items()) fields.emplace_back(name, value);
  const std::string body = Text(row, "body");
  const std::string seen = Text(row, "seen_body");
  DeliveryWanted wanted{.callback = Text(row, "callback"),
                        .topic = Text(row, "topic"),
                        .content_type = Text(row, "content_type"),
                        .body = body,
                        .secret = {}};
  if (row.contains("secret")) wanted.secret = Text(row, "secret");
  return JudgeDeliveryRequest(
      {.target = row["target"].get_ref<const std::string&>(), .fields = fields, .body = seen},
      wanted);
}

std::vector<Finding> OfDiscovery(const json& row) {
  FetchedTopic topic;
  for (const json& hop : row["hops"]) {
    topic.hops.push_back({Text(hop, "url"), hop["status"], Text(hop, "location"), hop["links"]});
  }
  topic.hops.push_back({Text(row, "url"), 200, "", row["links"]});
  topic.content_type = Text(row, "type");
  topic.body = Text(row, "body");
  return JudgeDiscovery(Text(row, "url"), Discover(topic));
}

ExplanationFacts FactsOf(const json& row) {
  ExplanationFacts facts;
  facts.now = At(1000);
  facts.topic = "http://example.org/feed";
  if (const json& sub = row["sub"]; !sub.is_null()) {
    ExplainedSubscription its;
    its.callback = Text(sub, "callback");
    its.state = Text(sub, "state");
    its.created_at = TimeOf(sub, "created").value();
    its.verified_at = TimeOf(sub, "verified");
    its.expires_at = TimeOf(sub, "expires");
    its.ended_at = TimeOf(sub, "ended");
    its.retry_at = TimeOf(sub, "retry");
    its.lease_seconds = Number(sub, "lease");
    its.cursor = Number(sub, "cursor");
    its.behind = Number(sub, "behind");
    facts.subscription = its;
  }
  facts.requests = ExchangesOf(row, "requests");
  facts.verifications = ExchangesOf(row, "verifications");
  facts.denials = ExchangesOf(row, "denials");
  facts.hooks = ExchangesOf(row, "hooks");
  facts.publishes = ExchangesOf(row, "publishes");
  facts.fetches = ExchangesOf(row, "fetches");
  facts.deliveries = ExchangesOf(row, "deliveries");
  const auto message = [&](const char* name) -> std::optional<ExplainedMessage> {
    if (!row.contains(name) || row[name].is_null()) return std::nullopt;
    return ExplainedMessage{Number(row[name], "id"), TimeOf(row[name], "at").value()};
  };
  facts.newest = message("newest");
  facts.next = message("next");
  if (row.contains("dead")) {
    const json& dead = row["dead"];
    facts.dead_letter = {Number(dead, "message"), TimeOf(dead, "at").value(),
                         static_cast<int>(Number(dead, "attempts")), Text(dead, "reason")};
  }
  for (const json& other : row.value("almost", json::array())) {
    facts.almost.push_back({Text(other, "url"), TimeOf(other, "at"), Number(other, "id")});
  }
  return facts;
}

std::vector<Finding> FindingsOf(const json& row) {
  if (row.contains("exchange")) return Judge(ExchangeOf(row["exchange"]));
  if (row.contains("unasked")) return JudgeUnaskedVerification(ExchangeOf(row["unasked"]));
  if (row.contains("fault")) return OfFault(row["fault"]);
  if (row.contains("verification_request")) {
    return OfVerificationRequest(row["verification_request"]);
  }
  if (row.contains("delivery_request")) return OfDeliveryRequest(row["delivery_request"]);
  if (row.contains("discovery")) return OfDiscovery(row["discovery"]);
  if (row.contains("warning")) {
    return One(JudgeWarning("http://example.org/", {}, {Text(row, "warning"), "odd", 0}));
  }
  if (row.contains("hub_answer")) {
    const json& answer = row["hub_answer"];
    return One(JudgeHubAnswer({.hub = "http://hub.example/",
                               .status = answer["status"],
                               .sentence = answer["sentence"].get_ref<const std::string&>()}));
  }
  if (row.contains("topics")) {
    return One(CompareTopics(Text(row["topics"], "used"), Text(row["topics"], "self")));
  }
  if (row.contains("signature")) {
    const json& its = row["signature"];
    return JudgeSignature(Text(its, "header"), Text(its, "secret"), Text(its, "body"));
  }
  if (row.contains("together")) {
    const auto exchanges = ExchangesOf(row["together"]["exchanges"]);
    return JudgeTogether(exchanges, TimeOf(row["together"], "until").value(),
                         std::chrono::seconds(5));
  }
  if (row.contains("secret_in_the_open")) return {SecretInTheOpen(Text(row, "secret_in_the_open"))};
  if (row.contains("loopback_callback")) return {LoopbackCallback(Text(row, "loopback_callback"))};
  if (row.contains("missed")) {
    const json& missed = row["missed"];
    return {JudgeVerificationMissed({.hub = Text(missed, "hub"),
                                     .status = 202,
                                     .answer = "",
                                     .callback = Text(missed, "callback"),
                                     .listener = "127.0.0.1:4567",
                                     .waited = std::chrono::seconds(30),
                                     .stray = Text(missed, "stray"),
                                     .broken = Text(missed, "broken")})};
  }
  return Explain(FactsOf(row.at("explain"))).findings;
}

Slugs SlugsOf(const std::vector<Finding>& findings) {
  Slugs slugs;
  for (const Finding& finding : findings) slugs.emplace_back(finding.slug());
  return slugs;
}

}  // namespace

TEST_CASE("what was recorded is told by its findings") {
  for (const json& row : tests::ReadCases("core/findings.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto findings = FindingsOf(row);
    CHECK(SlugsOf(findings) == row["slugs"].get<Slugs>());
    for (const Finding& finding : findings) {
      CHECK(finding.what.size() > 2);
      CHECK_FALSE(finding.what.ends_with('.'));
    }
    if (row.contains("what")) {
      CHECK(findings.at(0).what.find(Text(row, "what")) != std::string::npos);
    }
  }
}

TEST_CASE("an explanation names the step where it stopped") {
  for (const json& row : tests::ReadCases("core/findings.json")) {
    if (!row.contains("explain")) continue;
    const std::string name = row["name"];
    CAPTURE(name);
    const Explanation explanation = Explain(FactsOf(row["explain"]));
    CHECK(explanation.steps.size() == 8);
    const ExplanationStep* stopped = explanation.Stopped();
    CHECK((stopped == nullptr ? "" : stopped->name) == row["stopped"].get<std::string>());
    bool after = false;
    for (const ExplanationStep& step : explanation.steps) {
      CHECK(step.text.empty() == (step.state == StepState::kNotReached));
      if (row["explain"]["sub"].is_null()) continue;  // the topic's own steps are told all the same
      CHECK((step.state == StepState::kNotReached) == after);
      after = after || step.state == StepState::kStopped;
    }
  }
}

TEST_CASE("every finding of the catalogue is found by a row") {
  std::set<std::string> found;
  for (const json& row : tests::ReadCases("core/findings.json")) {
    for (const std::string slug : row["slugs"]) found.insert(slug);
  }
  for (const json& row : tests::ReadCases("core/signature_diagnosis.json")) {
    found.insert("signature-" + row["change"].get<std::string>());
  }
  for (const CatalogueEntry& entry : Catalogue()) {
    CAPTURE(entry.slug);
    CHECK(found.contains(std::string(entry.slug)));
  }
}

TEST_CASE("a finding never shows a password and stays short") {
  Exchange exchange;
  exchange.kind = ExchangeKind::kDeliver;
  exchange.status = 500;
  exchange.callback = "http://user:password@sub.example/" + std::string(100000, 'x');
  exchange.outcome = std::string(100000, 'y') + ", retry in 2s";
  const auto findings = Judge(exchange);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].what.find("password") == std::string::npos);
  CHECK(findings[0].what.size() < 1000);
}

TEST_CASE("what is hostile and large costs no more than its bytes") {
  constexpr std::size_t kSize = 256 * 1024;
  const auto begin = std::chrono::steady_clock::now();
  const auto filled = [](std::string_view unit) {
    std::string text;
    while (text.size() < kSize) text += unit;
    return text;
  };
  for (const std::string_view unit : {"[", "{\"a\":", "[1,", "\"", "\\", "\xff", "\xf0\x9f", "%41",
                                      "\n", "<a>", "&a=", ", ", "=", "\xc3\xa9"}) {
    CAPTURE(unit);
    const std::string text = filled(unit);
    DiagnoseSignature("sha256=" + std::string(64, '0'), "secret", text);
    JudgeSignature("sha256=" + text, "secret", "body");
    for (const ExchangeKind kind :
         {ExchangeKind::kSubscribe, ExchangeKind::kPublish, ExchangeKind::kVerify,
          ExchangeKind::kDeliver, ExchangeKind::kFetch, ExchangeKind::kDeny}) {
      Exchange exchange;
      exchange.kind = kind;
      exchange.url = "http://sub.example/?" + text + "&hub.challenge=abc";
      exchange.callback = text;
      exchange.status = kind == ExchangeKind::kVerify ? 200 : 400;
      exchange.request_body = exchange.response_body = text;
      exchange.response_head = "HTTP/1.1 200 OK\r\nLocation: " + text + "\r\n\r\n";
      for (const Finding& finding : Judge(exchange)) CHECK(finding.what.size() < 2000);
    }
    JudgeVerificationRequest("/cb?" + text, {.callback = "http://sub.example/cb", .topic = "t"});
    CompareTopics("http://sub.example/" + text, "http://sub.example/");
  }
  // Some fifty HMACs over each take most of it; quadratic work would take hours.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));
}

}  // namespace websub
