#include "cli/commands/subscribe_report.h"

#include "cli/finding_output.h"
#include "cli/text.h"
#include "core/time.h"

namespace websub::cli {
namespace {

constexpr std::size_t kRowsOnTerminal = 24;

std::string_view Name(RequestKind kind) {
  return kind == RequestKind::kUnsubscribe ? "unsubscribe" : "subscribe";
}

Json FactsOf(const SubscriptionFacts& facts) {
  return {{"topic", ShownUrl(facts.topic)},
          {"hub", ShownUrl(facts.hub)},
          {"callback", ShownUrl(facts.callback)}};
}

Style StyleOf(SignatureVerdict verdict) {
  if (verdict == SignatureVerdict::kValid) return Style::kGood;
  return verdict == SignatureVerdict::kNone ? Style::kPlain : Style::kBad;
}

std::string TimeOfDay(Time time) {
  return FormatRfc3339(time).substr(11, 8);
}

// "2026-12-01T22:05:04Z"
std::string ToTheSecond(Time time) {
  return FormatRfc3339(time).substr(0, 19) + "Z";
}

}  // namespace

SubscribeReport::SubscribeReport(Environment& environment, Output& output, std::size_t topics)
    : environment_(environment), output_(output), several_(topics > 1) {}

void SubscribeReport::Step(const SubscriptionFacts& facts, const std::string& sentence) {
  if (output_.json()) return;  // the events say it
  output_.Note(several_ ? facts.topic + ": " + sentence : sentence);
}

void SubscribeReport::Detail(const std::string& sentence) {
  if (output_.verbose() > 0) output_.Note(sentence);
}

void SubscribeReport::Discovered(const std::string& url, const std::string& topic,
                                 const std::vector<std::string>& hubs) {
  Json shown = Json::array();
  std::string list;
  for (const std::string& hub : hubs) {
    shown.push_back(ShownUrl(hub));
    list += (list.empty() ? "" : ", ") + ShownUrl(hub);
  }
  output_.Event("discovered", {{"url", ShownUrl(url)}, {"topic", topic}, {"hubs", shown}});
  if (output_.json()) return;
  output_.Note("discovered: topic " + topic + ", hub " + list);
}

void SubscribeReport::Requested(const SubscriptionFacts& facts, RequestKind kind,
                                std::optional<std::chrono::seconds> lease) {
  Json fields = FactsOf(facts);
  fields["mode"] = Name(kind);
  if (kind != RequestKind::kUnsubscribe) {
    fields["renewal"] = kind == RequestKind::kRenew;
    if (lease) fields["lease_seconds"] = lease->count();
    fields["has_secret"] = facts.has_secret;
  }
  output_.Event("requested", fields);
  if (kind == RequestKind::kSubscribe) {
    Step(facts,
         "asking " + ShownUrl(facts.hub) + " to deliver " + facts.topic + " to " + facts.callback);
  } else if (kind == RequestKind::kRenew) {
    Step(facts, "renewing at " + ShownUrl(facts.hub));
  } else {
    Step(facts, "unsubscribing at " + ShownUrl(facts.hub));
  }
}

void SubscribeReport::Accepted(const SubscriptionFacts& facts, RequestKind kind, int status,
                               AcceptedAs as) {
  Json fields = FactsOf(facts);
  fields["mode"] = Name(kind);
  fields["status"] = status;
  if (as == AcceptedAs::kVerified) fields["verified"] = true;
  output_.Event("accepted", fields);
  if (kind == RequestKind::kSubscribe) {
    Step(facts, "accepted by the hub (" + std::to_string(status) +
                    (as == AcceptedAs::kVerified ? "), which has verified" : "), to be verified"));
  }
}

void SubscribeReport::Confirmed(const SubscriptionFacts& facts, Confirmation confirmation,
                                const Subscriber& subscriber) {
  Json fields = FactsOf(facts);
  if (confirmation == Confirmation::kUnsubscribed) {
    output_.Event("unsubscribed", fields);
    return Step(facts, "unsubscribed");
  }
  std::string until;
  if (const auto lease = subscriber.lease()) {
    fields["lease_seconds"] = lease->count();
    fields["expires_at"] = FormatRfc3339(*subscriber.lease_end());
    fields["renews_at"] = FormatRfc3339(*subscriber.renewal_at());
    until = "lease " + FormatDuration(*lease) + ", until " + ToTheSecond(*subscriber.lease_end());
  }
  if (confirmation == Confirmation::kRenewed) {
    output_.Event("renewed", fields);
    return Step(facts, "renewed" + (until.empty() ? "" : ": " + until));
  }
  output_.Event("verified", fields);
  Step(facts, "verified: subscribed" + (until.empty() ? "" : ", " + until));
}

void SubscribeReport::Denied(const SubscriptionFacts& facts, const std::string& reason) {
  Json fields = FactsOf(facts);
  fields["reason"] = reason;
  const Finding finding{FindingCode::kSubscriptionDenied,
                        "the hub denied the subscription to " + facts.topic +
                            (reason.empty() ? " and gave no reason" : ": " + reason),
                        {}};
  AddFindings(fields, {finding});
  output_.Event("denied", fields);
  output_.Diagnose(finding.what);
}

void SubscribeReport::Expired(const SubscriptionFacts& facts, Time end) {
  Json fields = FactsOf(facts);
  fields["expired_at"] = FormatRfc3339(end);
  AddFindings(fields,
              {{FindingCode::kLeaseEnded, "the lease for " + facts.topic + " has ended", {}}});
  output_.Event("expired", fields);
  output_.Note("the lease for " + facts.topic + " has ended; still trying to renew it");
}

void SubscribeReport::Warn(const Finding& finding) {
  output_.Note(finding.what + "; " + std::string(finding.entry().next));
}

void SubscribeReport::ErrorEvent(const SubscriptionFacts& facts, const std::string& sentence,
                                 const std::optional<Finding>& finding) {
  Json fields{{"topic", facts.topic}, {"message", sentence}};
  if (finding) fields["finding"] = FindingJson(*finding);
  output_.Event("error", fields);
}

void SubscribeReport::Problem(const SubscriptionFacts& facts, const std::string& sentence,
                              const std::optional<Finding>& finding) {
  ErrorEvent(facts, sentence, finding);
  output_.Note(several_ ? facts.topic + ": " + sentence : sentence);
  if (finding) output_.Note(Advice(*finding));
}

void SubscribeReport::Failure(const SubscriptionFacts& facts, const std::string& sentence,
                              const std::optional<Finding>& finding) {
  ErrorEvent(facts, sentence, finding);
  output_.Diagnose(several_ ? facts.topic + ": " + sentence : sentence);
  if (finding) output_.Note(Advice(*finding));
}

Json NotificationMembers(const std::string& topic, const Arrival& arrival) {
  const Delivery& delivery = arrival.delivery;
  Json members{{"topic", topic},
               {"content_type", delivery.content_type},
               {"signature", websub::Name(delivery.check.verdict)}};
  if (delivery.check.algorithm) members["algorithm"] = websub::Name(*delivery.check.algorithm);
  members["bytes"] = arrival.bytes;
  if (!delivery.message_id.empty()) members["message_id"] = delivery.message_id;
  if (delivery.attempt) members["attempt"] = *delivery.attempt;
  if (delivery.seen == Seen::kBefore) members["duplicate"] = true;
  return members;
}

void SubscribeReport::Notification(const SubscriptionFacts& facts, const Arrival& arrival) {
  if (!output_.json()) return PrintForPeople(facts, arrival);
  const Delivery& delivery = arrival.delivery;
  Json members = NotificationMembers(facts.topic, arrival);
  // SUB-DIS-02, SUB-DIS-03: what cannot be trusted is not passed on.
  if (delivery.Discarded()) {
    members["discarded"] = true;
    members["reason"] = delivery.check.sentence;
    if (delivery.finding) members["finding"] = FindingJson(*delivery.finding);
  } else if (!arrival.file.empty()) {
    members["file"] = arrival.file;
  } else {
    AddBytes(members, "body", arrival.Body());
  }
  output_.Event("notification", members);
}

void SubscribeReport::PrintForPeople(const SubscriptionFacts& facts, const Arrival& arrival) {
  const Delivery& delivery = arrival.delivery;
  const bool discarded = delivery.Discarded();
  const bool repeated = delivery.seen == Seen::kBefore;
  if (output_.quiet()) {
    // Only content, for another program: byte for byte, unless it would go to a terminal.
    if (discarded || repeated) return;
    if (!arrival.file.empty()) return output_.Raw(Printable(arrival.file) + "\n");
    return output_.Raw(environment_.terminal.out
                           ? BodyForPeople(arrival.Body(), delivery.content_type, {})
                           : std::string(arrival.Body()));
  }
  std::vector<Piece> header = {{TimeOfDay(environment_.clock.Now()), Style::kDim}};
  if (several_) header.push_back({"  " + facts.topic, Style::kStrong});
  header.push_back({"  " + (delivery.content_type.empty() ? "no type" : delivery.content_type)});
  header.push_back({"  " + HumanSize(arrival.bytes)});
  header.push_back({"  signature: "});
  header.push_back(
      {std::string(websub::Name(delivery.check.verdict)), StyleOf(delivery.check.verdict)});
  if (delivery.check.algorithm) {
    header.push_back({" (" + std::string(websub::Name(*delivery.check.algorithm)) + ")"});
  }
  if (!delivery.message_id.empty()) {
    header.push_back({"  message " + delivery.message_id, Style::kDim});
  }
  if (delivery.attempt) {
    header.push_back({"  attempt " + std::to_string(*delivery.attempt), Style::kDim});
  }
  if (repeated) header.push_back({"  duplicate", Style::kWarning});
  output_.Wrapped(header, 10);
  if (discarded) {
    output_.Line({{"  discarded: " + delivery.check.sentence, Style::kBad}});
    if (delivery.finding) PrintFinding(output_, *delivery.finding);
    return;
  }
  if (!arrival.file.empty()) return output_.Line({{"saved  ", Style::kDim}, {arrival.file}});
  if (repeated && output_.verbose() == 0) return;
  BodyLimits limits;
  if (environment_.terminal.out && output_.verbose() == 0) {
    limits = {kRowsOnTerminal, static_cast<std::size_t>(environment_.terminal.width)};
  }
  output_.Raw(BodyForPeople(arrival.Body(), delivery.content_type, limits) + "\n");
}

}  // namespace websub::cli
