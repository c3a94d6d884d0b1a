// A small subscriber for the conformance suite to be tried on: right by itself, and with a switch
// for each fault. It shares no code with what is tested.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mutant {

// Whether it was started with that fault.
bool Has(const char* fault);

struct Got {
  int status = 0;                                  // 0: no answer
  std::multimap<std::string, std::string> fields;  // names in lower case
  std::string body;

  std::string Field(const std::string& name) const;  // the first, or empty
};
// One request; no redirects are followed.
Got Send(const std::string& method, const std::string& url, const std::string& type = "",
         const std::string& body = "");

struct Found {
  std::string hub;
  std::string self;
};
// Fetches the topic and reads what it announces; nothing where it announces no hub or no self.
std::optional<Found> Discover(const std::string& topic);

// Whether the content may be taken: `header` is X-Hub-Signature, empty where there was none.
bool IsSigned(const std::string& header, const std::string& secret, const std::string& body);

std::string Lower(std::string text);
std::string Encode(const std::string& text);  // for a form
std::string Decode(const std::string& text);  // of a query
std::string Resolve(const std::string& base, const std::string& reference);
// Lower-case hex; empty for a method that is not known.
std::string Hmac(const std::string& method, const std::string& key, const std::string& text);

}  // namespace mutant
