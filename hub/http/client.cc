#include "hub/http/client.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "hub/http/client_impl.h"

namespace websub::hub::http {

Client::Impl::Impl(Loop& loop, ClientOptions the_options, ProxyTable the_proxies)
    : io(loop.impl().io),
      options(std::move(the_options)),
      proxies(std::move(the_proxies)),
      lookup(loop, options.lookup_threads) {}

Result<asio::ssl::context*> Client::Impl::Tls() {
  if (!tls) {
    auto made = MakeTlsContext(options);
    if (!made) return tl::unexpected(made.error());
    tls = std::move(*made);
  }
  return tls.get();
}

// Connections are shared by calls that may use them: to the same origin, by the same way, and under
// the same rule for addresses.
std::string Client::Impl::PoolKey(const OutgoingRequest& request) const {
  std::string key = request.url.Origin();
  if (request.addresses == AddressRule::kPublicOnly) key += " public";
  return key;
}

void Client::Impl::Start(std::shared_ptr<Call> call) {
  std::string key = PoolKey(call->request);
  const auto pool = pools.find(key);
  if (pool == pools.end()) return StartFresh(std::move(call), std::move(key));
  const auto connection = pool->second.back();
  TakeIdle(*connection);
  connection->Reuse(std::move(call));
}

void Client::Impl::StartFresh(std::shared_ptr<Call> call, std::string key) {
  auto connection = std::make_shared<ClientConnection>(*this, std::move(key));
  connections.insert(connection);
  connection->Open(std::move(call));
}

void Client::Impl::PutIdle(const std::shared_ptr<ClientConnection>& connection) {
  Pool& pool = pools[connection->key()];
  pool.push_back(connection);
  connection->idle_place = idle.insert(idle.end(), connection.get());
  std::shared_ptr<ClientConnection> surplus;
  if (pool.size() > options.max_idle_per_origin) {
    surplus = pool.front();
  } else if (idle.size() > options.max_idle) {
    surplus = idle.front()->shared_from_this();
  }
  if (surplus) surplus->Close();
}

void Client::Impl::TakeIdle(ClientConnection& connection) {
  idle.erase(connection.idle_place);
  const auto entry = pools.find(connection.key());
  Pool& pool = entry->second;
  for (auto each = pool.rbegin(); each != pool.rend(); ++each) {
    if (each->get() != &connection) continue;
    pool.erase(std::next(each).base());
    break;
  }
  if (pool.empty()) pools.erase(entry);
}

void Client::Impl::Forget(const std::shared_ptr<ClientConnection>& connection) {
  connections.erase(connection);
}

void Client::Impl::CancelAll() {
  const auto self = shared_from_this();  // a callback may drop the client
  const auto all = connections;
  for (const auto& connection : all) {
    if (connection->busy()) connection->Fail(Fault::kCancelled, "the call was cancelled");
  }
}

void Client::Impl::Abandon() {
  const auto all = connections;
  for (const auto& connection : all) connection->Close();
}

Result<std::unique_ptr<Client>> Client::Make(Loop& loop, ClientOptions options) {
  auto proxies = ProxyTable::Make(options.http_proxy, options.https_proxy, options.no_proxy);
  if (!proxies) return tl::unexpected(proxies.error());
  auto impl = std::make_shared<Impl>(loop, std::move(options), std::move(*proxies));
  if (!impl->options.cacert.empty()) {
    const auto tls = impl->Tls();  // a bad file is told now, not with the first call
    if (!tls) return tl::unexpected(tls.error());
  }
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Client::~Client() {
  impl_->Abandon();
}

void Client::Send(OutgoingRequest request, std::function<void(OutgoingResult)> done) {
  auto call = std::make_shared<Call>();
  call->began = SteadyClock::now();
  call->due = call->began + Bounded(request.timeout);
  call->request = std::move(request);
  call->done = std::move(done);
  if (impl_->io.get_executor().running_in_this_thread()) return impl_->Start(std::move(call));
  asio::post(impl_->io, [weak = impl_->weak_from_this(), call = std::move(call)]() mutable {
    if (const auto impl = weak.lock()) impl->Start(std::move(call));
  });
}

void Client::CancelAll() {
  impl_->CancelAll();
}

}  // namespace websub::hub::http
