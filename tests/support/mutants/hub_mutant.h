// A small hub for the conformance suite to be tried on: right by itself, and with a switch for each
// fault. It shares no code with what is tested, and keeps everything in memory.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mutant {

// Whether it was started with that fault.
bool Has(const char* fault);

using Fields = std::multimap<std::string, std::string>;
using Parameters = std::vector<std::pair<std::string, std::string>>;

// ---- text (hub_text.cc)
std::string Lower(std::string text);
std::string Encode(const std::string& text);  // all but unreserved characters
enum class Plus { kSpace, kPlus };
std::string Decode(const std::string& text, Plus plus);
Parameters ParseForm(const std::string& text, Plus plus = Plus::kSpace);
std::string Value(const Parameters& parameters, const std::string& name);  // the first, or empty
bool Holds(const Parameters& parameters, const std::string& name);
std::string Replaced(std::string text, const std::string& from, const std::string& to);
std::string Trimmed(const std::string& text);
std::string Compact(const std::string& json);  // without the white space outside of strings
std::string Hmac(const std::string& method, const std::string& key, const std::string& text);
std::string Base64OfHex(const std::string& hex);

// ---- HTTP (hub_wire.cc)
struct Got {
  int status = 0;  // 0: no answer
  Fields fields;   // names in lower case
  std::string body;

  std::string Field(const std::string& name) const;  // the first, or empty
};
Got Send(const std::string& method, const std::string& url, const Fields& fields = {},
         const std::string& body = {});

struct Asked {
  std::string method;
  std::string query;  // as sent
  std::string type;
  std::string dialect;  // of x-ballerina-publisher
  std::string body;
};
struct Answer {
  int status = 200;
  std::string body;
  std::string type = "text/plain";
};
// Prints the URL and answers for ever.
void Serve(const std::function<Answer(const Asked&)>& handler);
const std::string& HubUrl();

// ---- the hub
struct Message {
  std::string body;
  std::string type;  // empty: none
};

using Clock = std::chrono::steady_clock;

// What a subscriber asked for.
struct Request {
  bool subscribe = true;
  std::string topic;
  std::string callback;
  std::string secret;
  std::string token;      // hub.verify_token
  long lease = 864000;    // granted
  long lease_asked = 0;   // 0: none
  Parameters parameters;  // all of them
};

// Verifies (hub_verify.cc), and adds or removes the subscription. Tells whether it was confirmed.
bool Verify(const Request& request);
// Looks at the topic; denies, and tells so, where it has gone.
bool Denied(const Request& request);

// ---- subscriptions and deliveries (hub_deliver.cc)
bool IsActive(const std::string& topic, const std::string& callback);
void Activate(const Request& request);
void Remove(const std::string& topic, const std::string& callback);
// What a careless hub does before a renewal is verified.
void ReplaceAtOnce(const Request& request);
// Snapshots, for the hub that writes its list back as it was.
using Snapshot = std::vector<std::string>;
Snapshot CallbacksOf(const std::string& topic);
void WriteBack(const std::string& topic, const Snapshot& callbacks);
void Publish(const std::string& topic, const Message& message);
void Ping(const std::string& topic);

}  // namespace mutant
