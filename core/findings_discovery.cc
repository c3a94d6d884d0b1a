// Discovery: its warnings, by their codes.
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"

namespace websub {
namespace {

using enum FindingCode;

// Warnings whose code is no slug of its own: several kinds that have one cause.
struct Group {
  std::string_view code;
  FindingCode finding;
};

constexpr Group kGroups[] = {
    {"link-too-many", kTooManyLinks},
    {"link-too-many-parameters", kTooManyLinks},
    {"too-many-links", kTooManyLinks},
    {"document-too-many-links", kTooManyLinks},
    {"link-too-long", kTooManyLinks},
    {"link-control-character", kLinksMalformed},
    {"link-stray-comma", kLinksMalformed},
    {"link-without-comma", kLinksMalformed},
    {"link-unreadable", kLinksMalformed},
    {"link-without-rel", kLinksMalformed},
    {"link-unclosed-angle-bracket", kLinkWithoutAngleBrackets},
    {"link-target-whitespace", kLinksMalformed},
    {"link-single-quotes", kLinksMalformed},
    {"link-empty-value", kLinksMalformed},
    {"link-unclosed-quote", kLinksMalformed},
    {"link-without-href", kLinksMalformed},
    {"link-with-entity", kDocumentOdd},
    {"link-without-atom-namespace", kLinkNotAtom},
    {"feed-link-several-rels", kLinkSeveralRels},
    {"document-truncated", kDocumentOdd},
    {"document-not-well-formed", kDocumentOdd},
    {"document-too-large", kDocumentOdd},
    {"document-too-complex", kDocumentOdd},
    {"content-type-mismatch", kDocumentOdd},
    {"body-cut", kDocumentOdd},
    {"unasked-content-encoding", kDocumentOdd},
    {"unknown-charset", kCharsetOdd},
    {"invalid-utf8", kCharsetOdd},
    {"charset-not-declared", kCharsetOdd},
    {"json-feed-without-version", kJsonFeedExtension},
    {"json-hub-type", kJsonFeedExtension},
    {"fhircast", kFhircastRequest},
    {"status", kTopicStatus},
    {"head-status", kRepresentationVaries},
    {"head-link", kRepresentationVaries},
    {"head-content-type", kRepresentationVaries},
};

std::optional<FindingCode> CodeOf(std::string_view warning) {
  for (const Group& group : kGroups) {
    if (group.code == warning) return group.finding;
  }
  return ParseFindingCode(warning);
}

}  // namespace

std::optional<Finding> JudgeWarning(std::string_view url, const Discovery& discovery,
                                    const Warning& warning) {
  auto code = CodeOf(warning.code);
  if (!code) return std::nullopt;
  if (*code == kSelfDiffers && discovery.self) {
    if (const auto difference = CompareTopics(url, *discovery.self)) code = difference->code;
  }
  return MakeFinding(*code, warning.message);
}

std::vector<Finding> JudgeDiscovery(std::string_view url, const Discovery& discovery) {
  std::vector<Finding> findings;
  const bool extension = discovery.document == DocumentKind::kJsonFeed;
  if (discovery.hubs.empty()) {
    findings.push_back(MakeFinding(kNoHub, ShownInSentence(url) + " names no hub"));
  } else if (!discovery.self) {
    findings.push_back(MakeFinding(kNoSelf, ShownInSentence(url) + " names the hub " +
                                                ShownInSentence(discovery.hubs.front()) +
                                                ", but not its own URL"));
  }
  for (const Warning& warning : discovery.warnings) {
    if (auto finding = JudgeWarning(url, discovery, warning)) {
      findings.push_back(*std::move(finding));
    }
  }
  for (const Candidate& candidate : discovery.candidates) {
    if (!extension || !candidate.taken || candidate.source != LinkSource::kExtension) continue;
    findings.push_back(MakeFinding(
        kJsonFeedExtension, ShownInSentence(candidate.url) + " is named by the JSON Feed only"));
    break;
  }
  return findings;
}

}  // namespace websub
