#include "cli/commands/subscriber.h"

#include <charconv>
#include <utility>

#include "core/findings.h"
#include "core/lease.h"
#include "core/text.h"
#include "core/url.h"
#include "core/verification.h"

namespace websub::cli {
namespace {

std::optional<int> ParseAttempt(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  int attempt = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), attempt);
  if (error != std::errc() || end != text->data() + text->size() || attempt < 1) {
    return std::nullopt;
  }
  return attempt;
}

std::string Difference(const std::string& came, const std::string& expected) {
  const std::string difference = DescribeDifference(came, expected);
  if (difference.empty() || difference == "other") return "";
  return " (they differ in: " + difference + ")";
}

std::optional<Finding> WhyDiscarded(const CallbackRequest& request, const SignatureCheck& check,
                                    std::string_view secret) {
  if (request.signature_256 && !request.signature) {
    return JudgeSignatureFields({{"X-Hub-Signature-256", std::string(*request.signature_256)}});
  }
  std::optional<SignatureDiagnosis> diagnosis;
  const std::size_t size = request.check ? request.body_size : request.body.size();
  if (request.signature && request.body.size() == size && size <= Subscriber::kMaxDiagnosed) {
    diagnosis = DiagnoseSignature(*request.signature, secret, request.body);
  }
  return JudgeSignature(check, diagnosis, request.signature, size).front();
}

}  // namespace

Subscriber::Subscriber(std::string topic, std::string secret, std::string verify_token)
    : topic_(std::move(topic)),
      secret_(std::move(secret)),
      verify_token_(std::move(verify_token)) {}

void Subscriber::Ask() {
  wanted_ = Mode::kSubscribe;
}

void Subscriber::Leave() {
  wanted_ = Mode::kUnsubscribe;
}

void Subscriber::Stop() {
  wanted_.reset();
  active_ = false;
  over_ = true;
}

CallbackDecision Subscriber::OnRequest(const CallbackRequest& request) {
  if (request.method == "GET") return OnGet(request.query);
  if (request.method == "POST") return OnDelivery(request);
  return {405, "a hub sends GET or POST here\n",
          Unwanted{"a " + Quote(request.method, 20) +
                       " request came on the callback; a hub sends "
                       "GET to verify and POST to deliver",
                   std::nullopt}};
}

CallbackDecision Subscriber::Refuse(std::string sentence, std::optional<Finding> finding) const {
  std::string expected = "nothing is expected now";
  if (wanted_) {
    expected = "expected was " + std::string(Name(*wanted_)) + " for " + Quote(topic_, kMaxTopic);
  }
  sentence += "; " + expected;
  return {404, sentence + "\n", Unwanted{sentence, std::move(finding)}};
}

CallbackDecision Subscriber::OnGet(std::string_view query) {
  const auto parsed = ParseCallbackQuery(query);
  const auto fault = [&]() -> std::optional<Finding> {
    if (!wanted_) return std::nullopt;
    const auto findings = JudgeVerificationRequest(
        query, {.callback = {}, .topic = topic_, .mode = *wanted_, .verify_token = verify_token_});
    if (findings.empty()) return std::nullopt;
    return findings.front();
  };
  if (!parsed) {
    return Refuse("a GET came that verifies nothing: " + parsed.error().message, fault());
  }
  if (const auto* denial = std::get_if<Denial>(&*parsed)) {
    if (!wanted_ || denial->topic != topic_) {
      return Refuse("the hub denied a subscription to " + Quote(denial->topic, kMaxTopic) +
                    Difference(denial->topic, topic_));
    }
    Stop();  // SUB-VER-03
    return {200, "", Denied{denial->reason}};
  }
  const auto& verification = std::get<Verification>(*parsed);
  // SUB-VER-02: both the topic and the mode must be those that we asked for, to the byte.
  if (!wanted_ || verification.mode != *wanted_ || verification.topic != topic_) {
    return Refuse("the hub asked to verify " + std::string(Name(verification.mode)) + " for " +
                      Quote(verification.topic, kMaxTopic) + Difference(verification.topic, topic_),
                  fault());
  }
  if (!verify_token_.empty() && verification.verify_token != verify_token_) {
    return Refuse(
        std::string("the hub asked to verify with ") +
            (verification.verify_token.empty() ? "no hub.verify_token"
                                               : "another hub.verify_token than was sent"),
        fault());
  }
  // SUB-VER-01: the challenge and nothing else.
  return {200, verification.challenge, Verified{verification.mode, verification.lease}};
}

CallbackDecision Subscriber::OnDelivery(const CallbackRequest& request) {
  if (over_ || wanted_ == Mode::kUnsubscribe) {
    return {410, "the subscription is gone\n", TooLate{}};  // SUB-DIS-06
  }
  if (!wanted_) return Refuse("a delivery came before anything was asked for");
  // The callback alone says which subscription this is: the Link fields of a delivery can be forged
  // and have no say (SUB-DIS-05).
  Delivery delivery;
  delivery.check =
      request.check ? *request.check : CheckSignature(request.signature, secret_, request.body);
  if (delivery.Discarded()) delivery.finding = WhyDiscarded(request, delivery.check, secret_);
  delivery.content_type = request.content_type.value_or("");
  delivery.message_id = request.message_id.value_or("");
  delivery.attempt = ParseAttempt(request.attempt);
  // What is thrown away must not make the true message look like a repeat.
  if (!delivery.Discarded()) delivery.seen = Remember(delivery.message_id);
  return {204, "", std::move(delivery)};  // SUB-DIS-01
}

Seen Subscriber::Remember(const std::string& message_id) {
  if (message_id.empty() || message_id.size() > kMaxMessageId) return Seen::kFirst;
  if (!seen_.insert(message_id).second) return Seen::kBefore;
  seen_order_.push_back(message_id);
  if (seen_order_.size() > kMaxSeen) {
    seen_.erase(seen_order_.front());
    seen_order_.pop_front();
  }
  return Seen::kFirst;
}

void Subscriber::Forget(const std::string& message_id) {
  if (seen_.erase(message_id) == 0) return;
  std::erase(seen_order_, message_id);
}

Confirmation Subscriber::Confirm(const Verified& verified, Time now) {
  if (verified.mode == Mode::kUnsubscribe) {
    active_ = false;
    lease_.reset();
    renewal_at_.reset();
    lease_end_.reset();
    return Confirmation::kUnsubscribed;
  }
  const bool renewed = std::exchange(active_, true);
  lease_ = verified.lease;
  renewal_at_.reset();
  lease_end_.reset();
  if (lease_) {
    renewal_at_ = RenewAt(now, *lease_);
    lease_end_ = LeaseEnd(now, *lease_);
  }
  return renewed ? Confirmation::kRenewed : Confirmation::kSubscribed;
}

}  // namespace websub::cli
