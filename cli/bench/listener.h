// Sockets for those parts of `bench` that speak to the kernel themselves.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "core/result.h"

namespace websub::cli::bench {

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }
  void Close() {
    if (number_ >= 0) close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

// A socket that listens, without blocking, on an IP address; port 0 takes a free one and is set to
// it. kInvalid where the address is none, kNetwork where it cannot be had.
Result<Descriptor> Listen(const std::string& address, std::uint16_t& port);

}  // namespace websub::cli::bench
