#include "tests/support/http_peer.h"

#include <httplib.h>
#include <strings.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace websub::tests {

struct HttpPeer::Impl {
  httplib::Server server;
  int port = 0;
  std::thread thread;
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::map<std::pair<std::string, std::string>, Handler> handlers;  // guarded by mutex
  std::vector<PeerRequest> requests;                                // guarded by mutex
  bool stopping = false;                                            // guarded by mutex

  void Answer(const httplib::Request& raw, httplib::Response& response);
  Handler Find(const PeerRequest& request) const;  // with the mutex held
};

HttpPeer::Handler HttpPeer::Impl::Find(const PeerRequest& request) const {
  std::vector<std::string> methods = {request.method};
  if (request.method == "HEAD") methods.emplace_back("GET");
  methods.emplace_back("");
  for (const std::string& method : methods) {
    const auto found = handlers.find({method, request.path});
    if (found != handlers.end()) return found->second;
  }
  return [](const PeerRequest&) {
    return PeerAnswer{.status = 404, .fields = {}, .body = "nothing here\n"};
  };
}

void HttpPeer::Impl::Answer(const httplib::Request& raw, httplib::Response& response) {
  PeerRequest request;
  request.method = raw.method;
  request.target = raw.target;
  const auto question = request.target.find('?');
  request.path = request.target.substr(0, question);
  if (question != std::string::npos) request.query = request.target.substr(question + 1);
  for (const auto& [name, value] : raw.headers) {
    // The library's own notes about the connection, not what was sent.
    if (name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" ||
        name == "LOCAL_PORT")
      continue;
    request.fields.emplace_back(name, value);
  }
  request.body = raw.body;
  Handler handler;
  {
    const std::lock_guard lock(mutex);
    requests.push_back(request);
    handler = Find(request);
  }
  changed.notify_all();
  const PeerAnswer answer = handler(request);
  if (answer.delay.count() > 0) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, answer.delay, [this] { return stopping; });
  }
  response.status = answer.status;
  for (const auto& [name, value] : answer.fields) response.headers.emplace(name, value);
  response.body = answer.body;
}

HttpPeer::HttpPeer() : impl_(std::make_unique<Impl>()) {
  httplib::Server& server = impl_->server;
  const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
    impl_->Answer(request, response);
  };
  server.Get(".*", answer);
  server.Post(".*", answer);
  server.Put(".*", answer);
  server.Patch(".*", answer);
  server.Delete(".*", answer);
  server.Options(".*", answer);
  server.set_keep_alive_max_count(1);  // stopping does not wait for idle connections
  impl_->port = server.bind_to_any_port("127.0.0.1");
  if (impl_->port <= 0) throw std::runtime_error("the peer cannot listen");
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();
}

HttpPeer::~HttpPeer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  impl_->server.stop();
  impl_->thread.join();
}

int HttpPeer::port() const {
  return impl_->port;
}

std::string HttpPeer::Url(const std::string& target) const {
  return "http://127.0.0.1:" + std::to_string(impl_->port) + target;
}

void HttpPeer::On(const std::string& method, const std::string& path, PeerAnswer answer) {
  On(method, path, [answer = std::move(answer)](const PeerRequest&) { return answer; });
}

void HttpPeer::On(const std::string& method, const std::string& path, Handler handler) {
  const std::lock_guard lock(impl_->mutex);
  impl_->handlers[{method, path}] = std::move(handler);
}

std::vector<PeerRequest> HttpPeer::Requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

std::vector<PeerRequest> HttpPeer::Requests(const std::string& method,
                                            const std::string& path) const {
  std::vector<PeerRequest> matching;
  for (PeerRequest& request : Requests()) {
    if (request.method == method && request.path == path) matching.push_back(std::move(request));
  }
  return matching;
}

std::vector<PeerRequest> HttpPeer::WaitForRequests(std::size_t count,
                                                   std::chrono::milliseconds deadline) const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait_for(lock, deadline, [&] { return impl_->requests.size() >= count; });
  return impl_->requests;
}

std::optional<std::string> PeerRequest::Field(const std::string& name) const {
  for (const auto& [field, value] : fields) {
    if (strcasecmp(field.c_str(), name.c_str()) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace websub::tests
