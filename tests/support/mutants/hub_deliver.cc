// Subscriptions, and what is delivered to them: a queue for each, and a thread while it holds
// something.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "tests/support/mutants/hub_mutant.h"

namespace mutant {
namespace {

constexpr int kAttempts = 5;
constexpr auto kRetryBase = std::chrono::milliseconds(300);

struct Subscription {
  std::string topic;
  std::string callback;
  std::string secret;
  std::optional<Clock::time_point> ends;
  bool dropped = false;
  std::deque<std::shared_ptr<const Message>> queue;
  bool busy = false;
};
using SubscriptionPtr = std::shared_ptr<Subscription>;

struct Topic {
  std::optional<Message> current;
  bool fetching = false;
  bool again = false;
  std::optional<Clock::time_point> pinged;
  int published = 0;
};

std::mutex mutex;  // guards all of these, and what they hold
std::vector<SubscriptionPtr> subscriptions;
std::map<std::string, Topic> topics;
std::map<std::string, std::mutex> one_at_a_time;  // of the hub that has one lane for a topic

// The mutex is held.
SubscriptionPtr Find(const std::string& topic, const std::string& callback) {
  for (const auto& each : subscriptions) {
    if (each->topic == topic && each->callback == callback) return each;
  }
  return nullptr;
}

bool HasEnded(const Subscription& subscription) {
  return subscription.dropped ||
         (subscription.ends && *subscription.ends <= Clock::now() && !Has("lease-never-ends"));
}

// ---------------------------------------------------------------------------------- one delivery

std::string Signature(const std::string& secret, const Message& message, const std::string& sent) {
  std::string signed_bytes = sent;
  if (Has("signs-trimmed")) signed_bytes = Trimmed(sent);
  if (Has("signs-with-crlf")) {
    signed_bytes = Replaced(Replaced(sent, "\r\n", "\n"), "\n", "\r\n");
  }
  if (Has("signs-with-lf")) signed_bytes = Replaced(sent, "\r\n", "\n");
  if (Has("signs-compact-json") && message.type == "application/json") {
    signed_bytes = Compact(sent);
  }
  if (Has("signs-decoded-form") && message.type.find("urlencoded") != std::string::npos) {
    signed_bytes = Decode(sent, Plus::kSpace);
  }
  if (Has("signs-nothing")) signed_bytes.clear();
  if (Has("signs-up-to-nul")) signed_bytes = sent.substr(0, sent.find('\0'));
  if (Has("signs-ascii-only")) {
    std::replace_if(
        signed_bytes.begin(), signed_bytes.end(),
        [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }, '?');
  }
  std::string method = Has("signs-sha1-as-sha256") ? "sha1" : "sha256";
  std::string digest = Hmac(method, secret, signed_bytes);
  method = "sha256";
  if (Has("signs-sha256-as-sha1")) method = "sha1";
  if (Has("signature-digits-missing")) digest.resize(digest.size() - 2);
  if (Has("signature-digits-too-many")) digest += "00";
  if (Has("signature-base64")) digest = Base64OfHex(digest);
  if (Has("signature-upper-case")) {
    std::transform(digest.begin(), digest.end(), digest.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  }
  if (Has("signature-method-unknown")) method = "hmac-sha256";
  if (Has("signature-without-method")) return digest;
  return method + "=" + digest;
}

std::string BodyFor(const Message& message, int attempt) {
  std::string body = message.body;
  if (Has("empty-body") || (Has("retries-without-body") && attempt > 1)) return "";
  if (Has("cuts-last-byte") && !body.empty()) body.pop_back();
  if (Has("cuts-at-nul")) body.resize(std::min(body.find('\0'), body.size()));
  if (Has("cuts-at-64k") && body.size() > 65536) body.resize(65536);
  if (Has("trims-body")) body = Trimmed(body);
  if (Has("changes-line-ends")) body = Replaced(body, "\r\n", "\n");
  if (Has("compacts-json") && message.type == "application/json") body = Compact(body);
  if (Has("decodes-forms") && message.type.find("urlencoded") != std::string::npos) {
    body = Decode(body, Plus::kSpace);
  }
  if (Has("escapes-markup") && message.type == "text/html") body = Replaced(body, "<", "&lt;");
  if (Has("body-as-ascii")) {
    std::replace_if(
        body.begin(), body.end(),
        [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }, '?');
  }
  return body;
}

std::string TypeFor(const Message& message) {
  if (Has("type-always-atom")) return "application/atom+xml";
  if (Has("type-of-form")) return "application/x-www-form-urlencoded";
  if (Has("drops-type-parameters")) return message.type.substr(0, message.type.find(';'));
  if (Has("adds-charset") && message.type.find(';') == std::string::npos) {
    return message.type + "; charset=utf-8";
  }
  if (Has("json-as-plain") && message.type.find("json") != std::string::npos) return "text/plain";
  return message.type;
}

void AddLinks(Fields& fields, const std::string& topic) {
  if (Has("no-links")) return;
  std::string hub =
      "<" + (Has("relative-hub-link") ? std::string("/hub") : HubUrl()) + ">; rel=\"hub\"";
  std::string self = "<" + (Has("self-is-hub") ? HubUrl() : topic) + ">; rel=\"self\"";
  if (Has("links-without-brackets")) {
    hub = HubUrl() + "; rel=\"hub\"";
    self = topic + "; rel=\"self\"";
  }
  if (Has("no-hub-link")) {
    fields.emplace("Link", self);
  } else if (Has("no-self-link")) {
    fields.emplace("Link", hub);
  } else if (Has("two-link-headers")) {
    fields.emplace("Link", hub);
    fields.emplace("Link", self);
  } else {
    fields.emplace("Link", hub + ", " + self);
  }
}

// Where it goes: the callback, unless a fault makes something else of it.
std::string Destination(const std::string& callback) {
  if (Has("delivers-without-query")) return callback.substr(0, callback.find('?'));
  return callback;
}

Got Deliver(const Subscription& to, const Message& message, int attempt) {
  const std::string body = BodyFor(message, attempt);
  Fields fields;
  const std::string type = TypeFor(message);
  if (!type.empty()) fields.emplace("Content-Type", type);
  AddLinks(fields, to.topic);
  const bool asked = !to.secret.empty() || Has("signs-always");
  if (asked && !Has("never-signs")) {
    fields.emplace(Has("signature-field-256") ? "X-Hub-Signature-256" : "X-Hub-Signature",
                   Signature(to.secret, message, body));
  }
  const std::string method = Has("delivers-by-put") ? "PUT" : "POST";
  Got got = Send(method, Destination(to.callback), fields, body);
  const bool redirected = got.status / 100 == 3 && !got.Field("location").empty();
  if (redirected && Has("follows-redirects")) {
    got = Send("POST", got.Field("location"), fields, body);
  }
  if (redirected && got.status < 304 && Has("follows-redirects-by-get")) {
    got = Send("GET", got.Field("location"));
  }
  return got;
}

bool Succeeded(const Got& got) {
  if (Has("only-200-is-success")) return got.status == 200;
  if (Has("200-and-204-are-success")) return got.status == 200 || got.status == 204;
  if (Has("reads-delivery-answers") && got.body.find("error") != std::string::npos) return false;
  return got.status >= 200 && got.status < 300;
}

// ---------------------------------------------------------------------------------- the lanes

std::chrono::milliseconds PauseAfter(const Got& got, int attempt) {
  const int seconds = std::atoi(got.Field("retry-after").c_str());
  if (seconds > 0 && !Has("ignores-retry-after")) return std::chrono::seconds(seconds);
  return attempt * kRetryBase;
}

// Delivers one message, with its retries; `to` is a copy, made anew for each attempt.
void Carry(const SubscriptionPtr& subscription, const std::shared_ptr<const Message>& message) {
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    Subscription to;
    {
      const std::scoped_lock lock(mutex);
      if (HasEnded(*subscription)) return;
      to = *subscription;
    }
    const Got got = Deliver(to, *message, attempt);
    if (Succeeded(got)) {
      if (Has("delivers-twice")) Deliver(to, *message, attempt);
      return;
    }
    const bool ends = got.status == 410 || Has("drops-after-failure");
    if (ends || Has("never-retries")) {
      const std::scoped_lock lock(mutex);
      subscription->dropped = subscription->dropped || ends;
      return;
    }
    std::this_thread::sleep_for(PauseAfter(got, attempt));
    if (Has("older-after-newer")) {
      const std::scoped_lock lock(mutex);
      if (!subscription->queue.empty()) {
        subscription->queue.push_back(message);
        return;
      }
    }
  }
}

std::mutex* LaneOf(const std::string& topic) {
  const std::scoped_lock lock(mutex);
  return &one_at_a_time[topic];
}

void RunLane(const SubscriptionPtr& subscription) {
  while (true) {
    if (Has("newest-first")) std::this_thread::sleep_for(kRetryBase / 2);
    std::shared_ptr<const Message> message;
    {
      const std::scoped_lock lock(mutex);
      if (subscription->queue.empty()) {
        subscription->busy = false;
        return;
      }
      auto& queue = subscription->queue;
      message = Has("newest-first") ? queue.back() : queue.front();
      if (Has("newest-first")) {
        queue.pop_back();
      } else {
        queue.pop_front();
      }
    }
    if (Has("one-lane-for-a-topic")) {
      const std::scoped_lock lock(*LaneOf(subscription->topic));
      Carry(subscription, message);
    } else {
      Carry(subscription, message);
    }
  }
}

void Fetch(const std::string& topic) {
  while (true) {
    const Got got = Send("GET", topic);
    if (got.status / 100 == 2) {
      const Message message{got.body, got.Field("content-type")};
      bool changed = false;
      {
        const std::scoped_lock lock(mutex);
        Topic& known = topics[topic];
        changed = !known.current || known.current->body != message.body;
        known.current = message;
      }
      if (changed) Publish(topic, message);
    }
    const std::scoped_lock lock(mutex);
    Topic& known = topics[topic];
    if (!known.again) {
      known.fetching = false;
      return;
    }
    known.again = false;
  }
}

}  // namespace

// ---------------------------------------------------------------------------------- what is asked

bool IsActive(const std::string& topic, const std::string& callback) {
  const std::scoped_lock lock(mutex);
  return Find(topic, callback) != nullptr;
}

void Activate(const Request& request) {
  const std::scoped_lock lock(mutex);
  SubscriptionPtr found = Find(request.topic, request.callback);
  const bool fresh = !found || Has("renewal-makes-two");
  if (fresh) {
    found = std::make_shared<Subscription>();
    found->topic = request.topic;
    found->callback = request.callback;
    subscriptions.push_back(found);
  }
  const bool keeps = !fresh && (Has("renewal-keeps-secret") ||
                                (Has("renewal-cannot-drop-secret") && request.secret.empty()));
  if (!keeps) found->secret = request.secret;
  if (Has("perpetual-lease")) return;
  if (!fresh && Has("renewal-keeps-lease")) return;
  found->ends = Clock::now() + std::chrono::seconds(request.lease);
}

void Remove(const std::string& topic, const std::string& callback) {
  const std::scoped_lock lock(mutex);
  std::erase_if(subscriptions, [&](const SubscriptionPtr& each) {
    const bool fits = each->topic == topic && each->callback == callback;
    if (fits) each->dropped = true;
    return fits;
  });
}

void ReplaceAtOnce(const Request& request) {
  const std::scoped_lock lock(mutex);
  const SubscriptionPtr found = Find(request.topic, request.callback);
  found->secret = request.secret;
  found->ends = Clock::now() + std::chrono::seconds(request.lease);
}

Snapshot CallbacksOf(const std::string& topic) {
  const std::scoped_lock lock(mutex);
  Snapshot callbacks;
  for (const auto& each : subscriptions) {
    if (each->topic == topic) callbacks.push_back(each->callback);
  }
  return callbacks;
}

void WriteBack(const std::string& topic, const Snapshot& callbacks) {
  const std::scoped_lock lock(mutex);
  std::erase_if(subscriptions, [&](const SubscriptionPtr& each) {
    return each->topic == topic &&
           std::find(callbacks.begin(), callbacks.end(), each->callback) == callbacks.end();
  });
}

void Publish(const std::string& topic, const Message& message) {
  if (Has("never-delivers")) return;
  const auto shared = std::make_shared<const Message>(message);
  const std::scoped_lock lock(mutex);
  if (Has("loses-updates") && ++topics[topic].published % 6 == 0) return;
  for (const auto& each : subscriptions) {
    if (each->topic != topic || HasEnded(*each)) continue;
    each->queue.push_back(shared);
    if (!each->busy) std::thread(RunLane, each).detach();
    each->busy = true;
  }
}

void Ping(const std::string& topic) {
  const std::scoped_lock lock(mutex);
  Topic& known = topics[topic];
  const auto now = Clock::now();
  const bool close = known.pinged && now - *known.pinged < std::chrono::seconds(1);
  if (close && Has("one-update-a-second")) return;
  known.pinged = now;
  if (known.fetching) {
    known.again = !Has("drops-pings-while-fetching");
    return;
  }
  known.fetching = true;
  std::thread(Fetch, topic).detach();
}

}  // namespace mutant
