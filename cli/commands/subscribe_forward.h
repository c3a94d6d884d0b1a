// --forward-to: hands notifications on to an application and its answers back to the hub.
#pragma once

#include <functional>
#include <string>

#include "cli/commands/subscribe_arrival.h"
#include "core/url.h"
#include "hub/transport.h"

namespace websub::cli {

class Forwarder {
 public:
  static constexpr std::size_t kMaxAnswer = 1024 * 1024;  // bytes of an answer's body

  // A timeout of zero waits for as long as it takes: for an application that stands at a
  // breakpoint.
  Forwarder(hub::Transport& transport, Url to, Duration timeout);

  // POSTs the body byte for byte, with all fields of the notification in order; those that are
  // about one connection only, Host and Content-Length are made anew. `done` is called once, on the
  // loop, never before this returns.
  void Forward(const Arrival& arrival, std::function<void(AppAnswer)> done);

 private:
  hub::Transport& transport_;
  const Url to_;
  const Duration timeout_;
};

// Without the fields that are about one connection only (RFC 9110 section 7.6.1), those that a
// Connection field names among them.
hub::http::Fields EndToEnd(const hub::http::Fields& fields);

}  // namespace websub::cli
