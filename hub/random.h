// The seam for randomness: challenges, secrets and jitter.
#pragma once

#include <cstddef>
#include <string>

namespace websub::hub {

class Random {
 public:
  virtual ~Random() = default;
  // `digits` lower-case hex digits from a cryptographic source.
  virtual std::string Hex(std::size_t digits) = 0;
  // In [0, 1); for spreading retries, not for secrets.
  virtual double Unit() = 0;
};

}  // namespace websub::hub
