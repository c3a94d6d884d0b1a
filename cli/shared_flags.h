// Groups of flags that mean the same in every command.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/environment.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/result.h"
#include "hub/http/server.h"

namespace websub::cli {

// --json, --color, -q, -v
void AddOutputFlags(FlagSet& flags, OutputOptions& options);

struct SecretOptions {
  std::optional<std::string> value;
  std::optional<std::string> file;
  std::optional<std::string> variable;
};

// --secret, --secret-file, --secret-env; at most one of them.
void AddSecretFlags(FlagSet& flags, SecretOptions& options);

// The secret, or nothing where none was given. A file gives its content without one newline at its
// end. kInvalid where it is empty or 200 bytes and longer (SUB-REQ-06), or the variable is not set;
// no sentence ever holds the secret itself.
Result<std::optional<std::string>> ReadSecret(Environment& environment,
                                              const SecretOptions& options);

struct TlsOptions {
  std::string cacert;
  bool insecure = false;
  std::vector<std::string> insecure_hosts = {};  // "host" or "host:port": any certificate there
};

// --cacert, --insecure, --insecure-host
void AddTlsFlags(FlagSet& flags, TlsOptions& options);

// What a listener shows of itself.
struct ListenTlsOptions {
  std::string certificate;  // PEM files
  std::string key;
};

// --tls-cert, --tls-key
void AddListenTlsFlags(FlagSet& flags, ListenTlsOptions& options);

// Nothing where neither flag was given; kInvalid where only one was.
Result<std::optional<hub::http::TlsFiles>> ListenTls(const ListenTlsOptions& options);

}  // namespace websub::cli
