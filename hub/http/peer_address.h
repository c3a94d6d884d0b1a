// How peers are told apart where each has a limit of its own.
#pragma once

#include <string>
#include <string_view>

namespace websub::hub::http {

// An IPv4 address as it is, also where it comes IPv4-mapped; of an IPv6 address its /64
// ("2001:db8:0:1::/64"), which is what one subscriber line has at least. What is no address stays
// as it is.
std::string AddressGroup(std::string_view literal);

// "127.0.0.1:53211" and "[::1]:80" without the port, and without brackets.
std::string_view HostOfPeer(std::string_view peer);

}  // namespace websub::hub::http
