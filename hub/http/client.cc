#include "hub/http/client.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "hub/http/client_impl.h"

namespace websub::hub::http {

Client::Impl::Impl(Loop& loop, ClientOptions the_options, ProxyTable the_proxies)
    : io(loop.impl().io),
      options(std::move(the_options)),
      proxies(std::move(the_proxies)),
      lookup(loop,
             {.max_threads = options.lookup_threads,
              .keep = std::chrono::duration_cast<std::chrono::milliseconds>(options.lookup_keep)},
             options.resolver) {}

Result<asio::ssl::context*> Client::Impl::Tls() {
  if (!tls) {
    auto made = MakeTlsContext(options);
    if (!made) return tl::unexpected(made.error());
    tls = std::move(*made);
  }
  return tls.get();
}

Pool& Client::Impl::PoolFor(const OutgoingRequest& request) {
  auto set = std::find_if(pool_sets.begin(), pool_sets.end(), [&request](const PoolSet& each) {
    return each.policy == request.addresses;
  });
  if (set == pool_sets.end()) {
    set = pool_sets.insert(set, PoolSet{.policy = request.addresses, .pools = {}});
  }
  const auto [entry, made] = set->pools.try_emplace(request.url.Origin());
  if (made) {
    entry->second.key = entry->first;
    entry->second.set = &*set;
  }
  return entry->second;
}

void Client::Impl::Start(std::shared_ptr<Call> call) {
  Pool& pool = PoolFor(call->request);
  if (pool.idle.empty()) return StartFresh(std::move(call), pool);
  ClientConnection& connection = *pool.idle.back();
  TakeIdle(connection);
  connection.Reuse(std::move(call));
}

void Client::Impl::StartFresh(std::shared_ptr<Call> call, Pool& pool) {
  auto connection = std::make_shared<ClientConnection>(*this, pool);
  connections.insert(connection);
  connection->place = busy.insert(busy.end(), connection.get());
  ++pool.connections;
  connection->Open(std::move(call));
}

void Client::Impl::WriteSoon(std::shared_ptr<ClientConnection> connection) {
  to_write.push_back(std::move(connection));
  if (to_write.size() > 1) return;
  asio::post(io, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->WriteAll();
  });
}

void Client::Impl::WriteAll() {
  for (const auto& connection : std::exchange(to_write, {})) connection->Write();
}

void Client::Impl::PutIdle(ClientConnection& connection) {
  Pool& pool = connection.pool();
  pool.idle.push_back(&connection);
  idle.splice(idle.end(), busy, connection.place);
  if (pool.idle.size() > options.max_idle_per_origin) {
    pool.idle.front()->Close();
  } else if (idle.size() > options.max_idle) {
    idle.front()->Close();
  }
}

void Client::Impl::TakeIdle(ClientConnection& connection) {
  busy.splice(busy.end(), idle, connection.place);
  auto& those = connection.pool().idle;
  if (those.back() == &connection) return those.pop_back();
  those.erase(std::find(those.begin(), those.end(), &connection));
}

void Client::Impl::Forget(const std::shared_ptr<ClientConnection>& connection) {
  busy.erase(connection->place);
  Pool& pool = connection->pool();
  if (--pool.connections == 0) {
    PoolSet& set = *pool.set;
    set.pools.erase(std::string(pool.key));
    if (set.pools.empty()) {
      pool_sets.remove_if([&set](const PoolSet& each) { return &each == &set; });
    }
  }
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
