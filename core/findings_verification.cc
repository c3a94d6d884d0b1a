// What callbacks answer when they are verified or denied.
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"
#include "core/form.h"
#include "core/text.h"
#include "core/verification.h"

namespace websub {
namespace {

using enum FindingCode;

std::string Subject(const Exchange& exchange) {
  return "the callback " + ShownInSentence(exchange.callback.str()) + " answered " +
         std::to_string(exchange.status);
}

// A parameter of the request that the hub sent; ours stand behind the callback's own.
std::string Sent(const Exchange& exchange, std::string_view name) {
  const auto form = ParseForm(QueryOf(exchange.url.str()));
  std::string value;
  if (!form) return value;
  for (const FormField& field : *form) {
    if (field.name == name) value = field.value;
  }
  return value;
}

std::pair<FindingCode, std::string_view> EchoFault(EchoVerdict verdict) {
  switch (verdict) {
    case EchoVerdict::kMatches:
    case EchoVerdict::kBadStatus:
    case EchoVerdict::kDifferent:
      break;
    case EchoVerdict::kEmpty:
      return {kChallengeEmpty, "without the challenge"};
    case EchoVerdict::kTrailingNewline:
      return {kChallengeNewline, "with white space around the challenge"};
    case EchoVerdict::kByteOrderMark:
      return {kChallengeBom, "with a byte order mark before the challenge"};
    case EchoVerdict::kQuoted:
      return {kChallengeQuoted, "with the challenge in quotes"};
    case EchoVerdict::kJson:
      return {kChallengeJson, "with the challenge inside JSON"};
    case EchoVerdict::kHtml:
      return {kChallengeHtml, "with the challenge inside markup"};
    case EchoVerdict::kTruncated:
      return {kChallengeTruncated, "with the beginning of the challenge only"};
  }
  return {kChallengeDifferent, "with something else than the challenge"};
}

FindingCode StatusFault(int status) {
  if (IsRedirect(status)) return kVerificationRedirected;
  switch (status) {
    case 401:
    case 403:
    case 407:
      return kVerificationUnauthorized;
    case 404:
      return kVerificationNotFound;
    case 405:
    case 501:
      return kVerificationMethodRefused;
    case 410:
      return kVerificationGone;
    default:
      return status >= 500 ? kVerificationServerError : kVerificationBadStatus;
  }
}

std::string LocationOf(const Exchange& exchange) {
  const std::string location = FirstField(HeadFields(exchange.response_head), "Location");
  return location.empty() ? "" : " to " + ShownInSentence(location);
}

}  // namespace

std::vector<Finding> JudgeVerification(const Exchange& exchange) {
  const bool success = exchange.status >= 200 && exchange.status < 300;
  if (exchange.status == 0) {
    Finding finding =
        JudgeFault(Peer::kCallback, exchange.fault, exchange.callback.str(), exchange.outcome);
    return {MakeFinding(finding.code, std::move(finding.what), exchange)};
  }
  if (success && exchange.fault != Fault::kNone) {
    return {MakeFinding(kVerificationBrokenOff,
                        Subject(exchange) + ", but its answer was not whole", exchange)};
  }
  if (!success) {
    const FindingCode code = StatusFault(exchange.status);
    std::string what = Subject(exchange) + " to the verification";
    if (code == kVerificationRedirected) what += ", which leads" + LocationOf(exchange);
    return {MakeFinding(code, std::move(what), exchange)};
  }
  // The hub that asked knows best: what is recorded may be cut.
  if (exchange.outcome.starts_with("verified")) return {};
  const std::string challenge = Sent(exchange, "hub.challenge");
  const EchoCheck check = CheckEcho(exchange.status, exchange.response_body, challenge);
  const bool whole = exchange.response_body_size <= exchange.response_body.size();
  if (check.verdict == EchoVerdict::kMatches && whole) return {};
  auto [code, clause] = EchoFault(check.verdict);
  std::string what = Subject(exchange) + ", but ";
  what += clause;
  if (code != kChallengeEmpty) what += ": " + Quote(exchange.response_body);
  return {MakeFinding(code, std::move(what), exchange)};
}

std::vector<Finding> JudgeUnaskedVerification(const Exchange& exchange) {
  if (exchange.fault != Fault::kNone || !JudgeVerification(exchange).empty()) return {};
  return {MakeFinding(kEchoesAnything,
                      Subject(exchange) + " with the challenge to a verification of " +
                          Quote(Sent(exchange, "hub.mode")) + " for " +
                          Quote(Sent(exchange, "hub.topic"), 200) + ", which it never asked for",
                      exchange)};
}

std::vector<Finding> JudgeDenial(const Exchange& exchange) {
  const std::string reason = Sent(exchange, "hub.reason");
  std::string what = "the hub denied the subscription to " + ShownInSentence(exchange.topic.str()) +
                     (reason.empty() ? "" : ": " + Quote(reason, 200));
  if (exchange.status >= 200 && exchange.status < 300) {
    return {MakeFinding(kSubscriptionDenied, std::move(what), exchange)};
  }
  what += exchange.status == 0 ? "; the callback could not be told"
                               : "; the callback answered " + std::to_string(exchange.status);
  return {MakeFinding(kSubscriptionDeniedSilently, std::move(what), exchange)};
}

}  // namespace websub
