#include "core/verification.h"

#include "core/form.h"
#include "core/lease.h"
#include "core/text.h"

namespace websub {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsQuoteMark(char c) {
  return c == '"' || c == '\'' || c == '`';
}

// Which of the mistakes of protocol/README.md the body of a 2xx answer shows.
EchoVerdict JudgeBody(std::string_view body, std::string_view challenge) {
  if (body == challenge && !challenge.empty()) return EchoVerdict::kMatches;
  std::string_view text = Trim(body);
  if (text.empty()) return EchoVerdict::kEmpty;
  if (challenge.empty()) return EchoVerdict::kDifferent;
  if (text == challenge) return EchoVerdict::kTrailingNewline;
  if (text.starts_with(kByteOrderMark)) {
    text = Trim(text.substr(kByteOrderMark.size()));
    if (text == challenge) return EchoVerdict::kByteOrderMark;
    if (text.empty()) return EchoVerdict::kEmpty;
  }
  const bool quoted = text.size() >= 2 && IsQuoteMark(text.front()) && text.front() == text.back();
  if (quoted && Trim(text.substr(1, text.size() - 2)) == challenge) return EchoVerdict::kQuoted;
  if (challenge.starts_with(text)) return EchoVerdict::kTruncated;
  const auto at = text.find(challenge);
  if (at == text.npos) return EchoVerdict::kDifferent;
  const auto end = at + challenge.size();
  const bool is_string = at > 0 && text[at - 1] == '"' && end < text.size() && text[end] == '"';
  if (is_string && (text.front() == '{' || text.front() == '[')) return EchoVerdict::kJson;
  if (text.find('<') < at || text.find('<', end) != text.npos) return EchoVerdict::kHtml;
  return EchoVerdict::kDifferent;
}

std::string Describe(EchoVerdict verdict, std::string_view body) {
  switch (verdict) {
    case EchoVerdict::kMatches:
    case EchoVerdict::kBadStatus:
      return "";
    case EchoVerdict::kEmpty:
      return "the body is empty: answer with the challenge";
    case EchoVerdict::kTrailingNewline:
      return "white space stands around the challenge: write no newline after it";
    case EchoVerdict::kByteOrderMark:
      return "a byte order mark stands before the challenge: write UTF-8 without one";
    case EchoVerdict::kQuoted:
      return "the challenge stands in quotes: write it without them";
    case EchoVerdict::kJson:
      return "the challenge came inside JSON: write it as plain text";
    case EchoVerdict::kHtml:
      return "the challenge came inside markup: write it as plain text";
    case EchoVerdict::kTruncated:
      return "only the start of the challenge came (" + std::to_string(Trim(body).size()) +
             " bytes): write all of it";
    case EchoVerdict::kDifferent:
      return "the body is not the challenge: " + Quote(body) + " came";
  }
  return "";
}

// The raw value of the last field of that name. Fields that cannot be decoded are passed over: they
// belong to the callback itself.
std::optional<std::string_view> LastRawValue(std::string_view query, std::string_view name) {
  std::optional<std::string_view> value;
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
    const std::string_view raw_name = field.substr(0, field.find('='));
    // No name of ours is longer than this, with every byte percent-encoded.
    if (raw_name.size() > std::size_t{3} * 32 || PercentDecode(raw_name) != name) continue;
    value = field.substr(std::min(raw_name.size() + 1, field.size()));
  }
  return value;
}

// The decoded value; nothing where it was not sent.
Result<std::optional<std::string>> LastValue(std::string_view query, std::string_view name) {
  const auto raw = LastRawValue(query, name);
  if (!raw) return std::nullopt;
  const auto form = ParseForm("=" + std::string(*raw));
  if (!form) {
    return Fail(ErrorCode::kInvalid,
                std::string(name) + ": a '%' begins no escape in " + Quote(*raw));
  }
  return form->front().value;
}

Result<std::string> RequiredValue(std::string_view query, std::string_view name) {
  const auto value = LastValue(query, name);
  if (!value) return tl::unexpected(value.error());
  std::optional<std::string> sent = *value;
  if (!sent) return Fail(ErrorCode::kInvalid, std::string(name) + ": missing");
  if (sent->empty()) return Fail(ErrorCode::kInvalid, std::string(name) + ": empty");
  return std::move(*sent);
}

Result<CallbackQuery> ReadDenial(std::string_view query, std::string topic) {
  auto reason = LastValue(query, "hub.reason");
  if (!reason) return tl::unexpected(reason.error());
  return Denial{std::move(topic), std::move(*reason).value_or("")};
}

}  // namespace

std::string VerificationUrl(const Url& callback, const Verification& verification) {
  Form form = {{"hub.mode", std::string(Name(verification.mode))},
               {"hub.topic", verification.topic},
               {"hub.challenge", verification.challenge}};
  if (verification.lease && verification.mode == Mode::kSubscribe) {
    form.push_back({"hub.lease_seconds", std::to_string(verification.lease->count())});
  }
  if (!verification.verify_token.empty()) {
    form.push_back({"hub.verify_token", verification.verify_token});
  }
  return AppendQuery(callback.text(), EncodeForm(form));
}

std::string DenialUrl(const Url& callback, const Denial& denial) {
  Form form = {{"hub.mode", "denied"}, {"hub.topic", denial.topic}};
  if (!denial.reason.empty()) form.push_back({"hub.reason", denial.reason});
  return AppendQuery(callback.text(), EncodeForm(form));
}

EchoCheck CheckEcho(int status, std::string_view body, std::string_view challenge) {
  if (status < 200 || status > 299) {  // HUB-VER-03
    return {EchoVerdict::kBadStatus,
            "answered " + std::to_string(status) + ": only 2xx with the challenge verifies"};
  }
  const EchoVerdict verdict = JudgeBody(body, challenge);
  return {verdict, Describe(verdict, body)};
}

Result<CallbackQuery> ParseCallbackQuery(std::string_view query) {
  const auto mode = RequiredValue(query, "hub.mode");
  if (!mode) return tl::unexpected(mode.error());
  if (*mode != "subscribe" && *mode != "unsubscribe" && *mode != "denied") {
    return Fail(ErrorCode::kInvalid,
                "hub.mode: " + Quote(*mode, 20) + " is none of subscribe, unsubscribe and denied");
  }
  auto topic = RequiredValue(query, "hub.topic");
  if (!topic) return tl::unexpected(topic.error());
  if (*mode == "denied") return ReadDenial(query, std::move(*topic));
  auto challenge = RequiredValue(query, "hub.challenge");
  if (!challenge) return tl::unexpected(challenge.error());
  Verification verification{*mode == "subscribe" ? Mode::kSubscribe : Mode::kUnsubscribe,
                            std::move(*topic),
                            std::move(*challenge),
                            std::nullopt,
                            {}};
  auto token = LastValue(query, "hub.verify_token");
  if (!token) return tl::unexpected(token.error());
  verification.verify_token = std::move(*token).value_or("");
  if (verification.mode == Mode::kUnsubscribe) return verification;
  const auto lease = LastValue(query, "hub.lease_seconds");
  if (!lease) return tl::unexpected(lease.error());
  if (*lease && !(*lease)->empty()) {
    verification.lease = ParseLeaseSeconds(**lease);
    if (!verification.lease) {
      return Fail(ErrorCode::kInvalid, "hub.lease_seconds: " + Quote(**lease, 20) +
                                           " is not a positive whole number of seconds");
    }
  }
  return verification;
}

}  // namespace websub
