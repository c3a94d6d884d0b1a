#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "core/text.h"
#include "hub/http/server_impl.h"

namespace websub::hub::http {

namespace {

constexpr std::size_t kReadSize = 8 * 1024;
constexpr std::size_t kBodyReadSize = 16 * 1024;
constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::seconds kJustBegun{1};  // too early to judge what a peer does
constexpr char kTlsHandshake = 0x16;           // the first byte of a ClientHello's record
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Time Now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

// What a Respond holds: answers once, and answers 500 when it is dropped unanswered. The connection
// and the server may be gone by then.
class Answerer {
 public:
  Answerer(std::weak_ptr<ServerConnection> connection, std::weak_ptr<Server::Impl> server)
      : connection_(std::move(connection)), server_(std::move(server)) {}
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;

  // NOLINTNEXTLINE(bugprone-exception-escape): only where memory is used up, which nothing survives
  ~Answerer() {
    if (!answered_) Answer(Response::Text(500, "the request was not answered"));
  }

  void Answer(Response response) {
    if (std::exchange(answered_, true)) return;
    const auto server = server_.lock();
    if (!server) return;
    const auto connection = connection_.lock();
    if (connection && !connection->closed()) return connection->Answer(std::move(response));
    ReportLost(*server, std::move(response));
  }

 private:
  // on_sent is told later, as it would be by a write.
  static void ReportLost(Server::Impl& server, Response response) {
    if (!response.on_sent) return;
    asio::post(server.loop.impl().io, [weak = server.weak_from_this(), lost = std::move(response)] {
      if (!weak.lock()) return;
      lost.on_sent(FormatResponseHead(lost, KeepAlive::kNo, Now()), false);
    });
  }

  const std::weak_ptr<ServerConnection> connection_;
  const std::weak_ptr<Server::Impl> server_;
  bool answered_ = false;
};

}  // namespace

ServerConnection::ServerConnection(Server::Impl& server, Socket socket, std::string peer)
    : server_(&server),
      stream_(std::move(socket)),
      peer_(std::move(peer)),
      deadline_(server.loop.impl().io),
      reader_(server.options.max_head, server.options.max_body, server.options.plan_body) {}

// Until its first request is whole it counts as one with an unfinished head, and not as idle: it
// has done nothing yet.
void ServerConnection::Start(const std::string& address) {
  error_code ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
  began_ = SteadyClock::now();
  server_->crowd.Enter(*this, address, Standing::kHead);
  deadline_.Set(began_ + Bounded(server_->options.head_timeout), shared_from_this());
  if (!server_->tls) return Read();
  state_ = State::kShaking;
  stream_.socket().async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& ec) {
    self->OnFirstByte(ec);
  });
}

// TLS is set up only for who begins with a handshake: a connection that is silent costs little, and
// plain HTTP can be told so.
void ServerConnection::OnFirstByte(const error_code& ec) {
  if (state_ != State::kShaking) return;
  char first = 0;
  if (ec || recv(stream_.socket().native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1) {
    return Close();
  }
  if (first != kTlsHandshake) return RefusePlain(first);
  stream_.Secure(*server_->tls);
  stream_.tls().Handshake([self = shared_from_this()](const error_code& failed, std::size_t) {
    self->OnHandshake(failed);
  });
}

void ServerConnection::OnHandshake(const error_code& ec) {
  if (state_ != State::kShaking) return;
  if (ec) {
    const std::string why = ServerTls::DescribeFailure(ec);
    if (!why.empty()) Notice(why);
    return Close();
  }
  state_ = State::kIdle;
  deadline_.Set(After(server_->options.head_timeout), shared_from_this());
  Read();
}

void ServerConnection::RefusePlain(char first) {
  if (!IsAlpha(first)) {
    Notice("bytes that are no TLS came on this TLS port");
    return Close();
  }
  Notice("plain HTTP was spoken to this TLS port: use https:// here");
  if (state_ == State::kClosed) return;
  keep_alive_ = false;
  unread_input_ = true;
  Answer(Response::Text(400, "this port speaks TLS: use https:// here"));
}

void ServerConnection::Abandon() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  server_->crowd.Leave(*this);
  deadline_.Stop();
  stream_.Close();
  source_.reset();
  server_ = nullptr;
}

