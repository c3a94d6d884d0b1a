#include "tests/support/mutants/subscriber.h"

namespace mutant {
namespace {

bool SameDigest(std::string given, const std::string& right) {
  given = Lower(given);
  if (right.empty()) return false;
  if (Has("digest-beginning-compared")) return given.substr(0, 8) == right.substr(0, 8);
  if (Has("digest-padded-taken")) return given.compare(0, right.size(), right) == 0;
  if (Has("digest-truncated-taken")) return right.compare(0, given.size(), given) == 0;
  if (Has("digest-end-uncompared")) {
    return given.size() == right.size() &&
           given.compare(0, right.size() - 1, right, 0, right.size() - 1) == 0;
  }
  if (Has("digest-form-only")) return given.size() == right.size();
  return given == right;
}

}  // namespace

bool IsSigned(const std::string& header, const std::string& secret, const std::string& body) {
  if (Has("signature-ignored") || Has("no-secret")) return true;
  if (header.empty()) return Has("unsigned-taken");
  const auto equals = header.find('=');
  std::string method = equals == std::string::npos ? "" : header.substr(0, equals);
  const std::string digest = equals == std::string::npos ? header : header.substr(equals + 1);
  if (method.empty() && Has("label-missing-taken")) method = "sha256";
  if (Has("sha256-always")) method = "sha256";
  if (Has("sha1-only") && method != "sha1") return false;
  if (Has("sha2-only") && method == "sha1") return false;
  if (Has("sha512-unknown") && method == "sha512") return false;
  if (Has("sha384-unknown") && method == "sha384") return false;
  if (Has("method-unknown-taken") && Hmac(method, "", "").empty()) return !method.empty();
  if (Has("label-ignored")) {
    for (const char* each : {"sha1", "sha256", "sha384", "sha512"}) {
      if (SameDigest(digest, Hmac(each, secret, body))) return true;
    }
    return false;
  }
  if (SameDigest(digest, Hmac(method, secret, body))) return true;
  if (Has("secret-empty-taken") && SameDigest(digest, Hmac(method, "", body))) return true;
  std::string trimmed = body;
  while (!trimmed.empty() && trimmed.back() == '\n') trimmed.pop_back();
  return Has("body-trimmed-taken") && SameDigest(digest, Hmac(method, secret, trimmed));
}

}  // namespace mutant
