// Which outgoing requests go through a proxy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/url.h"

namespace websub::hub::http {

struct Proxy {
  std::string host;
  std::uint16_t port = 0;
  std::string authorization;  // the value of Proxy-Authorization, or empty
};

class ProxyTable {
 public:
  // kInvalid where a proxy is no http URL. "host:port" alone is taken for one.
  static Result<ProxyTable> Make(std::string_view http_proxy, std::string_view https_proxy,
                                 std::string_view no_proxy);

  // Null: connect directly.
  const Proxy* For(const Url& url) const;

 private:
  bool Excepted(const Url& url) const;

  std::optional<Proxy> http_;
  std::optional<Proxy> https_;
  std::vector<std::string>
      exceptions_;  // lower case: "*", a host, ".domain", each perhaps with ":port"
};

// The head for a proxy that forwards plain http: the target becomes the absolute URL, and the
// proxy's authorization is added (RFC 9112 section 3.2.2).
std::string ForwardedHead(std::string_view head, const Url& url, const Proxy& proxy);

// The request that opens a tunnel (RFC 9110 section 9.3.6).
std::string TunnelHead(const Url& url, const Proxy& proxy);

}  // namespace websub::hub::http
