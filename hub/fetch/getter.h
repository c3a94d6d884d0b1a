// A GET over its redirects, bounded and guarded: what a ping leads to, and a message that names
// where its content lies.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/address_policy.h"
#include "core/discovery.h"
#include "core/exchange.h"
#include "hub/clock.h"
#include "hub/delivery/turns.h"
#include "hub/store/recorder.h"
#include "hub/transport.h"

namespace websub::hub {

struct GetOptions {
  Duration timeout = std::chrono::seconds(10);     // of each hop
  std::shared_ptr<const AddressPolicy> addresses;  // null: any
  std::size_t max_body = 10 * 1024 * 1024;         // bytes of the content
  int max_redirects = 5;
  // "http://127.0.0.1:4820": the topics that the hub hosts itself, under /topics/, may be fetched
  // whatever the policy.
  std::string own_base;
};

struct GetRequest {
  Url url;
  FieldList validators;  // fields for the first hop only: they belong to that URL
  std::string topic;     // whom the exchanges belong to
  std::string identity;
  int attempt = 1;
  Turns::Ticket ticket;  // what is learned on the way is told to its turns
};

struct Got {
  enum class How {
    kAnswered,  // 2xx and whole, or 304
    kMayPass,   // no whole answer, 429, 5xx
    kFinal,     // trying again would bring the same
    kStopped,   // the hub stopped
  };
  How how = How::kAnswered;
  std::string reason;     // of kMayPass and kFinal
  OutgoingResult result;  // of the last hop
  // Of the last hop, to be recorded with an outcome; the result is not filled in yet. Those of the
  // hops before are recorded.
  Exchange exchange;
  std::vector<DiscoveryHop> hops;  // those that answered
};

// Used on the loop's thread only.
class Getter {
 public:
  Getter(Transport& transport, Recorder& recorder, const Clock& clock, Turns& turns,
         GetOptions options);

  // `done` is called once; before this returns where the policy forbids the URL.
  void Get(GetRequest request, std::function<void(Got)> done);

 private:
  struct Walk {
    GetRequest request;
    std::function<void(Got)> done;
    std::vector<DiscoveryHop> hops;
  };
  using WalkPtr = std::shared_ptr<Walk>;

  bool IsOwn(const Url& url) const;
  Exchange NewExchange(const Walk& walk, const Url& url) const;
  void Hop(const WalkPtr& walk, const Url& url);
  void Answered(const WalkPtr& walk, const Url& url, Exchange exchange, OutgoingResult result);
  void Redirected(const WalkPtr& walk, const Url& url, Exchange exchange, OutgoingResult result);

  Transport& transport_;
  Recorder& recorder_;
  const Clock& clock_;
  Turns& turns_;
  const GetOptions options_;
};

}  // namespace websub::hub
