#include "core/digest.h"

#include <openssl/evp.h>

#include <array>

#include "core/hex.h"

namespace websub {

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return EncodeHex({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace websub
