// Sockets for those parts of `bench` that speak to the kernel themselves.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "hub/descriptor.h"

namespace websub::cli::bench {

using hub::Descriptor;

// A socket that listens, without blocking, on an IP address; port 0 takes a free one and is set to
// it. kInvalid where the address is none, kNetwork where it cannot be had.
Result<Descriptor> Listen(const std::string& address, std::uint16_t& port);

}  // namespace websub::cli::bench
