// The inside of the client: its pool and its connections. Private to hub/http.
//
// A call runs on one connection at a time. A fresh connection goes through resolving, connecting,
// perhaps a tunnel and TLS; then the exchange; then it lies idle in the pool, always with a read
// under way, so that a peer that closes it is noticed at once.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hub/http/byte_buffer.h"
#include "hub/http/client.h"
#include "hub/http/lookup.h"
#include "hub/http/loop_impl.h"
#include "hub/http/message_reader.h"
#include "hub/http/proxy.h"
#include "hub/http/tls.h"

namespace websub::hub::http {

struct Call {
  OutgoingRequest request;
  std::string forwarded_head;  // in place of the request's, through a proxy that forwards
  std::function<void(OutgoingResult)> done;
  OutgoingResult result;
  SteadyClock::time_point began;
  SteadyClock::time_point due;
  bool again = false;  // sent once more after a reused connection broke
};

class ClientConnection;

struct PoolSet;

// The connections that calls to one origin, under one policy for addresses, may share. It stays
// while it has any, so that a call that follows another finds it with one look.
struct Pool {
  std::string key;
  PoolSet* set = nullptr;
  std::size_t connections = 0;
  std::vector<ClientConnection*> idle;  // the last one was used last
};

// All pools under one policy. It stays while it has any.
struct PoolSet {
  std::shared_ptr<const AddressPolicy> policy;  // null: any address will do
  std::unordered_map<std::string, Pool> pools;  // by origin
};

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  Impl(Loop& loop, ClientOptions the_options, ProxyTable the_proxies);

  void Start(std::shared_ptr<Call> call);
  void StartFresh(std::shared_ptr<Call> call, Pool& pool);
  Pool& PoolFor(const OutgoingRequest& request);
  // The TLS context, made when it is first needed: reading the system's authorities takes a while.
  Result<asio::ssl::context*> Tls();

  // Requests made one after the other are written together: a peer that is woken by the first one
  // finds the others, instead of being woken for each.
  void WriteSoon(std::shared_ptr<ClientConnection> connection);
  void WriteAll();

  void PutIdle(ClientConnection& connection);
  void TakeIdle(ClientConnection& connection);
  void Forget(const std::shared_ptr<ClientConnection>& connection);
  void CancelAll();
  void Abandon();

  asio::io_context& io;
  const ClientOptions options;
  const ProxyTable proxies;
  Lookup lookup;
  std::unique_ptr<asio::ssl::context> tls;
  std::list<PoolSet> pool_sets;  // as few as there are policies
  // A connection keeps its place: it moves from one list to the other without a new one.
  std::list<ClientConnection*> idle;  // the longest idle first
  std::list<ClientConnection*> busy;
  std::unordered_set<std::shared_ptr<ClientConnection>> connections;
  std::vector<std::shared_ptr<ClientConnection>> to_write;
};

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(Client::Impl& client, Pool& pool);

  Pool& pool() { return *pool_; }
  bool busy() const { return call_ != nullptr; }

  // A fresh connection: goes all the way for this call. Not called from within Send.
  void Open(std::shared_ptr<Call> call);
  // An idle one, taken out of the pool.
  void Reuse(std::shared_ptr<Call> call);
  // Writes the request that waits for that.
  void Write();
  // Ends it, and its call with this fault.
  void Fail(Fault fault, std::string detail);
  // Ends it without a word to anybody.
  void Close();

  void OnDeadline();

  std::list<ClientConnection*>::iterator place;  // in the client's list of idle or busy ones

 private:
  enum class Phase { kResolve, kConnect, kTunnel, kTls, kWrite, kRead, kIdle, kClosed };

  // client_connect.cc
  void OnResolved(const LookupAnswer& answer);
  void ConnectNext();
  void OnConnected(const error_code& ec);
  void Missed(Fault fault, std::string detail);
  Result<void> CheckAddress(const std::string& address) const;
  void OpenTunnel();
  void ReadTunnel();
  void OnTunnelRead(const error_code& ec, std::size_t size);
  void Handshake();
  void OnHandshake(const error_code& ec);
  SteadyClock::time_point AttemptDue() const;

  // client_exchange.cc
  void Exchange();
  bool SendAtOnce(std::string_view head, std::string_view body);
  void OnWritten(const error_code& ec);
  void Read();
  void OnRead(const error_code& ec, std::size_t size);
  void OnAnswerBegins();
  void OnBroken(const error_code& ec);
  void Finish();
  void OnTimeout();
  void CollectAnswer();

  Client::Impl* client_;  // null once closed
  Pool* const pool_;      // valid while not closed
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;  // where the origin is https
  Deadline deadline_;
  Phase phase_ = Phase::kResolve;
  SteadyClock::time_point phase_began_;
  std::shared_ptr<Call> call_;
  std::optional<Proxy> proxy_;

  std::vector<std::string> addresses_;
  std::size_t next_address_ = 0;
  unsigned attempt_ = 0;  // tells the connect under way from those given up
  Fault missed_ = Fault::kNone;
  std::string missed_detail_;
  std::string peer_;
  std::string tunnel_head_;

  ByteBuffer in_;
  ResponseReader reader_;
  bool reading_ = false;
  bool reused_ = false;
  bool answer_began_ = false;
  bool queued_ = false;   // the request waits to be written
  std::size_t sent_ = 0;  // bytes of the request, at once
  error_code write_error_;
};

}  // namespace websub::hub::http
