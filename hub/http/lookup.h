// Name lookups on threads of their own: getaddrinfo blocks, and a name server that hangs must hold
// up nobody but those who asked for that name.
//
// Names that resolved a short while ago are answered from memory. The others have a thread each:
// threads are made when they are needed and end when they have been idle for a while. Names whose
// last lookup took long or failed hold at most half of the threads; they and those that were never
// looked up hold at most three quarters, so that a name that has resolved before always finds one.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hub/http/loop.h"

namespace websub::hub::http {

struct LookupAnswer {
  std::vector<std::string> addresses;  // literals, in the order to try them
  std::string error;                   // why there are none
};

// Blocks; called on the lookup threads.
using Resolver = std::function<LookupAnswer(const std::string& host)>;

LookupAnswer SystemResolver(const std::string& host);

struct LookupOptions {
  std::size_t max_threads = 64;
  // Names that wait for a thread; beyond, lookups fail at once. Those that have resolved before are
  // counted apart from the others.
  std::size_t max_waiting = 4096;
  std::size_t max_remembered = 4096;                          // names
  std::chrono::milliseconds keep = std::chrono::seconds(30);  // addresses
  std::chrono::milliseconds soon = std::chrono::seconds(1);   // a lookup that took longer is slow
  std::chrono::milliseconds idle = std::chrono::seconds(10);  // before a thread ends
  // From any thread.
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

// Used on the loop's thread only.
class Lookup {
 public:
  using Done = std::function<void(const LookupAnswer&)>;

  explicit Lookup(Loop& loop, LookupOptions options = {}, Resolver resolver = SystemResolver);
  // Waits for no lookup that hangs: its thread ends by itself. No `done` is called any more.
  ~Lookup();

  // Calls `done` once, never before Resolve returns. Those who ask for a name that is being looked
  // up already share its answer, so that one bad name occupies one thread at most.
  void Resolve(const std::string& host, Done done);

  std::size_t threads() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace websub::hub::http
