#include "core/request_head.h"

#include <algorithm>

#include "core/text.h"
#include "core/version.h"

namespace websub {

namespace {

void AppendField(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  std::copy_if(value.begin(), value.end(), std::back_inserter(head),
               [](char c) { return !IsControl(c) || c == '\t'; });
  head.append("\r\n");
}

}  // namespace

std::string RequestHead(std::string_view method, const Url& url,
                        const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string head;
  head.append(method).append(" ").append(url.target()).append(" HTTP/1.1\r\n");
  AppendField(head, "Host", url.HostHeader());
  const bool named = std::any_of(fields.begin(), fields.end(), [](const auto& field) {
    return EqualIgnoringCase(field.first, "User-Agent");
  });
  if (!named) AppendField(head, "User-Agent", std::string("websub/") + kVersion);
  const std::string credentials = BasicCredentials(url);
  if (!credentials.empty()) AppendField(head, "Authorization", credentials);
  for (const auto& [name, value] : fields) AppendField(head, name, value);
  head.append("\r\n");
  return head;
}

}  // namespace websub
