// Outgoing HTTP for commands: blocking calls on the hub's own client, which bounds what a peer can
// send and tells faults apart by phase.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/environment.h"
#include "cli/exit_status.h"
#include "cli/shared_flags.h"
#include "core/discovery.h"
#include "core/url.h"
#include "hub/transport.h"

namespace websub::cli {

using CallFields = std::vector<std::pair<std::string, std::string>>;

enum class Redirects {
  kAny,
  kSameMethod,  // one that would turn the request into GET ends the trail: for what changes
                // something
};

struct Call {
  std::string method = "GET";
  std::string url;  // absolute http(s); "user:password@" becomes an Authorization field
  CallFields
      fields;  // Host, User-Agent, Accept and Content-Length are added where they are missing
  // Of --header: they stand for those of the same name, and stay with the origin that they were
  // given for (Follow).
  CallFields hub_fields = {};
  // The whole head as it is sent, in place of method and fields.
  std::optional<std::string> head = {};
  std::optional<std::string> body;
  std::size_t max_body = 1024 * 1024;           // bytes of the answer's body that are kept
  Duration timeout = std::chrono::seconds(30);  // for the whole call
  Redirects redirects = Redirects::kAny;        // of Follow
};

enum class CallEnd {
  kAnswered,     // a whole answer came, whatever its status (or max_body of it)
  kFault,        // answer.fault and answer.detail say why not
  kOutOfTime,    // the time for the whole run is over
  kInterrupted,  // by SIGINT or SIGTERM
};

struct CallResult {
  CallEnd end = CallEnd::kFault;
  hub::OutgoingResult answer;
  int signal = 0;  // of kInterrupted

  bool Answered() const { return end == CallEnd::kAnswered; }
  // The first field of that name (any case), or empty.
  std::string Field(std::string_view name) const;
  std::vector<std::string> Fields(std::string_view name) const;
};

// Why a call brought no answer, with a next step where there is one: "connection refused by
// 127.0.0.1:4820: is `websub serve` running?".
std::string Explain(const Call& call, const CallResult& result);

// kDone for an answer, whatever it says; kNetwork, kTimeout or that of the signal.
ExitStatus StatusOf(const CallResult& result);

// An answer and how it was reached.
struct FollowedResult {
  CallResult last;
  Call last_call;                  // what `last` answers
  std::vector<DiscoveryHop> hops;  // one for each answer, `last` included where it is one
  std::string stopped;  // why a redirect was not followed: a loop, too many, a bad Location
};

class HttpCaller {
 public:
  static constexpr int kMaxRedirects = 10;

  // kInvalid where the CA file or a proxy variable cannot be read. `time_left` is for all calls
  // together, from now on.
  static Result<std::unique_ptr<HttpCaller>> Make(Environment& environment, const TlsOptions& tls,
                                                  std::optional<Duration> time_left);
  ~HttpCaller();

  // One call, no redirects. Several threads may call at the same time.
  CallResult Send(const Call& call);
  // Follows 301, 302, 303, 307 and 308. 307 and 308 repeat method and body; the others turn into
  // GET, unless it was GET or HEAD. Authorization, Cookie and hub_fields stay with the origin
  // that they were given for.
  FollowedResult Follow(Call call);
  // Waits, at most as long as the run may take. kAnswered when the wait is over, or after Wake.
  CallEnd Wait(Duration duration);
  // From any thread: ends the wait under way, or else the next one.
  void Wake();
  // From any thread: from now on every call and wait ends at once with kInterrupted.
  void Stop();
  int signal() const;  // that came, or 0

  struct Impl;

 private:
  explicit HttpCaller(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::cli
