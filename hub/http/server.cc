#include "hub/http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "core/text.h"
#include "hub/http/peer_address.h"
#include "hub/http/server_impl.h"

namespace websub::hub::http {

namespace {

// "http://host" of an absolute-form target (RFC 9112 section 3.2.2) is of no interest to us.
std::string_view OriginForm(std::string_view target) {
  if (target.empty() || target.front() == '/' || target.front() == '*') return target;
  const std::size_t authority = target.find("://");
  if (authority == std::string_view::npos) return target;
  const std::size_t path = target.find_first_of("/?", authority + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

bool OutOfResources(const error_code& ec) {
  return ec == asio::error::no_descriptors ||
         ec == boost::system::errc::too_many_files_open_in_system ||
         ec == asio::error::no_buffer_space || ec == asio::error::no_memory;
}

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::seconds kNoticePause{10};
constexpr std::size_t kFewestPerAddress = 64;

// Half of the files that this process may open stays for what it opens itself: whoever fills the
// server with connections must not keep deliveries from theirs.
std::size_t MostConnections(std::size_t wanted) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
  return std::min<std::size_t>(wanted, std::max<rlim_t>(files.rlim_cur / 2, 1));
}

}  // namespace

std::string_view Request::Path() const {
  const std::string_view whole = OriginForm(target);
  const std::string_view path = whole.substr(0, whole.find('?'));
  return path.empty() ? std::string_view("/") : path;
}

std::string_view Request::Query() const {
  const std::string_view whole = OriginForm(target);
  const std::size_t mark = whole.find('?');
  return mark == std::string_view::npos ? std::string_view() : whole.substr(mark + 1);
}

std::optional<std::string_view> Request::Field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (EqualIgnoringCase(key, name)) return value;
  }
  return std::nullopt;
}

Response Response::Text(int status, std::string sentence) {
  Response response;
  response.status = status;
  response.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(sentence);
  response.body += '\n';
  return response;
}

Server::Impl::Impl(Loop& the_loop, ServerOptions the_options, Handler the_handler)
    : loop(the_loop),
      options(std::move(the_options)),
      handler(std::move(the_handler)),
      acceptor(the_loop.impl().io),
      accept_again(the_loop.impl().io) {
  options.max_connections = MostConnections(options.max_connections);
  auto& of_one = options.max_connections_per_address;
  if (of_one == 0) of_one = std::max(options.max_connections / 4, kFewestPerAddress);
  of_one = std::min(of_one, options.max_connections);
}

Result<void> Server::Impl::ReloadTls() {
  if (!options.tls) return {};
  auto made = MakeServerTls(*options.tls);
  if (!made) return tl::unexpected(made.error());
  tls = std::move(*made);
  return {};
}

Result<void> Server::Impl::Listen() {
  if (const auto loaded = ReloadTls(); !loaded) return loaded;
  std::string literal = options.address;
  if (literal == "localhost") literal = "127.0.0.1";
  if (literal.size() > 2 && literal.front() == '[') literal = literal.substr(1, literal.size() - 2);
  error_code ec;
  const asio::ip::address address = asio::ip::make_address(literal, ec);
  if (ec)
    return Fail(ErrorCode::kInvalid,
                options.address + " is not an IP address to listen on: use 127.0.0.1 or 0.0.0.0");
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) port = acceptor.local_endpoint(ec).port();
  if (ec) {
    error_code ignored;
    acceptor.close(ignored);
    const std::string where = Written(endpoint);
    if (ec == asio::error::address_in_use) {
      return Fail(ErrorCode::kUnavailable, where +
                                               " is in use: another program listens there; choose "
                                               "another port, or 0 for any that is free");
    }
    if (ec == boost::system::errc::address_not_available) {
      return Fail(ErrorCode::kInvalid, options.address + " is not an address of this machine");
    }
    const bool reserved =
        ec == asio::error::access_denied && options.port != 0 && options.port < 1024;
    return Fail(ec == asio::error::access_denied ? ErrorCode::kForbidden : ErrorCode::kUnavailable,
                "cannot listen on " + where + ": " + ec.message() +
                    (reserved ? "; a port from 1024 on needs no rights" : ""));
  }
  Accept();
  return {};
}

void Server::Impl::Accept() {
  acceptor.async_accept(loop.impl().io.get_executor(),
                        [weak = weak_from_this()](const error_code& ec, Socket socket) {
                          if (const auto self = weak.lock()) self->OnAccept(ec, std::move(socket));
                        });
}

