// The catalogue of findings: every fault that the tools name, once. Commands, conformance suites
// and reports take its sentences from here, so that the same fault reads the same everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace websub {

// kError: what was wanted cannot work like that. kWarning: it may work, or not with everybody.
// kInfo: nothing is wrong, but it explains what is seen.
enum class Severity { kInfo, kWarning, kError };

std::string_view Name(Severity severity);  // "error"

// Named as the slug is: kChallengeQuoted is "challenge-quoted".
enum class FindingCode {
  // What a callback answers when it is verified, and what a hub asks.
  kChallengeQuoted,
  kChallengeJson,
  kChallengeNewline,
  kChallengeBom,
  kChallengeHtml,
  kChallengeTruncated,
  kChallengeEmpty,
  kChallengeDifferent,
  kVerificationNotFound,
  kVerificationMethodRefused,
  kVerificationUnauthorized,
  kVerificationRedirected,
  kVerificationGone,
  kVerificationServerError,
  kVerificationBadStatus,
  kVerificationBrokenOff,
  kAcceptedNotVerified,
  kVerificationNeverCame,
  kVerificationElsewhere,
  kEchoesAnything,
  kVerificationWrongTopic,
  kVerificationWrongMode,
  kVerificationIncomplete,
  kLeaseMissing,
  kLeaseInvalid,
  kChallengeRepeated,
  kChallengeNeedsEscaping,
  kVerifyTokenMissing,
  kQueryJoinedTwice,
  kCallbackQueryDropped,
  kCallbackDecodedTwice,
  kCallbackCut,
  kCallbackEncodedTwice,
  kCallbackChanged,
  kTopicDecodedTwice,
  kTopicCut,
  kTopicChanged,
  // Why no answer came: from a callback, a topic, a hub.
  kCallbackRefused,
  kCallbackTimeout,
  kCallbackUnreachable,
  kCallbackDns,
  kCallbackTls,
  kCallbackPlainPort,
  kCallbackTlsPort,
  kCallbackReset,
  kCallbackNotHttp,
  kCallbackPrivateAddress,
  kCallbackLoopback,
  kTopicRefused,
  kTopicTimeout,
  kTopicUnreachable,
  kTopicDns,
  kTopicTls,
  kTopicPlainPort,
  kTopicTlsPort,
  kTopicReset,
  kTopicNotHttp,
  kTopicPrivateAddress,
  kHubRefused,
  kHubTimeout,
  kHubUnreachable,
  kHubDns,
  kHubTls,
  kHubPlainPort,
  kHubTlsPort,
  kHubReset,
  kHubNotHttp,
  kBadUrl,
  kHubStopped,
  // Requests as a hub receives them, and its answers.
  kParametersInQuery,
  kParameterUnderscore,
  kNotAForm,
  kParameterMissing,
  kModeUnknown,
  kCallbackNotUrl,
  kTopicNotUrl,
  kLeaseNotNumber,
  kSecretTooLong,
  kSecretInTheOpen,
  kSecretRequired,
  kHttpsRequired,
  kTopicNotRegistered,
  kNotAuthorized,
  kTooManyRequests,
  kHubRedirects,
  kHubRedirectMethod,
  kHubNotFound,
  kHubServerError,
  kFhircastRequest,
  kNothingToUnsubscribe,
  kHookRefused,
  kRequestRefused,
  kPublishBodyEmpty,
  // From the publish message to the message in the log.
  kSelfDiffers,
  kSelfDiffersScheme,
  kSelfDiffersHost,
  kSelfDiffersHostCase,
  kSelfDiffersPort,
  kSelfDiffersSlash,
  kSelfDiffersPath,
  kSelfDiffersQuery,
  kSelfDiffersFragment,
  kSelfDiffersUserinfo,
  kNotSubscribed,
  kPublishNeverCame,
  kPublishRefused,
  kPublishedBeforeSubscribed,
  kPublishNobodySubscribed,
  kAcceptsPingsNeverDelivers,
  kFetchWaiting,
  kFetchNotModified,
  kFetchUnchanged,
  kFetchNotFound,
  kFetchUnauthorized,
  kFetchServerError,
  kFetchBadStatus,
  kFetchRedirected,
  kFetchRedirectFailed,
  kFetchTooLarge,
  kFetchGivenUp,
  kMessageWaitsForContent,
  // Deliveries, and how subscriptions end.
  kDeliveryNotFound,
  kDeliveryMethodRefused,
  kDeliveryUnauthorized,
  kDeliveryGone,
  kDeliveryRedirected,
  kDeliveryTooLarge,
  kDeliveryTypeRefused,
  kDeliveryRateLimited,
  kDeliveryServerError,
  kDeliveryUnavailable,
  kDeliveryBadStatus,
  kDeliverySlow,
  kDeliveryRetrying,
  kDeliveryGivenUp,
  kDeliveryWaiting,
  kDeliveredNothingSeen,
  kLinkMissing,
  kLinkIncomplete,
  kLinkRelative,
  kLinkSplit,
  kLinkOtherTopic,
  kContentTypeChanged,
  kContentTypeMissing,
  kBodyChanged,
  kBodyEmpty,
  kDeliveryDuplicate,
  kDeliveryOutOfOrder,
  kDeliveryAfterLease,
  kDeliveryBeforeVerified,
  kSignatureNotAsked,
  kLeaseEnded,
  kLeaseShort,
  kRenewalFailed,
  kSubscriptionDenied,
  kSubscriptionDeniedSilently,
  kUnsubscribed,
  // Signatures.
  kSignatureMissing,
  kSignatureNoSecret,
  kSignatureMismatch,
  kSignatureField256,
  kSignatureOtherAlgorithm,
  kSignatureUnknownMethod,
  kSignatureNoMethod,
  kSignatureColon,
  kSignatureBase64,
  kSignatureUpperCase,
  kSignatureNotHex,
  kSignatureTruncated,
  kSignaturePadded,
  kSignatureNewlineAdded,
  kSignatureNewlineDropped,
  kSignatureTrimmed,
  kSignatureLfToCrlf,
  kSignatureCrlfToLf,
  kSignatureBomAdded,
  kSignatureBomDropped,
  kSignatureLatin1ToUtf8,
  kSignatureUtf8ToLatin1,
  kSignatureUtf8Twice,
  kSignatureReplacement,
  kSignaturePercentDecoded,
  kSignatureJsonCompact,
  kSignatureJsonSpaced,
  kSignatureJsonPretty,
  kSignatureJsonSorted,
  kSignatureJsonAscii,
  kSignatureDecompressed,
  kSignatureCompressed,
  kSignatureEmptyBody,
  kSignatureSecretTrimmed,
  kSignatureSecretNewlineAdded,
  kSignatureSecretUnquoted,
  kSignatureSecretHexDecoded,
  kSignatureSecretHexEncoded,
  kSignatureSecretBase64Decoded,
  kSignatureSecretPercentDecoded,
  kSignatureSecretPercentEncoded,
  kSignatureSecretEmpty,
  // Discovery.
  kNoHub,
  kNoSelf,
  kSeveralSelf,
  kSelfFragment,
  kSelfAmbiguous,
  kSchemeDiffers,
  kHubOnlyOnRedirect,
  kSelfOnlyOnRedirect,
  kHubAndSelfApart,
  kLinksInBody,
  kTopicStatus,
  kLinksMalformed,
  kLinkWithoutAngleBrackets,
  kLinkWithoutSemicolon,
  kLinkSeveralRels,
  kLinkUnquotedRels,
  kLinkUnquotedValue,
  kLinkNotAtom,
  kDocumentOdd,
  kCharsetOdd,
  kRepresentationVaries,
  kTooManyLinks,
  kJsonFeedExtension,
  // The hub itself.
  kHookFailed,
};

struct CatalogueEntry {
  FindingCode code;
  std::string_view slug;         // stable, for scripts
  std::string_view requirement;  // the row of docs/requirements.tsv that it is about
  Severity severity;
  // One sentence each, without a capital or full stop, so that they fit behind a colon.
  std::string_view cause;  // the likely cause
  std::string_view next;   // the next thing to try
};

// All of them, in the order of FindingCode.
std::span<const CatalogueEntry> Catalogue();
const CatalogueEntry& EntryOf(FindingCode code);
// "challenge-quoted"; nothing for a slug that is not there.
std::optional<FindingCode> ParseFindingCode(std::string_view slug);

// A fault that was seen: the entry, and the concrete values.
struct Finding {
  FindingCode code{};
  // One sentence: what came and what was expected, with the values, cut where they are long. Never
  // holds a secret; may hold any bytes of a peer, so escape it before a terminal sees it.
  std::string what;
  std::optional<std::int64_t> exchange_id = std::nullopt;  // where it was seen, if in one

  const CatalogueEntry& entry() const { return EntryOf(code); }
  std::string_view slug() const { return entry().slug; }
};

}  // namespace websub
