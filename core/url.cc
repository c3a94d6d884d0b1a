#include "core/url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <vector>

#include "core/base64.h"
#include "core/text.h"

// Boost.URL says what is a URL. It wants RFC 3986 to the letter, peers do not write that, and what
// they wrote must survive byte for byte. So the text is split at its delimiters first (RFC 3986
// appendix B, which works for any text), and Boost gets a copy in which what the RFC forbids in the
// path, query, fragment and userinfo is percent-encoded. The host gets no such help: two programs
// that disagree about a host make a hole in the address policy.
//
// References are resolved on the split text too: Boost's resolve() decodes %-escapes on the way
// ("/%7Ea" becomes "/~a"), which would turn a topic into another one.

namespace websub {
namespace {

// Views into the text that was split.
struct Parts {
  bool has_scheme = false;
  bool has_authority = false;
  bool has_userinfo = false;
  bool has_port = false;
  bool has_query = false;
  bool has_fragment = false;
  std::string_view scheme;
  std::string_view authority;  // userinfo, host and port as written
  std::string_view userinfo;
  std::string_view host;  // with the brackets of an IPv6 literal
  std::string_view port;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
};

bool IsScheme(std::string_view text) {
  if (text.empty() || !IsAlpha(text[0])) return false;
  for (const char c : text) {
    if (!IsAlpha(c) && !IsDigit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

void SplitAuthority(Parts& parts) {
  std::string_view rest = parts.authority;
  if (const auto at = rest.find('@'); at != rest.npos) {
    parts.has_userinfo = true;
    parts.userinfo = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  std::size_t host_end = 0;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    host_end = close == rest.npos ? rest.size() : close + 1;
  }
  const auto colon = rest.find(':', host_end);
  parts.host = rest.substr(0, colon);
  if (colon != rest.npos) {
    parts.has_port = true;
    parts.port = rest.substr(colon + 1);
  }
}

Parts Split(std::string_view text) {
  Parts parts;
  if (const auto at = text.find('#'); at != text.npos) {
    parts.has_fragment = true;
    parts.fragment = text.substr(at + 1);
    text = text.substr(0, at);
  }
  if (const auto at = text.find('?'); at != text.npos) {
    parts.has_query = true;
    parts.query = text.substr(at + 1);
    text = text.substr(0, at);
  }
  if (const auto at = text.find(':'); at != text.npos && IsScheme(text.substr(0, at))) {
    parts.has_scheme = true;
    parts.scheme = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    parts.has_authority = true;
    parts.authority = text.substr(0, text.find('/'));
    text.remove_prefix(parts.authority.size());
    SplitAuthority(parts);
  }
  parts.path = text;
  return parts;
}

// Appends the text with everything percent-encoded that is neither unreserved, a sub-delim, one of
// `also`, nor part of a %-escape. A '%' alone becomes "%25": that is how servers that tolerate it
// read it.
void AppendAllowed(std::string& out, std::string_view text, std::string_view also) {
  constexpr std::string_view kSubDelims = "!$&'()*+,;=";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsUnreserved(c) || kSubDelims.find(c) != kSubDelims.npos || also.find(c) != also.npos ||
        IsPercentEscape(text, i)) {
      out += c;
    } else {
      AppendPercentEncoded(out, c);
    }
  }
}

std::string BuildTarget(const Parts& parts) {
  std::string target;
  AppendAllowed(target, parts.path, ":@/");
  if (target.empty()) target = "/";
  if (parts.has_query) {
    target += '?';
    AppendAllowed(target, parts.query, ":@/?");
  }
  return target;
}

Result<std::uint16_t> ReadPort(std::string_view text, Scheme scheme) {
  if (text.empty()) return scheme == Scheme::kHttp ? 80 : 443;
  std::uint32_t port = 0;
  for (const char c : text) {
    if (!IsDigit(c)) port = 65536;
    if (port <= 65535) port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port == 0 || port > 65535) {
    return Fail(ErrorCode::kInvalid,
                "the port " + Quote(text, 20) + " is not a number from 1 to 65535");
  }
  return static_cast<std::uint16_t>(port);
}

// The host as written, once it is one that can be connected to; lower case and without brackets.
Result<std::string> ReadHost(std::string_view host) {
  if (host.empty()) return Fail(ErrorCode::kInvalid, "the URL has no host");
  for (const char c : host) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      return Fail(
          ErrorCode::kInvalid,
          "the host " + Quote(host) + " is not ASCII: write it in its punycode form (xn--...)");
    }
    // Who decodes it and who does not would connect to different hosts.
    if (c == '%' || c == '\\') {
      return Fail(ErrorCode::kInvalid, "the host " + Quote(host) + " holds a " +
                                           Quote(std::string_view(&c, 1)) +
                                           ", which no host name has");
    }
  }
  if (host.starts_with("[v") || host.starts_with("[V")) {
    return Fail(ErrorCode::kInvalid, "the host " + Quote(host) + " is no IPv6 address");
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return ToLower(host);
}

Result<void> CheckText(std::string_view text) {
  if (text.empty()) return Fail(ErrorCode::kInvalid, "the URL is empty");
  if (text.size() > Url::kMaxLength) {
    return Fail(ErrorCode::kInvalid,
                "the URL is longer than " + std::to_string(Url::kMaxLength) + " bytes");
  }
  for (const char c : text) {
    if (IsControl(c)) {
      return Fail(ErrorCode::kInvalid, "the URL holds a control character: percent-encode it");
    }
  }
  if (!IsUtf8(text)) return Fail(ErrorCode::kInvalid, "the URL is not UTF-8: percent-encode it");
  return {};
}

Result<Scheme> ReadScheme(const Parts& parts) {
  if (EqualIgnoringCase(parts.scheme, "http")) return Scheme::kHttp;
  if (EqualIgnoringCase(parts.scheme, "https")) return Scheme::kHttps;
  // "localhost:3000" is an address that lacks its scheme, not one of the scheme "localhost".
  const bool port_follows =
      !parts.has_authority && !parts.path.empty() && IsDigit(parts.path.front());
  if (!parts.has_scheme || port_follows) {
    return Fail(ErrorCode::kInvalid, "the URL is not absolute: begin it with http:// or https://");
  }
  return Fail(ErrorCode::kInvalid,
              "the scheme " + Quote(parts.scheme, 20) + " is neither http nor https");
}

// What is left for Boost to refuse once the parts have been looked at one by one.
Result<void> CheckGrammar(const Parts& parts, const std::string& target) {
  std::string shadow(parts.scheme);
  shadow += "://";
  if (parts.has_userinfo) {
    AppendAllowed(shadow, parts.userinfo, ":");
    shadow += '@';
  }
  // Boost takes "1.2.3.4.example" for an IPv4 address with something odd behind it; by RFC 3986 it
  // is a name like any other, and what it may mean to others is for the address policy.
  const std::string host = (IsDigit(parts.host[0]) ? "h" : "") + std::string(parts.host);
  shadow += host;
  if (parts.has_port) shadow.append(":").append(parts.port);
  shadow += target;
  if (parts.has_fragment) {
    shadow += '#';
    AppendAllowed(shadow, parts.fragment, ":@/?");
  }
  const auto parsed = boost::urls::parse_uri(shadow);
  // Boost takes "a@b@c" too, and must mean the same host as we do.
  if (!parsed || parsed->encoded_host() != host) {
    return Fail(ErrorCode::kInvalid, "the host " + Quote(parts.host) + " is not valid");
  }
  return {};
}

// RFC 3986 section 5.2.4, for a path that is empty or begins with '/'.
std::string RemoveDotSegments(std::string_view path) {
  std::vector<std::string_view> kept;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    const bool dots = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!dots) kept.push_back(segment);
    // "/a/.." names the folder: the slash at the end stays.
    if (dots && path.empty()) kept.emplace_back();
  }
  std::string out;
  for (const auto segment : kept) out.append("/").append(segment);
  return out;
}

