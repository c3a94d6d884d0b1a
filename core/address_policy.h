// Where the hub may connect to: a guard against being used to reach what only its own machine or
// network can reach.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/result.h"
#include "core/url.h"

namespace websub {

// What an operator allows although it is not public: a range of addresses, or a host name with
// whatever addresses it leads to.
class AllowedHost {
 public:
  // "10.0.0.0/8", "fd00::/8", "192.168.1.7"; "hub.internal"; "*.internal" or ".internal" for every
  // name under it. kInvalid, with a sentence that says what to write.
  static Result<AllowedHost> Parse(std::string_view text);

  bool HoldsAddress(std::string_view literal) const;
  // The name in lower case, without a dot at its end.
  bool HoldsName(std::string_view name) const;

 private:
  AddressRange range_;
  std::string name_;  // empty: the range counts; with a dot in front: every name under it
};

// Port numbers, as ranges from first to last.
using PortList = std::vector<std::pair<std::uint16_t, std::uint16_t>>;

// "80,443,8000-8999". kInvalid, with a sentence that says what to write.
Result<PortList> ParsePortList(std::string_view text);

struct AddressRules {
  bool allow_private = false;        // addresses that are not public, too
  std::vector<AllowedHost> allowed;  // these all the same
  PortList ports;                    // empty: all
  // Where no ports are listed: not those of services that are no HTTP and have been driven by
  // requests that pretended to be (AddressPolicy::kGuardedPorts).
  bool guard_ports = true;
  bool allow_credentials = false;        // user names and passwords in URLs
  std::string flag = "--allow-private";  // that can allow an address, for sentences
};

// Immutable. Every error is kForbidden, or kInvalid for a URL that is refused for how it is
// written; its sentence says what was refused, of what kind it is, and which flag would allow it.
class AddressPolicy {
 public:
  // ssh, telnet, mail, DNS, LDAP, SMB, syslog, IRC, and databases that listen to whoever connects.
  static constexpr std::uint16_t kGuardedPorts[] = {21,  22,   23,   25,   53,   110,   143,
                                                    389, 445,  465,  514,  587,  636,   993,
                                                    995, 3306, 5432, 6379, 6667, 11211, 27017};

  explicit AddressPolicy(AddressRules rules) : rules_(std::move(rules)) {}

  // What can be judged before a name is looked up: credentials, the port, an address literal,
  // localhost, and a host that a lookup would read as an IPv4 address in another spelling. A URL
  // that passes is not allowed yet: CheckConnect has the last word.
  Result<void> CheckUrl(const Url& url) const;
  // Its parts: no credentials, and everything but them.
  Result<void> CheckCredentials(const Url& url) const;
  Result<void> CheckHost(std::string_view host, std::uint16_t port) const;

  // Whether this address may be connected to, which `host` (of a URL: a name, or the literal
  // itself) has led to.
  Result<void> CheckConnect(std::string_view host, std::string_view address,
                            std::uint16_t port) const;

 private:
  Result<void> CheckPort(std::uint16_t port) const;
  bool AllowsName(std::string_view host) const;
  bool AllowsAddress(std::string_view literal) const;
  // Says that it is refused. The name is empty where the URL has the literal, the literal where a
  // name is refused by itself.
  Result<void> Refuse(std::string_view name, std::string_view literal, AddressClass its) const;

  const AddressRules rules_;
};

}  // namespace websub
