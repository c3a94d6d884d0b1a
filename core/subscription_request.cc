#include "core/subscription_request.h"

#include "core/lease.h"
#include "core/text.h"

namespace websub {
namespace {

tl::unexpected<Error> Bad(std::string_view parameter, std::string_view what) {
  return Fail(ErrorCode::kInvalid, std::string(parameter).append(": ").append(what));
}

// "hub_mode", "Hub.Mode", "hub[mode]" and "mode" all meant "hub.mode".
std::string Meaning(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (IsAlpha(c)) letters += ToLower(c);
  }
  return letters.starts_with("hub") ? letters.substr(3) : letters;
}

// Parameters that stand under their own name come first; only where one is missing does a mangled
// name matter. Unknown parameters are none of our business (HUB-REQ-04).
std::string DescribeMissing(const Form& form, std::string_view parameter) {
  const std::string meaning = Meaning(parameter);
  for (const FormField& field : form) {
    if (field.name.size() <= 40 && Meaning(field.name) == meaning) {
      return "missing; " + Quote(field.name) + " was sent, which must be written " +
             std::string(parameter);
    }
  }
  return "missing";
}

enum class Empty { kCounts, kIsNotSent };

// The one value of a parameter; nothing where it was not sent.
Result<std::optional<std::string_view>> OneValue(const Form& form, std::string_view parameter,
                                                 Empty empty) {
  std::optional<std::string_view> value;
  for (const FormField& field : form) {
    if (field.name != parameter) continue;
    if (empty == Empty::kIsNotSent && field.value.empty()) continue;
    if (value && *value != field.value) return Bad(parameter, "given twice, with different values");
    value = field.value;
  }
  return value;
}

Result<std::string_view> Required(const Form& form, std::string_view parameter) {
  const auto value = OneValue(form, parameter, Empty::kCounts);
  if (!value) return tl::unexpected(value.error());
  const std::optional<std::string_view> sent = *value;
  if (!sent) return Bad(parameter, DescribeMissing(form, parameter));
  if (sent->empty()) return Bad(parameter, "empty");
  return *sent;
}

Result<Mode> ReadMode(const Form& form) {
  const auto value = Required(form, "hub.mode");
  if (!value) return tl::unexpected(value.error());
  if (*value == "subscribe") return Mode::kSubscribe;
  if (*value == "unsubscribe") return Mode::kUnsubscribe;
  return Bad("hub.mode", Quote(*value, 20) + " is neither subscribe nor unsubscribe");
}

Result<Url> ReadCallback(const Form& form) {
  const auto value = Required(form, "hub.callback");
  if (!value) return tl::unexpected(value.error());
  if (value->size() > kMaxCallback) {
    return Bad("hub.callback", "longer than " + std::to_string(kMaxCallback) + " bytes");
  }
  auto url = Url::Parse(*value);
  if (!url) return Bad("hub.callback", url.error().message);
  return url;
}

Result<std::string> ReadTopic(const Form& form) {
  const auto value = Required(form, "hub.topic");
  if (!value) return tl::unexpected(value.error());
  if (const auto topic = CheckTopic(*value); !topic) return Bad("hub.topic", topic.error().message);
  return std::string(*value);
}

Result<std::optional<std::chrono::seconds>> ReadLease(const Form& form, Mode mode) {
  if (mode == Mode::kUnsubscribe) return std::nullopt;  // HUB-REQ-08
  const auto value = OneValue(form, "hub.lease_seconds", Empty::kIsNotSent);
  if (!value) return tl::unexpected(value.error());
  const std::optional<std::string_view> sent = *value;
  if (!sent) return std::nullopt;
  const auto lease = ParseLeaseSeconds(*sent);
  if (!lease) {
    return Bad("hub.lease_seconds",
               Quote(*sent, 20) + " is not a positive whole number of seconds");
  }
  return lease;
}

Result<std::optional<std::string>> ReadSecret(const Form& form) {
  const auto value = OneValue(form, "hub.secret", Empty::kIsNotSent);
  if (!value) return tl::unexpected(value.error());
  const std::optional<std::string_view> sent = *value;
  if (!sent) return std::nullopt;
  // HUB-REQ-03: bytes, whatever the characters. The message never holds the secret.
  if (sent->size() > kMaxSecret) {
    return Bad("hub.secret", "has " + std::to_string(sent->size()) +
                                 " bytes, but must have less than " +
                                 std::to_string(kMaxSecret + 1));
  }
  return std::string(*sent);
}

// In order of preference; what is not known is passed over, as the draft says.
VerifyMode ReadVerify(const Form& form) {
  for (const FormField& field : form) {
    if (field.name != "hub.verify") continue;
    if (field.value == "sync") return VerifyMode::kSync;
    if (field.value == "async") return VerifyMode::kAsync;
  }
  return VerifyMode::kAsync;
}

Result<std::string> ReadVerifyToken(const Form& form) {
  const auto value = OneValue(form, "hub.verify_token", Empty::kIsNotSent);
  if (!value) return tl::unexpected(value.error());
  const std::string token(value->value_or(""));
  if (token.size() > kMaxVerifyToken) {
    return Bad("hub.verify_token", "longer than " + std::to_string(kMaxVerifyToken) + " bytes");
  }
  return token;
}

Result<std::optional<SignatureAlgorithm>> ReadAlgorithm(const Form& form) {
  const auto value = OneValue(form, "hub.signature_algorithm", Empty::kIsNotSent);
  if (!value) return tl::unexpected(value.error());
  const std::optional<std::string_view> sent = *value;
  if (!sent) return std::nullopt;
  const auto algorithm = ParseSignatureAlgorithm(*sent);
  if (!algorithm) {
    return Bad("hub.signature_algorithm",
               Quote(*sent, 20) + " is none of sha1, sha256, sha384 and sha512");
  }
  return algorithm;
}

}  // namespace

