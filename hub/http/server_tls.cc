#include "hub/http/server_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace websub::hub::http {

namespace {

constexpr std::size_t kRecord = 16 * 1024;  // the largest piece that TLS sends as one
constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// OpenSSL's own BIO for sockets writes without MSG_NOSIGNAL: a peer that is gone would end the
// process.
int SocketOf(BIO* bio) {
  return static_cast<Socket*>(BIO_get_data(bio))->native_handle();
}

int WriteBio(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = send(SocketOf(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int ReadBio(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = recv(SocketOf(bio), bytes, static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long ControlBio(BIO*, int what, long, void*) {
  return what == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* MakeBio(Socket& socket) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "asio");
    BIO_meth_set_write(made, WriteBio);
    BIO_meth_set_read(made, ReadBio);
    BIO_meth_set_ctrl(made, ControlBio);
    return made;
  }();
  BIO* const bio = BIO_new(method);
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  return bio;
}

int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn.data(), kAlpn.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// Nobody is asked for a passphrase.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

std::string LastReason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "unknown reason" : reason;
}

Result<std::string> ReadPem(const std::string& what, const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file || text.str().empty()) {
    return Fail(ErrorCode::kInvalid,
                "the TLS " + what + " file " + path + " " +
                    (errno == 0 ? std::string("is empty")
                                : std::string("cannot be read: ") + std::strerror(errno)));
  }
  return text.str();
}

Result<void> UseCertificate(SSL_CTX& context, const std::string& path) {
  const auto text = ReadPem("certificate", path);
  if (!text) return tl::unexpected(text.error());
  if (text->find("CERTIFICATE-----") == std::string::npos) {
    return Fail(ErrorCode::kInvalid,
                "the TLS certificate file " + path + " holds no certificate in PEM form");
  }
  if (SSL_CTX_use_certificate_chain_file(&context, path.c_str()) == 1) return {};
  return Fail(ErrorCode::kInvalid,
              "the TLS certificate file " + path + " cannot be used: " + LastReason());
}

Result<void> UseKey(SSL_CTX& context, const TlsFiles& files) {
  const auto text = ReadPem("key", files.key);
  if (!text) return tl::unexpected(text.error());
  const std::string file = "the TLS key file " + files.key;
  if (text->find("PRIVATE KEY-----") == std::string::npos) {
    return Fail(ErrorCode::kInvalid, file + " holds no private key in PEM form");
  }
  if (text->find("ENCRYPTED") != std::string::npos) {
    return Fail(ErrorCode::kInvalid,
                file + " is locked by a passphrase: store the key without one");
  }
  const bool used = SSL_CTX_use_PrivateKey_file(&context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
  const int library = used ? ERR_LIB_X509 : ERR_GET_LIB(ERR_peek_last_error());
  if (library == ERR_LIB_X509 && SSL_CTX_check_private_key(&context) != 1) {
    return Fail(ErrorCode::kInvalid, "the TLS key in " + files.key +
                                         " does not belong to the certificate in " +
                                         files.certificate);
  }
  if (!used) return Fail(ErrorCode::kInvalid, file + " cannot be used: " + LastReason());
  return {};
}

}  // namespace

Result<ServerTlsContext> MakeServerTls(const TlsFiles& files) {
  ERR_clear_error();
  ServerTlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return Fail(ErrorCode::kInternal, "TLS cannot be set up: " + LastReason());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);  // fewer system calls
  // Sessions are resumed by tickets, which cost the server no memory.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_alpn_select_cb(context.get(), ChooseProtocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context.get(), NoPassphrase);
  Result<void> used = UseCertificate(*context, files.certificate);
  if (used) used = UseKey(*context, files);
  ERR_clear_error();
  if (!used) return tl::unexpected(used.error());
  return context;
}

ServerTls::ServerTls(SSL_CTX& context, Socket& socket) : socket_(socket), ssl_(SSL_new(&context)) {
  error_code ignored;
  socket.native_non_blocking(true, ignored);
  if (!ssl_) return;
  BIO* const bio = MakeBio(socket);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

ServerTls::~ServerTls() {
  ERR_clear_error();
}

void ServerTls::Finish(OnDone done, const error_code& ec, std::size_t size, Call call) {
  if (call == Call::kAgain) return done(ec, size);
  asio::post(socket_.get_executor(), [done = std::move(done), ec, size] { done(ec, size); });
}

void ServerTls::Wait(int result, std::function<void()> again, OnDone done) {
  const int what = SSL_get_error(ssl_.get(), result);
  if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
    const auto ready = what == SSL_ERROR_WANT_READ ? Socket::wait_read : Socket::wait_write;
    return socket_.async_wait(
        ready, [this, again = std::move(again), done = std::move(done)](const error_code& ec) {
          if (ec || !socket_.is_open()) return done(ec ? ec : asio::error::operation_aborted, 0);
          again();
        });
  }
  error_code ec = asio::error::eof;
  if (what == SSL_ERROR_SSL) {
    ec = error_code(static_cast<int>(ERR_peek_last_error()), asio::error::get_ssl_category());
  }
  broken_ = broken_ || what != SSL_ERROR_ZERO_RETURN;
  Finish(std::move(done), ec, 0, Call::kFirst);
}

void ServerTls::Handshake(OnDone done) {
  if (!ssl_) return Finish(std::move(done), asio::error::no_memory, 0, Call::kFirst);
  TryHandshake(std::move(done));
}

void ServerTls::TryHandshake(OnDone done) {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    established_ = true;
    return Finish(std::move(done), {}, 0, Call::kFirst);
  }
  Wait(result, [this, done] { TryHandshake(done); }, done);
}

