// Requests as a hub receives them, and what a hub answers to ours.
#include <algorithm>
#include <utility>

#include "core/address.h"
#include "core/finding_words.h"
#include "core/findings.h"
#include "core/form.h"
#include "core/lease.h"
#include "core/text.h"

namespace websub {
namespace {

using enum FindingCode;

constexpr std::size_t kMostRead = 64 * 1024;  // of a body or query; a form of WebSub is shorter
constexpr std::size_t kMostSentence = 4096;   // of what a hub says

// A form as far as it can be read: an escape that is broken, or a field too many, ends it.
Form ReadForm(std::string_view text) {
  text = text.substr(0, kMostRead);
  if (auto form = ParseForm(text)) return *std::move(form);
  return {};
}

struct Sent {
  std::string type;  // of the content
  std::string_view raw;
  Form body;
  Form query;

  std::string_view Value(std::string_view name) const {
    return FindField(body, name).value_or(std::string_view());
  }
};

Sent Read(const Exchange& exchange) {
  Sent sent;
  const auto fields = HeadFields(exchange.request_head);
  sent.type = ToLower(FirstField(fields, "Content-Type"));
  sent.raw = std::string_view(exchange.request_body).substr(0, kMostRead);
  sent.body = ReadForm(sent.raw);
  sent.query = ReadForm(QueryOf(exchange.url.str()));
  return sent;
}

bool Holds(const Form& form, std::string_view name) {
  return FindField(form, name).has_value();
}

bool HoldsUnderscores(const Form& form) {
  return std::any_of(form.begin(), form.end(), [](const FormField& field) {
    return field.name.starts_with("hub_") || field.name.starts_with("hub[");
  });
}

bool IsFhircast(const Form& form) {
  return Holds(form, "hub.channel.type") || Holds(form, "hub.events");
}

// What is wrong with the form itself, whoever says so.
std::optional<FindingCode> FormFault(const Sent& sent, std::string_view sentence) {
  if (!sent.type.empty() && !sent.type.starts_with("application/x-www-form-urlencoded")) {
    return kNotAForm;
  }
  if (IsFhircast(sent.body) || IsFhircast(sent.query)) return kFhircastRequest;
  if (HoldsUnderscores(sent.body) && !Holds(sent.body, "hub.mode")) return kParameterUnderscore;
  if (!Holds(sent.body, "hub.mode") && Holds(sent.query, "hub.mode")) return kParametersInQuery;
  for (const char* name : {"hub.mode", "hub.topic", "hub.callback"}) {
    if (HoldsUnderscores(sent.body) && !Holds(sent.body, name)) return kParameterUnderscore;
    if (sent.Value(name).empty()) return kParameterMissing;
  }
  const std::string_view mode = sent.Value("hub.mode");
  if (mode != "subscribe" && mode != "unsubscribe") return kModeUnknown;
  if (const auto callback = sent.Value("hub.callback"); !Url::Parse(callback)) {
    return Url::Parse(PercentDecode(callback)) ? kCallbackEncodedTwice : kCallbackNotUrl;
  }
  const auto lease = sent.Value("hub.lease_seconds");
  if (!lease.empty() && mode == "subscribe" && !ParseLeaseSeconds(lease)) return kLeaseNotNumber;
  // The recorder masks it, so the hub's word counts.
  const bool masked_long = Mentions(sentence, "hub.secret") && Mentions(sentence, "bytes");
  if (masked_long || sent.Value("hub.secret").size() > kMaxSecret) return kSecretTooLong;
  return std::nullopt;
}

// What a refusal says, by its status and words.
FindingCode RefusalFault(int status, std::string_view sentence, ExchangeKind kind) {
  if (status == 429) return kTooManyRequests;
  if (status >= 500) return kHubServerError;
  if (Mentions(sentence, "not registered")) return kTopicNotRegistered;
  if (status == 403 && Mentions(sentence, "https callbacks only")) return kHttpsRequired;
  if (status == 403 && Mentions(sentence, "with a secret only")) return kSecretRequired;
  if (Mentions(sentence, "this hub does not call")) {
    return Mentions(sentence, "hub.callback") ? kCallbackPrivateAddress : kTopicPrivateAddress;
  }
  if (status == 404 && kind == ExchangeKind::kUnsubscribe) return kNothingToUnsubscribe;
  if (status == 401 || status == 403) return kNotAuthorized;
  return kind == ExchangeKind::kPublish ? kPublishRefused : kRequestRefused;
}

// "&name=" in the raw form behind a URL that stands there unescaped: it was cut at its first '&'.
bool IsCutUrl(std::string_view raw, std::string_view parameter) {
  const auto at = raw.find(std::string(parameter) + "=http");
  if (at == std::string_view::npos) return false;
  const std::string_view value = raw.substr(at + parameter.size() + 1);
  const auto end = value.find('&');
  if (end == std::string_view::npos) return false;
  const std::string_view url = value.substr(0, end);
  const bool unescaped = url.find("://") != std::string_view::npos && url.find('?') != url.npos;
  return unescaped && !value.substr(end + 1).starts_with("hub.");
}

bool IsLoopbackHost(const std::string& host) {
  return host == "localhost" || host.ends_with(".localhost") ||
         ClassifyAddress(host) == AddressClass::kLoopback;
}

// "127.0.0.1" of "127.0.0.1:53211" and "[::1]:53211".
std::string_view PeerHost(std::string_view peer) {
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.starts_with('[') && peer.ends_with(']')) peer = peer.substr(1, peer.size() - 2);
  return peer;
}

// What is odd about a request, whether it was taken or not.
void AddOddities(const Exchange& exchange, const Sent& sent, std::vector<Finding>& findings) {
  if (IsCutUrl(sent.raw, "hub.callback")) {
    findings.push_back(MakeFinding(kCallbackCut,
                                   "hub.callback stands unescaped in the form, and was read as " +
                                       Quote(sent.Value("hub.callback"), 200),
                                   exchange));
  }
  if (IsCutUrl(sent.raw, "hub.topic")) {
    findings.push_back(MakeFinding(kTopicCut,
                                   "hub.topic stands unescaped in the form, and was read as " +
                                       Quote(sent.Value("hub.topic"), 200),
                                   exchange));
  }
  const auto callback = Url::Parse(sent.Value("hub.callback"));
  const auto from = ClassifyAddress(PeerHost(exchange.peer));
  if (callback && IsLoopbackHost(callback->host()) && from && *from != AddressClass::kLoopback) {
    Finding finding = LoopbackCallback(callback->text());
    findings.push_back(MakeFinding(finding.code,
                                   "the subscriber at " + exchange.peer + " gave " +
                                       ShownInSentence(callback->text()) + " as its callback",
                                   exchange));
  }
}

FindingCode PublishFault(const Exchange& exchange, const Sent& sent, std::string_view sentence) {
  if (exchange.status == 415) return kNotAForm;
  if (sent.raw.empty() && Holds(sent.query, "hub.mode")) return kPublishBodyEmpty;
  const FindingCode code = RefusalFault(exchange.status, sentence, exchange.kind);
  if (code != kPublishRefused) return code;
  for (const char* name : {"hub.url", "hub.topic"}) {
    const std::string_view url = sent.Value(name);
    if (!url.empty() && !Url::Parse(url)) return kTopicNotUrl;
  }
  return code;
}

}  // namespace

