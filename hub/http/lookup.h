// Name lookups on threads of their own: getaddrinfo blocks, and a name server that hangs must hold
// up nobody but those who asked for that name.
#pragma once

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

// Used on the loop's thread only.
class Lookup {
 public:
  using Done = std::function<void(const LookupAnswer&)>;

  static constexpr std::size_t kMaxWaiting = 4096;  // names; beyond, lookups fail at once

  Lookup(Loop& loop, std::size_t threads, Resolver resolver = SystemResolver);
  // Waits for no lookup that hangs: its thread ends by itself. No `done` is called any more.
  ~Lookup();

  // Calls `done` once, never before Resolve returns. Those who ask for a name that is being looked
  // up already share its answer, so that one bad name occupies one thread at most.
  void Resolve(const std::string& host, Done done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace websub::hub::http