void ServerTls::ReadSome(char* to, std::size_t room, OnRead done) {
  TryRead(to, room, std::move(done), Call::kFirst);
}

void ServerTls::TryRead(char* to, std::size_t room, OnRead done, Call call) {
  ERR_clear_error();
  std::size_t size = 0;
  const int result = SSL_read_ex(ssl_.get(), to, room, &size);
  if (result == 1) return Finish(std::move(done), {}, size, call);
  Wait(result, [this, to, room, done] { TryRead(to, room, done, Call::kAgain); }, done);
}

void ServerTls::Write(std::string_view head, std::string_view body, std::size_t& written,
                      OnDone done) {
  // One record for what fits into one: two would be two packets.
  from_body_ = std::min(body.size(), kRecord - std::min(head.size(), kRecord));
  first_.assign(head);
  first_.append(body.substr(0, from_body_));
  written = 0;
  writing_ = true;
  TryWrite(body, written, std::move(done), Call::kFirst);
}

void ServerTls::TryWrite(std::string_view body, std::size_t& written, OnDone done, Call call) {
  const std::size_t before_body = first_.size() - from_body_;
  const std::size_t total = before_body + body.size();
  while (written < total) {
    const std::string_view left = written < first_.size() ? std::string_view(first_).substr(written)
                                                          : body.substr(written - before_body);
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_write_ex(ssl_.get(), left.data(), std::min(left.size(), kRecord), &size);
    if (result != 1) {
      return Wait(
          result, [this, body, &written, done] { TryWrite(body, written, done, Call::kAgain); },
          done);
    }
    written += size;
  }
  writing_ = false;
  Finish(std::move(done), {}, written, call);
}

void ServerTls::SayGoodbye() {
  // In the midst of a record there is no place for another.
  if (!established_ || broken_ || writing_ || !socket_.is_open()) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  broken_ = true;  // nothing more is to be said
}

std::string ServerTls::DescribeFailure(const error_code& ec) {
  if (ec.category() != asio::error::get_ssl_category()) return "";
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(ec.value()));
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "the peer does not trust the certificate of this port (" + ec.message() + ")";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return "";
    default:
      return "the TLS handshake failed: " + ec.message();
  }
}

}  // namespace websub::hub::http
