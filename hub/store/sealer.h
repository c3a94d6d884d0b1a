// How secrets lie in the file of a hub with --secret-key-file: sealed by AES-256-GCM, so that
// whoever has the file, a copy or a backup of it, but not the key, can neither read one nor make
// one.
//
// The sealed form is text: "1:", and in base64 the nonce (96 random bits), the ciphertext and the
// tag (128 bits). It is bound to what it is, and to the topic and callback of its row: put into the
// row of another subscription it cannot be opened. A request and its subscription have the same
// two, and only there a sealed secret may stand in for another one, or an older one for a newer.
// What it does not hide: that there is a secret, how long it is, and all the rest of the row. Who
// can write to the file can also take a secret out (an empty text is none) or give a subscription
// another callback; then its secret cannot be opened any more, and nothing is sent.
//
// A random nonce is safe for some 2^32 secrets sealed with one key (NIST SP 800-38D section 8.3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hub/store/secret_key.h"

struct evp_cipher_ctx_st;

namespace websub::hub {

// What a sealed text is bound to.
struct SealPlace {
  enum class What : unsigned char {
    kCheck = 'c',        // of the key itself
    kSecret = 's',       // hub.secret
    kVerifyToken = 'v',  // hub.verify_token
  };
  What what = What::kSecret;
  std::int64_t topic_id = 0;
  std::string_view callback;
};

// Stands for a secret that cannot be opened: the row was changed by somebody else. Longer than any
// secret may be, so it is none. Whoever uses a secret has to ask for this first.
inline constexpr std::size_t kUnreadableSize = 256;
std::string UnreadableSecret();
inline bool IsUnreadable(std::string_view secret) {
  return secret.size() == kUnreadableSize && secret == UnreadableSecret();
}

// Holds a context for each direction, set up with the key once: a thread has one of its own.
class Sealer {
 public:
  explicit Sealer(const SecretKey& key);  // throws std::runtime_error where OpenSSL is broken

  // What is empty stays so: there is no secret.
  std::string Seal(std::string_view secret, const SealPlace& place);
  // Nothing where it was not sealed with this key, for this place.
  std::optional<std::string> Open(std::string_view sealed, const SealPlace& place);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::unique_ptr<evp_cipher_ctx_st, Free> sealing_;
  std::unique_ptr<evp_cipher_ctx_st, Free> opening_;
};

}  // namespace websub::hub
