// The HTTP/1.1 server of the hub and of every callback listener. It trusts nobody: head, body,
// connections and the time for each phase are bounded, and whatever a peer sends ends at worst its
// own connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/exchange.h"
#include "core/result.h"
#include "hub/http/loop.h"

namespace websub::hub::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Takes the body of a request in pieces as they come, in place of Request::body. Dropped before the
// end where the request breaks off or is refused.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // An error ends the request: it is answered 507 with the sentence.
  virtual Result<void> Write(std::string_view piece) = 0;
};

struct Request {
  std::string method;
  std::string target;                   // as sent: path and query
  std::string head;                     // raw bytes as received, the empty line included
  Fields fields;                        // in order, names as sent
  std::string body;                     // transfer coding removed; empty where a sink took it
  std::string peer;                     // "127.0.0.1:53211"
  PhaseTimings timings;                 // total: from the first byte of the request to its last
  std::shared_ptr<BodySink> sink = {};  // what took the body, where the plan named one
  std::size_t body_size = 0;            // bytes, wherever they went

  std::string_view Path() const;   // the target up to '?', not decoded
  std::string_view Query() const;  // after '?', or empty
  // The first field of that name (any case).
  std::optional<std::string_view> Field(std::string_view name) const;
};

// The body of an answer that is made while it is sent. Dropped when it has ended or its peer is
// gone.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Tells the next part, once, on the loop's thread, at once or later; an empty one is the end. It
  // is asked for when the part before was taken: whoever reads slowly holds up one part, and who is
  // too slow for ServerOptions::min_rate with one is given up.
  virtual void Next(std::function<void(std::string part)> ready) = 0;
};

struct Response {
  int status = 200;
  Fields fields;  // Content-Length, Connection and Date are added by the server
  std::string body;
  // In place of body, for what many peers are sent at the same time: it is not copied.
  std::shared_ptr<const std::string> shared_body = {};
  // In place of both, where the length is not known: the connection ends with it.
  std::shared_ptr<BodySource> source = {};
  // Called once, when the answer was written or could not be: `head` holds the raw bytes sent.
  std::function<void(std::string_view head, bool delivered)> on_sent;

  std::string_view Body() const { return shared_body ? *shared_body : body; }

  static Response Text(int status,
                       std::string sentence);  // text/plain; charset=utf-8, newline added
};

// What is to be done with the body of a request.
struct BodyPlan {
  std::shared_ptr<BodySink> sink = {};       // null: it is gathered in Request::body
  std::optional<std::size_t> max_body = {};  // bytes, in place of the server's
};
// Asked once a head is whole and before any of its body is read; body and peer are empty still.
using PlanBody = std::function<BodyPlan(const Request& head)>;

// Answers a request, once, on the loop's thread, at once or later. Dropping it unanswered answers
// 500.
using Respond = std::function<void(Response)>;
using Handler = std::function<void(Request, Respond)>;

// PEM files: a certificate with those that lead up to its authority, and its key.
struct TlsFiles {
  std::string certificate;
  std::string key;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;            // 0 takes a free one
  std::optional<TlsFiles> tls;       // then every connection must speak it
  std::size_t max_head = 32 * 1024;  // bytes; beyond: 431
  std::size_t max_body =
      10 * 1024 * 1024;     // bytes; beyond: 413, before it is read where it is announced
  PlanBody plan_body = {};  // null: every body is gathered
  // Beyond: the connection that is worth least makes room (crowd.h), or the new one is closed where
  // all are being handled. At most half of the files that the process may open.
  std::size_t max_connections = 4096;
  // The same for those of one address (AddressGroup). 0: a quarter of them all, but not under 64.
  std::size_t max_connections_per_address = 0;
  std::vector<AddressRange> shared_addresses;        // of proxies: without that limit
  Duration head_timeout = std::chrono::seconds(10);  // for a whole head or handshake; beyond: 408
  // What must move is a body or an answer, on average over the time that it takes: whoever is
  // slower is given up (a body: 408), and so is who has moved nothing for that timeout.
  std::size_t min_rate = 500;  // bytes a second
  Duration body_timeout = std::chrono::seconds(30);
  Duration write_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(60);  // between requests of one connection
  // Told of what never becomes a request: TLS on a plain port and the reverse, bytes that are no
  // HTTP, a limit passed.
  std::function<void(std::string sentence, std::string peer)> on_notice;
};

class Server {
 public:
  Server(Loop& loop, ServerOptions options, Handler handler);
  ~Server();  // closes everything at once

  // Binds and starts to accept. kUnavailable where the port is taken ("127.0.0.1:4820 is in use:
  // …"), kInvalid where the address is none of this machine's or a TLS file cannot be used.
  Result<void> Listen();
  // Reads the TLS files again: connections from now on use what is in them. An error leaves all as
  // it was. Without TLS it does nothing.
  Result<void> ReloadTls();
  const std::string& address() const;
  std::uint16_t port() const;  // the real one, after Listen
  std::size_t connections() const;

  // Accepts no more, closes idle connections and those whose source has nothing to tell, lets
  // requests under way finish, then calls `done`.
  void Drain(std::function<void()> done);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace websub::hub::http
