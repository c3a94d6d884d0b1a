// The detectors: recorded exchanges, and small facts about what was wanted, turned into findings of
// the catalogue (core/finding.h). Pure; whatever peers sent, each costs time linear in its bytes,
// of which a detector looks at what the recorder kept.
//
// All return the finding that matters most first, and nothing where nothing is wrong.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/discovery.h"
#include "core/exchange.h"
#include "core/finding.h"
#include "core/signature_diagnosis.h"
#include "core/subscription_request.h"
#include "core/time.h"

namespace websub {

// --- What the hub recorded of one exchange

// Why a verification did not verify; nothing where the challenge came back.
std::vector<Finding> JudgeVerification(const Exchange& exchange);
// The same for a topic or mode that the subscriber never asked for: an echo is the fault then
// (SUB-VER-02).
std::vector<Finding> JudgeUnaskedVerification(const Exchange& exchange);
// A denial: the reason, and whether the callback took it.
std::vector<Finding> JudgeDenial(const Exchange& exchange);
// Why a delivery was not taken, and what follows from it (another attempt, a dead letter).
std::vector<Finding> JudgeDelivery(const Exchange& exchange);
// Why a fetch brought no new content.
std::vector<Finding> JudgeFetch(const Exchange& exchange);
// A request that a peer sent: subscribe, unsubscribe, publish, register, deregister. Why it was
// refused, and what is odd although it was taken.
std::vector<Finding> JudgeRequest(const Exchange& exchange);
// What the operator's own code said.
std::vector<Finding> JudgeHook(const Exchange& exchange);
// Whichever of these fits.
std::vector<Finding> Judge(const Exchange& exchange);

// What only several exchanges together show: duplicates, repeated challenges, deliveries before the
// verification, out of order or after the lease, pings and requests that nothing came of. They are
// all there were until `until`; a few seconds before that still may bring an answer.
std::vector<Finding> JudgeTogether(std::span<const Exchange> exchanges, Time until,
                                   Duration patience);

// --- No answer came

enum class Peer { kCallback, kTopic, kHub };

// `detail` is the sentence of whoever called. kNone and kCancelled count as kReset and kHubStopped.
Finding JudgeFault(Peer peer, Fault fault, std::string_view url, std::string_view detail);

// --- What a hub sends, as the callback gets it

struct VerificationWanted {
  std::string callback;
  std::string topic;
  Mode mode = Mode::kSubscribe;
  std::string verify_token = {};  // as sent; empty: none
};
// `target` is what the request line names: path and query, not decoded.
std::vector<Finding> JudgeVerificationRequest(std::string_view target,
                                              const VerificationWanted& wanted);

// The hub accepted a subscription, and its verification did not come: what the subscriber knows.
struct VerificationMissed {
  std::string hub;       // its URL
  int status = 0;        // that it answered
  std::string answer;    // and what it said, in a line; may be empty
  std::string callback;  // the URL that it was told
  std::string listener;  // "127.0.0.1:40123"
  Duration waited{};
  // What came to the listener meanwhile; empty where nothing did.
  std::string stray;   // a request for another path: "GET /x from 192.0.2.1:5000"
  std::string broken;  // what was no request, in the words of the listener
};
Finding JudgeVerificationMissed(const VerificationMissed& missed);

struct DeliverySeen {
  std::string_view target;  // of the request line
  const FieldList& fields;
  std::string_view body;
};
// What is empty or nothing is not known, and not looked at.
struct DeliveryWanted {
  std::string callback = {};
  std::string topic = {};  // self
  std::optional<std::string> content_type = {};
  std::optional<std::string_view> body = {};
  std::optional<std::string> secret = {};  // empty: none was given
};
std::vector<Finding> JudgeDeliveryRequest(const DeliverySeen& seen, const DeliveryWanted& wanted);

// `header` is the value of X-Hub-Signature. Nothing for a good signature in lower-case hex; for a
// diagnosis that is at hand already the second costs nothing.
std::vector<Finding> JudgeSignature(std::optional<std::string_view> header, std::string_view secret,
                                    std::string_view body);
std::vector<Finding> JudgeSignature(const SignatureCheck& check,
                                    const std::optional<SignatureDiagnosis>& diagnosis,
                                    std::optional<std::string_view> header, std::size_t body_size);
// X-Hub-Signature-256 came, and X-Hub-Signature did not.
std::optional<Finding> JudgeSignatureFields(const FieldList& fields);

// --- What a hub answers to a request of ours

struct HubAnswerSeen {
  std::string hub;  // its URL
  int status = 0;
  std::string_view sentence;  // the body, or the part of it that is text
};
// Nothing for 2xx.
std::optional<Finding> JudgeHubAnswer(const HubAnswerSeen& seen);
// A secret over plain http to another machine.
Finding SecretInTheOpen(std::string_view hub);
// A callback that only this machine can reach.
Finding LoopbackCallback(std::string_view callback);

// --- Topics

// The URL that was used (pinged, fetched, subscribed to) against the topic's own. Nothing where
// they are equal; kSelfDiffers where they are different resources.
std::optional<Finding> CompareTopics(std::string_view used, std::string_view self);
// As DescribeDifference (core/url.h), and "host" for two names of one machine or site.
std::string TopicDifference(std::string_view a, std::string_view b);
// Whether they differ in the spelling only: scheme, host case, localhost or www, port, a slash at
// the end, query, fragment or credentials.
bool MayMeanTheSame(std::string_view a, std::string_view b);

// `url` is what was asked for at last.
std::vector<Finding> JudgeDiscovery(std::string_view url, const Discovery& discovery);
// One warning of discovery; nothing for a code that the catalogue does not know.
std::optional<Finding> JudgeWarning(std::string_view url, const Discovery& discovery,
                                    const Warning& warning);

}  // namespace websub
