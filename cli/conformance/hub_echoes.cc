// Which answers of a callback verify.
#include "cli/conformance/hub_cases.h"

namespace websub::cli::conformance {
namespace {

// A callback whose answer to the challenge is no echo. The hub may ask again; another subscriber of
// the topic tells when an update has been around.
Outcome VerifiesNothing(HubBench& hub, const std::string& what, const Answer& answer) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.MakeCallback();
  callback.Verify(answer);
  hub.Subscribe(callback, {.topic = topic.url(), .callback = {}});
  const Callback control = hub.Subscribed(topic);
  const Content content = hub.Text();
  hub.Publish(topic, content);
  hub.Delivery(control, content);
  if (hub.Nothing(callback, content)) return Passed();
  return Failed(
      "expected no delivery to a callback that answered " + what + ", one came",
      "the hub does not compare status and body to the byte: it follows, trims or decodes "
      "the answer first, looks for the challenge in it, or takes any");
}

Answer Written(const std::string& before, const std::string& after) {
  return [=](const Visit& visit) {
    Reply reply = Echo(visit);
    reply.body = before + reply.body + after;
    return reply;
  };
}

Answer EchoWithStatus(int status) {
  return [status](const Visit& visit) {
    Reply reply = Echo(visit);
    reply.status = status;
    return reply;
  };
}

Outcome FollowsNoRedirect(HubBench& hub) {
  const Callback elsewhere = hub.MakeCallback("/elsewhere");
  const std::string location = elsewhere.url();
  Outcome outcome = VerifiesNothing(hub, "302", [location](const Visit& visit) {
    const std::string query(visit.request.Query());
    return Reply{.status = 302,
                 .fields = {{"Location", location + "?" + query}},
                 .body = visit.Parameter("hub.challenge").value_or("")};
  });
  if (outcome.verdict == Verdict::kPassed && elsewhere.Count() > 0) {
    return FailedBy(FindingCode::kVerificationRedirected,
                    "expected the redirect of a verification not to be followed, it was");
  }
  return outcome;
}

Outcome Verifies(HubBench& hub, int status) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.MakeCallback();
  callback.Verify(EchoWithStatus(status));
  hub.Subscribe(callback, {.topic = topic.url(), .callback = {}});
  const Callback control = hub.Subscribed(topic);
  if (hub.Reach(topic, control, callback).callback) return Passed();
  return Failed("expected the challenge with status " + std::to_string(status) +
                    " to verify, no delivery came",
                "the hub takes 200 alone for success");
}

}  // namespace

void AddEchoCases(CaseList& cases) {
  const auto nothing = [&](const std::string& name, const std::string& what, Answer answer) {
    cases.Add("HUB-VER-03/" + name, "an answer of " + what + " verifies nothing",
              [what, answer = std::move(answer)](HubBench& hub) {
                return VerifiesNothing(hub, what, answer);
              });
  };
  cases.Add("HUB-VER-03/redirect", "a redirect verifies nothing, and is not followed",
            FollowsNoRedirect);
  nothing("404", "404 with the challenge", EchoWithStatus(404));
  nothing("500", "500 with the challenge", EchoWithStatus(500));
  nothing("empty", "200 without a body", AnswerStatus(200));
  nothing("other", "200 with another body", AnswerStatus(200, "thank you, subscribed"));
  nothing("quoted", "the challenge in quotes", Written("\"", "\""));
  nothing("json", "the challenge inside JSON", Written("{\"hub.challenge\":\"", "\"}"));
  nothing("html", "the challenge inside a page", Written("<html><body>", "</body></html>"));
  nothing("newline", "the challenge and a newline", Written("", "\n"));
  nothing("bom", "a byte order mark and the challenge", Written("\xEF\xBB\xBF", ""));
  nothing("prefix", "the challenge without its end", [](const Visit& visit) {
    Reply reply = Echo(visit);
    if (!reply.body.empty()) reply.body.pop_back();
    return reply;
  });
  nothing("changed", "the challenge with one letter or digit changed", [](const Visit& visit) {
    Reply reply = Echo(visit);
    if (!reply.body.empty()) reply.body.back() = reply.body.back() == 'x' ? 'y' : 'x';
    return reply;
  });
  for (const int status : {201, 299}) {
    cases.Add("HUB-VER-03/" + std::to_string(status),
              "the challenge with status " + std::to_string(status) + " verifies",
              [status](HubBench& hub) { return Verifies(hub, status); });
  }
}

}  // namespace websub::cli::conformance