std::vector<Finding> JudgeRequest(const Exchange& exchange) {
  const Sent sent = Read(exchange);
  const auto sentence = std::string_view(exchange.response_body).substr(0, kMostSentence);
  std::vector<Finding> findings;
  std::string what = "the hub answered " + std::to_string(exchange.status) + " to the request to " +
                     std::string(Name(exchange.kind)) +
                     (sentence.empty() ? "" : ": " + Quote(Trim(sentence), 200));
  if (IsRedirect(exchange.status)) {
    findings.push_back(MakeFinding(kHubRedirects, std::move(what), exchange));
  } else if (exchange.status >= 400) {
    const bool form =
        exchange.kind == ExchangeKind::kSubscribe || exchange.kind == ExchangeKind::kUnsubscribe;
    FindingCode code = RefusalFault(exchange.status, sentence, exchange.kind);
    if (exchange.kind == ExchangeKind::kPublish) {
      code = PublishFault(exchange, sent, sentence);
    } else if (form && code == kRequestRefused) {
      code = FormFault(sent, sentence).value_or(code);
    }
    findings.push_back(MakeFinding(code, std::move(what), exchange));
  }
  AddOddities(exchange, sent, findings);
  return findings;
}

std::optional<Finding> JudgeHubAnswer(const HubAnswerSeen& seen) {
  if (seen.status >= 200 && seen.status < 300) return std::nullopt;
  std::string what =
      "the hub " + ShownInSentence(seen.hub) + " answered " + std::to_string(seen.status);
  const std::string_view words = Trim(seen.sentence);
  if (!words.empty()) what += ": " + std::string(words.substr(0, 300));
  FindingCode code =
      RefusalFault(seen.status, seen.sentence.substr(0, kMostSentence), ExchangeKind::kSubscribe);
  if (seen.status == 307 || seen.status == 308) {
    code = kHubRedirects;
  } else if (seen.status >= 300 && seen.status < 400) {
    code = kHubRedirectMethod;
  } else if (code == kRequestRefused && (seen.status == 404 || seen.status == 405)) {
    code = kHubNotFound;
  }
  return MakeFinding(code, std::move(what));
}

}  // namespace websub
