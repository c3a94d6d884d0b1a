// Faults by which no answer came, in the words of who was called.
#include <array>

#include "core/address.h"
#include "core/finding_words.h"
#include "core/findings.h"
#include "core/text.h"
#include "core/url.h"

namespace websub {
namespace {

using enum FindingCode;

struct FaultRow {
  Fault fault;
  std::array<FindingCode, 3> codes;  // by Peer
};

constexpr FaultRow kFaults[] = {
    {Fault::kForbiddenAddress, {kCallbackPrivateAddress, kTopicPrivateAddress, kHubUnreachable}},
    {Fault::kDns, {kCallbackDns, kTopicDns, kHubDns}},
    {Fault::kRefused, {kCallbackRefused, kTopicRefused, kHubRefused}},
    {Fault::kUnreachable, {kCallbackUnreachable, kTopicUnreachable, kHubUnreachable}},
    {Fault::kConnectTimeout, {kCallbackTimeout, kTopicTimeout, kHubTimeout}},
    {Fault::kTls, {kCallbackTls, kTopicTls, kHubTls}},
    {Fault::kTlsTimeout, {kCallbackTls, kTopicTls, kHubTls}},
    {Fault::kWriteTimeout, {kCallbackTimeout, kTopicTimeout, kHubTimeout}},
    {Fault::kResponseTimeout, {kCallbackTimeout, kTopicTimeout, kHubTimeout}},
    {Fault::kBadResponse, {kCallbackNotHttp, kTopicNotHttp, kHubNotHttp}},
};

constexpr std::array kPlainPort = {kCallbackPlainPort, kTopicPlainPort, kHubPlainPort};
constexpr std::array kTlsPort = {kCallbackTlsPort, kTopicTlsPort, kHubTlsPort};
constexpr std::array kReset = {kCallbackReset, kTopicReset, kHubReset};

FindingCode CodeOf(Peer peer, Fault fault, std::string_view detail) {
  const auto who = static_cast<std::size_t>(peer);
  if (fault == Fault::kBadUrl) return kBadUrl;
  if (fault == Fault::kCancelled) return kHubStopped;
  // The client knows the two from the first bytes that came.
  if (fault == Fault::kTls && Mentions(detail, "does not speak TLS")) return kPlainPort[who];
  if (fault == Fault::kBadResponse && Mentions(detail, "speaks TLS")) return kTlsPort[who];
  for (const FaultRow& row : kFaults) {
    if (row.fault == fault) return row.codes[who];
  }
  return kReset[who];
}

std::string_view WordFor(Peer peer) {
  switch (peer) {
    case Peer::kCallback:
      return "the callback ";
    case Peer::kTopic:
      return "the topic ";
    case Peer::kHub:
      break;
  }
  return "the hub ";
}

// Where a URL leads that names an address or this machine; a name may lead anywhere.
AddressClass ClassOf(std::string_view url) {
  const auto parsed = Url::Parse(url);
  if (!parsed) return AddressClass::kPublic;
  const std::string& host = parsed->host();
  if (host == "localhost" || host.ends_with(".localhost")) return AddressClass::kLoopback;
  return ClassifyAddress(host).value_or(AddressClass::kPublic);
}

FindingCode CodeOf(const VerificationMissed& missed) {
  if (Mentions(missed.broken, "TLS was spoken to this plain port")) return kCallbackPlainPort;
  if (Mentions(missed.broken, "plain HTTP was spoken")) return kCallbackTlsPort;
  if (!missed.stray.empty()) return kVerificationElsewhere;
  const AddressClass hub = ClassOf(missed.hub);
  const AddressClass callback = ClassOf(missed.callback);
  if (hub == AddressClass::kLoopback) return kVerificationNeverCame;
  if (callback == AddressClass::kLoopback) return kCallbackLoopback;
  if (callback == AddressClass::kPrivate && hub != AddressClass::kPrivate) {
    return kCallbackPrivateAddress;
  }
  return kVerificationNeverCame;
}

}  // namespace

Finding JudgeVerificationMissed(const VerificationMissed& missed) {
  std::string what =
      "the hub " + ShownInSentence(missed.hub) + " answered " + std::to_string(missed.status);
  if (!missed.answer.empty()) what += " (" + missed.answer.substr(0, 300) + ")";
  what += " but never asked " + ShownInSentence(missed.callback) + " to verify, within " +
          FormatDuration(missed.waited) + ": ";
  if (!missed.broken.empty()) {
    what += "what came to " + missed.listener + " was no request: " + missed.broken.substr(0, 300);
  } else if (!missed.stray.empty()) {
    what +=
        "what came to " + missed.listener + " was for another path: " + missed.stray.substr(0, 300);
  } else {
    what += "nobody has connected to " + missed.listener + ", where this command listens";
  }
  return MakeFinding(CodeOf(missed), std::move(what));
}

Finding JudgeFault(Peer peer, Fault fault, std::string_view url, std::string_view detail) {
  std::string what = std::string(WordFor(peer)) + ShownInSentence(url) + " gave no answer (" +
                     std::string(Name(fault)) + ")";
  if (!detail.empty()) what.append(": ").append(detail.substr(0, 300));
  return MakeFinding(CodeOf(peer, fault, detail), std::move(what));
}

Finding SecretInTheOpen(std::string_view hub) {
  return MakeFinding(kSecretInTheOpen,
                     "the secret travels in the open: " + ShownInSentence(hub) + " is plain http");
}

Finding LoopbackCallback(std::string_view callback) {
  return MakeFinding(kCallbackLoopback, "the callback " + ShownInSentence(callback) +
                                            " can be reached on this machine only");
}

}  // namespace websub
