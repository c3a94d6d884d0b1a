// What a callback answers when it is verified, and what a hub asks.
#include "core/finding_catalogue.h"

namespace websub::catalogue {
namespace {

using enum FindingCode;
using enum Severity;

constexpr CatalogueEntry kVerification[] = {
    {kChallengeQuoted, "challenge-quoted", "SUB-VER-01", kError,
     "the callback writes the challenge as a string of its language, or as JSON, with the quotes "
     "around it",
     "answer with the bytes of hub.challenge alone, as text/plain"},
    {kChallengeJson, "challenge-json", "SUB-VER-01", kError,
     "the callback's framework turns every answer into JSON",
     "answer with the bytes of hub.challenge alone, as text/plain, past the JSON serializer"},
    {kChallengeNewline, "challenge-newline", "SUB-VER-01", kError,
     "the callback prints the challenge with a function that ends the line, or a template has a "
     "line end behind it",
     "write the challenge without a newline or white space around it (print, not println; echo "
     "-n)"},
    {kChallengeBom, "challenge-bom", "SUB-VER-01", kError,
     "the file or writer behind the callback begins every text with a byte order mark",
     "save the source without a byte order mark, or write UTF-8 without one"},
    {kChallengeHtml, "challenge-html", "SUB-VER-01", kError,
     "the callback renders a page around the challenge, or a proxy, a debugger or an error page "
     "adds markup",
     "answer with the bytes of hub.challenge alone, as text/plain, without a layout"},
    {kChallengeTruncated, "challenge-truncated", "SUB-VER-01", kError,
     "the challenge is kept in a field that is too short, cut at a special character, or "
     "Content-Length is too small",
     "keep hub.challenge whole: it may be long, and must come back to the last byte"},
    {kChallengeEmpty, "challenge-empty", "SUB-VER-01", kError,
     "the callback takes any GET for good, or looks for the challenge under another name, such as "
     "hub_challenge",
     "read hub.challenge from the query and write it as the body of the answer"},
    {kChallengeDifferent, "challenge-different", "SUB-VER-01", kError,
     "another program answers at this URL, or the callback makes up its own text",
     "answer a GET that carries hub.challenge with that challenge and nothing else"},
    {kVerificationNotFound, "verification-not-found", "SUB-VER-02", kError,
     "nothing is served at the callback's path, or the subscriber does not know this topic and "
     "mode (it compares them byte for byte)",
     "check the callback's path and query, and compare hub.topic with what the subscriber asked "
     "for, byte for byte"},
    {kVerificationMethodRefused, "verification-method-refused", "SUB-VER-01", kError,
     "the callback takes POST only; verification comes as GET",
     "let the callback answer GET with the challenge, and POST with 2xx"},
    {kVerificationUnauthorized, "verification-unauthorized", "SUB-VER-01", kError,
     "the callback stands behind a login, a firewall or a bot check, which no hub can pass",
     "let GET and POST on the callback through without a login; keep its URL unguessable instead"},
    {kVerificationRedirected, "verification-redirected", "HUB-VER-03", kError,
     "the callback's server redirects, often from http to https, or to add or take a trailing "
     "slash",
     "give as hub.callback the URL that answers itself: a hub does not follow redirects to verify"},
    {kVerificationGone, "verification-gone", "SUB-VER-02", kError,
     "the subscriber does not want this subscription any more",
     "ask for the subscription again with a callback that is in use"},
    {kVerificationServerError, "verification-server-error", "SUB-VER-01", kError,
     "the callback's program fails while it handles the GET",
     "look into the callback's log at that time: the request is in the exchange"},
    {kVerificationBadStatus, "verification-bad-status", "SUB-VER-01", kError,
     "the callback does not take the request for a verification",
     "answer a GET that carries hub.challenge with 200 and the challenge"},
    {kVerificationBrokenOff, "verification-broken-off", "SUB-VER-01", kError,
     "the callback closed the connection before its answer was whole, or Content-Length is larger "
     "than what it wrote",
     "let the callback write its whole answer, with the right Content-Length"},
    {kAcceptedNotVerified, "accepted-not-verified", "HUB-REQ-13", kWarning,
     "202 says only that the request was understood: there is no subscription before its "
     "verification was answered",
     "have the callback listening before the request is sent, and wait for the verification"},
    {kVerificationNeverCame, "verification-never-came", "HUB-VER-01", kError,
     "the hub cannot reach the callback, or it works on its verifications much later",
     "give the hub a callback URL that it can reach (--callback-url), and look whether a firewall "
     "or NAT stands between"},
    {kVerificationElsewhere, "verification-elsewhere", "HUB-VER-01", kError,
     "a tunnel or proxy between the hub and this machine leads to another path than that of the "
     "callback",
     "let it pass on the path unchanged, or name the path that arrives (--callback-path)"},
    {kEchoesAnything, "echoes-anything", "SUB-VER-02", kError,
     "the callback answers every challenge, whatever topic and mode it is for: anybody can "
     "subscribe it to anything",
     "remember what was asked for, and answer 404 to every other topic or mode"},
    {kVerificationWrongTopic, "verification-wrong-topic", "HUB-REQ-10", kError,
     "the hub changed the topic on its way, or an old request of another subscriber is verified",
     "compare hub.topic of the verification with what was sent, byte for byte; the hub must send "
     "it back unchanged"},
    {kVerificationWrongMode, "verification-wrong-mode", "HUB-VER-01", kError,
     "the hub mixes up requests, or one that was replaced is still verified",
     "look which request the hub verifies: hub.mode must be the one that was sent"},
    {kVerificationIncomplete, "verification-incomplete", "HUB-VER-01", kError,
     "the hub leaves out a parameter, or writes it under another name",
     "send hub.mode, hub.topic, hub.challenge, and on subscribe hub.lease_seconds"},
    {kLeaseMissing, "lease-missing", "HUB-VER-01", kError,
     "the hub does not tell how long the subscription lasts",
     "send hub.lease_seconds with every verification of hub.mode=subscribe"},
    {kLeaseInvalid, "lease-invalid", "HUB-VER-04", kError,
     "the hub writes the lease as something else than a positive whole number of seconds",
     "send hub.lease_seconds in decimal digits, greater than zero"},
    {kChallengeRepeated, "challenge-repeated", "HUB-VER-02", kWarning,
     "the hub uses a fixed challenge, or the seed of its random numbers",
     "make a new random challenge for each verification"},
    {kChallengeNeedsEscaping, "challenge-needs-escaping", "HUB-VER-02", kWarning,
     "the hub makes challenges of characters that a query must escape",
     "make challenges of letters, digits, '-' and '_'"},
    {kVerifyTokenMissing, "verify-token-missing", "HUB-VER-01", kWarning,
     "the hub does not know PubSubHubbub 0.3, whose subscribers want their hub.verify_token back",
     "send hub.verify_token back unchanged, or use a subscriber that does without"},
    {kQueryJoinedTwice, "query-joined-twice", "HUB-REQ-09", kError,
     "the hub joins its parameters with '?' although the callback has a query already",
     "join with '&' where the callback has a query, with '?' where it has none"},
    {kCallbackQueryDropped, "callback-query-dropped", "HUB-REQ-09", kError,
     "the hub cuts the callback's own query off before it adds its parameters",
     "keep the callback's query as it is, and append with '&'"},
    {kCallbackDecodedTwice, "callback-decoded-twice", "HUB-REQ-10", kError,
     "the parameter was decoded once by a framework and once more by hand",
     "decode hub.callback once, and keep what it holds then byte for byte"},
    {kCallbackCut, "callback-cut", "HUB-REQ-10", kError,
     "the URL stood in the form unescaped, or was decoded before the form was split: it ends at "
     "its first '&'",
     "percent-encode the whole of hub.callback in the form, and split before decoding"},
    {kCallbackEncodedTwice, "callback-encoded-twice", "HUB-REQ-10", kError,
     "the URL was percent-encoded by hand and once more by the function that writes the form",
     "encode hub.callback and hub.topic once"},
    {kCallbackChanged, "callback-changed", "HUB-DIS-01", kError,
     "the callback was normalised or rewritten on its way",
     "use the callback exactly as it was sent, query included"},
    {kTopicDecodedTwice, "topic-decoded-twice", "HUB-REQ-10", kError,
     "the parameter was decoded once by a framework and once more by hand",
     "decode hub.topic once, and keep what it holds then byte for byte"},
    {kTopicCut, "topic-cut", "HUB-REQ-10", kError,
     "the URL stood in the form unescaped, or was decoded before the form was split: it ends at "
     "its first '&'",
     "percent-encode the whole of hub.topic in the form, and split before decoding"},
    {kTopicChanged, "topic-changed", "HUB-REQ-10", kError,
     "the topic was normalised or rewritten on its way", "use the topic exactly as it was sent"},
};

}  // namespace

std::span<const CatalogueEntry> VerificationEntries() {
  return kVerification;
}

}  // namespace websub::catalogue
