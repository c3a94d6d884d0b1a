// What a connection of the server reads from and writes to: a socket, or TLS on it. Private to
// hub/http. The plain way goes straight to the socket.
#pragma once

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "hub/http/loop_impl.h"
#include "hub/http/server_tls.h"

namespace websub::hub::http {

class ServerStream {
 public:
  explicit ServerStream(Socket socket) : socket_(std::move(socket)) {}

  Socket& socket() { return socket_; }
  bool secure() const { return tls_ != nullptr; }

  // From here on TLS.
  void Secure(SSL_CTX& context) { tls_ = std::make_unique<ServerTls>(context, socket_); }
  ServerTls& tls() { return *tls_; }

  // `done` takes an error_code and the number of bytes.
  template <typename Done>
  void ReadSome(char* to, std::size_t room, Done done) {
    if (tls_) return tls_->ReadSome(to, room, std::move(done));
    ReadRaw(to, room, std::move(done));
  }

  // Past TLS: for bytes that nobody wants to understand.
  template <typename Done>
  void ReadRaw(char* to, std::size_t room, Done done) {
    socket_.async_read_some(asio::buffer(to, room), std::move(done));
  }

  // Both stay where they are until `done`.
  template <typename Done>
  void Write(std::string_view head, std::string_view body, Done done) {
    written_ = 0;
    if (tls_) return tls_->Write(head, body, written_, std::move(done));
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head.data(), head.size()),
                                                       asio::buffer(body.data(), body.size())};
    asio::async_write(
        socket_, buffers,
        [this](const error_code& ec, std::size_t written) {
          written_ = written;
          return asio::transfer_all()(ec, written);
        },
        std::move(done));
  }

  // Of the write under way, how many bytes the peer's machine has taken: what lies in the socket's
  // buffer has not got there.
  std::size_t Taken() {
    int waiting = 0;
    if (ioctl(socket_.native_handle(), SIOCOUTQ, &waiting) != 0 || waiting < 0) return written_;
    return written_ - std::min(written_, static_cast<std::size_t>(waiting));
  }

  // Says that nothing follows.
  error_code ShutdownSend() {
    if (tls_) tls_->SayGoodbye();
    error_code ec;
    socket_.shutdown(tcp::socket::shutdown_send, ec);
    return ec;
  }

  void Close() {
    if (tls_) tls_->SayGoodbye();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
  std::size_t written_ = 0;
  std::unique_ptr<ServerTls> tls_;
};

}  // namespace websub::hub::http
