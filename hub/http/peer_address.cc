#include "hub/http/peer_address.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "hub/http/loop_impl.h"

namespace websub::hub::http {

std::string AddressGroup(std::string_view literal) {
  const std::string text(literal);
  error_code ec;
  const asio::ip::address address = asio::ip::make_address(text, ec);
  if (ec || address.is_v4()) return text;
  const asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

std::string_view HostOfPeer(std::string_view peer) {
  if (peer.starts_with('[')) return peer.substr(1, peer.find(']') - 1);
  const auto colon = peer.find(':');
  // More than one without brackets: an IPv6 address that stands alone.
  return peer.find(':', colon + 1) == std::string_view::npos ? peer.substr(0, colon) : peer;
}

}  // namespace websub::hub::http
