// The Link header field (RFC 8288), read tolerantly and written strictly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace websub {

struct LinkParameter {
  std::string name;  // lower case
  std::string value;
  bool operator==(const LinkParameter&) const = default;
};

struct Link {
  std::string target;             // as written between the angle brackets; may be relative
  std::vector<std::string> rels;  // lower case, of the first rel parameter (RFC 8288 section 3.3)
  std::vector<LinkParameter> parameters;  // the others, in order
  std::size_t column = 0;                 // 1-based, of the link in its field value

  bool HasRel(std::string_view rel) const;
  // The column says where a link stood, not what it is.
  bool operator==(const Link& o) const {
    return target == o.target && rels == o.rels && parameters == o.parameters;
  }
};

struct LinkHeader {
  std::vector<Link> links;
  std::vector<Warning> warnings;  // with columns
};

// Reads one field value; never fails, and stays linear in its length. Malformed links of the kinds
// seen in the wild (no angle brackets, no semicolon, unquoted or several rels, stray commas,
// unclosed quotes) are read as what was meant, each with a warning; what cannot be read is skipped
// with a warning. A link whose "anchor" names another resource is kept, with the anchor in its
// parameters: discovery leaves it out. A rel parameter after the first is left out (RFC 8288
// section 3.3), with a warning.
LinkHeader ParseLinkHeader(std::string_view value);

// What one field value may hold; the rest is left out, with a warning.
inline constexpr std::size_t kMaxLinks = 1000;
inline constexpr std::size_t kMaxLinkParameters = 100;  // per link
inline constexpr std::size_t kMaxLinkWarnings = 100;

// <target>; rel="a b"; name="value", <...>  ParseLinkHeader reads it back to the same links,
// without a warning, for links within the limits above that have a rel and whose targets hold no
// angle bracket, no control character and no white space at either end. Whatever they hold, no
// value can end its line or its place: control characters are left out, angle brackets in a target
// are percent-encoded, parameters whose name is no token, or "rel", are left out.
std::string FormatLinkHeader(const std::vector<Link>& links);

}  // namespace websub
