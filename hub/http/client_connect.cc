// From nothing to a connection that can carry a request.
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "core/address_policy.h"
#include "hub/http/client_impl.h"

namespace websub::hub::http {

namespace {

constexpr std::size_t kReadSize = 4 * 1024;

struct Miss {
  Fault fault;
  std::string detail;
};

Miss DescribeConnectFailure(const error_code& ec, const std::string& peer) {
  if (ec == asio::error::connection_refused) {
    return {Fault::kRefused, "connection refused by " + peer};
  }
  if (ec == asio::error::timed_out) {
    return {Fault::kConnectTimeout, peer + " does not answer: " + ec.message()};
  }
  if (ec == asio::error::connection_reset || ec == asio::error::connection_aborted) {
    return {Fault::kReset, peer + " reset the connection as it was made"};
  }
  return {Fault::kUnreachable, "cannot reach " + peer + ": " + ec.message()};
}

}  // namespace

ClientConnection::ClientConnection(Client::Impl& client, Pool& pool)
    : client_(&client), pool_(&pool), socket_(client.io), deadline_(client.io) {}

void ClientConnection::Open(std::shared_ptr<Call> call) {
  call_ = std::move(call);
  const Url& url = call_->request.url;
  if (const Proxy* proxy = client_->proxies.For(url)) proxy_ = *proxy;
  phase_began_ = SteadyClock::now();
  deadline_.Set(call_->due, shared_from_this());
  const std::string& host = proxy_ ? proxy_->host : url.host();
  error_code not_literal;
  asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    addresses_.push_back(host);
    // Not at once: what fails must not fail before Send returns.
    asio::post(client_->io, [self = shared_from_this()] { self->ConnectNext(); });
    return;
  }
  client_->lookup.Resolve(host, [weak = weak_from_this()](const LookupAnswer& answer) {
    if (const auto self = weak.lock()) self->OnResolved(answer);
  });
}

void ClientConnection::OnResolved(const LookupAnswer& answer) {
  if (phase_ != Phase::kResolve) return;
  call_->result.timings.resolve = Since(phase_began_);
  if (answer.addresses.empty()) {
    const std::string& host = proxy_ ? proxy_->host : call_->request.url.host();
    return Fail(Fault::kDns, "the name " + host + " does not resolve: " + answer.error);
  }
  addresses_ = answer.addresses;
  phase_began_ = SteadyClock::now();
  ConnectNext();
}

// The policy holds for what we connect to. A proxy was chosen by the operator and resolves names
// itself: there only what the URL shows can be checked.
Result<void> ClientConnection::CheckAddress(const std::string& address) const {
  const AddressPolicy* policy = call_->request.addresses.get();
  if (policy == nullptr) return {};
  const Url& url = call_->request.url;
  return proxy_ ? policy->CheckHost(url.host(), url.port())
                : policy->CheckConnect(url.host(), address, url.port());
}

// Each address but the last has its share of the time that is left, so that one that swallows
// everything does not keep us from the next.
SteadyClock::time_point ClientConnection::AttemptDue() const {
  const auto left = addresses_.size() - next_address_ + 1;
  const auto now = SteadyClock::now();
  return left <= 1 ? call_->due : now + (call_->due - now) / static_cast<int>(left);
}

void ClientConnection::ConnectNext() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kConnect;
  while (next_address_ < addresses_.size()) {
    const std::string& literal = addresses_[next_address_++];
    error_code ec;
    const tcp::endpoint endpoint(asio::ip::make_address(literal, ec),
                                 proxy_ ? proxy_->port : call_->request.url.port());
    if (ec) continue;
    peer_ = Written(endpoint);
    if (auto allowed = CheckAddress(literal); !allowed) {
      if (missed_ == Fault::kNone) Missed(Fault::kForbiddenAddress, allowed.error().message);
      continue;
    }
    call_->result.peer = peer_;
    error_code ignored;
    socket_.close(ignored);
    socket_.open(endpoint.protocol(), ec);
    if (ec) {
      Missed(Fault::kUnreachable, "cannot open a socket to " + peer_ + ": " + ec.message());
      continue;
    }
    socket_.set_option(tcp::no_delay(true), ignored);
    deadline_.Set(AttemptDue(), shared_from_this());
    socket_.async_connect(
        endpoint, [self = shared_from_this(), attempt = ++attempt_](const error_code& error) {
          if (attempt == self->attempt_) self->OnConnected(error);
        });
    return;
  }
  Fail(missed_, std::exchange(missed_detail_, {}));
}

