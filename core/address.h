// Which network addresses a hub may connect to.
#pragma once

#include <optional>
#include <string_view>

namespace websub {

enum class AddressClass {
  kPublic,
  kLoopback,
  kPrivate,  // RFC 1918, fc00::/7, carrier-grade NAT 100.64/10
  kLinkLocal,
  kMulticast,
  kUnspecified,
  kReserved,  // documentation, benchmarking, 240/4, broadcast, 6to4 and NAT64 of such
};

// Classifies an address literal ("127.0.0.1", "::1", "::ffff:10.0.0.1"). IPv4-mapped, NAT64 and
// 6to4 forms are classified by the IPv4 address inside. Nothing where the text is no address
// literal.
std::optional<AddressClass> ClassifyAddress(std::string_view literal);

std::string_view Name(AddressClass address_class);  // "loopback"

}  // namespace websub
