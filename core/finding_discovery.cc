// Discovery; The hub itself.
#include "core/finding_catalogue.h"

namespace websub::catalogue {
namespace {

using enum FindingCode;
using enum Severity;

constexpr CatalogueEntry kDiscovery[] = {
    {kNoHub, "no-hub", "PUB-DISC-01", kError,
     "the topic names no hub: its server sends no Link header, and its document has no link that "
     "counts",
     "send Link: <HUB>; rel=\"hub\", <TOPIC>; rel=\"self\" with the topic"},
    {kNoSelf, "no-self", "PUB-DISC-01", kError, "the topic names a hub, but not its own URL",
     "send exactly one rel=self beside rel=hub"},
    {kSeveralSelf, "several-self", "PUB-DISC-01", kWarning,
     "two parts of the publisher, such as a plugin and a theme, each add a self link",
     "leave exactly one rel=self"},
    {kSelfFragment, "self-fragment", "PUB-DISC-01", kWarning,
     "the page's address was taken from a browser, with its '#...'",
     "write rel=self without a fragment"},
    {kSelfAmbiguous, "self-ambiguous", "PUB-DISC-01", kWarning,
     "header and document are made by different programs, with different addresses",
     "let both name the same self"},
    {kSchemeDiffers, "scheme-differs", "PUB-DISC-01", kWarning,
     "a proxy ends TLS: what it adds says https, what stands behind it http, or the other way "
     "round",
     "let header and document name the same URL"},
    {kHubOnlyOnRedirect, "hub-only-on-redirect", "SUB-REQ-02", kError,
     "the links are added before the server redirects",
     "send the Link header with the answer of the final URL, too"},
    {kSelfOnlyOnRedirect, "self-only-on-redirect", "SUB-REQ-02", kError,
     "the links are added before the server redirects",
     "send the Link header with the answer of the final URL, too"},
    {kHubAndSelfApart, "hub-and-self-apart", "PUB-DISC-02", kWarning,
     "one of hub and self comes by the header and the other by the document, and many subscribers "
     "read one of them only",
     "put both into the Link header"},
    {kLinksInBody, "links-in-body", "PUB-DISC-04", kWarning,
     "the links stand in the body of the page, which a reader's comment could hold, too",
     "move the link elements into <head>"},
    {kTopicStatus, "topic-status", "PUB-DISC-01", kError, "the topic did not answer with content",
     "let the topic answer a GET with 200"},
    {kLinksMalformed, "links-malformed", "PUB-DISC-01", kWarning,
     "the Link header was put together by hand",
     "write it as: <URL>; rel=\"hub\", <URL>; rel=\"self\""},
    {kLinkWithoutAngleBrackets, "link-without-angle-brackets", "PUB-DISC-01", kWarning,
     "the Link header was put together by hand, and the URL lacks its angle brackets",
     "write it as: <URL>; rel=\"hub\", <URL>; rel=\"self\""},
    {kLinkWithoutSemicolon, "link-without-semicolon", "PUB-DISC-01", kWarning,
     "the Link header was put together by hand, and a ';' is missing before rel",
     "write it as: <URL>; rel=\"hub\", <URL>; rel=\"self\""},
    {kLinkSeveralRels, "link-several-rels", "PUB-DISC-01", kWarning,
     "a link has several rel parameters, of which only the first counts",
     "write a link for each, or several names in one: rel=\"hub self\""},
    {kLinkUnquotedRels, "link-unquoted-rels", "PUB-DISC-01", kWarning,
     "several rel names stand without quotes, so that many readers see the first only",
     "put them in quotes, or write a link for each"},
    {kLinkUnquotedValue, "link-unquoted-value", "PUB-DISC-01", kInfo,
     "a value stands without quotes, although it holds characters that need them",
     "put the value in quotes"},
    {kLinkNotAtom, "link-not-atom", "PUB-DISC-02", kWarning,
     "the link element is not in the namespace of Atom, so feed readers pass it over",
     "write atom:link, with xmlns:atom=\"http://www.w3.org/2005/Atom\""},
    {kDocumentOdd, "document-odd", "PUB-DISC-02", kWarning,
     "the document is not what its content type says, or cannot be read to its end",
     "repair the document, or name hub and self in Link headers, which need none"},
    {kCharsetOdd, "charset-odd", "PUB-DISC-02", kInfo,
     "the charset of the document is missing, unknown or wrong",
     "declare the charset in the Content-Type, best utf-8"},
    {kRepresentationVaries, "representation-varies", "PUB-DISC-03", kWarning,
     "the answer depends on the method or on what the client accepts, often by a cache or "
     "framework",
     "let every answer of rel=self be the same, and send Link headers with HEAD, too"},
    {kTooManyLinks, "too-many-links", "PUB-DISC-01", kInfo,
     "the answer holds more links than are read", "name hub and self first, and only once"},
    {kJsonFeedExtension, "json-feed-extension", "PUB-DISC-02", kInfo,
     "hubs of a JSON Feed are an extension that most subscribers do not read",
     "name hub and self in Link headers, too"},
};

constexpr CatalogueEntry kHub[] = {
    {kHookFailed, "hook-failed", "HUB-REQ-13", kError,
     "the operator's program or web service did not answer in time, or not as agreed",
     "run the hook by hand with the request in the exchange, and look at what it says"},
};

}  // namespace

std::span<const CatalogueEntry> DiscoveryEntries() {
  return kDiscovery;
}

std::span<const CatalogueEntry> HubEntries() {
  return kHub;
}

}  // namespace websub::catalogue
