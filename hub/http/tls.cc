#include "hub/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include "core/text.h"

namespace websub::hub::http {

namespace {

bool IsLiteral(const std::string& host) {
  error_code ec;
  asio::ip::make_address(host, ec);
  return !ec;
}

// What OpenSSL says when the first bytes of the answer are no TLS record.
bool LooksLikePlainText(const error_code& ec) {
  if (ec.category() != asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(ec.value()))) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNKNOWN_PROTOCOL:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<asio::ssl::context>> MakeTlsContext(const ClientOptions& options) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code ec;
  context->set_default_verify_paths(ec);  // a machine without authorities can still use cacert
  if (!options.cacert.empty()) {
    context->load_verify_file(options.cacert, ec);
    if (ec) {
      return Fail(ErrorCode::kInvalid,
                  "the CA file " + options.cacert + " cannot be read: " + ec.message());
    }
  }
  context->set_verify_mode(
      options.tls_peer == TlsPeer::kVerify ? asio::ssl::verify_peer : asio::ssl::verify_none, ec);
  return context;
}

bool IsInsecureHost(const ClientOptions& options, const std::string& host, std::uint16_t port) {
  const std::string written = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const std::string with_port = written + ":" + std::to_string(port);
  return std::any_of(options.insecure_hosts.begin(), options.insecure_hosts.end(),
                     [&](const std::string& named) {
                       return EqualIgnoringCase(named, host) || EqualIgnoringCase(named, written) ||
                              EqualIgnoringCase(named, with_port);
                     });
}

bool ExpectPeer(TlsStream& stream, const std::string& host, TlsPeer peer) {
  SSL* const ssl = stream.native_handle();
  if (peer == TlsPeer::kAcceptAny) SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
  if (IsLiteral(host)) return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // What SSL_set_tlsext_host_name stands for, without its old-style cast.
  std::string name = host;
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1 &&
         X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1;
}

std::string DescribeTlsFailure(TlsStream& stream, const error_code& ec, const std::string& host,
                               const std::string& peer) {
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (verdict != X509_V_OK) {
    return "the certificate of " + host + " at " + peer +
           " was not accepted: " + X509_verify_cert_error_string(verdict);
  }
  if (LooksLikePlainText(ec)) {
    return peer + " does not speak TLS: it seems to be a plain http:// port";
  }
  if (ec == asio::ssl::error::stream_truncated || ec == asio::error::eof ||
      ec == asio::error::connection_reset) {
    return peer + " closed the connection during the TLS handshake";
  }
  return "the TLS handshake with " + peer + " failed: " + ec.message();
}

}  // namespace websub::hub::http
