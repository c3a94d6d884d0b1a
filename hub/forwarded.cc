#include "hub/forwarded.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/text.h"
#include "hub/http/peer_address.h"

namespace websub::hub {

namespace {

// All fields of that name as one list; empty where there is none.
std::string Joined(const http::Request& request, std::string_view name) {
  std::string list;
  for (const auto& [field, value] : request.fields) {
    if (EqualIgnoringCase(field, name)) list += (list.empty() ? "" : ",") + value;
  }
  return list;
}

std::string_view WithoutQuotes(std::string_view text) {
  text = Trim(text);
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

// The value of "for" in one element of Forwarded; empty where there is none.
std::string_view ForOf(std::string_view element) {
  while (!element.empty()) {
    const auto end = std::min(element.find(';'), element.size());
    const std::string_view pair = Trim(element.substr(0, end));
    if (pair.size() > 4 && EqualIgnoringCase(pair.substr(0, 4), "for=")) return pair.substr(4);
    element.remove_prefix(std::min(end + 1, element.size()));
  }
  return {};
}

}  // namespace

bool IsIn(const std::vector<AddressRange>& ranges, std::string_view literal) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const AddressRange& range) { return range.Holds(literal); });
}

std::string PeerBehind(const std::vector<AddressRange>& proxies, const http::Request& request) {
  std::string peer = request.peer;
  if (!IsIn(proxies, http::HostOfPeer(peer))) return peer;
  std::string list = Joined(request, "X-Forwarded-For");
  const bool plain = !list.empty();
  if (!plain) list = Joined(request, "Forwarded");
  std::string_view left = list;
  while (!left.empty() && IsIn(proxies, http::HostOfPeer(peer))) {
    const auto comma = left.rfind(',');
    const auto begin = comma == std::string_view::npos ? 0 : comma + 1;
    const std::string_view element = left.substr(begin);
    const std::string_view hop = WithoutQuotes(plain ? element : ForOf(element));
    if (!ClassifyAddress(http::HostOfPeer(hop))) break;
    peer = std::string(http::HostOfPeer(hop));
    left = left.substr(0, begin == 0 ? 0 : comma);
  }
  return peer;
}

}  // namespace websub::hub
