// TLS of the client: whom to trust, and in words why not. Private to hub/http.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <string>

#include "core/result.h"
#include "hub/http/client.h"
#include "hub/http/loop_impl.h"

namespace websub::hub::http {

using TlsStream = asio::ssl::stream<Socket&>;

// TLS 1.2 or later; the system's authorities and options.cacert. kInvalid where that file cannot be
// read.
Result<std::unique_ptr<asio::ssl::context>> MakeTlsContext(const ClientOptions& options);

// Whether options.insecure_hosts names this host, as written in a URL, or this port of it.
bool IsInsecureHost(const ClientOptions& options, const std::string& host, std::uint16_t port);

// Before the handshake: the name the peer is asked for and, unless any will do, must prove. False:
// no memory.
bool ExpectPeer(TlsStream& stream, const std::string& host, TlsPeer peer);

// Why the handshake with `peer` ("127.0.0.1:443") failed.
std::string DescribeTlsFailure(TlsStream& stream, const error_code& ec, const std::string& host,
                               const std::string& peer);

}  // namespace websub::hub::http
