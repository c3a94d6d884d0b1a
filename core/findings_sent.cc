// What a hub sends to a callback: its verifications and deliveries, against what was wanted.
#include <algorithm>
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"
#include "core/form.h"
#include "core/lease.h"
#include "core/link_header.h"
#include "core/text.h"

namespace websub {
namespace {

using enum FindingCode;

constexpr std::size_t kShownUrl = 200;
constexpr std::size_t kMostRead = 64 * 1024;

std::string Both(std::string_view what, std::string_view came, std::string_view wanted) {
  return std::string(what) + " is " + Quote(came, kShownUrl) + ", wanted was " +
         Quote(wanted, kShownUrl);
}

// Whether `came` is `wanted` up to one of its '&'.
bool IsCut(std::string_view came, std::string_view wanted) {
  return came.size() < wanted.size() && wanted.starts_with(came) && wanted[came.size()] == '&';
}

struct Mangled {
  FindingCode decoded_twice;
  FindingCode cut;
  FindingCode changed;
};

FindingCode HowMangled(std::string_view came, std::string_view wanted, const Mangled& codes) {
  if (PercentDecode(wanted) == came) return codes.decoded_twice;
  return IsCut(came, wanted) ? codes.cut : codes.changed;
}

// The request line's target without what the hub appended.
std::string_view OwnPart(std::string_view target) {
  const auto at = target.find("hub.");
  if (at == std::string_view::npos || at == 0) return target;
  return target.substr(0, at - 1);
}

// Path and query of the callback against those of the request; `own` is the callback's target.
std::optional<Finding> JudgeTarget(std::string_view target, const std::string& own) {
  const auto wrong = [&](FindingCode code) {
    return MakeFinding(code, Both("the target of the request", target, own));
  };
  if (target.starts_with(own)) {
    const bool has_query = own.find('?') != std::string::npos;
    const std::string_view rest = target.substr(own.size());
    if (has_query && rest.starts_with('?')) return wrong(kQueryJoinedTwice);
    const bool joined = rest.empty() || rest.front() == '&' || rest.front() == '?' ||
                        own.ends_with('&') || own.ends_with('?');
    if (joined) return std::nullopt;
    return wrong(kCallbackChanged);
  }
  const std::string_view came = OwnPart(target);
  const std::string path = own.substr(0, own.find('?'));
  if (came == path && path != own) return wrong(kCallbackQueryDropped);
  return wrong(HowMangled(came, own, {kCallbackDecodedTwice, kCallbackCut, kCallbackChanged}));
}

void JudgeTopic(std::string_view came, const std::string& wanted, std::vector<Finding>& findings) {
  if (came == wanted) return;
  FindingCode code =
      HowMangled(came, wanted, {kTopicDecodedTwice, kTopicCut, kVerificationWrongTopic});
  if (code == kVerificationWrongTopic && MayMeanTheSame(came, wanted)) code = kTopicChanged;
  findings.push_back(MakeFinding(code, Both("hub.topic", came, wanted)));
}

bool IsPlain(std::string_view challenge) {
  return std::all_of(challenge.begin(), challenge.end(), IsUnreserved);
}

void JudgeParameters(const Form& form, const VerificationWanted& wanted,
                     std::vector<Finding>& findings) {
  const auto value = [&](std::string_view name) {
    std::string_view last;
    for (const FormField& field : form) {
      if (field.name == name) last = field.value;
    }
    return last;
  };
  for (const char* name : {"hub.mode", "hub.topic", "hub.challenge"}) {
    if (value(name).empty()) {
      findings.push_back(
          MakeFinding(kVerificationIncomplete, "the verification has no " + std::string(name)));
    }
  }
  const std::string_view mode = value("hub.mode");
  if (!mode.empty() && mode != Name(wanted.mode)) {
    findings.push_back(
        MakeFinding(kVerificationWrongMode, Both("hub.mode", mode, Name(wanted.mode))));
  }
  if (!value("hub.topic").empty()) JudgeTopic(value("hub.topic"), wanted.topic, findings);
  const std::string_view lease = value("hub.lease_seconds");
  if (wanted.mode == Mode::kSubscribe && lease.empty()) {
    findings.push_back(MakeFinding(kLeaseMissing, "the verification has no hub.lease_seconds"));
  } else if (!lease.empty() && !ParseLeaseSeconds(lease)) {
    findings.push_back(MakeFinding(kLeaseInvalid, "hub.lease_seconds is " + Quote(lease, 40)));
  }
  if (!wanted.verify_token.empty() && value("hub.verify_token") != wanted.verify_token) {
    findings.push_back(
        MakeFinding(kVerifyTokenMissing, "hub.verify_token did not come back as it was sent"));
  }
  if (!IsPlain(value("hub.challenge"))) {
    findings.push_back(
        MakeFinding(kChallengeNeedsEscaping, "hub.challenge is " + Quote(value("hub.challenge"))));
  }
}

// The links of a delivery against what was wanted.
void JudgeLinks(const DeliverySeen& seen, const DeliveryWanted& wanted,
                std::vector<Finding>& findings) {
  const auto headers = AllFields(seen.fields, "Link");
  std::vector<Link> hubs;
  std::vector<Link> selves;
  int split = 0;
  for (const std::string& header : headers) {
    bool counts = false;
    for (const Link& link : ParseLinkHeader(std::string_view(header).substr(0, kMostRead)).links) {
      if (link.HasRel("hub")) hubs.push_back(link);
      if (link.HasRel("self")) selves.push_back(link);
      counts = counts || link.HasRel("hub") || link.HasRel("self");
    }
    if (counts) ++split;
  }
  const std::string shown = headers.empty() ? "" : ": " + Quote(headers.front(), kShownUrl);
  if (hubs.empty() && selves.empty()) {
    findings.push_back(
        MakeFinding(kLinkMissing, "the delivery names neither hub nor topic" + shown));
    return;
  }
  if (hubs.empty() || selves.empty()) {
    findings.push_back(MakeFinding(kLinkIncomplete, std::string("the delivery has no rel=") +
                                                        (hubs.empty() ? "hub" : "self") + shown));
  }
  for (const auto* links : {&hubs, &selves}) {
    if (!links->empty() && !Url::Parse(links->front().target)) {
      findings.push_back(MakeFinding(
          kLinkRelative, "the delivery links to " + Quote(links->front().target, kShownUrl)));
    }
  }
  if (split > 1) {
    findings.push_back(MakeFinding(
        kLinkSplit, "hub and self stand in " + std::to_string(split) + " Link headers"));
  }
  if (!selves.empty() && !wanted.topic.empty() && Url::Parse(selves.front().target) &&
      selves.front().target != wanted.topic) {
    findings.push_back(
        MakeFinding(kLinkOtherTopic, Both("rel=self", selves.front().target, wanted.topic)));
  }
}

void JudgeContent(const DeliverySeen& seen, const DeliveryWanted& wanted,
                  std::vector<Finding>& findings) {
  const std::string type = FirstField(seen.fields, "Content-Type");
  if (wanted.content_type && !wanted.content_type->empty() && type.empty()) {
    findings.push_back(MakeFinding(kContentTypeMissing,
                                   "the delivery has no Content-Type, the "
                                   "topic's is " +
                                       Quote(*wanted.content_type)));
  } else if (wanted.content_type && type != *wanted.content_type) {
    findings.push_back(
        MakeFinding(kContentTypeChanged, Both("the Content-Type", type, *wanted.content_type)));
  }
  const bool expects_bytes = !wanted.body || !wanted.body->empty();
  if (seen.body.empty() && expects_bytes) {
    findings.push_back(MakeFinding(kBodyEmpty, "the delivery has no body"));
  } else if (wanted.body && seen.body != *wanted.body) {
    const auto [here, there] =
        std::mismatch(seen.body.begin(), seen.body.end(), wanted.body->begin(), wanted.body->end());
    findings.push_back(
        MakeFinding(kBodyChanged, "the delivery has " + std::to_string(seen.body.size()) +
                                      " bytes, the topic " + std::to_string(wanted.body->size()) +
                                      "; they differ from byte " +
                                      std::to_string(here - seen.body.begin() + 1) + " on"));
  }
}

}  // namespace

std::vector<Finding> JudgeVerificationRequest(std::string_view target,
                                              const VerificationWanted& wanted) {
  std::vector<Finding> findings;
  const auto callback = Url::Parse(wanted.callback);
  if (callback) {
    if (auto finding = JudgeTarget(target, callback->target())) findings.push_back(*finding);
  }
  // Whatever joined them, the parameters begin at the first of ours.
  const auto at = target.find("hub.");
  const std::string_view query =
      at == std::string_view::npos ? std::string_view() : target.substr(at, kMostRead);
  const auto form = ParseForm(query);
  JudgeParameters(form ? *form : Form(), wanted, findings);
  return findings;
}

std::vector<Finding> JudgeDeliveryRequest(const DeliverySeen& seen, const DeliveryWanted& wanted) {
  std::vector<Finding> findings;
  const auto callback = Url::Parse(wanted.callback);
  if (callback && seen.target != callback->target()) {
    const std::string& own = callback->target();
    const std::string path = own.substr(0, own.find('?'));
    const FindingCode code =
        seen.target == path
            ? kCallbackQueryDropped
            : HowMangled(seen.target, own, {kCallbackDecodedTwice, kCallbackCut, kCallbackChanged});
    findings.push_back(MakeFinding(code, Both("the target of the delivery", seen.target, own)));
  }
  JudgeContent(seen, wanted, findings);
  if (wanted.secret) {
    const std::string header = FirstField(seen.fields, "X-Hub-Signature");
    if (auto misnamed = JudgeSignatureFields(seen.fields)) {
      findings.push_back(*std::move(misnamed));
    } else if (wanted.secret->empty()) {
      if (!header.empty()) {
        findings.push_back(
            MakeFinding(kSignatureNotAsked, "X-Hub-Signature: " + Quote(header, 160)));
      }
    } else {
      const auto judged =
          JudgeSignature(header.empty() ? std::nullopt : std::optional<std::string_view>(header),
                         *wanted.secret, seen.body);
      findings.insert(findings.end(), judged.begin(), judged.end());
    }
  }
  JudgeLinks(seen, wanted, findings);
  return findings;
}

}  // namespace websub
