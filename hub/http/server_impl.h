// The inside of the server: its acceptor and its connections. Private to hub/http.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "hub/http/byte_buffer.h"
#include "hub/http/loop_impl.h"
#include "hub/http/message_reader.h"
#include "hub/http/response_head.h"
#include "hub/http/server.h"

namespace websub::hub::http {

// One connection: reads a request, hands it on, writes the answer, and again. It reads nothing
// while a request is being answered, so pipelined requests wait in the kernel.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  ServerConnection(Server::Impl& server, Socket socket, std::string peer);

  void Start();
  // Ends it at once; nothing of it is called any more but on_sent(false) of an answer under way.
  void Close();
  // Ends it without a word to anybody, on_sent included.
  void Abandon();
  bool closed() const { return state_ == State::kClosed; }
  // The answer to the request under way; not once closed.
  void Answer(Response response);
  // Closes when idle, or after the answer under way.
  void Drain();

  void OnDeadline();

 private:
  enum class State {
    kIdle,       // no byte of a request yet
    kReading,    // part of one
    kHandling,   // handed on, not answered
    kWriting,    // the answer
    kLingering,  // all is said; lets the peer read it before the connection goes
    kClosed,
  };

  void Read();
  void OnRead(const error_code& ec, std::size_t size);
  void Advance();
  void BeginRequest();
  void SendContinue();
  void Dispatch();
  void Refuse(int status, const std::string& sentence);
  void Notice(const std::string& sentence);
  void OnWritten(const error_code& ec);
  void Linger();
  void BecomeIdle();

  Server::Impl* server_;  // null once closed
  Socket socket_;
  const std::string peer_;
  Deadline deadline_;
  ByteBuffer in_;
  RequestReader reader_;
  State state_ = State::kIdle;
  SteadyClock::time_point began_;  // the first byte of the request
  bool head_timed_ = false;  // the head of the request is whole, its body has a time of its own
  bool reading_ = false;     // a read is under way
  bool sending_continue_ = false;
  bool first_request_ = true;
  bool keep_alive_ = true;
  bool head_only_ = false;     // the request is HEAD
  bool unread_input_ = false;  // the request was refused before its end
  bool draining_ = false;
  Response response_;  // being written
  std::string response_head_;
  std::list<ServerConnection*>::iterator idle_place_;  // valid while kIdle
};

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(Loop& the_loop, ServerOptions the_options, Handler the_handler);

  Result<void> Listen();
  void Accept();
  void OnAccept(const error_code& ec, Socket socket);
  void AcceptLater(const error_code& ec);
  bool CloseOldestIdle();
  void Drain(std::function<void()> done);
  void Forget(const std::shared_ptr<ServerConnection>& connection);
  void Notice(const std::string& sentence, const std::string& peer);

  Loop& loop;
  ServerOptions options;
  Handler handler;
  Acceptor acceptor;
  SteadyTimer accept_again;
  std::uint16_t port = 0;
  bool short_of_files = false;
  bool draining = false;
  std::function<void()> drained;
  std::unordered_set<std::shared_ptr<ServerConnection>> connections;
  std::list<ServerConnection*> idle;  // the longest idle first
};

}  // namespace websub::hub::http
