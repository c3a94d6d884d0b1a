// The inside of the server: its acceptor and its connections. Private to hub/http.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "hub/http/byte_buffer.h"
#include "hub/http/crowd.h"
#include "hub/http/loop_impl.h"
#include "hub/http/message_reader.h"
#include "hub/http/response_head.h"
#include "hub/http/server.h"
#include "hub/http/server_stream.h"
#include "hub/http/server_tls.h"

namespace websub::hub::http {

// How long to wait for a transfer of unknown length: at first some seconds, then a second more for
// every `rate` bytes that have moved, but never longer than `longest` from the last of them on. So
// a slow line may take its time, and one that dribbles or stands still is found out.
class Patience {
 public:
  void Begin(SteadyClock::time_point now, Duration longest, std::size_t rate) {
    longest_ = Bounded(longest);
    rate_ = std::max<std::size_t>(rate, 1);
    due_ = now + std::min(longest_, kAtFirst);
  }
  void Moved(std::size_t bytes, SteadyClock::time_point now) {
    const double earned = static_cast<double>(bytes) / static_cast<double>(rate_);
    const auto most = now + longest_;
    if (std::chrono::duration<double>(most - due_).count() <= earned) {
      due_ = std::max(due_, most);
    } else {
      due_ += std::chrono::duration_cast<Duration>(std::chrono::duration<double>(earned));
    }
  }
  SteadyClock::time_point due() const { return due_; }

 private:
  static constexpr Duration kAtFirst = std::chrono::seconds(10);

  Duration longest_{0};
  std::size_t rate_ = 1;
  SteadyClock::time_point due_;
};

// One connection: reads a request, hands it on, writes the answer, and again. It reads nothing
// while a request is being answered, so pipelined requests wait in the kernel.
class ServerConnection : public std::enable_shared_from_this<ServerConnection>,
                         public Crowd::Member {
 public:
  ServerConnection(Server::Impl& server, Socket socket, std::string peer);

  void Start(const std::string& address);
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
  bool JustBegun(SteadyClock::time_point now) override;
  double Speed(SteadyClock::time_point now) override;

 private:
  enum class State {
    kShaking,    // the TLS handshake, from its first byte on or before it
    kIdle,       // no byte of a request yet
    kReading,    // part of one
    kHandling,   // handed on, not answered
    kWriting,    // the answer
    kStreaming,  // the next part of its body is not there yet
    kLingering,  // all is said; lets the peer read it before the connection goes
    kClosed,
  };

  void OnFirstByte(const error_code& ec);
  void OnHandshake(const error_code& ec);
  void RefusePlain(char first);

  void Read();
  void OnRead(const error_code& ec, std::size_t size);
  void Advance();
  void AwaitBody();
  void BeginRequest();
  void SendContinue();
  void Dispatch();
  void Refuse(int status, const std::string& sentence);
  void Notice(const std::string& sentence);
  void OnWritten(const error_code& ec);
  void BeginWriting();

  // server_source.cc: a body that is made while it is sent
  void AskForPart();
  void WritePart(std::string part);

  bool StillTaken();
  void Linger();
  void BecomeIdle();

  Server::Impl* server_;  // null once closed
  ServerStream stream_;
  const std::string peer_;
  Deadline deadline_;
  ByteBuffer in_;
  RequestReader reader_;
  State state_ = State::kIdle;
  SteadyClock::time_point began_;        // the first byte of the request
  SteadyClock::time_point moves_since_;  // the begin of the body, or of the answer
  std::size_t moved_ = 0;                // bytes of it
  std::size_t counted_ = 0;              // those that patience_ knows
  Patience patience_;
  bool head_timed_ = false;  // the head of the request is whole, its body has a time of its own
  bool reading_ = false;     // a read is under way
  bool sending_continue_ = false;
  bool first_request_ = true;
  bool keep_alive_ = true;
  bool head_only_ = false;     // the request is HEAD
  bool unread_input_ = false;  // the request was refused before its end
  bool draining_ = false;
  std::shared_ptr<BodySource> source_;  // of the rest of the answer; null: there is none
  std::string part_;                    // being written
  Response response_;                   // being written
  std::string response_head_;
};

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(Loop& the_loop, ServerOptions the_options, Handler the_handler);

  Result<void> Listen();
  Result<void> ReloadTls();
  void Accept();
  void OnAccept(const error_code& ec, Socket socket);
  void AcceptLater(const error_code& ec);
  std::size_t MostOf(const std::string& literal) const;
  bool MakeRoom(const std::string& address, std::size_t most);
  bool CloseWorst(Crowd::Member* worst);
  void Drain(std::function<void()> done);
  void Forget(const std::shared_ptr<ServerConnection>& connection);
  void Notice(const std::string& sentence, const std::string& peer);
  void NoticeFull(const std::string& sentence);

  Loop& loop;
  ServerOptions options;
  Handler handler;
  Acceptor acceptor;
  SteadyTimer accept_again;
  std::uint16_t port = 0;
  bool short_of_files = false;
  bool draining = false;
  std::function<void()> drained;
  ServerTlsContext tls;  // null: plain
  std::unordered_set<std::shared_ptr<ServerConnection>> connections;
  Crowd crowd;
  SteadyClock::time_point full_noticed = SteadyClock::time_point::min();
  std::size_t pushed_out = 0;  // since that notice
};

}  // namespace websub::hub::http
