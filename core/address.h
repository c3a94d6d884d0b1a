// Which network addresses there are, and what kind of address each is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace websub {

enum class AddressClass {
  kPublic,
  kLoopback,
  kPrivate,     // RFC 1918, fc00::/7, fec0::/10
  kCarrierNat,  // 100.64.0.0/10
  kLinkLocal,
  kMulticast,
  kUnspecified,
  kMapped,    // ::ffff:0:0/96 around a public IPv4 address
  kNat64,     // 64:ff9b:1::/48, whose translation is a local matter
  k6to4,      // 2002::/16 around a public IPv4 address
  kTeredo,    // 2001::/32
  kReserved,  // documentation, benchmarking, 240/4, broadcast, ::a.b.c.d, what was never given out
};

// Classifies an address literal ("127.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%eth0"). Forms that
// carry an IPv4 address (IPv4-mapped, 6to4, and NAT64 by 64:ff9b::/96) have the class of that
// address where it is not public. A public one behind the NAT64 prefix is public: that is how a
// host that has IPv6 only reaches the rest. Nothing where the text is no address literal.
std::optional<AddressClass> ClassifyAddress(std::string_view literal);

std::string_view Name(AddressClass address_class);  // "loopback"

// The addresses that have their first bits in common.
struct AddressRange {
  std::array<std::uint8_t, 16> network = {};
  int bits = 0;  // of the 128; an IPv4 address stands as its IPv4-mapped form

  // False for what is no address literal. An IPv4 address and its IPv4-mapped form are the same
  // one; a zone counts for nothing.
  bool Holds(std::string_view literal) const;

  // "10.0.0.0/8", "fd00::/8", or one address. kInvalid, with a sentence that says what to write.
  static Result<AddressRange> Parse(std::string_view text);
};

// The IPv4 address that the C library, and so a name lookup, reads in an old spelling: parts left
// out, octal, hex ("127.1", "0177.0.0.1", "0x7f000001"); canonical ones included. A dot at the end
// makes no difference. Nothing where the text is none.
std::optional<std::string> ReadLooseIpv4(std::string_view text);

}  // namespace websub
