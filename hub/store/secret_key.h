// The key that secrets are sealed with in the file (hub/store/sealer.h).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "core/result.h"

namespace websub::hub {

// 256 bits. Its memory is wiped when it goes.
class SecretKey {
 public:
  static constexpr std::size_t kSize = 32;  // bytes

  // What a key file holds: 64 hex digits, or base64 of 32 bytes, either with white space around it;
  // or 32 raw bytes. kInvalid says how to make one. Raw bytes that are all printable are refused:
  // they are a password or half a key, not 256 random bits. No sentence ever holds the key.
  static Result<SecretKey> Parse(std::string_view file);

  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  const unsigned char* bytes() const { return bytes_.data(); }
  bool operator==(const SecretKey& other) const;  // in a time that tells nothing

 private:
  explicit SecretKey(std::string_view bytes);  // kSize of them

  std::array<unsigned char, kSize> bytes_{};
};

}  // namespace websub::hub
