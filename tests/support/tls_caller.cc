#include "tests/support/tls_caller.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <csignal>
#include <utility>

namespace websub::tests {

struct TlsCaller::Impl {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
};

TlsCaller::TlsCaller(std::uint16_t port, const TlsCallerOptions& options)
    : connection_(port), impl_(std::make_unique<Impl>()) {
  std::signal(SIGPIPE, SIG_IGN);
  const timeval patience{10, 0};
  setsockopt(connection_.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(connection_.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  SSL_CTX* const context = impl_->context;
  if (!options.ca.empty()) SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr);
  if (options.verify || !options.ca.empty()) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.version != 0) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
  }
  if (!options.alpn.empty()) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(options.alpn.data()),
                            static_cast<unsigned>(options.alpn.size()));
  }
  impl_->ssl = SSL_new(context);
  SSL_set_fd(impl_->ssl, connection_.fd());
  connected_ = SSL_connect(impl_->ssl) == 1;
}

TlsCaller::~TlsCaller() {
  SSL_free(impl_->ssl);
  SSL_CTX_free(impl_->context);
  ERR_clear_error();
}

std::string TlsCaller::alpn() const {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->ssl, &chosen, &size);
  return {reinterpret_cast<const char*>(chosen), size};
}

long TlsCaller::serial() const {
  X509* const certificate = SSL_get1_peer_certificate(impl_->ssl);
  if (certificate == nullptr) return -1;
  const long serial = ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
  X509_free(certificate);
  return serial;
}

bool TlsCaller::Write(std::string_view bytes) {
  std::size_t written = 0;
  return SSL_write_ex(impl_->ssl, bytes.data(), bytes.size(), &written) == 1 &&
         written == bytes.size();
}

bool TlsCaller::Receive() {
  std::array<char, 16384> piece;
  std::size_t size = 0;
  if (SSL_read_ex(impl_->ssl, piece.data(), piece.size(), &size) != 1) {
    ended_cleanly_ = SSL_get_error(impl_->ssl, 0) == SSL_ERROR_ZERO_RETURN;
    return false;
  }
  kept_.append(piece.data(), size);
  return true;
}

std::string TlsCaller::ReadUntil(std::string_view mark) {
  auto at = kept_.find(mark);
  while (at == std::string::npos && Receive()) at = kept_.find(mark);
  if (at == std::string::npos) return std::exchange(kept_, {});
  std::string read = kept_.substr(0, at + mark.size());
  kept_.erase(0, read.size());
  return read;
}

std::string TlsCaller::ReadAll() {
  while (Receive()) {
  }
  return std::exchange(kept_, {});
}

}  // namespace websub::tests
