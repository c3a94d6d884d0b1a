// TLS of the server. Private to hub/http.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "hub/http/loop_impl.h"
#include "hub/http/server.h"

namespace websub::hub::http {

struct FreeTlsContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ServerTlsContext = std::unique_ptr<SSL_CTX, FreeTlsContext>;

// TLS 1.2 or later, HTTP/1.1 only. kInvalid with a sentence that names the file at fault.
Result<ServerTlsContext> MakeServerTls(const TlsFiles& files);

// TLS on a connected socket. It works on the socket itself, without buffers in between: a
// connection that waits costs little, and a close_notify can be said without waiting for one.
//
// At most one read and one write are under way. A callback is not called from within the call that
// takes it. Closing the socket ends what is under way with operation_aborted.
class ServerTls {
 public:
  using OnRead = std::function<void(const error_code& ec, std::size_t size)>;
  using OnDone = std::function<void(const error_code& ec, std::size_t size)>;

  // The context may go away at once; the socket stays where it is.
  ServerTls(SSL_CTX& context, Socket& socket);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  void Handshake(OnDone done);
  void ReadSome(char* to, std::size_t room, OnRead done);
  // `written` counts the bytes that the socket took, from the head's first to the body's last.
  void Write(std::string_view head, std::string_view body, std::size_t& written, OnDone done);
  // Tells the peer that nothing follows, as far as that goes at once.
  void SayGoodbye();

  // After a handshake that failed with this: why, in words; empty where the peer just went away.
  static std::string DescribeFailure(const error_code& ec);

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  enum class Call { kFirst, kAgain };

  void TryHandshake(OnDone done);
  void TryRead(char* to, std::size_t room, OnRead done, Call call);
  void TryWrite(std::string_view body, std::size_t& written, OnDone done, Call call);
  // After a call that did not succeed: calls `again` once the socket is ready, or `done` with what
  // went wrong.
  void Wait(int result, std::function<void()> again, OnDone done);
  void Finish(OnDone done, const error_code& ec, std::size_t size, Call call);

  Socket& socket_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string first_;          // the head and the begin of the body, as one record
  std::size_t from_body_ = 0;  // bytes of the body that are in first_
  bool established_ = false;
  bool broken_ = false;  // nothing more can be said
  bool writing_ = false;
};

}  // namespace websub::hub::http
