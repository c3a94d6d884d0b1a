#include <algorithm>
#include <utility>

#include "cli/conformance/publisher_bench.h"
#include "cli/text.h"
#include "core/address.h"
#include "core/findings.h"
#include "core/form.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli::conformance {
namespace {

constexpr int kMaxRedirects = 5;
const char* const kLease = "600";  // seconds: what is left behind by an accident ends soon

bool IsDelivery(const Visit& visit) {
  return visit.request.method == "POST";
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || ClassifyAddress(host) == AddressClass::kLoopback;
}

}  // namespace

Watch::Watch(PublisherBench& bench, std::string hub, std::string topic)
    : bench_(bench),
      hub_(std::move(hub)),
      wishes_(std::make_shared<Wishes>()),
      callback_(bench.scene().Open("callback", "", [wishes = wishes_](const Visit& visit) {
        return Answer(*wishes, visit);
      })) {
  wishes_->topic = std::move(topic);
}

Watch::~Watch() {
  if (!subscribed_ || bench_.scene().over()) return;
  const std::size_t from = Seen();
  wishes_->unsubscribe = true;
  Ask("unsubscribe");
  callback_.Await([](const Visit& visit) { return !IsDelivery(visit); }, from,
                  bench_.scene().silence());
}

Reply Watch::Answer(const Wishes& wishes, const Visit& visit) {
  if (IsDelivery(visit)) return {};
  const std::string mode = visit.Parameter("hub.mode").value_or("");
  if (mode == "denied") return {};
  const bool wanted = mode == (wishes.unsubscribe ? "unsubscribe" : "subscribe");
  const auto challenge = visit.Parameter("hub.challenge");
  if (!wanted || !challenge || visit.Parameter("hub.topic") != wishes.topic) {
    return {.status = 404, .fields = {}, .body = ""};
  }
  return {.status = 200, .fields = {{"Content-Type", "text/plain"}}, .body = *challenge};
}

hub::OutgoingResult Watch::Ask(const std::string& mode) {
  Message message;
  message.method = "POST";
  message.url = hub_;
  message.fields = {{"Content-Type", "application/x-www-form-urlencoded"}};
  message.body = EncodeForm({{"hub.mode", mode},
                             {"hub.topic", wishes_->topic},
                             {"hub.callback", callback_.url()},
                             {"hub.lease_seconds", kLease}});
  for (int hop = 0;; ++hop) {
    message.with_headers = bench_.IsOwn(message.url);
    auto result = bench_.scene().Send("subscriber", mode, message);
    // SUB-REQ-03
    const bool elsewhere = result.status == 307 || result.status == 308;
    const auto next =
        ResolveReference(message.url, FirstField(HeadFields(result.head), "Location"));
    if (!elsewhere || !next || hop == kMaxRedirects) return result;
    message.url = *next;
  }
}

// A hub somewhere else cannot call a callback that only this machine can reach.
bool Watch::OutOfReach() const {
  const auto hub = Url::Parse(hub_);
  const auto callback = Url::Parse(callback_.url());
  return hub && callback && IsLoopback(callback->host()) && !IsLoopback(hub->host());
}

Outcome Watch::Refused(const hub::OutgoingResult& result) const {
  if (result.fault != Fault::kNone) {
    const Finding finding = JudgeFault(Peer::kHub, result.fault, hub_, result.detail);
    return Failed("expected the hub that the topic names to answer, got none: " +
                      std::string(Name(result.fault)),
                  std::string(finding.entry().cause));
  }
  const std::string said =
      HubSentence(FirstField(HeadFields(result.head), "Content-Type"), result.body);
  const std::string answered =
      std::to_string(result.status) + (said.empty() ? "" : ": " + Quote(said, 200));
  const bool gone = result.status == 404 || result.status == 405 || result.status == 410;
  if (result.status >= 400 && result.status < 500 && !gone) {
    return Unobservable("the hub took no subscription of ours, it answered " + answered);
  }
  return Failed("expected the hub that the topic names to take a subscription, got " + answered,
                gone                   ? CauseOf(FindingCode::kHubNotFound)
                : result.status >= 500 ? CauseOf(FindingCode::kHubServerError)
                                       : "");
}

Step<void> Watch::Subscribe() {
  const auto result = Ask("subscribe");
  if (result.fault != Fault::kNone || !result.Ok2xx()) return End(Refused(result));
  const auto asked =
      callback_.Await([](const Visit& visit) { return visit.request.method == "GET"; });
  if (!asked) {
    if (OutOfReach()) {
      return End(
          Unobservable("the hub cannot reach a callback on this machine's loopback: give "
                       "--public-base"));
    }
    return End(Failed("expected the hub to verify the subscription, got no request",
                      CauseOf(FindingCode::kVerificationNeverCame)));
  }
  if (asked->Parameter("hub.mode") == "denied") {
    return End(Unobservable("the hub denied our subscription: " +
                            Quote(asked->Parameter("hub.reason").value_or(""), 200)));
  }
  if (asked->Parameter("hub.topic") != wishes_->topic || !asked->Parameter("hub.challenge")) {
    const auto findings = JudgeVerificationRequest(
        asked->request.target, {.callback = callback_.url(), .topic = wishes_->topic});
    return End(
        Failed("expected the hub to verify the subscription to rel=self, got a request "
               "without that topic and a challenge",
               findings.empty() ? "" : std::string(findings.front().entry().cause)));
  }
  subscribed_ = true;
  return {};
}

std::size_t Watch::Seen() const {
  return callback_.Visits().size();
}

std::optional<Visit> Watch::Delivery(std::size_t from, Duration wait,
                                     const std::optional<std::string>& body) const {
  return callback_.Await(
      [&](const Visit& visit) {
        return IsDelivery(visit) && (!body || visit.request.body == *body);
      },
      from, wait);
}

std::optional<Visit> Watch::LastDelivery(std::size_t from) const {
  std::optional<Visit> last;
  for (Visit& visit : callback_.Visits()) {
    if (visit.number >= from && IsDelivery(visit)) last = std::move(visit);
  }
  return last;
}

}  // namespace websub::cli::conformance
