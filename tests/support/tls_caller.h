// A TLS client by OpenSSL itself, for what a test wants to see of a handshake and of an end. It
// blocks, ten seconds at most.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/raw_peer.h"

namespace websub::tests {

struct TlsCallerOptions {
  std::string ca;         // a PEM file to verify the peer by; empty: any certificate will do
  bool verify = false;    // without `ca`: by nobody, so that it fails
  std::string_view alpn;  // as on the wire: "\2h2\10http/1.1"
  int version = 0;        // TLS1_1_VERSION: no other; 0: as OpenSSL likes
};

class TlsCaller {
 public:
  // Connects to 127.0.0.1 and shakes hands.
  explicit TlsCaller(std::uint16_t port, const TlsCallerOptions& options = {});
  ~TlsCaller();

  bool connected() const { return connected_; }
  std::string alpn() const;  // what was agreed on
  long serial() const;       // of the peer's certificate; -1: none

  bool Write(std::string_view bytes);
  // What comes up to and with `mark`, or all there is.
  std::string ReadUntil(std::string_view mark);
  std::string ReadAll();
  // After all was read: whether the peer said that nothing follows (close_notify).
  bool ended_cleanly() const { return ended_cleanly_; }

 private:
  struct Impl;
  bool Receive();

  RawConnection connection_;
  std::unique_ptr<Impl> impl_;
  std::string kept_;
  bool connected_ = false;
  bool ended_cleanly_ = false;
};

}  // namespace websub::tests
