// The seam for outgoing HTTP: one request to one peer, no redirects followed, everything bounded.
// hub/http/client.h is the real one; tests script another.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "core/exchange.h"
#include "core/url.h"

namespace websub {
class AddressPolicy;
}  // namespace websub

namespace websub::hub {

struct OutgoingRequest {
  Url url;           // where to connect
  std::string head;  // raw, from the request line to the empty line; sent as it is
  std::shared_ptr<const std::string> body;      // null where there is none
  std::size_t max_body = 64 * 1024;             // bytes of the answer's body that are kept
  Duration timeout = std::chrono::seconds(10);  // for the whole call, name lookup included
  // Judges every address before it is connected to (Fault::kForbiddenAddress). Null: any will do.
  std::shared_ptr<const AddressPolicy> addresses;
};

struct OutgoingResult {
  Fault fault = Fault::kNone;  // kNone exactly when the whole answer (or max_body of it) was read
  std::string detail;  // one sentence about the fault, with the address: "connection refused by …"
  int status = 0;      // may be set beside a fault: a head came, and then the body broke off
  std::string head;    // raw, as received
  std::string body;    // transfer coding removed, content coding not
  std::size_t body_size = 0;  // bytes received
  bool body_cut = false;      // there was more than max_body: the connection was closed
  std::string peer;           // "127.0.0.1:3000", where a connection was tried
  std::string sent_head;      // the request's head, given back
  PhaseTimings timings;

  bool Ok2xx() const { return status >= 200 && status < 300; }
};

// Writes down in the record what an outgoing request brought.
inline void FillFromResult(Exchange& exchange, OutgoingResult result) {
  exchange.status = result.status;
  exchange.fault = result.fault;
  exchange.peer = std::move(result.peer);
  exchange.response_head = std::move(result.head);
  exchange.response_body = std::move(result.body);
  exchange.response_body_size = result.body_size;
  exchange.timings = result.timings;
}

class Transport {
 public:
  virtual ~Transport() = default;
  // Calls `done` once, never before Send returns, on the loop's thread.
  virtual void Send(OutgoingRequest request, std::function<void(OutgoingResult)> done) = 0;
};

}  // namespace websub::hub
