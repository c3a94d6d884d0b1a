// A certificate authority and a server's certificate for one test, made with OpenSSL itself.
#pragma once

#include <string>

#include "tests/support/temp_dir.h"

namespace websub::tests {

enum class Validity { kNow, kOver };

struct TlsFiles {
  std::string ca;           // PEM files
  std::string certificate;  // signed by ca
  std::string key;
};

// `names` are subject alternative names as OpenSSL writes them: "DNS:localhost", "IP:127.0.0.1".
TlsFiles MakeTlsFiles(const TempDir& dir, const std::string& names,
                      Validity validity = Validity::kNow, long serial = 2);

}  // namespace websub::tests
