#include "core/address_policy.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace websub {
namespace {

std::string_view WithoutDot(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool IsHostName(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  bool label_began = false;
  for (const char c : name) {
    if (c == '.' && !label_began) return false;
    if (c != '.' && !IsAlpha(c) && !IsDigit(c) && c != '-' && c != '_') return false;
    label_began = c != '.';
  }
  return label_began;
}

// Whoever reads addresses loosely takes a host whose last label is a number for an address (the
// WHATWG's URL standard, "ends in a number"); no top-level domain is one.
bool EndsInNumber(std::string_view host) {
  host = WithoutDot(host);
  const auto dot = host.rfind('.');
  const std::string_view last = dot == host.npos ? host : host.substr(dot + 1);
  if (last.starts_with("0x")) {
    return std::all_of(last.begin() + 2, last.end(), [](char c) { return HexValue(c) >= 0; });
  }
  return !last.empty() && std::all_of(last.begin(), last.end(), IsDigit);
}

// RFC 6761 section 6.3: these lead to loopback, whatever a name server says.
bool IsLocalhost(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

std::string WithArticle(AddressClass its) {
  const std::string_view name = Name(its);
  const bool vowel = std::string_view("aeiouI").find(name[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(name) + " address";
}

Result<std::uint16_t> ReadPort(std::string_view text) {
  std::uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port == 0) {
    return Fail(ErrorCode::kInvalid,
                Quote(text, 20) + " is no port: write ports from 1 to 65535 like 80,443,8000-8999");
  }
  return port;
}

}  // namespace

Result<AllowedHost> AllowedHost::Parse(std::string_view text) {
  AllowedHost host;
  const std::string lower = ToLower(text);
  std::string_view name = WithoutDot(lower);
  const bool is_range = name.find_first_of(":/%") != name.npos || EndsInNumber(name);
  if (is_range) {
    auto range = AddressRange::Parse(text);
    if (!range) return tl::unexpected(range.error());
    host.range_ = *range;
    return host;
  }
  if (name.starts_with("*.")) name.remove_prefix(1);
  if (!IsHostName(name.starts_with('.') ? name.substr(1) : name)) {
    return Fail(ErrorCode::kInvalid,
                Quote(text) +
                    " is neither a range of addresses nor a host: write 10.0.0.0/8, "
                    "192.168.1.7, hub.internal or *.internal");
  }
  host.name_ = name;
  return host;
}

bool AllowedHost::HoldsAddress(std::string_view literal) const {
  return name_.empty() && range_.Holds(literal);
}

bool AllowedHost::HoldsName(std::string_view name) const {
  if (name_.empty()) return false;
  if (!name_.starts_with('.')) return name == name_;
  return name.size() > name_.size() && name.ends_with(name_);
}

Result<PortList> ParsePortList(std::string_view text) {
  PortList ports;
  for (bool more = true; more;) {
    const std::string_view item = text.substr(0, text.find(','));
    more = item.size() < text.size();
    text.remove_prefix(item.size() + (more ? 1 : 0));
    const auto dash = item.find('-');
    const auto first = ReadPort(item.substr(0, dash));
    if (!first) return tl::unexpected(first.error());
    const auto last = dash == item.npos ? first : ReadPort(item.substr(dash + 1));
    if (!last) return tl::unexpected(last.error());
    if (*last < *first) {
      return Fail(ErrorCode::kInvalid,
                  Quote(item, 20) + " runs backwards: write the lower one first");
    }
    ports.emplace_back(*first, *last);
  }
  return ports;
}

bool AddressPolicy::AllowsName(std::string_view host) const {
  const std::string_view name = WithoutDot(host);
  return std::any_of(rules_.allowed.begin(), rules_.allowed.end(),
                     [name](const AllowedHost& each) { return each.HoldsName(name); });
}

bool AddressPolicy::AllowsAddress(std::string_view literal) const {
  return std::any_of(rules_.allowed.begin(), rules_.allowed.end(),
                     [literal](const AllowedHost& each) { return each.HoldsAddress(literal); });
}

Result<void> AddressPolicy::CheckPort(std::uint16_t port) const {
  const std::string number = std::to_string(port);
  if (rules_.ports.empty()) {
    if (!rules_.guard_ports || std::ranges::find(kGuardedPorts, port) == std::end(kGuardedPorts)) {
      return {};
    }
    return Fail(ErrorCode::kForbidden,
                "port " + number +
                    " belongs to a service that is no HTTP, which this hub does not "
                    "call (--allow-ports can allow it)");
  }
  const bool listed = std::ranges::any_of(rules_.ports, [port](const auto& range) {
    return range.first <= port && port <= range.second;
  });
  if (listed) return {};
  return Fail(ErrorCode::kForbidden,
              "port " + number + " is none that this hub calls (--allow-ports can allow it)");
}

Result<void> AddressPolicy::Refuse(std::string_view name, std::string_view literal,
                                   AddressClass its) const {
  std::string sentence;
  if (name.empty()) {
    sentence.append(literal).append(" is ");
  } else {
    sentence.append(name).append(" leads to ").append(literal).append(literal.empty() ? "" : ", ");
  }
  sentence.append(WithArticle(its))
      .append(", which this hub does not call (")
      .append(rules_.flag)
      .append(" can allow it)");
  return Fail(ErrorCode::kForbidden, std::move(sentence));
}

Result<void> AddressPolicy::CheckCredentials(const Url& url) const {
  if (!rules_.allow_credentials && !url.userinfo().empty()) {
    return Fail(ErrorCode::kInvalid,
                "the URL holds a user name or password, which this hub takes from nobody "
                "(--allow-credentials-in-urls can allow it)");
  }
  return {};
}

Result<void> AddressPolicy::CheckUrl(const Url& url) const {
  if (auto allowed = CheckCredentials(url); !allowed) return allowed;
  return CheckHost(url.host(), url.port());
}

Result<void> AddressPolicy::CheckHost(std::string_view host, std::uint16_t port) const {
  if (ClassifyAddress(host)) return CheckConnect(host, host, port);
  if (auto allowed = CheckPort(port); !allowed) return allowed;
  if (EndsInNumber(host)) {
    const auto meant = ReadLooseIpv4(host);
    return Fail(ErrorCode::kInvalid,
                "the host " + Quote(host) +
                    (meant ? " is an IPv4 address in an unusual spelling: write it as " + *meant
                           : " looks like an IPv4 address, and is none"));
  }
  const std::string_view name = WithoutDot(host);
  if (rules_.allow_private || !IsLocalhost(name) || AllowsName(name) ||
      AllowsAddress("127.0.0.1") || AllowsAddress("::1")) {
    return {};
  }
  return Refuse(host, "", AddressClass::kLoopback);
}

Result<void> AddressPolicy::CheckConnect(std::string_view host, std::string_view address,
                                         std::uint16_t port) const {
  if (auto allowed = CheckPort(port); !allowed) return allowed;
  const auto its = ClassifyAddress(address);
  if (!its) {
    return Fail(ErrorCode::kForbidden, Quote(address) + " is no address that can be judged");
  }
  if (*its == AddressClass::kPublic || rules_.allow_private || AllowsAddress(address) ||
      (host != address && AllowsName(host))) {
    return {};
  }
  return Refuse(host == address ? "" : host, address, *its);
}

}  // namespace websub