void Server::Impl::OnAccept(const error_code& ec, Socket socket) {
  if (!acceptor.is_open()) return;
  if (ec) {
    // A peer that went away while it waited costs nothing; without descriptors trying at once would
    // spin.
    return OutOfResources(ec) ? AcceptLater(ec) : Accept();
  }
  short_of_files = false;
  error_code gone;
  const tcp::endpoint peer = socket.remote_endpoint(gone);
  if (!gone) {
    const std::string literal = peer.address().to_string();
    const std::string address = AddressGroup(literal);
    const bool room = MakeRoom(address, MostOf(literal));
    if (!acceptor.is_open()) return;  // the listener to notices dropped the server
    if (room) {
      auto connection = std::make_shared<ServerConnection>(*this, std::move(socket), Written(peer));
      connections.insert(connection);
      connection->Start(address);
    }
  }
  Accept();
}

// How many connections this address may have.
std::size_t Server::Impl::MostOf(const std::string& literal) const {
  const bool shared = std::any_of(options.shared_addresses.begin(), options.shared_addresses.end(),
                                  [&](const AddressRange& range) { return range.Holds(literal); });
  return shared ? options.max_connections : options.max_connections_per_address;
}

// Whether one more of this address may stay, where need be in place of another.
bool Server::Impl::MakeRoom(const std::string& address, std::size_t most) {
  const auto now = SteadyClock::now();
  if (most < options.max_connections && crowd.CountOf(address) >= most) {
    const bool room = CloseWorst(crowd.WorstOf(address, now));
    NoticeFull("more than " + std::to_string(most) + " connections from " + address);
    return room;
  }
  if (crowd.size() < options.max_connections) return true;
  const bool room = CloseWorst(crowd.Worst(now));
  NoticeFull("more than " + std::to_string(options.max_connections) + " connections");
  return room;
}

bool Server::Impl::CloseWorst(Crowd::Member* worst) {
  if (worst == nullptr) return false;
  static_cast<ServerConnection*>(worst)->shared_from_this()->Close();
  return true;
}

// Once in a while, however often it happens.
void Server::Impl::NoticeFull(const std::string& sentence) {
  ++pushed_out;
  const auto now = SteadyClock::now();
  if (full_noticed != SteadyClock::time_point::min() && now - full_noticed < kNoticePause) return;
  full_noticed = now;
  Notice(sentence + ": " + std::to_string(std::exchange(pushed_out, 0)) +
             " closed, those first that wait or dribble",
         "");
}

void Server::Impl::AcceptLater(const error_code& ec) {
  if (!std::exchange(short_of_files, true))
    Notice("cannot accept connections: " + ec.message(), "");
  CloseWorst(crowd.Worst(SteadyClock::now()));
  accept_again.expires_after(kAcceptPause);
  accept_again.async_wait([weak = weak_from_this()](const error_code& cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled && self->acceptor.is_open()) self->Accept();
  });
}

void Server::Impl::Drain(std::function<void()> done) {
  draining = true;
  drained = std::move(done);
  error_code ignored;
  acceptor.close(ignored);
  accept_again.cancel();
  const auto all = connections;
  for (const auto& connection : all) connection->Drain();
  if (connections.empty()) Forget(nullptr);
}

void Server::Impl::Forget(const std::shared_ptr<ServerConnection>& connection) {
  connections.erase(connection);
  if (!draining || !connections.empty() || !drained) return;
  asio::post(loop.impl().io, [weak = weak_from_this(), done = std::exchange(drained, nullptr)] {
    if (weak.lock()) done();
  });
}

void Server::Impl::Notice(const std::string& sentence, const std::string& peer) {
  if (options.on_notice) options.on_notice(sentence, peer);
}

Server::Server(Loop& loop, ServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handler))) {}

Server::~Server() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->accept_again.cancel();
  impl_->drained = nullptr;
  const auto all = std::exchange(impl_->connections, {});
  for (const auto& connection : all) connection->Abandon();
}

Result<void> Server::Listen() {
  return impl_->Listen();
}
Result<void> Server::ReloadTls() {
  return impl_->ReloadTls();
}
const std::string& Server::address() const {
  return impl_->options.address;
}
std::uint16_t Server::port() const {
  return impl_->port;
}
std::size_t Server::connections() const {
  return impl_->connections.size();
}
void Server::Drain(std::function<void()> done) {
  impl_->Drain(std::move(done));
}

}  // namespace websub::hub::http
