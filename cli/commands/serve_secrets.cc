#include "cli/commands/serve_secrets.h"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include "cli/files.h"

namespace websub::cli {
namespace {

constexpr std::size_t kMostOfFile = 4096;  // bytes

void WarnOfReaders(const std::string& file, Output& output) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0 || (status.st_mode & S_IFMT) != S_IFREG) return;
  if ((status.st_mode & (S_IROTH | S_IWOTH)) == 0) return;
  output.Diagnose(file + ": everybody on this machine may " +
                  ((status.st_mode & S_IROTH) != 0 ? "read" : "change") + " it; chmod o-rwx it");
}

Result<std::optional<hub::SecretKey>> ReadKey(Environment& environment, const std::string& flag,
                                              const std::string& file, Output& output) {
  if (file.empty()) return std::nullopt;
  auto text = ReadInput(environment, file, kMostOfFile);
  if (!text) return Fail(ErrorCode::kInvalid, flag + ": " + text.error().message);
  auto key = hub::SecretKey::Parse(*text);
  OPENSSL_cleanse(text->data(), text->size());
  if (!key) return Fail(ErrorCode::kInvalid, flag + " " + file + ": " + key.error().message);
  WarnOfReaders(file, output);
  return *key;
}

}  // namespace

void DefineSecretKeys(FlagSet& flags, ServeOptions& options) {
  flags.Text("--secret-key-file FILE", options.secret_key_file,
             "seal secrets in the database with this key (openssl rand -hex 32)", Shown::kBrief);
  flags.Text("--old-secret-key-file FILE", options.old_secret_key_file,
             "the key that they were sealed with before", Shown::kBrief);
}

Result<void> ReadSecretKeys(Environment& environment, const ServeOptions& options, Output& output,
                            hub::HubOptions& hub) {
  if (!options.old_secret_key_file.empty() && options.secret_key_file.empty()) {
    return Fail(ErrorCode::kInvalid,
                "--old-secret-key-file: name the new key, too, with --secret-key-file");
  }
  auto key = ReadKey(environment, "--secret-key-file", options.secret_key_file, output);
  if (!key) return tl::unexpected(key.error());
  auto old = ReadKey(environment, "--old-secret-key-file", options.old_secret_key_file, output);
  if (!old) return tl::unexpected(old.error());
  hub.secret_key = *std::move(key);
  hub.old_secret_key = *std::move(old);
  return {};
}

}  // namespace websub::cli