void ServerConnection::Close() {
  if (state_ == State::kClosed) return;
  const auto server = server_->shared_from_this();
  const auto self = shared_from_this();
  const bool writing = state_ == State::kWriting || state_ == State::kStreaming;
  Abandon();
  server->Forget(self);
  if (writing && response_.on_sent) {
    asio::post(server->loop.impl().io, [weak = std::weak_ptr(server), self] {
      if (weak.lock()) self->response_.on_sent(self->response_head_, false);
    });
  }
}

void ServerConnection::Drain() {
  draining_ = true;
  if (state_ == State::kIdle || state_ == State::kShaking || state_ == State::kLingering ||
      state_ == State::kStreaming) {
    Close();
  }
}

void ServerConnection::Read() {
  if (std::exchange(reading_, true)) return;
  const std::size_t size = head_timed_ ? kBodyReadSize : kReadSize;
  char* const to = in_.Prepare(size);
  auto done = [self = shared_from_this()](const error_code& ec, std::size_t read) {
    self->OnRead(ec, read);
  };
  if (state_ == State::kLingering) return stream_.ReadRaw(to, in_.room(), std::move(done));
  stream_.ReadSome(to, in_.room(), std::move(done));
}

void ServerConnection::OnRead(const error_code& ec, std::size_t size) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  if (source_) return ec ? Close() : void();  // nothing is to be said while it reads
  if (state_ == State::kWriting) return;      // refused while it waited
  if (ec) return Close();
  if (state_ == State::kLingering) return Read();  // into the room that was free: thrown away
  in_.Commit(size);
  if (head_timed_) moved_ += size;
  Advance();
}

// Goes as far as the bytes in hand allow.
void ServerConnection::Advance() {
  if (state_ == State::kIdle) {
    if (in_.empty()) return Read();
    BeginRequest();
    if (state_ == State::kClosed) return;
  }
  switch (reader_.Feed(in_)) {
    case Progress::kRefused:
      return Refuse(reader_.status(), reader_.sentence());
    case Progress::kComplete:
      return Dispatch();
    case Progress::kMore:
      break;
  }
  if (reader_.head_done()) return AwaitBody();
  Read();
}

void ServerConnection::AwaitBody() {
  const auto now = SteadyClock::now();
  const bool begins = !std::exchange(head_timed_, true);
  if (begins) {
    server_->crowd.Move(*this, Standing::kBody);
    moves_since_ = now;
    moved_ = counted_ = 0;
    patience_.Begin(now, server_->options.body_timeout, server_->options.min_rate);
  }
  patience_.Moved(moved_ - std::exchange(counted_, moved_), now);
  deadline_.Set(patience_.due(), shared_from_this());
  if (begins && reader_.expects_continue()) return SendContinue();
  Read();
}

void ServerConnection::BeginRequest() {
  // A first request keeps the place that its connection has taken when it came.
  if (!first_request_) server_->crowd.Move(*this, Standing::kHead);
  state_ = State::kReading;
  began_ = SteadyClock::now();
  deadline_.Set(began_ + Bounded(server_->options.head_timeout), shared_from_this());
  if (first_request_ && !stream_.secure() && in_.View().front() == kTlsHandshake) {
    Notice("TLS was spoken to this plain port: use http:// here, or give the hub a certificate");
    Close();
  }
}

void ServerConnection::SendContinue() {
  sending_continue_ = true;
  stream_.Write(kContinue, {}, [self = shared_from_this()](const error_code& ec, std::size_t) {
    self->sending_continue_ = false;
    if (self->state_ == State::kClosed) return;
    ec ? self->Close() : self->Read();
  });
}

void ServerConnection::Dispatch() {
  deadline_.Clear();
  state_ = State::kHandling;
  server_->crowd.Move(*this, Standing::kHandled);
  first_request_ = false;
  keep_alive_ = reader_.keep_alive();
  Request request = std::move(reader_.request());
  request.peer = peer_;
  request.timings.total = Since(began_);
  head_only_ = request.method == "HEAD";
  const auto server = server_->shared_from_this();  // the handler may drop the server
  const auto answerer = std::make_shared<Answerer>(weak_from_this(), server);
  server->handler(std::move(request),
                  [answerer](Response response) { answerer->Answer(std::move(response)); });
}