// RFC 3986 section 5.2.3. The base has an authority.
std::string MergePaths(std::string_view base, std::string_view reference) {
  std::string merged(base.substr(0, base.rfind('/') + 1));
  if (merged.empty()) merged = "/";
  return merged.append(reference);
}

std::string WriteOrigin(Scheme scheme, const std::string& host, std::uint16_t port) {
  std::string origin = scheme == Scheme::kHttp ? "http://" : "https://";
  const bool is_ipv6 = host.find(':') != std::string::npos;
  origin.append(is_ipv6 ? "[" : "").append(host).append(is_ipv6 ? "]:" : ":");
  return origin + std::to_string(port);
}

}  // namespace

Result<Url> Url::Parse(std::string_view text) {
  if (auto checked = CheckText(text); !checked) return tl::unexpected(checked.error());
  const auto parts = Split(text);
  const auto scheme = ReadScheme(parts);
  if (!scheme) return tl::unexpected(scheme.error());
  const auto host = ReadHost(parts.host);
  if (!host) return tl::unexpected(host.error());
  const auto port = ReadPort(parts.port, *scheme);
  if (!port) return tl::unexpected(port.error());
  // Browsers take '\' for '/': they would find another host here.
  if (parts.userinfo.find('\\') != parts.userinfo.npos) {
    return Fail(ErrorCode::kInvalid, "the URL has a backslash before its host");
  }
  auto made = std::make_shared<Url::Parts>();
  made->target = BuildTarget(parts);
  if (auto checked = CheckGrammar(parts, made->target); !checked) {
    return tl::unexpected(checked.error());
  }
  made->text = text;
  made->scheme = *scheme;
  made->host = *host;
  made->port = *port;
  made->userinfo = parts.userinfo;
  made->origin = WriteOrigin(*scheme, *host, *port);
  made->has_fragment = parts.has_fragment;
  Url url;
  url.parts_ = std::move(made);
  return url;
}