std::string_view Name(Mode mode) {
  return mode == Mode::kSubscribe ? "subscribe" : "unsubscribe";
}

Result<void> CheckTopic(std::string_view topic) {
  const auto bad = [](std::string sentence) {
    return Fail(ErrorCode::kInvalid, std::move(sentence));
  };
  if (topic.empty()) return bad("empty");
  if (topic.size() > kMaxTopic) return bad("longer than " + std::to_string(kMaxTopic) + " bytes");
  for (const char c : topic) {
    if (IsControl(c)) return bad("holds a control character");
  }
  if (!IsUtf8(topic)) return bad("is not UTF-8");
  return {};
}

Result<SubscriptionRequest> ParseSubscriptionRequest(const Form& form) {
  const auto mode = ReadMode(form);
  if (!mode) return tl::unexpected(mode.error());
  auto callback = ReadCallback(form);
  if (!callback) return tl::unexpected(callback.error());
  auto topic = ReadTopic(form);
  if (!topic) return tl::unexpected(topic.error());
  const auto lease = ReadLease(form, *mode);
  if (!lease) return tl::unexpected(lease.error());
  auto secret = ReadSecret(form);
  if (!secret) return tl::unexpected(secret.error());
  auto token = ReadVerifyToken(form);
  if (!token) return tl::unexpected(token.error());
  const auto algorithm = ReadAlgorithm(form);
  if (!algorithm) return tl::unexpected(algorithm.error());
  return SubscriptionRequest{*mode,
                             std::move(*topic),
                             std::move(*callback),
                             *lease,
                             std::move(*secret),
                             ReadVerify(form),
                             std::move(*token),
                             *algorithm};
}

Form ToForm(const SubscriptionRequest& request) {
  Form form = {{"hub.mode", std::string(Name(request.mode))},
               {"hub.topic", request.topic},
               {"hub.callback", request.callback.text()}};
  if (request.lease && request.mode == Mode::kSubscribe) {
    form.push_back({"hub.lease_seconds", std::to_string(request.lease->count())});
  }
  if (request.secret) form.push_back({"hub.secret", *request.secret});
  if (request.verify == VerifyMode::kSync) form.push_back({"hub.verify", "sync"});
  if (!request.verify_token.empty()) form.push_back({"hub.verify_token", request.verify_token});
  if (request.algorithm) {
    form.push_back({"hub.signature_algorithm", std::string(Name(*request.algorithm))});
  }
  return form;
}

}  // namespace websub
