#include "hub/http/proxy.h"

#include <algorithm>
#include <utility>

#include "core/base64.h"
#include "core/text.h"

namespace websub::hub::http {

namespace {

Result<std::optional<Proxy>> ParseProxy(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::string url(text);
  if (url.find("://") == std::string::npos) url.insert(0, "http://");
  const Result<Url> parsed = Url::Parse(url);
  if (!parsed) {
    return Fail(ErrorCode::kInvalid, "the proxy is not a URL: " + parsed.error().message);
  }
  if (parsed->scheme() != Scheme::kHttp) {
    return Fail(ErrorCode::kInvalid, "the proxy must be an http:// URL");
  }
  Proxy proxy{parsed->host(), parsed->port(), {}};
  if (!parsed->userinfo().empty())
    proxy.authorization = "Basic " + EncodeBase64(PercentDecode(parsed->userinfo()));
  return proxy;
}

std::string HostAndPort(const Url& url) {
  const bool v6 = url.host().find(':') != std::string::npos;
  return (v6 ? "[" + url.host() + "]" : url.host()) + ":" + std::to_string(url.port());
}

void AppendAuthorization(std::string& head, const Proxy& proxy) {
  if (!proxy.authorization.empty()) head += "Proxy-Authorization: " + proxy.authorization + "\r\n";
}

}  // namespace

Result<ProxyTable> ProxyTable::Make(std::string_view http_proxy, std::string_view https_proxy,
                                    std::string_view no_proxy) {
  ProxyTable table;
  auto http = ParseProxy(http_proxy);
  if (!http) return tl::unexpected(http.error());
  auto https = ParseProxy(https_proxy);
  if (!https) return tl::unexpected(https.error());
  table.http_ = std::move(*http);
  table.https_ = std::move(*https);
  std::string entry;
  const auto finish = [&] {
    if (!entry.empty()) table.exceptions_.push_back(std::exchange(entry, {}));
  };
  for (const char c : no_proxy) {
    if (c == ',' || c == ' ') {
      finish();
    } else {
      entry.push_back(ToLower(c));
    }
  }
  finish();
  return table;
}

bool ProxyTable::Excepted(const Url& url) const {
  const std::string with_port = HostAndPort(url);
  return std::any_of(exceptions_.begin(), exceptions_.end(), [&](std::string_view entry) {
    if (entry == "*" || entry == url.host() || entry == with_port) return true;
    if (entry.front() == '[' && entry.back() == ']') {
      return entry.substr(1, entry.size() - 2) == url.host();
    }
    // "example.com" and ".example.com" stand for the domain and all below it.
    if (entry.front() == '.') entry.remove_prefix(1);
    const std::string& host = entry.find(':') == std::string_view::npos ? url.host() : with_port;
    return host == entry || (host.size() > entry.size() && host.ends_with(entry) &&
                             host[host.size() - entry.size() - 1] == '.');
  });
}

const Proxy* ProxyTable::For(const Url& url) const {
  const auto& proxy = url.scheme() == Scheme::kHttps ? https_ : http_;
  return proxy && !Excepted(url) ? &*proxy : nullptr;
}

std::string ForwardedHead(std::string_view head, const Url& url, const Proxy& proxy) {
  const std::size_t method = std::min(head.find(' '), head.size());
  const std::size_t target = std::min(method + 1, head.size());
  const std::size_t line = std::min(head.find("\r\n", target), head.size());
  const std::size_t after = std::min(line + 2, head.size());
  std::string forwarded(head.substr(0, target));
  if (head.substr(target, 1) == "/") forwarded += "http://" + HostAndPort(url);
  forwarded += head.substr(target, after - target);
  AppendAuthorization(forwarded, proxy);
  forwarded += head.substr(after);
  return forwarded;
}

std::string TunnelHead(const Url& url, const Proxy& proxy) {
  const std::string authority = HostAndPort(url);
  std::string head = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  AppendAuthorization(head, proxy);
  return head + "\r\n";
}

}  // namespace websub::hub::http
