#include "cli/bench/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace websub::cli::bench {
namespace {

constexpr int kBacklog = 4096;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

bool ReadAddress(const std::string& text, Address& address) {
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    address.size = sizeof(sockaddr_in);
    return true;
  }
  address = {};
  if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  address.size = sizeof(sockaddr_in6);
  return true;
}

// sin_port and sin6_port lie at the same place.
std::uint16_t& PortOf(Address& address) {
  return reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port;
}

}  // namespace

Result<Descriptor> Listen(const std::string& text, std::uint16_t& port) {
  Address address;
  if (!ReadAddress(text, address)) {
    return Fail(ErrorCode::kInvalid, text + " is no IP address");
  }
  PortOf(address) = htons(port);
  Descriptor listening(
      socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listening.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* const generic = reinterpret_cast<sockaddr*>(&address.storage);
  if (bind(listening.number(), generic, address.size) != 0 ||
      listen(listening.number(), kBacklog) != 0 ||
      getsockname(listening.number(), generic, &address.size) != 0) {
    return Fail(ErrorCode::kNetwork, "cannot listen on " + text + " port " + std::to_string(port) +
                                         ": " + std::strerror(errno));
  }
  port = ntohs(PortOf(address));
  return listening;
}

}  // namespace websub::cli::bench
