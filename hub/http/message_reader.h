// Reads one HTTP/1.1 message after the other out of a stream of bytes, with bounds. No I/O.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "hub/http/byte_buffer.h"
#include "hub/http/server.h"

namespace websub::hub::http {

enum class Progress {
  kMore,      // wants more bytes
  kComplete,  // the message is whole; what is left in the buffer belongs to the next
  kRefused,   // it breaks a rule or a limit; this stream cannot be read on
};

// The server's side. Strict: whatever two readers could understand differently is refused.
class RequestReader {
 public:
  RequestReader(std::size_t max_head, std::size_t max_body, PlanBody plan_body = {});
  ~RequestReader();

  // Forgets the message before; the next Feed begins a new one.
  void Reset();
  Progress Feed(ByteBuffer& in);

  bool head_done() const;
  bool expects_continue() const;  // Expect: 100-continue, and a body that is not here yet
  bool keep_alive() const;        // after kComplete
  Request& request();  // head, method, target and fields once head_done; body once complete

  // After kRefused: what to answer.
  int status() const;  // 400, 413, 431, 507
  const std::string& sentence() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The client's side: one answer.
class ResponseReader {
 public:
  ResponseReader();
  ~ResponseReader();

  enum class Body { kExpected, kNone };  // kNone: the answer to HEAD or CONNECT

  void Start(std::size_t max_head, std::size_t max_body, Body body);
  Progress Feed(ByteBuffer& in);
  // The peer closed: whole only where the body ends with the connection.
  Progress FeedEnd();

  // Of the final answer; interim ones (1xx) are skipped.
  bool head_done() const;
  int status() const;
  bool keep_alive() const;        // after kComplete
  bool body_cut() const;          // kComplete, but there was more than max_body
  std::size_t body_size() const;  // bytes received, those beyond max_body included
  std::string TakeHead();
  std::string TakeBody();
  const std::string& sentence() const;  // after kRefused: what was wrong

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::hub::http
