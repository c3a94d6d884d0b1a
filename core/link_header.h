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
  std::string target;                     // as written between the angle brackets; may be relative
  std::vector<std::string> rels;          // lower case, of the first rel parameter (RFC 8288 section 3.3)
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

// Reads one field value; never fails. Malformed links of the kinds seen in the wild (no angle brackets,
// no semicolon, unquoted or several rels, stray commas, unclosed quotes) are read as what was meant,
// each with a warning; what cannot be read is skipped with a warning. A link whose "anchor" names
// another resource is kept, with the anchor in its parameters: discovery leaves it out.
LinkHeader ParseLinkHeader(std::string_view value);

// <target>; rel="a b"; name="value", <...>  ParseLinkHeader reads it back to the same links, without a
// warning, for any links whose targets hold no '>' and no control character.
std::string FormatLinkHeader(const std::vector<Link>& links);

}  // namespace websub
