#include "core/address.h"

#include <array>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <cstdint>

namespace websub {
namespace {

struct Ipv4Range {
  std::uint32_t network;
  int bits;
  AddressClass address_class;
};

constexpr std::uint32_t Quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// The IANA registry of special-purpose IPv4 addresses. The first range that fits counts.
constexpr std::array<Ipv4Range, 17> kIpv4 = {{
    {Quad(0, 0, 0, 0), 32, AddressClass::kUnspecified},
    {Quad(0, 0, 0, 0), 8, AddressClass::kReserved},
    {Quad(10, 0, 0, 0), 8, AddressClass::kPrivate},
    {Quad(100, 64, 0, 0), 10, AddressClass::kPrivate},
    {Quad(127, 0, 0, 0), 8, AddressClass::kLoopback},
    {Quad(169, 254, 0, 0), 16, AddressClass::kLinkLocal},
    {Quad(172, 16, 0, 0), 12, AddressClass::kPrivate},
    {Quad(192, 0, 0, 0), 24, AddressClass::kReserved},
    {Quad(192, 0, 2, 0), 24, AddressClass::kReserved},
    {Quad(192, 88, 99, 0), 24, AddressClass::kReserved},
    {Quad(192, 168, 0, 0), 16, AddressClass::kPrivate},
    {Quad(198, 18, 0, 0), 15, AddressClass::kReserved},
    {Quad(198, 51, 100, 0), 24, AddressClass::kReserved},
    {Quad(203, 0, 113, 0), 24, AddressClass::kReserved},
    {Quad(224, 0, 0, 0), 4, AddressClass::kMulticast},
    {Quad(240, 0, 0, 0), 4, AddressClass::kReserved},
    {Quad(0, 0, 0, 0), 0, AddressClass::kPublic},
}};

AddressClass ClassifyIpv4(std::uint32_t address) {
  for (const Ipv4Range& range : kIpv4) {
    const std::uint32_t mask = range.bits == 0 ? 0 : ~std::uint32_t{0} << (32 - range.bits);
    if ((address & mask) == range.network) return range.address_class;
  }
  return AddressClass::kPublic;
}

using Ipv6Bytes = boost::urls::ipv6_address::bytes_type;

struct Ipv6Range {
  std::array<std::uint8_t, 16> network;
  int bits;
  AddressClass address_class;
  int ipv4_at = -1;  // where the IPv4 address stands that decides, instead of the class
};

// The IANA registry of special-purpose IPv6 addresses. The first range that fits counts. Global
// unicast addresses are given out from 2000::/3 only, so that everything not named here is
// reserved.
constexpr std::array<Ipv6Range, 16> kIpv6 = {{
    {{}, 128, AddressClass::kUnspecified},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, AddressClass::kLoopback},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, AddressClass::kReserved, 12},  // mapped
    {{0, 0x64, 0xff, 0x9b}, 96, AddressClass::kReserved, 12},                       // NAT64
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, AddressClass::kPrivate},                      // local NAT64
    {{0x20, 0x02}, 16, AddressClass::kReserved, 2},                                 // 6to4
    {{0x20, 0x01, 0x0d, 0xb8}, 32, AddressClass::kReserved},                        // documentation
    {{0x20, 0x01, 0, 0}, 23, AddressClass::kReserved},  // Teredo, benchmarking, ORCHID
    {{0x3f, 0xff}, 20, AddressClass::kReserved},        // documentation
    {{0x3f, 0xfe}, 16, AddressClass::kReserved},        // 6bone, given back
    {{0x20}, 3, AddressClass::kPublic},
    {{0xfc}, 7, AddressClass::kPrivate},
    {{0xfe, 0x80}, 10, AddressClass::kLinkLocal},
    {{0xfe, 0xc0}, 10, AddressClass::kPrivate},  // site-local, deprecated
    {{0xff}, 8, AddressClass::kMulticast},
    {{}, 0, AddressClass::kReserved},
}};

bool IsIn(const Ipv6Bytes& address, const Ipv6Range& range) {
  for (int bit = 0; bit < range.bits; bit += 8) {
    const auto i = static_cast<std::size_t>(bit / 8);
    const int wanted = range.bits - bit;
    const int mask = wanted >= 8 ? 0xff : 0xff << (8 - wanted) & 0xff;
    if ((address[i] & mask) != range.network[i]) return false;
  }
  return true;
}

AddressClass ClassifyIpv6(const Ipv6Bytes& address) {
  for (const Ipv6Range& range : kIpv6) {
    if (!IsIn(address, range)) continue;
    if (range.ipv4_at < 0) return range.address_class;
    const auto at = static_cast<std::size_t>(range.ipv4_at);
    return ClassifyIpv4(Quad(address[at], address[at + 1], address[at + 2], address[at + 3]));
  }
  return AddressClass::kReserved;
}

}  // namespace

std::optional<AddressClass> ClassifyAddress(std::string_view literal) {
  if (const auto ipv4 = boost::urls::parse_ipv4_address(literal)) {
    return ClassifyIpv4(static_cast<std::uint32_t>(ipv4->to_uint()));
  }
  // A zone ("fe80::1%eth0") says by which interface, not what kind of address.
  const auto zone = literal.find('%');
  if (zone != literal.npos && zone + 1 == literal.size()) return std::nullopt;
  if (const auto ipv6 = boost::urls::parse_ipv6_address(literal.substr(0, zone))) {
    return ClassifyIpv6(ipv6->to_bytes());
  }
  return std::nullopt;
}

std::string_view Name(AddressClass address_class) {
  switch (address_class) {
    case AddressClass::kPublic:
      return "public";
    case AddressClass::kLoopback:
      return "loopback";
    case AddressClass::kPrivate:
      return "private";
    case AddressClass::kLinkLocal:
      return "link-local";
    case AddressClass::kMulticast:
      return "multicast";
    case AddressClass::kUnspecified:
      return "unspecified";
    case AddressClass::kReserved:
      return "reserved";
  }
  return "";
}

}  // namespace websub
