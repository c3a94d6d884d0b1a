// One request and its answer on a connection that stands, and the life of the connection in
// between.
#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "hub/http/client_impl.h"

namespace websub::hub::http {

namespace {

constexpr std::size_t kReadSize = 4 * 1024;
constexpr std::size_t kBodyReadSize = 16 * 1024;
constexpr std::chrono::seconds kLastWords{1};
constexpr char kTlsAlert = 0x15;  // the first byte of an alert's record

std::array<asio::const_buffer, 2> Unsent(std::string_view head, std::string_view body,
                                         std::size_t sent) {
  const std::size_t of_head = std::min(sent, head.size());
  head.remove_prefix(of_head);
  body.remove_prefix(sent - of_head);
  return {asio::buffer(head), asio::buffer(body)};
}

// A write that is still under way reads the bytes that it was given.
void GiveBackHead(Call& call, bool whole_request) {
  if (whole_request) {
    call.result.sent_head = std::move(call.request.head);
  } else {
    call.result.sent_head = call.request.head;
  }
}

bool IsHead(std::string_view head) {
  return head.starts_with("HEAD ");
}

}  // namespace

void ClientConnection::Reuse(std::shared_ptr<Call> call) {
  call_ = std::move(call);
  call_->result.peer = peer_;
  reused_ = true;
  Exchange();
}

void ClientConnection::Exchange() {
  const OutgoingRequest& request = call_->request;
  phase_ = Phase::kWrite;
  phase_began_ = SteadyClock::now();
  answer_began_ = false;
  write_error_ = {};
  reader_.Start(
      client_->options.max_head, request.max_body,
      IsHead(request.head) ? ResponseReader::Body::kNone : ResponseReader::Body::kExpected);
  deadline_.Set(call_->due, shared_from_this());
  queued_ = true;
  client_->WriteSoon(shared_from_this());
}

void ClientConnection::Write() {
  if (phase_ != Phase::kWrite || !std::exchange(queued_, false)) return;
  const OutgoingRequest& request = call_->request;
  const std::string* head = &request.head;
  if (proxy_ && !tls_) {
    call_->forwarded_head = ForwardedHead(request.head, request.url, *proxy_);
    head = &call_->forwarded_head;
  }
  const std::string_view body = request.body ? std::string_view(*request.body) : std::string_view();
  if (!SendAtOnce(*head, body)) {
    // Holds the call, and so the bytes, until they are written, also where the answer comes first.
    auto written = [self = shared_from_this(), call = call_](const error_code& ec, std::size_t) {
      if (self->call_ == call) self->OnWritten(ec);
    };
    const auto rest = Unsent(*head, body, sent_);
    if (tls_) {
      asio::async_write(*tls_, rest, std::move(written));
    } else {
      asio::async_write(socket_, rest, std::move(written));
    }
  }
  Read();  // a peer may answer, and close, before it has read everything
}

// Most requests fit into the socket's buffer: then there is nothing to wait for. Tells whether all
// is said; what went wrong is found by the write or the read that follows.
bool ClientConnection::SendAtOnce(std::string_view head, std::string_view body) {
  sent_ = 0;
  if (tls_) return false;
  error_code ec;
  if (!socket_.non_blocking()) socket_.non_blocking(true, ec);
  if (ec) return false;
  sent_ = socket_.send(Unsent(head, body, 0), 0, ec);
  if (ec || sent_ < head.size() + body.size()) return false;
  phase_ = Phase::kRead;
  phase_began_ = SteadyClock::now();
  return true;
}

void ClientConnection::OnWritten(const error_code& ec) {
  if (phase_ != Phase::kWrite) return;
  if (!ec) {
    phase_ = Phase::kRead;
    phase_began_ = SteadyClock::now();
    return;
  }
  // The read under way tells more: an answer that came first, or that the peer is gone.
  write_error_ = ec;
  deadline_.Set(std::min(call_->due, After(kLastWords)), shared_from_this());
}

void ClientConnection::Read() {
  if (std::exchange(reading_, true)) return;
  char* const to = in_.Prepare(answer_began_ ? kBodyReadSize : kReadSize);
  const auto buffer = asio::buffer(to, in_.room());
  auto read = [self = shared_from_this()](const error_code& ec, std::size_t size) {
    self->OnRead(ec, size);
  };
  if (tls_) {
    tls_->async_read_some(buffer, std::move(read));
  } else {
    socket_.async_read_some(buffer, std::move(read));
  }
}

void ClientConnection::OnRead(const error_code& ec, std::size_t size) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kIdle) return Close();  // closed by the peer, or bytes that nobody asked for
  if (ec) return OnBroken(ec);
  if (queued_) return OnBroken(asio::error::eof);  // an answer to nothing
  in_.Commit(size);
  if (!std::exchange(answer_began_, true)) OnAnswerBegins();
  switch (reader_.Feed(in_)) {
    case Progress::kMore:
      return Read();
    case Progress::kComplete:
      return Finish();
    case Progress::kRefused:
      break;
  }
  CollectAnswer();
  if (tls_ == nullptr && !reader_.head_done() &&
      in_.View().substr(0, 1) == std::string{kTlsAlert}) {
    return Fail(Fault::kBadResponse, peer_ + " speaks TLS: use https:// for this port");
  }
  Fail(Fault::kBadResponse, peer_ + ": " + reader_.sentence());
}

