// The head of an outgoing request.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/url.h"

namespace websub {

// "METHOD target HTTP/1.1", Host, User-Agent: websub/VERSION (unless the fields bring one),
// Authorization: Basic for a URL with userinfo, the fields, and the empty line. Control characters
// in a value are left out, so that no value can end its line.
std::string RequestHead(std::string_view method, const Url& url,
                        const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace websub
