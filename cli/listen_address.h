// Where a command listens: the value of --listen.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "core/url.h"

namespace websub::cli {

struct ListenAddress {
  std::string address = "127.0.0.1";  // an IP address, without brackets
  std::uint16_t port = 0;             // 0: a free one
};

// "127.0.0.1:4820", "[::1]:4820"; ":4820", "4820" and "localhost:4820" are the loopback. kInvalid
// says what is wrong. Whether the address is one of this machine's turns out on listening.
Result<ListenAddress> ParseListenAddress(const std::string& text);

// "http://127.0.0.1:8080", as this machine itself reaches it: an address that stands for all of
// them becomes the loopback address of its family.
std::string LocalUrl(const ListenAddress& listening, Scheme scheme = Scheme::kHttp);

}  // namespace websub::cli