void ClientConnection::OnAnswerBegins() {
  call_->result.timings.first_byte = Since(phase_began_);
}

void ClientConnection::OnBroken(const error_code& ec) {
  if (ec == asio::error::eof && answer_began_ && reader_.FeedEnd() == Progress::kComplete) {
    return Finish();
  }
  if (reused_ && !answer_began_ && !call_->again) {
    const auto client = client_->shared_from_this();
    const auto call = std::exchange(call_, nullptr);
    call->again = true;
    call->result = {};
    Close();
    return client->StartFresh(call, client->PoolFor(call->request));
  }
  CollectAnswer();
  const std::string what =
      ec == asio::error::eof ? " closed the connection " : " broke the connection ";
  std::string when = answer_began_ ? "before the answer was whole" : "before it answered";
  if (ec != asio::error::eof) when += ": " + ec.message();
  Fail(Fault::kReset, peer_ + what + when);
}

// What there is of the answer, whole or not.
void ClientConnection::CollectAnswer() {
  OutgoingResult& result = call_->result;
  if (!reader_.head_done()) return;
  result.status = reader_.status();
  result.body_size = reader_.body_size();
  result.body_cut = reader_.body_cut();
  result.body = reader_.TakeBody();
  result.head = reader_.TakeHead();
}

void ClientConnection::Finish() {
  const bool whole_request = phase_ == Phase::kRead;
  const bool reusable = whole_request && in_.empty() && reader_.keep_alive();
  CollectAnswer();
  const auto call = std::exchange(call_, nullptr);
  call->result.timings.total = Since(call->began);
  GiveBackHead(*call, whole_request);
  if (reusable) {
    phase_ = Phase::kIdle;
    deadline_.Set(After(client_->options.idle_timeout), shared_from_this());
    Read();
    client_->PutIdle(*this);
  } else {
    Close();
  }
  call->done(std::move(call->result));  // last: it may send again, or drop the client
}

void ClientConnection::Fail(Fault fault, std::string detail) {
  const auto call = std::exchange(call_, nullptr);
  const bool whole_request = phase_ == Phase::kRead;
  Close();
  if (!call) return;
  call->result.fault = fault;
  call->result.detail = std::move(detail);
  call->result.timings.total = Since(call->began);
  GiveBackHead(*call, whole_request);
  call->done(std::move(call->result));
}

void ClientConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();
  if (phase_ == Phase::kIdle) client_->TakeIdle(*this);
  phase_ = Phase::kClosed;
  call_ = nullptr;
  deadline_.Stop();
  error_code ignored;
  socket_.close(ignored);
  std::exchange(client_, nullptr)->Forget(self);
}

void ClientConnection::OnDeadline() {
  if (phase_ == Phase::kIdle) return Close();
  if (call_ == nullptr) return;
  if (phase_ == Phase::kConnect && SteadyClock::now() < call_->due) {
    Missed(Fault::kConnectTimeout, "no connection to " + peer_ + " in its share of the time");
    return ConnectNext();
  }
  OnTimeout();
}

void ClientConnection::OnTimeout() {
  const std::string within = " within " + FormatDuration(call_->request.timeout);
  switch (phase_) {
    case Phase::kResolve: {
      const std::string& host = proxy_ ? proxy_->host : call_->request.url.host();
      return Fail(Fault::kDns, "the name " + host + " did not resolve" + within);
    }
    case Phase::kConnect:
      return Fail(Fault::kConnectTimeout, "no connection to " + peer_ + within);
    case Phase::kTunnel:
      return Fail(Fault::kConnectTimeout, "no tunnel through the proxy " + peer_ + within);
    case Phase::kTls:
      return Fail(Fault::kTlsTimeout, "no TLS handshake with " + peer_ + within);
    case Phase::kWrite:
      if (write_error_) {
        return Fail(Fault::kReset,
                    peer_ + " broke the connection before it answered: " + write_error_.message());
      }
      if (!answer_began_)
        return Fail(Fault::kWriteTimeout, peer_ + " did not take the request" + within);
      break;
    default:
      break;
  }
  CollectAnswer();
  Fail(Fault::kResponseTimeout, answer_began_
                                    ? "the answer from " + peer_ + " was not whole" + within
                                    : "no answer" + within + " from " + peer_);
}

}  // namespace websub::hub::http