// Remembers why an address was given up: the last one that was really tried counts.
void ClientConnection::Missed(Fault fault, std::string detail) {
  missed_ = fault;
  missed_detail_ = std::move(detail);
}

void ClientConnection::OnConnected(const error_code& ec) {
  if (phase_ != Phase::kConnect) return;
  if (ec) {
    const Miss miss = DescribeConnectFailure(ec, peer_);
    Missed(miss.fault, miss.detail);
    return ConnectNext();
  }
  call_->result.timings.connect = Since(phase_began_);
  deadline_.Set(call_->due, shared_from_this());
  const bool https = call_->request.url.scheme() == Scheme::kHttps;
  if (https && proxy_) return OpenTunnel();
  if (https) return Handshake();
  Exchange();
}

void ClientConnection::OpenTunnel() {
  phase_ = Phase::kTunnel;
  tunnel_head_ = TunnelHead(call_->request.url, *proxy_);
  reader_.Start(client_->options.max_head, 0, ResponseReader::Body::kNone);
  asio::async_write(socket_, asio::buffer(tunnel_head_),
                    [self = shared_from_this()](const error_code& ec, std::size_t) {
                      if (self->phase_ != Phase::kTunnel) return;
                      if (!ec) return self->ReadTunnel();
                      self->Fail(Fault::kReset,
                                 "the proxy " + self->peer_ + " closed the connection");
                    });
}

void ClientConnection::ReadTunnel() {
  char* const to = in_.Prepare(kReadSize);
  socket_.async_read_some(asio::buffer(to, in_.room()),
                          [self = shared_from_this()](const error_code& ec, std::size_t size) {
                            self->OnTunnelRead(ec, size);
                          });
}

void ClientConnection::OnTunnelRead(const error_code& ec, std::size_t size) {
  if (phase_ != Phase::kTunnel) return;
  if (ec) return Fail(Fault::kReset, "the proxy " + peer_ + " closed the connection");
  in_.Commit(size);
  const Progress progress = reader_.Feed(in_);
  if (progress == Progress::kMore) return ReadTunnel();
  const Url& url = call_->request.url;
  if (progress == Progress::kRefused || (reader_.status() / 100 == 2 && !in_.empty())) {
    return Fail(Fault::kBadResponse, "the proxy " + peer_ + " did not answer CONNECT with HTTP");
  }
  if (reader_.status() / 100 != 2) {
    return Fail(Fault::kUnreachable, "the proxy " + peer_ + " opens no tunnel to " + url.host() +
                                         ": it answered " + std::to_string(reader_.status()));
  }
  Handshake();
}

void ClientConnection::Handshake() {
  phase_ = Phase::kTls;
  phase_began_ = SteadyClock::now();
  const auto context = client_->Tls();
  if (!context) return Fail(Fault::kTls, context.error().message);
  tls_ = std::make_unique<TlsStream>(socket_, **context);
  const Url& url = call_->request.url;
  const TlsPeer peer = IsInsecureHost(client_->options, url.host(), url.port())
                           ? TlsPeer::kAcceptAny
                           : client_->options.tls_peer;
  if (!ExpectPeer(*tls_, url.host(), peer)) {
    return Fail(Fault::kTls, "TLS cannot ask for the name " + url.host());
  }
  tls_->async_handshake(
      asio::ssl::stream_base::client,
      [self = shared_from_this()](const error_code& ec) { self->OnHandshake(ec); });
}

void ClientConnection::OnHandshake(const error_code& ec) {
  if (phase_ != Phase::kTls) return;
  if (ec) {
    return Fail(Fault::kTls, DescribeTlsFailure(*tls_, ec, call_->request.url.host(), peer_));
  }
  call_->result.timings.tls = Since(phase_began_);
  Exchange();
}

}  // namespace websub::hub::http
