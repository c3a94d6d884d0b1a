// SUB-VER-01 and SUB-VER-02: what the callback answers when the hub verifies.
#include <thread>
#include <utility>

#include "cli/conformance/subscriber_bench.h"
#include "core/finding.h"
#include "core/verification.h"

namespace websub::cli::conformance {
namespace {

struct Mistake {
  EchoVerdict verdict;
  const char* got;
  FindingCode code;
};
constexpr Mistake kMistakes[] = {
    {EchoVerdict::kEmpty, "an empty body", FindingCode::kChallengeEmpty},
    {EchoVerdict::kTrailingNewline, "white space around the challenge",
     FindingCode::kChallengeNewline},
    {EchoVerdict::kByteOrderMark, "a byte order mark before the challenge",
     FindingCode::kChallengeBom},
    {EchoVerdict::kQuoted, "the challenge in quotes", FindingCode::kChallengeQuoted},
    {EchoVerdict::kJson, "the challenge as JSON", FindingCode::kChallengeJson},
    {EchoVerdict::kHtml, "the challenge in markup", FindingCode::kChallengeHtml},
    {EchoVerdict::kTruncated, "the beginning of the challenge only",
     FindingCode::kChallengeTruncated},
};

FindingCode CodeOfStatus(int status) {
  if (status >= 500) return FindingCode::kVerificationServerError;
  if (status >= 300 && status < 400) return FindingCode::kVerificationRedirected;
  switch (status) {
    case 401:
    case 403:
      return FindingCode::kVerificationUnauthorized;
    case 404:
      return FindingCode::kVerificationNotFound;
    case 405:
      return FindingCode::kVerificationMethodRefused;
    case 410:
      return FindingCode::kVerificationGone;
    default:
      return FindingCode::kVerificationBadStatus;
  }
}

// How a case ends whose verification was to be confirmed.
Outcome Judge(const Answered& answered) {
  if (answered.Echoed()) return Passed();
  const auto because = [](const std::string& got, FindingCode code) {
    return Failed("expected 2xx and exactly the challenge, got " + got,
                  std::string(EntryOf(code).cause));
  };
  const hub::OutgoingResult& result = answered.result;
  if (result.fault != Fault::kNone) {
    return Failed("expected 2xx and exactly the challenge; " + HowAnswered(result));
  }
  if (!result.Ok2xx()) return because(std::to_string(result.status), CodeOfStatus(result.status));
  const EchoVerdict verdict = CheckEcho(result.status, result.body, answered.challenge).verdict;
  for (const Mistake& mistake : kMistakes) {
    if (mistake.verdict == verdict) return because(mistake.got, mistake.code);
  }
  return because("another text", FindingCode::kChallengeDifferent);
}

Outcome Echoes(SubscriberBench& bench, const std::string& challenge) {
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  bench.Settle();
  return Judge(bench.Verify(*asked, {.mode = "subscribe", .topic = "", .challenge = challenge}));
}

Outcome Challenge(SubscriberBench& bench) {
  return Echoes(bench, "");
}
// A hub should choose simpler ones, and need not: the answer is the decoded bytes.
Outcome Special(SubscriberBench& bench) {
  return Echoes(bench, "a+b c/d=e&f%41\"<g>;~" + bench.scene().Token());
}
Outcome Long(SubscriberBench& bench) {
  std::string challenge;
  while (challenge.size() < 512) challenge += bench.scene().Token();
  return Echoes(bench, challenge);
}

// Two verifications of the same request are under way at the same time: each gets its own answer.
Outcome TwoAtOnce(SubscriberBench& bench) {
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  bench.Settle();
  Answered first;
  std::thread other([&] { first = bench.Verify(*asked); });
  const Answered second = bench.Verify(*asked);
  other.join();
  const auto mixed_up = [](const Answered& one, const Answered& another) {
    return one.result.Ok2xx() && one.result.body == another.challenge;
  };
  if (mixed_up(first, second) || mixed_up(second, first)) {
    return Failed(
        "expected each of two verifications to be answered with its own challenge, got "
        "that of the other",
        "the challenge is kept in one place for all requests");
  }
  // The second one may not be wanted any more once the first is confirmed.
  if (first.Echoed() || second.Echoed()) return Passed();
  return Skipped("neither of two verifications was answered with its challenge (SUB-VER-01)");
}

// The same one after the other, the challenge that was made first coming last.
Outcome OutOfOrder(SubscriberBench& bench) {
  const std::string early = bench.scene().Token();
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  bench.Settle();
  const Answered late = bench.Verify(*asked);
  if (!late.Echoed()) {
    return Skipped("the verification was not answered with its challenge (SUB-VER-01)");
  }
  const Answered again =
      bench.Verify(*asked, {.mode = "subscribe", .topic = "", .challenge = early});
  if (!again.result.Ok2xx() || again.Echoed()) return Passed();
  return Failed(
      "expected a second verification to be answered with its own challenge or refused, "
      "got another text",
      "the first challenge is kept and answered again");
}

Outcome Unsubscribing(SubscriberBench& bench) {
  auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  const auto leaving = bench.Unsubscribe(asked->visit.number + 1);
  if (!leaving) return leaving.error();
  bench.Settle();
  return Judge(bench.Verify(*leaving, {.mode = "unsubscribe", .topic = "", .challenge = ""}));
}

// ------------------------------------------------------------------------------------ SUB-VER-02

Outcome Judge404(const Answered& answered, const std::string& what) {
  const hub::OutgoingResult& result = answered.result;
  if (result.status == 404) return Passed();
  const std::string expected = "expected 404 for " + what;
  if (answered.Echoed()) {
    return Failed(expected + ", got the challenge",
                  std::string(EntryOf(FindingCode::kEchoesAnything).cause));
  }
  return Failed(expected + "; " + HowAnswered(result));
}

// A wrong verification while the right one is waited for.
Outcome Refuses(SubscriberBench& bench, const std::string& mode,
                const std::function<std::string(const std::string&)>& topic,
                const std::string& what) {
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  bench.Settle();
  return Judge404(
      bench.Verify(*asked, {.mode = mode, .topic = topic(asked->topic()), .challenge = ""}), what);
}

Outcome OtherTopic(SubscriberBench& bench) {
  const Place other = bench.OpenTopic(PlainTopic(bench.announced()), "/another");
  return Refuses(
      bench, "subscribe", [&](const std::string&) { return other.url(); },
      "a topic that it did not ask for");
}
Outcome LongerTopic(SubscriberBench& bench) {
  return Refuses(
      bench, "subscribe", [](const std::string& topic) { return topic + "/more"; },
      "a topic that only begins like the one that it asked for");
}
Outcome ShorterTopic(SubscriberBench& bench) {
  return Refuses(
      bench, "subscribe",
      [](const std::string& topic) { return topic.substr(0, topic.rfind('/')); },
      "a topic that is only the beginning of the one that it asked for");
}
Outcome OtherMode(SubscriberBench& bench) {
  return Refuses(
      bench, "unsubscribe", [](const std::string& topic) { return topic; },
      "hub.mode=unsubscribe while it subscribes");
}
// Such a request is no verification at all: to call it bad is as right as 404.
Outcome UnknownMode(SubscriberBench& bench) {
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  bench.Settle();
  const Answered answered = bench.Verify(*asked, {.mode = "resubscribe"});
  if (answered.result.status >= 400 && answered.result.status < 500) return Passed();
  return Judge404(answered, "a hub.mode that does not exist");
}

Outcome UnwantedUnsubscribe(SubscriberBench& bench) {
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  return Judge404(bench.Verify(*asked, {.mode = "unsubscribe", .topic = "", .challenge = ""}),
                  "hub.mode=unsubscribe that it did not ask for");
}

Outcome OtherTopicLater(SubscriberBench& bench) {
  const Place other = bench.OpenTopic(PlainTopic(bench.announced()), "/another");
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  return Judge404(
      bench.Verify(*asked, {.mode = "subscribe", .topic = other.url(), .challenge = ""}),
      "a topic that it did not ask for");
}

Outcome SubscribeWhileLeaving(SubscriberBench& bench) {
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  const auto leaving = bench.Unsubscribe(asked->visit.number + 1);
  if (!leaving) return leaving.error();
  bench.Settle();
  return Judge404(bench.Verify(*leaving, {.mode = "subscribe", .topic = "", .challenge = ""}),
                  "hub.mode=subscribe while it unsubscribes");
}

}  // namespace

std::vector<Told> VerificationStories() {
  return {
      {"SUB-VER-01/challenge", "answers a wanted verification with exactly the challenge",
       Challenge},
      {"SUB-VER-01/special", "decodes the challenge once, and escapes nothing in it", Special},
      {"SUB-VER-01/long", "answers a long challenge whole", Long},
      {"SUB-VER-01/two-at-once", "answers two verifications each with its own challenge",
       TwoAtOnce},
      {"SUB-VER-01/out-of-order", "answers a repeated verification with its own challenge",
       OutOfOrder},
      {"SUB-VER-01/unsubscribe", "answers the verification of its unsubscription", Unsubscribing},
      {"SUB-VER-02/topic", "answers 404 for another topic", OtherTopic},
      {"SUB-VER-02/longer-topic", "compares the topic to its end", LongerTopic},
      {"SUB-VER-02/shorter-topic", "compares the topic from its beginning", ShorterTopic},
      {"SUB-VER-02/topic-later", "answers 404 for another topic once it is subscribed",
       OtherTopicLater},
      {"SUB-VER-02/mode", "answers 404 for unsubscribe while it subscribes", OtherMode},
      {"SUB-VER-02/unknown-mode", "refuses a mode that does not exist", UnknownMode},
      {"SUB-VER-02/unwanted-unsubscribe", "answers 404 for an unsubscription by somebody else",
       UnwantedUnsubscribe},
      {"SUB-VER-02/while-leaving", "answers 404 for subscribe while it unsubscribes",
       SubscribeWhileLeaving},
  };
}

}  // namespace websub::cli::conformance