const std::shared_ptr<const Url::Parts>& Url::NoParts() {
  static const auto parts = std::make_shared<const Parts>();
  return parts;
}

std::string Url::HostHeader() const {
  const bool is_ipv6 = host().find(':') != std::string::npos;
  std::string header = is_ipv6 ? '[' + host() + ']' : host();
  const bool is_default = port() == (scheme() == Scheme::kHttp ? 80 : 443);
  if (!is_default) header.append(":").append(std::to_string(port()));
  return header;
}

std::string BasicCredentials(const Url& url) {
  if (url.userinfo().empty()) return "";
  std::string plain = PercentDecode(url.userinfo());
  // RFC 7617 wants the colon, also before an empty password.
  if (url.userinfo().find(':') == std::string::npos) plain += ':';
  return "Basic " + EncodeBase64(plain);
}

Result<std::string> ResolveReference(std::string_view base, std::string_view reference) {
  const auto base_url = Url::Parse(base);
  if (!base_url) return Fail(ErrorCode::kInvalid, "the base: " + base_url.error().message);
  if (!reference.empty()) {
    if (auto checked = CheckText(reference); !checked) return tl::unexpected(checked.error());
  }
  const Parts from = Split(base);
  const Parts to = Split(reference);
  // RFC 3986 section 5.2.2; but the path of the base loses its dot segments for an empty reference
  // too, so that resolving the result again changes nothing.
  std::string_view authority = from.authority;
  std::string path;
  const Parts* query_from = &to;
  if (to.has_scheme || to.has_authority) {
    if (!to.has_authority) {
      const auto scheme = ReadScheme(to);
      if (!scheme) return tl::unexpected(scheme.error());
      return Fail(ErrorCode::kInvalid, "the URL has no host");
    }
    authority = to.authority;
    path = RemoveDotSegments(to.path);
  } else if (to.path.empty()) {
    path = RemoveDotSegments(from.path);
    if (!to.has_query) query_from = &from;
  } else if (to.path.starts_with('/')) {
    path = RemoveDotSegments(to.path);
  } else {
    path = RemoveDotSegments(MergePaths(from.path, to.path));
  }
  std::string result(to.has_scheme ? to.scheme : from.scheme);
  result.append("://").append(authority).append(path);
  if (query_from->has_query) result.append("?").append(query_from->query);
  if (to.has_fragment) result.append("#").append(to.fragment);
  if (auto url = Url::Parse(result); !url) return tl::unexpected(url.error());
  return result;
}

std::string AppendQuery(std::string_view url, std::string_view query) {
  const auto end = std::min(url.find('#'), url.size());
  std::string out(url.substr(0, end));
  if (!query.empty()) {
    const auto mark = out.find('?');
    if (mark == out.npos) {
      out += '?';
    } else if (mark + 1 != out.size() && !out.ends_with('&')) {
      out += '&';
    }
    out += query;
  }
  return out.append(url.substr(end));
}

std::string DescribeDifference(std::string_view a, std::string_view b) {
  if (a == b) return "";
  const auto url_a = Url::Parse(a);
  const auto url_b = Url::Parse(b);
  if (!url_a || !url_b || url_a->host() != url_b->host()) return "other";
  const Parts x = Split(a);
  const Parts y = Split(b);
  std::string out;
  const auto add = [&out](bool differs, std::string_view what) {
    if (differs) out.append(out.empty() ? "" : ", ").append(what);
  };
  const bool default_ports = x.port.empty() && y.port.empty();
  add(x.scheme != y.scheme, "scheme");
  add(x.userinfo != y.userinfo, "userinfo");
  add(x.host != y.host, "host case");
  add(!default_ports && x.port != y.port, "port");
  if (x.path != y.path) {
    std::string_view longer = x.path.size() > y.path.size() ? x.path : y.path;
    std::string_view shorter = x.path.size() > y.path.size() ? y.path : x.path;
    const bool only_slash =
        longer.size() == shorter.size() + 1 && longer.starts_with(shorter) && longer.ends_with('/');
    add(only_slash, "trailing slash");
    add(!only_slash, "path");
  }
  add(x.has_query != y.has_query || x.query != y.query, "query");
  add(x.has_fragment != y.has_fragment || x.fragment != y.fragment, "fragment");
  return out.empty() ? "other" : out;
}

std::string ExpandShorthand(std::string_view text) {
  if (text.size() > 1 && text[0] == ':' && IsDigit(text[1])) {
    return "http://localhost" + std::string(text);
  }
  return std::string(text);
}

}  // namespace websub
