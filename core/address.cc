#include "core/address.h"

#include <algorithm>
#include <array>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <charconv>
#include <cstdint>

#include "core/text.h"

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
    {Quad(100, 64, 0, 0), 10, AddressClass::kCarrierNat},
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
  int ipv4_at = -1;  // where an IPv4 address stands that decides, unless it is public
};

// The IANA registry of special-purpose IPv6 addresses. The first range that fits counts. Global
// unicast addresses are given out from 2000::/3 only, so that everything not named here is
// reserved.
constexpr std::array<Ipv6Range, 17> kIpv6 = {{
    {{}, 128, AddressClass::kUnspecified},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, AddressClass::kLoopback},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, AddressClass::kMapped, 12},
    {{0, 0x64, 0xff, 0x9b}, 96, AddressClass::kPublic, 12},  // NAT64
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, AddressClass::kNat64},
    {{0x20, 0x02}, 16, AddressClass::k6to4, 2},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, AddressClass::kReserved},  // documentation
    {{0x20, 0x01, 0, 0}, 32, AddressClass::kTeredo},
    {{0x20, 0x01, 0, 0}, 23, AddressClass::kReserved},  // benchmarking, ORCHID
    {{0x3f, 0xff}, 20, AddressClass::kReserved},        // documentation
    {{0x3f, 0xfe}, 16, AddressClass::kReserved},        // 6bone, given back
    {{0x20}, 3, AddressClass::kPublic},
    {{0xfc}, 7, AddressClass::kPrivate},
    {{0xfe, 0x80}, 10, AddressClass::kLinkLocal},
    {{0xfe, 0xc0}, 10, AddressClass::kPrivate},  // site-local, deprecated
    {{0xff}, 8, AddressClass::kMulticast},
    {{}, 0, AddressClass::kReserved},
}};

// Whether the first bits are the same.
bool IsIn(const Ipv6Bytes& address, const std::array<std::uint8_t, 16>& network, int bits) {
  for (int bit = 0; bit < bits; bit += 8) {
    const auto i = static_cast<std::size_t>(bit / 8);
    const int wanted = bits - bit;
    const int mask = wanted >= 8 ? 0xff : 0xff << (8 - wanted) & 0xff;
    if ((address[i] & mask) != (network[i] & mask)) return false;
  }
  return true;
}

AddressClass ClassifyIpv6(const Ipv6Bytes& address) {
  for (const Ipv6Range& range : kIpv6) {
    if (!IsIn(address, range.network, range.bits)) continue;
    if (range.ipv4_at < 0) return range.address_class;
    const auto at = static_cast<std::size_t>(range.ipv4_at);
    const AddressClass inside =
        ClassifyIpv4(Quad(address[at], address[at + 1], address[at + 2], address[at + 3]));
    return inside == AddressClass::kPublic ? range.address_class : inside;
  }
  return AddressClass::kReserved;
}

struct Literal {
  Ipv6Bytes bytes = {};  // an IPv4 address in its IPv4-mapped form
  bool is_ipv4 = false;
};

std::optional<Literal> ReadLiteral(std::string_view text) {
  if (const auto ipv4 = boost::urls::parse_ipv4_address(text)) {
    Literal literal{.bytes = {}, .is_ipv4 = true};
    const auto four = ipv4->to_bytes();
    literal.bytes[10] = literal.bytes[11] = 0xff;
    std::copy(four.begin(), four.end(), literal.bytes.begin() + 12);
    return literal;
  }
  // A zone ("fe80::1%eth0") says by which interface, not what kind of address.
  const auto zone = text.find('%');
  if (zone != text.npos && zone + 1 == text.size()) return std::nullopt;
  if (const auto ipv6 = boost::urls::parse_ipv6_address(text.substr(0, zone))) {
    return Literal{.bytes = ipv6->to_bytes(), .is_ipv4 = false};
  }
  return std::nullopt;
}

// One part of a loose IPv4 address: decimal, octal after "0", hex after "0x", where "0x" alone is
// zero. At most 32 bits.
std::optional<std::uint32_t> ReadLoosePart(std::string_view part) {
  if (part.empty()) return std::nullopt;
  int base = 10;
  if (part.size() > 1 && part[0] == '0') {
    const bool is_hex = ToLower(part[1]) == 'x';
    base = is_hex ? 16 : 8;
    part.remove_prefix(is_hex ? 2 : 1);
    if (part.empty()) return 0;
  }
  std::uint32_t value = 0;
  const auto read = std::from_chars(part.data(), part.data() + part.size(), value, base);
  if (read.ec != std::errc() || read.ptr != part.data() + part.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<AddressClass> ClassifyAddress(std::string_view literal) {
  const auto read = ReadLiteral(literal);
  if (!read) return std::nullopt;
  if (!read->is_ipv4) return ClassifyIpv6(read->bytes);
  return ClassifyIpv4(Quad(read->bytes[12], read->bytes[13], read->bytes[14], read->bytes[15]));
}

bool AddressRange::Holds(std::string_view literal) const {
  const auto read = ReadLiteral(literal);
  return read && IsIn(read->bytes, network, bits);
}

Result<AddressRange> AddressRange::Parse(std::string_view text) {
  const std::string wrong =
      Quote(text) + " is no range of addresses: write 10.0.0.0/8, fd00::/8 or one address";
  const auto slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const auto literal = address.find('%') == address.npos ? ReadLiteral(address) : std::nullopt;
  if (!literal) return Fail(ErrorCode::kInvalid, wrong);
  const int most = literal->is_ipv4 ? 32 : 128;
  int bits = most;
  if (slash != text.npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto read = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (read.ec != std::errc() || read.ptr != number.data() + number.size() || bits < 0 ||
        bits > most) {
      return Fail(ErrorCode::kInvalid, wrong);
    }
  }
  AddressRange range{.network = literal->bytes, .bits = bits + 128 - most};
  for (int bit = range.bits; bit < 128; ++bit) {
    const auto i = static_cast<std::size_t>(bit / 8);
    if ((range.network[i] & (0x80 >> bit % 8)) != 0) {
      return Fail(ErrorCode::kInvalid, Quote(text) + " has bits set after the first " +
                                           std::to_string(bits) +
                                           ": write the first address of the range");
    }
  }
  return range;
}

std::optional<std::string> ReadLooseIpv4(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::uint32_t address = 0;
  for (int part = 0; part < 4; ++part) {
    const auto dot = text.find('.');
    const auto value = ReadLoosePart(text.substr(0, dot));
    if (!value) return std::nullopt;
    if (dot == text.npos) {  // the last part fills what is left
      if (part > 0 && *value >> (32 - 8 * part) != 0) return std::nullopt;
      return boost::urls::ipv4_address(address | *value).to_string();
    }
    if (part == 3 || *value > 255) return std::nullopt;
    address |= *value << (24 - 8 * part);
    text.remove_prefix(dot + 1);
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
    case AddressClass::kCarrierNat:
      return "carrier-grade NAT";
    case AddressClass::kLinkLocal:
      return "link-local";
    case AddressClass::kMulticast:
      return "multicast";
    case AddressClass::kUnspecified:
      return "unspecified";
    case AddressClass::kMapped:
      return "IPv4-mapped";
    case AddressClass::kNat64:
      return "NAT64";
    case AddressClass::k6to4:
      return "6to4";
    case AddressClass::kTeredo:
      return "Teredo";
    case AddressClass::kReserved:
      return "reserved";
  }
  return "";
}

}  // namespace websub
