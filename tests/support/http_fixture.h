// What the tests of hub/http share: a loop that runs until something happened, and a server on a
// thread.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "core/request_head.h"
#include "hub/http/client.h"
#include "hub/http/loop.h"
#include "hub/http/server.h"
#include "tests/support/deadline.h"

namespace websub::tests {

// Runs the loop until `done` says so after some event; false when kTestDeadline passed.
inline bool RunUntil(hub::http::Loop& loop, const std::function<bool()>& done) {
  bool late = false;
  hub::http::Timer limit(loop);
  limit.Set(kTestDeadline, [&] {
    late = true;
    loop.Stop();
  });
  hub::http::Timer look(loop);
  std::function<void()> again = [&] {
    if (done()) return loop.Stop();
    look.Set(std::chrono::milliseconds(1), again);
  };
  again();
  loop.Run();
  return !late;
}

inline hub::OutgoingRequest Get(const std::string& url) {
  const auto parsed = Url::Parse(url);
  REQUIRE(parsed);
  hub::OutgoingRequest request;
  request.url = *parsed;
  request.head = RequestHead("GET", *parsed, {});
  return request;
}

inline hub::OutgoingRequest Post(const std::string& url, std::string body) {
  hub::OutgoingRequest request = Get(url);
  request.head =
      RequestHead("POST", request.url, {{"Content-Length", std::to_string(body.size())}});
  request.body = std::make_shared<const std::string>(std::move(body));
  return request;
}

// Sends on a loop of the calling thread and waits for the result.
inline hub::OutgoingResult Send(hub::http::Loop& loop, hub::http::Client& client,
                                hub::OutgoingRequest request) {
  std::optional<hub::OutgoingResult> result;
  client.Send(std::move(request), [&](hub::OutgoingResult got) {
    result = std::move(got);
    loop.Stop();
  });
  CHECK_FALSE(result);  // never before Send returns
  hub::http::Timer limit(loop);
  limit.Set(kTestDeadline, [&] { loop.Stop(); });
  loop.Run();
  REQUIRE(result);
  return *std::move(result);
}

// A server whose loop runs on a thread of its own.
class ServerThread {
 public:
  using Options = hub::http::ServerOptions;

  ServerThread(Options options, hub::http::Handler handler) {
    server_ = std::make_unique<hub::http::Server>(loop_, std::move(options), std::move(handler));
    const auto listening = server_->Listen();
    REQUIRE(listening);
    port_ = server_->port();
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~ServerThread() {
    OnLoop([this] { server_.reset(); });
    loop_.Stop();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  hub::http::Server& server() { return *server_; }  // the loop's thread only

  // Runs `task` on the loop's thread and waits for its end.
  void OnLoop(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  hub::http::Loop loop_;
  std::unique_ptr<hub::http::Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace websub::tests
