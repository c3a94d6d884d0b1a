// Verification of intent, and denial.
#include <atomic>
#include <random>

#include "tests/support/mutants/hub_mutant.h"

namespace mutant {
namespace {

std::string RandomHex() {
  static std::random_device device;
  static const char* const kDigits = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 32; ++i) text += kDigits[device() % 16];
  return text;
}

std::string MakeChallenge() {
  static std::atomic<long> counter{1000};
  if (Has("constant-challenge")) return "1c9e4a7b2f6d8035";
  if (Has("counting-challenge")) return std::to_string(++counter);
  if (Has("challenge-needs-escapes")) return RandomHex() + "+/&=";
  return RandomHex();
}

// The callback with parameters behind it.
std::string Joined(const std::string& callback, const std::string& parameters) {
  const std::size_t mark = callback.find('?');
  if (mark == std::string::npos) return callback + "?" + parameters;
  if (Has("second-question-mark")) return callback + "?" + parameters;
  if (Has("drops-callback-query")) return callback.substr(0, mark + 1) + parameters;
  if (Has("overwrites-callback-parameters")) {
    Parameters own = ParseForm(callback.substr(mark + 1));
    std::string query;
    for (const auto& [name, value] : own) {
      if (name.rfind("hub.", 0) == 0) continue;
      query += Encode(name) + "=" + Encode(value) + "&";
    }
    return callback.substr(0, mark + 1) + query + parameters;
  }
  if (callback.back() == '?' || callback.back() == '&') return callback + parameters;
  return callback + "&" + parameters;
}

std::string Parameter(const std::string& name, const std::string& value) {
  const std::string written = Has("underscores") ? Replaced(name, ".", "_") : name;
  return "&" + written + "=" + Encode(value);
}

std::string VerificationUrl(const Request& request, const std::string& challenge) {
  std::string mode = request.subscribe ? "subscribe" : "unsubscribe";
  if (Has("unsubscribe-asks-subscribe")) mode = "subscribe";
  std::string query = Parameter("hub.mode", mode);
  if (Has("topic-unescaped")) {
    query += "&hub.topic=" + request.topic;
  } else if (!Has("verification-without-topic")) {
    query += Parameter("hub.topic", request.topic);
  }
  if (!Has("verification-without-challenge")) query += Parameter("hub.challenge", challenge);
  const bool tells =
      !Has("perpetual-lease") && !(Has("tells-lease-only-if-asked") && request.lease_asked == 0);
  if (request.subscribe && tells) {
    const long lease = Has("tells-default-lease") ? 864000 : request.lease;
    query += Parameter("hub.lease_seconds", Has("tells-lease-zero") ? "0" : std::to_string(lease));
  }
  if (!request.token.empty() && !Has("drops-verify-token")) {
    query += Parameter("hub.verify_token", request.token);
  }
  if (Has("secret-in-verification") && !request.secret.empty()) {
    query += Parameter("hub.secret", request.secret);
  }
  return Joined(request.callback, query.substr(1));
}

std::string WithoutQuotes(const std::string& text) {
  return text.size() > 1 && text.front() == '"' && text.back() == '"'
             ? text.substr(1, text.size() - 2)
             : text;
}

bool Confirms(const Got& got, const std::string& challenge) {
  const bool success = got.status >= 200 && got.status < 300;
  if (Has("takes-202-for-verified")) return true;
  if (Has("verifies-any-status")) return got.body == challenge;
  if (Has("takes-redirect-for-success") && got.status / 100 == 3) return true;
  if (Has("only-200-verifies") && got.status != 200) return false;
  if (!success) return false;
  if (Has("verifies-any-echo")) return true;
  if (Has("verifies-empty") && got.body.empty()) return true;
  if (Has("trims-echo")) return Trimmed(got.body) == challenge;
  if (Has("unquotes-echo")) return WithoutQuotes(got.body) == challenge;
  if (Has("finds-echo-anywhere")) return got.body.find(challenge) != std::string::npos;
  if (Has("echo-may-be-cut")) return !got.body.empty() && challenge.rfind(got.body, 0) == 0;
  if (Has("skips-bom")) return Replaced(got.body, "\xEF\xBB\xBF", "") == challenge;
  if (Has("compares-length-only")) return got.body.size() == challenge.size();
  return got.body == challenge;
}

}  // namespace

bool Denied(const Request& request) {
  if (request.topic.rfind("http://", 0) != 0 || Send("GET", request.topic).status != 410) {
    return false;
  }
  if (Has("denies-silently")) return true;
  std::string query = Parameter("hub.mode", Has("denial-says-deny") ? "deny" : "denied");
  if (!Has("denial-without-topic")) query += Parameter("hub.topic", request.topic);
  query += Parameter("hub.reason", "the topic has gone");
  Send("GET", Joined(request.callback, query.substr(1)));
  return true;
}

bool Verify(const Request& request) {
  if (!request.subscribe && Has("unsubscribe-never-verified")) return false;
  const Snapshot before = CallbacksOf(request.topic);
  const std::string challenge = MakeChallenge();
  std::string url = VerificationUrl(request, challenge);
  const bool by_post = Has("verifies-by-post");
  Got got = Send(by_post ? "POST" : "GET", url);
  if (Has("verification-follows-redirects") && got.status / 100 == 3) {
    got = Send("GET", got.Field("location"));
  }
  const bool confirmed = Confirms(got, challenge);
  if (!confirmed) {
    if (request.subscribe && Has("failed-renewal-ends")) Remove(request.topic, request.callback);
    if (!request.subscribe && Has("unsubscribes-whatever-is-answered")) {
      Remove(request.topic, request.callback);
    }
    return false;
  }
  if (!request.subscribe) {
    if (!Has("ignores-unsubscribe")) Remove(request.topic, request.callback);
    return true;
  }
  Activate(request);
  if (Has("loses-parallel-subscriptions")) {
    Snapshot after = before;
    after.push_back(request.callback);
    WriteBack(request.topic, after);
  }
  return true;
}

}  // namespace mutant
