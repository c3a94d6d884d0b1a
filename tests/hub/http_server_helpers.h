// What the tests of the server share.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "hub/http/server.h"
#include "tests/support/deadline.h"
#include "tests/support/http_fixture.h"
#include "tests/support/raw_peer.h"

namespace websub::hub::http {

using tests::RawConnection;
using tests::ServerThread;

inline constexpr std::chrono::milliseconds kSoon{100};
inline constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

inline void Ok(Request, Respond respond) {
  respond(Response::Text(200, "fine"));
}

// Answers with what was asked.
inline void Echo(Request request, Respond respond) {
  Response response =
      Response::Text(200, request.method + " " + request.target + " " + request.body);
  respond(std::move(response));
}

// Notices, gathered from the server's thread.
struct Notices {
  std::mutex mutex;
  std::vector<std::string> sentences;  // guarded by mutex

  std::function<void(std::string, std::string)> Collect() {
    return [this](std::string sentence, std::string) {
      const std::lock_guard lock(mutex);
      sentences.push_back(std::move(sentence));
    };
  }
  std::string Last() {
    const std::lock_guard lock(mutex);
    return sentences.empty() ? "" : sentences.back();
  }
};

// What the server says to these bytes on a connection of their own, until it closes.
inline std::string Said(ServerThread& server, std::string_view bytes) {
  RawConnection connection(server.port());
  connection.Write(bytes);
  return connection.ReadAll();
}

inline std::string StatusLine(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}

inline bool Eventually(const std::function<bool()>& done) {
  const auto limit = std::chrono::steady_clock::now() + tests::kTestDeadline;
  while (!done()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace websub::hub::http
