// Why no answer came: from a callback, a topic, a hub; Requests as a hub receives them, and its
// answers.
#include "core/finding_catalogue.h"

namespace websub::catalogue {
namespace {

using enum FindingCode;
using enum Severity;

constexpr CatalogueEntry kPeers[] = {
    {kCallbackRefused, "callback-refused", "SUB-VER-01", kError,
     "nothing listens at the callback's address and port, as the hub sees it",
     "start the callback before subscribing; behind NAT, or in a container, use an address that "
     "the hub can reach"},
    {kCallbackTimeout, "callback-timeout", "SUB-VER-01", kError,
     "a firewall drops the packets, or the callback's program hangs",
     "try the callback from the hub's machine with curl; answer first and work later"},
    {kCallbackUnreachable, "callback-unreachable", "SUB-VER-01", kError,
     "there is no route from the hub to the callback's address: another network, IPv6 only, or a "
     "host that is down",
     "use an address of a family and network that the hub has, or open the way"},
    {kCallbackDns, "callback-dns", "SUB-VER-01", kError,
     "the callback's host name is not known where the hub runs: a typing error, or a name of a "
     "local network",
     "use a name that the hub's resolver knows, or an address"},
    {kCallbackTls, "callback-tls", "SUB-VER-01", kError,
     "the callback's certificate is expired, self-signed, or for another name, or no TLS version "
     "is shared",
     "give the callback a certificate that the hub trusts, for the name in its URL, with the whole "
     "chain"},
    {kCallbackPlainPort, "callback-plain-port", "SUB-VER-01", kError,
     "https is spoken to a port where the callback speaks plain http",
     "use http:// in hub.callback, or let TLS end on that port"},
    {kCallbackTlsPort, "callback-tls-port", "SUB-VER-01", kError,
     "http is spoken to a port where the callback speaks TLS", "use https:// in hub.callback"},
    {kCallbackReset, "callback-reset", "SUB-VER-01", kError,
     "the callback, or a proxy before it, closed the connection without an answer: it crashed, is "
     "overloaded, or expects TLS on this port",
     "look into the log of the callback and its proxy; where the port speaks TLS, use https://"},
    {kCallbackNotHttp, "callback-not-http", "SUB-VER-01", kError,
     "something else than a web server answers at this port",
     "check host and port of hub.callback"},
    {kCallbackPrivateAddress, "callback-private-address", "HUB-REQ-11", kError,
     "the callback is on a loopback or private address, which a hub for the public must not call",
     "use a public callback URL, or allow the address at the hub (--allow-private, "
     "--allow-address)"},
    {kCallbackLoopback, "callback-loopback", "SUB-VER-01", kWarning,
     "localhost means the hub's own machine when the hub reads it",
     "give the hub an address of this machine that it can reach, or a tunnel's (--callback-url)"},
    {kTopicRefused, "topic-refused", "PUB-NOT-01", kError,
     "nothing listens at the topic's address and port, as seen from where it was fetched",
     "serve the topic before it is published; behind NAT, or in a container, use an address that "
     "the hub can reach"},
    {kTopicTimeout, "topic-timeout", "PUB-NOT-01", kError,
     "a firewall drops the packets, or the topic's server hangs",
     "try the topic with curl from the machine that fetched it"},
    {kTopicUnreachable, "topic-unreachable", "PUB-NOT-01", kError,
     "there is no route to the topic's address from where it was fetched",
     "use an address of a family and network that both have, or open the way"},
    {kTopicDns, "topic-dns", "PUB-NOT-01", kError,
     "the topic's host name is not known where it was fetched",
     "use a name that every resolver knows, or publish with the content"},
    {kTopicTls, "topic-tls", "PUB-NOT-01", kError,
     "the topic's certificate is expired, self-signed, or for another name, or no TLS version is "
     "shared",
     "give the topic's server a certificate that others trust, for the name in its URL"},
    {kTopicPlainPort, "topic-plain-port", "PUB-NOT-01", kError,
     "https is spoken to a port where the topic's server speaks plain http",
     "use http:// in the topic's URL, or let TLS end on that port"},
    {kTopicTlsPort, "topic-tls-port", "PUB-NOT-01", kError,
     "http is spoken to a port where the topic's server speaks TLS",
     "use https:// in the topic's URL"},
    {kTopicReset, "topic-reset", "PUB-NOT-01", kError,
     "the topic's server closed the connection before its answer was whole",
     "look into the log of the topic's server and its proxy"},
    {kTopicNotHttp, "topic-not-http", "PUB-NOT-01", kError,
     "something else than a web server answers at this port",
     "check host and port of the topic's URL"},
    {kTopicPrivateAddress, "topic-private-address", "HUB-REQ-11", kError,
     "the topic is on a loopback or private address, which a hub for the public must not call",
     "use a public topic URL, publish with the content, or allow the address at the hub "
     "(--allow-private, --allow-address)"},
    {kHubRefused, "hub-refused", "HUB-REQ-01", kError, "no hub listens at this address and port",
     "start the hub, or correct its URL; websub discover TOPIC tells which hub the topic names"},
    {kHubTimeout, "hub-timeout", "HUB-REQ-13", kError,
     "a firewall drops the packets, or the hub waits for the verification before it answers",
     "try the hub with curl; a hub must answer at once and verify later"},
    {kHubUnreachable, "hub-unreachable", "HUB-REQ-01", kError,
     "there is no route to the hub's address",
     "use an address of a family and network that this machine has"},
    {kHubDns, "hub-dns", "HUB-REQ-01", kError, "the hub's host name is not known here",
     "correct the hub's URL, or the topic that names it"},
    {kHubTls, "hub-tls", "HUB-REQ-01", kError,
     "the hub's certificate is expired, self-signed, or for another name, or no TLS version is "
     "shared",
     "name its authority with --cacert, or use the name that the certificate is for"},
    {kHubPlainPort, "hub-plain-port", "HUB-REQ-01", kError,
     "https is spoken to a port where the hub speaks plain http", "use http:// in the hub's URL"},
    {kHubTlsPort, "hub-tls-port", "HUB-REQ-01", kError,
     "http is spoken to a port where the hub speaks TLS", "use https:// in the hub's URL"},
    {kHubReset, "hub-reset", "HUB-REQ-01", kError,
     "the hub, or a proxy before it, closed the connection without an answer",
     "look into the hub's log; where the port speaks TLS, use https://"},
    {kHubNotHttp, "hub-not-http", "HUB-REQ-01", kError,
     "something else than a web server answers at this port",
     "check host and port of the hub's URL"},
    {kBadUrl, "bad-url", "HUB-REQ-11", kError, "the text is not an absolute http or https URL",
     "write the whole URL: scheme, host, and path"},
    {kHubStopped, "hub-stopped", "HUB-DIS-08", kInfo,
     "the hub was stopped while this was under way",
     "start the hub again: it goes on with what was left"},
};

constexpr CatalogueEntry kRequest[] = {
    {kParametersInQuery, "parameters-in-query", "SUB-REQ-04", kError,
     "the parameters were put into the URL's query, as with GET",
     "send hub.mode, hub.topic and hub.callback in the body, as application/x-www-form-urlencoded"},
    {kParameterUnderscore, "parameter-underscore", "SUB-REQ-04", kError,
     "a framework turned the dot of the names into an underscore (PHP and some form libraries do)",
     "write hub.mode, hub.topic, hub.callback with a dot; build the body by hand where the library "
     "cannot"},
    {kNotAForm, "not-a-form", "SUB-REQ-04", kError,
     "the request was sent as JSON, multipart or text",
     "send the parameters as application/x-www-form-urlencoded"},
    {kParameterMissing, "parameter-missing", "HUB-REQ-11", kError,
     "a parameter was left out, is empty, or has a name with a typing error",
     "send hub.mode, hub.topic and hub.callback, each once"},
    {kModeUnknown, "mode-unknown", "HUB-REQ-11", kError, "hub.mode is none that the hub knows",
     "use subscribe, unsubscribe or publish"},
    {kCallbackNotUrl, "callback-not-url", "HUB-REQ-11", kError,
     "hub.callback is a path, has no scheme, or another than http and https",
     "write the whole URL of the callback, with http:// or https://"},
    {kTopicNotUrl, "topic-not-url", "HUB-REQ-11", kError,
     "hub.topic or hub.url is no URL that can be fetched",
     "write the whole URL of the topic, with http:// or https://"},
    {kLeaseNotNumber, "lease-not-number", "HUB-REQ-11", kError,
     "hub.lease_seconds is no positive whole number",
     "send the lease in seconds, in decimal digits, or leave it out"},
    {kSecretTooLong, "secret-too-long", "HUB-REQ-03", kError,
     "hub.secret has 200 bytes or more; characters beyond ASCII count for two to four bytes",
     "use a random secret of 32 to 64 hex digits"},
    {kSecretInTheOpen, "secret-in-the-open", "SUB-REQ-06", kWarning,
     "the secret is sent over plain http, where everybody on the way can read it",
     "use the hub's https URL, or no secret"},
    {kSecretRequired, "secret-required", "HUB-REQ-11", kError,
     "this hub takes subscriptions with a secret only",
     "send hub.secret, random and unique to the subscription"},
    {kHttpsRequired, "https-required", "HUB-REQ-11", kError, "this hub takes https callbacks only",
     "give the callback a certificate and an https URL"},
    {kTopicNotRegistered, "topic-not-registered", "HUB-REQ-11", kError,
     "this hub knows registered topics only, and this one is not among them",
     "register it (websub publish --register), or correct its URL: it is compared byte for byte"},
    {kNotAuthorized, "not-authorized", "HUB-REQ-11", kError,
     "the hub asks for a token or login, and none came, or it does not allow this",
     "send the token that the hub wants (--header 'Authorization: Bearer ...'), with the right for "
     "this act"},
    {kTooManyRequests, "too-many-requests", "HUB-REQ-13", kWarning,
     "the hub limits how often one peer may ask, and the limit was reached",
     "wait as long as Retry-After says, and send less often"},
    {kHubRedirects, "hub-redirects", "HUB-REQ-14", kInfo, "another hub serves this topic",
     "repeat the POST, body included, at Location"},
    {kHubRedirectMethod, "hub-redirect-method", "SUB-REQ-03", kError,
     "the answer was 301, 302 or 303, after which most clients send GET and lose the body",
     "use the hub's final URL; a hub should redirect with 307 or 308"},
    {kHubNotFound, "hub-not-found", "HUB-REQ-01", kError,
     "the URL is not the hub's endpoint: the path is missing or another",
     "use the URL that the topic names as rel=hub, path included"},
    {kHubServerError, "hub-server-error", "HUB-REQ-01", kError,
     "the hub fails inside, or takes no writes", "look into the hub's log, or try again later"},
    {kFhircastRequest, "fhircast-request", "HUB-REQ-11", kError,
     "this is a FHIRcast request (hub.channel.type, hub.events), another protocol with names like "
     "those of WebSub",
     "use a FHIRcast hub, or a WebSub subscriber"},
    {kNothingToUnsubscribe, "nothing-to-unsubscribe", "HUB-REQ-08", kWarning,
     "no subscription exists for this topic and callback: both are compared byte for byte",
     "send the same hub.topic and hub.callback as when subscribing"},
    {kHookRefused, "hook-refused", "HUB-VAL-01", kError,
     "the hub operator's own program refused the request",
     "ask the hub's operator; the program's answer is in the exchanges of kind hook"},
    {kRequestRefused, "request-refused", "HUB-REQ-12", kError,
     "the hub refused the request; its answer says why",
     "read the hub's sentence above, and correct what it names"},
    {kPublishBodyEmpty, "publish-body-empty", "PUB-NOT-01", kError,
     "the publish message names its topic in the query, and its body is empty",
     "send the content as the body, or for a ping the parameters in a form body"},
};

}  // namespace

std::span<const CatalogueEntry> PeersEntries() {
  return kPeers;
}

std::span<const CatalogueEntry> RequestEntries() {
  return kRequest;
}

}  // namespace websub::catalogue
