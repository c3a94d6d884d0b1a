// The real Transport: HTTP/1.1 over TCP or TLS on the loop, connections reused by origin, name
// lookups on threads of their own so that a name server that hangs holds up nobody else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "hub/http/lookup.h"
#include "hub/http/loop.h"
#include "hub/transport.h"

namespace websub::hub::http {

enum class TlsPeer { kVerify, kAcceptAny };

struct ClientOptions {
  TlsPeer tls_peer = TlsPeer::kVerify;
  // "host", "host:port", "[::1]:443": the certificates of these count for nothing, whatever
  // tls_peer says.
  std::vector<std::string> insecure_hosts;
  std::string cacert;                     // a PEM file beside the system's; empty: none
  std::string http_proxy;                 // "http://host:port"; empty: none
  std::string https_proxy;                // used by CONNECT
  std::string no_proxy;                   // "localhost,.example.com,10.0.0.1" or "*"
  std::size_t max_head = 64 * 1024;       // bytes of an answer's head
  std::size_t max_idle_per_origin = 128;  // connections kept
  std::size_t max_idle = 4096;
  Duration idle_timeout = std::chrono::seconds(30);
  std::size_t lookup_threads = 64;
  Resolver resolver = SystemResolver;               // of names, on threads of its own
  Duration lookup_keep = std::chrono::seconds(30);  // how long a name's addresses are remembered
};

// Used on the loop's thread only, or while the loop does not run; Send alone is for any thread.
// The policy for addresses judges the address that is then connected to, at every connection; a
// name is not looked up again between. Through a proxy only what the URL itself shows can be judged
// (an address literal, the port): names are resolved by the proxy.
class Client : public Transport {
 public:
  // kInvalid where the CA file or a proxy cannot be read.
  static Result<std::unique_ptr<Client>> Make(Loop& loop, ClientOptions options);
  ~Client() override;  // ends what is under way; its callbacks are not called any more

  // A request on a reused connection that breaks before any byte of the answer came is sent once
  // more on a fresh one: the peer had closed it while it was idle.
  void Send(OutgoingRequest request, std::function<void(OutgoingResult)> done) override;
  // Ends what is under way with Fault::kCancelled.
  void CancelAll();

  struct Impl;

 private:
  explicit Client(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace websub::hub::http
