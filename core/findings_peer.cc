// Faults by which no answer came, in the words of who was called.
#include <array>

#include "core/address.h"
#include "core/finding_words.h"
#include "core/findings.h"
#include "core/text.h"

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

}  // namespace

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
