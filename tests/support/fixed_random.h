// Randomness that repeats: hex digits that count, jitter of one half unless the test sets it.
#pragma once

#include <cstdint>
#include <string>

#include "hub/random.h"

namespace websub::tests {

class FixedRandom : public hub::Random {
 public:
  std::string Hex(std::size_t digits) override {
    std::string number = std::to_string(++asked_);
    if (number.size() < digits) number.insert(0, digits - number.size(), 'a');
    return number;
  }
  double Unit() override { return unit; }

  double unit = 0.5;

 private:
  std::uint64_t asked_ = 0;
};

}  // namespace websub::tests
