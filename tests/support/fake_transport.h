// A transport that sends nothing: it keeps every request, and the test answers them, in any order.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/clock.h"
#include "hub/transport.h"

namespace websub::tests {

// "HTTP/1.1 200 OK" and these fields, and the body.
inline hub::OutgoingResult Answer(int status, std::string body = {},
                                  const std::vector<std::string>& fields = {}) {
  hub::OutgoingResult result;
  result.status = status;
  result.head = "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n";
  for (const std::string& field : fields) result.head += field + "\r\n";
  result.head += "\r\n";
  result.body_size = body.size();
  result.body = std::move(body);
  result.peer = "192.0.2.1:80";
  return result;
}

inline hub::OutgoingResult Broken(Fault fault, std::string detail = "connection refused") {
  hub::OutgoingResult result;
  result.fault = fault;
  result.detail = std::move(detail);
  return result;
}

// A head came, and then the body broke off.
inline hub::OutgoingResult BrokenOff(int status, std::string body) {
  hub::OutgoingResult result = Answer(status, std::move(body));
  result.fault = Fault::kReset;
  result.detail = "192.0.2.1:80 closed the connection";
  return result;
}

class FakeTransport : public hub::Transport {
 public:
  struct Call {
    hub::OutgoingRequest request;
    Time at;
    std::function<void(hub::OutgoingResult)> done;  // empty once it is answered

    bool open() const { return done != nullptr; }
    const std::string& url() const { return request.url.text(); }
    std::string body() const { return request.body ? *request.body : std::string(); }
    // The value of the field; empty where there is none. A field that occurs twice fails the test.
    std::string Field(std::string_view name) const {
      std::string value;
      int found = 0;
      for (const auto& [field, text] : HeadFields(request.head)) {
        if (field != name) continue;
        value = text;
        ++found;
      }
      CHECK_MESSAGE(found <= 1, name);
      return value;
    }
    std::string RequestLine() const { return request.head.substr(0, request.head.find("\r\n")); }
  };

  explicit FakeTransport(const hub::Clock& clock) : clock_(clock) {}

  void Send(hub::OutgoingRequest request, std::function<void(hub::OutgoingResult)> done) override {
    calls.push_back({std::move(request), clock_.Now(), std::move(done)});
    ++open_;
    most_open = std::max(most_open, open_);
  }

  void Answer(std::size_t index, hub::OutgoingResult result) {
    REQUIRE(index < calls.size());
    REQUIRE(calls[index].open());
    auto done = std::exchange(calls[index].done, nullptr);
    result.sent_head = calls[index].request.head;
    --open_;
    done(std::move(result));
  }
  // The oldest that is open.
  void AnswerNext(hub::OutgoingResult result) {
    const auto index = NextOpen();
    REQUIRE_MESSAGE(index.has_value(), "no request is open");
    Answer(*index, std::move(result));
  }
  std::optional<std::size_t> NextOpen() const {
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (calls[i].open()) return i;
    }
    return std::nullopt;
  }
  std::size_t open() const { return open_; }

  // Answers what was open when this was called as `peers` says; nothing leaves a request open until
  // its timeout. Tells whether any was answered.
  bool AnswerBy(const std::function<std::optional<hub::OutgoingResult>(const Call&)>& peers) {
    bool any = false;
    const std::size_t end = calls.size();
    for (std::size_t i = first_maybe_open_; i < end; ++i) {
      if (!calls[i].open()) {
        if (i == first_maybe_open_) ++first_maybe_open_;
        continue;
      }
      std::optional<hub::OutgoingResult> result;
      if (calls[i].at + calls[i].request.timeout <= clock_.Now()) {
        result = Broken(Fault::kResponseTimeout, "no answer in time");
      } else if (peers) {
        result = peers(calls[i]);
      }
      if (!result) continue;
      Answer(i, std::move(*result));
      any = true;
    }
    return any;
  }
  Time NextTimeout() const {
    Time next = Time::max();
    for (std::size_t i = first_maybe_open_; i < calls.size(); ++i) {
      if (calls[i].open()) next = std::min(next, calls[i].at + calls[i].request.timeout);
    }
    return next;
  }
  void CancelAll() {
    const std::size_t end = calls.size();
    for (std::size_t i = 0; i < end; ++i) {
      if (calls[i].open()) Answer(i, Broken(Fault::kCancelled, "the hub stopped"));
    }
  }
  // What was in flight when the process died is answered to nobody.
  void Forget() {
    for (Call& call : calls) call.done = nullptr;
    open_ = 0;
  }

  std::vector<Call> calls;  // all there were, in order
  std::size_t most_open = 0;

 private:
  const hub::Clock& clock_;
  std::size_t open_ = 0;
  std::size_t first_maybe_open_ = 0;
};

}  // namespace websub::tests
