// What callbacks answer to deliveries, and what the operator's hooks do.
#include <chrono>
#include <utility>

#include "core/finding_words.h"
#include "core/findings.h"

namespace websub {
namespace {

using enum FindingCode;

constexpr std::chrono::seconds kSlow{5};

FindingCode StatusFault(int status) {
  if (status >= 300 && status < 400) return kDeliveryRedirected;
  switch (status) {
    case 401:
    case 403:
    case 407:
      return kDeliveryUnauthorized;
    case 404:
      return kDeliveryNotFound;
    case 405:
    case 501:
      return kDeliveryMethodRefused;
    case 410:
      return kDeliveryGone;
    case 413:
      return kDeliveryTooLarge;
    case 415:
      return kDeliveryTypeRefused;
    case 429:
      return kDeliveryRateLimited;
    case 502:
    case 503:
    case 504:
      return kDeliveryUnavailable;
    default:
      return status >= 500 ? kDeliveryServerError : kDeliveryBadStatus;
  }
}

std::string MessageName(const Exchange& exchange) {
  return exchange.message_id ? "message m" + std::to_string(*exchange.message_id) : "the content";
}

// What the hub does about a failure, as its outcome tells.
std::optional<Finding> Consequence(const Exchange& exchange) {
  if (exchange.outcome.starts_with("given up")) {
    return MakeFinding(kDeliveryGivenUp,
                       MessageName(exchange) + " was " + exchange.outcome.substr(0, 300), exchange);
  }
  if (exchange.outcome.find("retry in") != std::string::npos) {
    return MakeFinding(kDeliveryRetrying,
                       MessageName(exchange) + ", attempt " + std::to_string(exchange.attempt) +
                           ": " + exchange.outcome.substr(0, 300),
                       exchange);
  }
  return std::nullopt;
}

}  // namespace

std::vector<Finding> JudgeDelivery(const Exchange& exchange) {
  if (exchange.status >= 200 && exchange.status < 300) {
    if (exchange.timings.total < kSlow) return {};
    return {MakeFinding(
        kDeliverySlow,
        "the callback " + ShownInSentence(exchange.callback.str()) + " took " +
            FormatDuration(std::chrono::round<std::chrono::milliseconds>(exchange.timings.total)) +
            " to answer " + std::to_string(exchange.status),
        exchange)};
  }
  std::vector<Finding> findings;
  if (exchange.status == 0) {
    Finding fault =
        JudgeFault(Peer::kCallback, exchange.fault, exchange.callback.str(), exchange.outcome);
    findings.push_back(MakeFinding(fault.code, std::move(fault.what), exchange));
  } else {
    const FindingCode code = StatusFault(exchange.status);
    std::string what = "the callback " + ShownInSentence(exchange.callback.str()) + " answered " +
                       std::to_string(exchange.status) + " to the delivery of " +
                       MessageName(exchange);
    const std::string location = FirstField(HeadFields(exchange.response_head), "Location");
    if (code == kDeliveryRedirected && !location.empty()) {
      what += ", which leads to " + ShownInSentence(location);
    }
    findings.push_back(MakeFinding(code, std::move(what), exchange));
  }
  if (auto consequence = Consequence(exchange)) findings.push_back(*std::move(consequence));
  return findings;
}

std::vector<Finding> JudgeHook(const Exchange& exchange) {
  const std::string what =
      "the hook " + ShownInSentence(exchange.url.str()) + ": " + exchange.outcome.substr(0, 300);
  if (exchange.fault != Fault::kNone ||
      exchange.outcome.find("no usable answer") != std::string::npos) {
    return {MakeFinding(kHookFailed, what, exchange)};
  }
  if (exchange.status >= 400) return {MakeFinding(kHookRefused, what, exchange)};
  return {};
}

std::vector<Finding> Judge(const Exchange& exchange) {
  switch (exchange.kind) {
    case ExchangeKind::kSubscribe:
    case ExchangeKind::kUnsubscribe:
    case ExchangeKind::kPublish:
    case ExchangeKind::kRegister:
    case ExchangeKind::kDeregister:
      return JudgeRequest(exchange);
    case ExchangeKind::kVerify:
      return JudgeVerification(exchange);
    case ExchangeKind::kDeny:
      return JudgeDenial(exchange);
    case ExchangeKind::kFetch:
      return JudgeFetch(exchange);
    case ExchangeKind::kDeliver:
      return JudgeDelivery(exchange);
    case ExchangeKind::kHook:
      return JudgeHook(exchange);
  }
  return {};
}

}  // namespace websub