void ServerConnection::Answer(Response response) {
  if (draining_ || response.source) keep_alive_ = false;
  response_ = std::move(response);
  response_head_ =
      FormatResponseHead(response_, keep_alive_ ? KeepAlive::kYes : KeepAlive::kNo, Now());
  const bool body = !head_only_ && MayHaveBody(response_.status);
  if (body) source_ = std::move(response_.source);
  BeginWriting();
  stream_.Write(
      response_head_, body ? response_.Body() : std::string_view(),
      [self = shared_from_this()](const error_code& ec, std::size_t) { self->OnWritten(ec); });
}

void ServerConnection::BeginWriting() {
  state_ = State::kWriting;
  server_->crowd.Move(*this, Standing::kAnswer);
  moves_since_ = SteadyClock::now();
  moved_ = 0;
  patience_.Begin(moves_since_, server_->options.write_timeout, server_->options.min_rate);
  deadline_.Set(patience_.due(), shared_from_this());
}

void ServerConnection::Refuse(int status, const std::string& sentence) {
  Notice(sentence);
  if (state_ == State::kClosed) return;  // the listener to notices dropped the server
  keep_alive_ = false;
  unread_input_ = true;
  head_only_ = reader_.head_done() && reader_.request().method == "HEAD";
  Answer(Response::Text(status, sentence));
}

void ServerConnection::Notice(const std::string& sentence) {
  const auto server = server_->shared_from_this();
  server->Notice(sentence, peer_);
}

void ServerConnection::OnWritten(const error_code& ec) {
  if (state_ == State::kClosed) return;
  if (ec) return Close();  // tells on_sent
  if (source_) return AskForPart();
  deadline_.Clear();
  const Response sent = std::exchange(response_, {});
  const std::string head = std::exchange(response_head_, {});
  if (draining_) keep_alive_ = false;
  if (keep_alive_) {
    BecomeIdle();
  } else {
    Linger();
  }
  // Last before going on: it may drop the server.
  if (sent.on_sent) sent.on_sent(head, true);
  if (state_ == State::kIdle) Advance();
}

void ServerConnection::BecomeIdle() {
  state_ = State::kIdle;
  head_timed_ = false;
  reader_.Reset();
  server_->crowd.Move(*this, Standing::kIdle);
  deadline_.Set(After(server_->options.idle_timeout), shared_from_this());
}

// Closing while bytes of the peer are unread would reset the connection, and the peer would lose
// the answer: so what still comes is thrown away for a moment.
void ServerConnection::Linger() {
  const error_code ec = stream_.ShutdownSend();
  if (ec || (!unread_input_ && in_.empty())) return Close();
  state_ = State::kLingering;
  server_->crowd.Move(*this, Standing::kIdle);
  in_.Consume(in_.size());
  deadline_.Set(After(kLinger), shared_from_this());
  Read();
}

// Whether the peer has taken enough of the answer to go on; then it has time anew.
bool ServerConnection::StillTaken() {
  const std::size_t taken = std::max(stream_.Taken(), moved_);
  const auto now = SteadyClock::now();
  patience_.Moved(taken - std::exchange(moved_, taken), now);
  if (patience_.due() <= now) return false;
  deadline_.Set(patience_.due(), shared_from_this());
  return true;
}

bool ServerConnection::JustBegun(SteadyClock::time_point now) {
  const bool moving = state_ == State::kWriting || head_timed_;
  return now - (moving ? moves_since_ : began_) < kJustBegun;
}

double ServerConnection::Speed(SteadyClock::time_point now) {
  const std::chrono::duration<double> time = now - moves_since_;
  const std::size_t moved = state_ == State::kWriting ? stream_.Taken() : moved_;
  return static_cast<double>(moved) / std::max(time.count(), 1e-3);
}

void ServerConnection::OnDeadline() {
  if (state_ == State::kReading && !sending_continue_) {
    return Refuse(408, reader_.head_done() ? "the body of the request did not come in time"
                                           : "the head of the request did not come in time");
  }
  if (state_ == State::kWriting && StillTaken()) return;
  Close();
}

}  // namespace websub::hub::http
