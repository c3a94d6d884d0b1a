// The hub's front: what it is asked, and what it answers.
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include "tests/support/mutants/hub_mutant.h"

namespace mutant {
namespace {

constexpr long kMaxLease = 864000;
constexpr std::size_t kMaxUrl = 8000;
constexpr std::size_t kMaxSecret = 199;

std::string& TheFault() {
  static std::string fault;
  return fault;
}

Answer Refuse(const std::string& sentence, int status = 400) {
  if (Has("refuses-in-html")) return {status, "<h1>" + sentence + "</h1>", "text/html"};
  if (Has("refuses-without-reason")) return {status, "Bad Request"};
  if (Has("refuses-with-200")) return {200, sentence};
  return {status, sentence};
}

bool IsKnown(const std::string& name) {
  static const std::set<std::string> kKnown = {
      "hub.mode",          "hub.topic",  "hub.callback",     "hub.secret",
      "hub.lease_seconds", "hub.verify", "hub.verify_token", "hub.url"};
  return kKnown.count(name) != 0;
}

std::size_t SecretSize(const std::string& secret) {
  if (Has("counts-characters")) {
    return static_cast<std::size_t>(std::count_if(secret.begin(), secret.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
  }
  return Has("counts-encoded-secret") ? Encode(secret).size() : secret.size();
}

bool IsGoodCallback(const std::string& callback) {
  if (Has("takes-any-callback")) return true;
  if (Has("asks-any-scheme")) return callback.find("://") != std::string::npos;
  const std::string lower = Lower(callback.substr(0, 8));
  const std::size_t host = lower.rfind("https://", 0) == 0  ? 8
                           : lower.rfind("http://", 0) == 0 ? 7
                                                            : 0;
  return host > 0 && callback.size() > host && callback[host] != '/' && callback[host] != '?';
}

// The first thing that is wrong with it; empty where nothing is.
std::string Wrong(const Parameters& form, const std::string& mode) {
  for (const char* name : {"hub.callback", "hub.topic"}) {
    if (Value(form, name).empty() && !Has("takes-incomplete-requests")) {
      return std::string(name) + " is missing";
    }
    if (Value(form, name).size() > kMaxUrl && !Has("takes-any-size")) {
      return std::string(name) + " is too long";
    }
  }
  if (!Value(form, "hub.callback").empty() && !IsGoodCallback(Value(form, "hub.callback"))) {
    return "hub.callback is no http or https URL";
  }
  const std::string lease = Value(form, "hub.lease_seconds");
  const bool digits =
      std::all_of(lease.begin(), lease.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (Holds(form, "hub.lease_seconds") && (lease.empty() || !digits) &&
      (mode == "subscribe" || Has("unsubscribe-checks-lease")) && !Has("takes-any-lease")) {
    return "hub.lease_seconds is no positive number";
  }
  if (Has("refuses-secret") && Holds(form, "hub.secret")) return "hub.secret is not supported";
  const std::size_t limit = Has("refuses-199-bytes") ? kMaxSecret - 1 : kMaxSecret;
  if (SecretSize(Value(form, "hub.secret")) > limit && !Has("takes-long-secrets")) {
    return "hub.secret is too long";
  }
  for (const auto& [name, value] : form) {
    const bool hub = name.rfind("hub.", 0) == 0;
    if (IsKnown(name)) continue;
    if (Has("refuses-unknown-parameters") || (hub && Has("refuses-unknown-hub-parameters"))) {
      return name + " is not known";
    }
  }
  return "";
}

Request ReadRequest(const Parameters& form) {
  Request request;
  request.subscribe = Value(form, "hub.mode") != "unsubscribe";
  request.topic = Value(form, "hub.topic");
  request.callback = Value(form, "hub.callback");
  request.secret = Value(form, "hub.secret");
  request.token = Value(form, "hub.verify_token");
  request.parameters = form;
  if (Has("decodes-callback-twice")) request.callback = Decode(request.callback, Plus::kSpace);
  if (Has("decodes-topic-twice")) request.topic = Decode(request.topic, Plus::kSpace);
  if (Has("encodes-callback-twice")) request.callback = Replaced(request.callback, "%", "%25");
  if (Has("trims-secret")) request.secret = Decode(request.secret, Plus::kSpace);
  const std::string lease = Value(form, "hub.lease_seconds");
  if (!lease.empty() && lease.size() < 10) request.lease_asked = std::atol(lease.c_str());
  if (request.lease_asked > 0) request.lease = std::min(request.lease_asked, kMaxLease);
  return request;
}

Answer Subscribe(const Parameters& form) {
  const std::string mode = Value(form, "hub.mode");
  const bool known = mode == "subscribe" || mode == "unsubscribe";
  if (mode.empty() && !Has("takes-incomplete-requests")) return Refuse("hub.mode is missing");
  if (!mode.empty() && !known && !Has("takes-unknown-mode")) {
    return Refuse("hub.mode is not known");
  }
  if (mode == "unsubscribe" && Has("no-unsubscribe")) return Refuse("hub.mode is not supported");
  const std::string wrong = Wrong(form, mode);
  if (!wrong.empty()) return Refuse(wrong);
  const Request request = ReadRequest(form);
  const Answer accepted{Has("answers-200") ? 200 : Has("answers-204") ? 204 : 202, ""};
  if (!known || request.topic.empty() || !IsGoodCallback(request.callback)) return accepted;
  const bool renewal = request.subscribe && IsActive(request.topic, request.callback);
  if (renewal && Has("refuses-renewal")) return Refuse("subscribed already", 409);
  if (renewal && Has("ignores-renewal")) return accepted;
  if (renewal && Has("renewal-replaces-at-once")) ReplaceAtOnce(request);
  if (renewal && Has("renewal-suspends")) Remove(request.topic, request.callback);
  if (!request.subscribe && Has("unsubscribes-at-once")) {
    Remove(request.topic, request.callback);
    return accepted;
  }
  if (Has("never-verifies")) {
    Activate(request);
    return accepted;
  }
  const bool sync = Value(form, "hub.verify") == "sync" && !Has("ignores-verify-sync");
  if (sync) return Verify(request) ? Answer{204, ""} : Refuse("hub.callback did not confirm", 409);
  if (Has("waits-for-verification")) {
    Verify(request);
    return accepted;
  }
  if (Has("answers-with-verification")) {
    return Verify(request) ? accepted : Refuse("hub.callback did not confirm");
  }
  std::thread([request] {
    if (!request.subscribe || !Denied(request)) Verify(request);
  }).detach();
  return accepted;
}

Answer PingAll(const Parameters& form) {
  std::set<std::string> topics;
  for (const auto& [name, value] : form) {
    const bool by_topic = name == "hub.topic" && !Has("ignores-ping-by-topic");
    if (name == "hub.url" || by_topic) topics.insert(value);
    if (Has("counts-first-url-only") && !topics.empty()) break;
  }
  if (topics.empty()) return Refuse("hub.url is missing");
  for (const std::string& topic : topics) Ping(topic);
  return {204, ""};
}

Answer OnRequest(const Asked& asked) {
  const Parameters query = ParseForm(asked.query);
  if (Value(query, "hub.mode") == "publish") {
    Publish(Value(query, "hub.topic"), {asked.body, asked.type});
    return {200, "hub.mode=accepted", "application/x-www-form-urlencoded"};
  }
  const std::string form_type = "application/x-www-form-urlencoded";
  const bool fits =
      Has("refuses-charset") ? asked.type == form_type : Lower(asked.type).rfind(form_type, 0) == 0;
  if (!fits) return Refuse("the request is no form", 415);
  const Plus plus = Has("keeps-plus") ? Plus::kPlus : Plus::kSpace;
  Parameters form =
      ParseForm(Has("cuts-at-26") ? Replaced(asked.body, "%26", "&") : asked.body, plus);
  if (Has("reads-query")) form.insert(form.end(), query.begin(), query.end());
  const std::string mode = Value(form, "hub.mode");
  if (Has("wants-mode-first") && (form.empty() || form[0].first != "hub.mode")) {
    return Refuse("hub.mode is missing");
  }
  if (mode == "publish") return PingAll(form);
  if (mode == "register" || mode == "deregister") {
    return {200, "hub.mode=accepted", form_type};
  }
  return Subscribe(form);
}

}  // namespace

bool Has(const char* fault) {
  return TheFault() == fault;
}

}  // namespace mutant

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (argc != 3 || std::string(argv[1]) != "--fault") {
    std::fprintf(stderr, "usage: mutant_hub --fault NAME\n");
    return 2;
  }
  mutant::TheFault() = argv[2];
  mutant::Serve(mutant::OnRequest);
  return 1;
}
