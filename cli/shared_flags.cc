#include "cli/shared_flags.h"

#include "cli/files.h"
#include "core/subscription_request.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli {

void AddOutputFlags(FlagSet& flags, OutputOptions& options) {
  flags.Switch("--json", options.json, "print JSON: one object a line", Shown::kBrief);
  flags.Value(
      "--color WHEN",
      [&options](const std::string& text) -> Result<void> {
        if (text == "auto") {
          options.color = ColorMode::kAuto;
        } else if (text == "always") {
          options.color = ColorMode::kAlways;
        } else if (text == "never") {
          options.color = ColorMode::kNever;
        } else {
          return Fail(ErrorCode::kInvalid, "\"" + text + "\" is none of auto, always, never");
        }
        return {};
      },
      "auto, always or never", Shown::kBrief);
  flags.Words("--color", {"auto", "always", "never"});
  flags.Switch("-q,--quiet", options.quiet, "print results only", Shown::kBrief);
  flags.Counter("-v,--verbose", options.verbose, "say more; twice: still more", Shown::kBrief);
}

void AddSecretFlags(FlagSet& flags, SecretOptions& options) {
  flags.Text("--secret VALUE", options.value,
             "the secret (others can see it in a list of processes)");
  flags.Text("--secret-file FILE", options.file, "the secret is the content of FILE");
  flags.Text("--secret-env NAME", options.variable, "the secret is in this environment variable");
  flags.Exclusive({"--secret", "--secret-file", "--secret-env"});
}

Result<std::optional<std::string>> ReadSecret(Environment& environment,
                                              const SecretOptions& options) {
  std::string secret;
  std::string source;
  if (options.value) {
    source = "--secret";
    secret = *options.value;
  } else if (options.file) {
    source = "--secret-file";
    auto content = ReadInput(environment, *options.file, 64 * 1024);
    if (!content) return Fail(content.error().code, source + ": " + content.error().message);
    secret = *std::move(content);
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
  } else if (options.variable) {
    source = "--secret-env";
    const auto value = environment.getenv(*options.variable);
    if (!value) {
      return Fail(ErrorCode::kInvalid,
                  source + ": the variable " + *options.variable + " is not set");
    }
    secret = *value;
  } else {
    return std::nullopt;
  }
  if (secret.empty()) return Fail(ErrorCode::kInvalid, source + ": the secret is empty");
  if (secret.size() > kMaxSecret) {
    return Fail(ErrorCode::kInvalid, source + ": the secret has " + std::to_string(secret.size()) +
                                         " bytes; WebSub allows less than 200");
  }
  return secret;
}

void AddTlsFlags(FlagSet& flags, TlsOptions& options) {
  flags.Text("--cacert FILE", options.cacert, "also trust the authorities in this PEM file",
             Shown::kBrief);
  flags.Switch("--insecure", options.insecure, "take any certificate", Shown::kBrief);
  flags.Values(
      "--insecure-host HOST[:PORT]",
      [&options](const std::string& text) -> Result<void> {
        const auto url = Url::Parse("https://" + text);
        if (!url || url->target() != "/" || !url->userinfo().empty() || text.ends_with('/')) {
          return Fail(ErrorCode::kInvalid, Quote(text) + " is no host: use HOST or HOST:PORT");
        }
        options.insecure_hosts.push_back(text);
        return {};
      },
      "take any certificate there only; may be repeated", Shown::kBrief);
}

void AddListenTlsFlags(FlagSet& flags, ListenTlsOptions& options) {
  flags.Text("--tls-cert FILE", options.certificate,
             "listen with TLS: a PEM file, the certificate and its chain", Shown::kBrief);
  flags.Text("--tls-key FILE", options.key, "the certificate's private key, a PEM file",
             Shown::kBrief);
}

Result<std::optional<hub::http::TlsFiles>> ListenTls(const ListenTlsOptions& options) {
  if (options.certificate.empty() && options.key.empty()) return std::nullopt;
  if (options.key.empty()) {
    return Fail(ErrorCode::kInvalid, "--tls-cert needs --tls-key, the certificate's key");
  }
  if (options.certificate.empty()) {
    return Fail(ErrorCode::kInvalid, "--tls-key needs --tls-cert, the certificate of that key");
  }
  return hub::http::TlsFiles{options.certificate, options.key};
}

}  // namespace websub::cli
