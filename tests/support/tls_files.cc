#include "tests/support/tls_files.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace websub::tests {

namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

void Extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  if (!extension) throw std::runtime_error("bad certificate extension " + value);
  X509_add_ext(certificate, extension.get(), -1);
}

Certificate Begin(EVP_PKEY* key, const std::string& name, long serial, Validity validity) {
  constexpr long kDay = 86400;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), validity == Validity::kNow ? kDay : -kDay);
  X509_set_pubkey(certificate.get(), key);
  const std::basic_string<unsigned char> text(name.begin(), name.end());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             text.c_str(), -1, -1, 0);
  return certificate;
}

template <typename Write>
std::string Save(const std::string& path, const Write& write) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr || write(file) != 1) throw std::runtime_error("cannot write " + path);
  std::fclose(file);
  return path;
}

}  // namespace

TlsFiles MakeTlsFiles(const TempDir& dir, const std::string& names, Validity validity,
                      long serial) {
  const Key ca_key(EVP_EC_gen("P-256"));
  const Certificate ca = Begin(ca_key.get(), "websub test authority", 1, Validity::kNow);
  X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
  Extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  Extend(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign");
  X509_sign(ca.get(), ca_key.get(), EVP_sha256());

  const Key key(EVP_EC_gen("P-256"));
  const Certificate leaf = Begin(key.get(), "websub test server", serial, validity);
  X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.get()));
  Extend(leaf.get(), ca.get(), NID_subject_alt_name, names);
  X509_sign(leaf.get(), ca_key.get(), EVP_sha256());

  TlsFiles files;
  files.ca = Save(dir.File("ca.pem"), [&](std::FILE* f) { return PEM_write_X509(f, ca.get()); });
  files.certificate =
      Save(dir.File("cert.pem"), [&](std::FILE* f) { return PEM_write_X509(f, leaf.get()); });
  files.key = Save(dir.File("key.pem"), [&](std::FILE* f) {
    return PEM_write_PrivateKey(f, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

}  // namespace websub::tests
