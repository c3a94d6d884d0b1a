#include "core/notification.h"

#include "core/link_header.h"
#include "core/text.h"
#include "core/version.h"

namespace websub {
namespace {

// What may stand in a field's value: nothing that could end the line.
std::string Clean(std::string_view value) {
  std::string clean;
  clean.reserve(value.size());
  for (const char c : value) {
    if (!IsControl(c)) clean += c;
  }
  return std::string(Trim(clean));
}

void AppendField(std::string& head, std::string_view name, std::string_view value) {
  const std::string clean = Clean(value);
  if (!clean.empty()) head.append(name).append(": ").append(clean).append("\r\n");
}

std::string LinkTarget(std::string_view url) {
  std::string target;
  for (const char c : Clean(url)) {
    if (c == '<' || c == '>') {
      AppendPercentEncoded(target, c);
    } else {
      target += c;
    }
  }
  return target;
}

}  // namespace

std::string SharedHead(const NotificationContent& content) {
  std::vector<Link> links;
  const auto add = [&links](std::string_view url, const char* rel) {
    if (!url.empty()) links.push_back({LinkTarget(url), {rel}, {}, 0});
  };
  for (const std::string& hub : content.hubs) add(hub, "hub");
  add(content.self, "self");
  std::string head;
  AppendField(head, "Content-Type", content.content_type);
  AppendField(head, "Content-Length", std::to_string(content.body_size));
  AppendField(head, "Link", FormatLinkHeader(links));  // HUB-DIS-04
  AppendField(head, "User-Agent", std::string("websub/") + kVersion);
  AppendField(head, "Websub-Message-Id", content.message_id);
  AppendField(head, "Websub-Entries", content.entries);
  return head;
}

std::string NotificationStart(const Url& callback) {
  // Neither the target nor the host of a URL has control characters.
  std::string start = "POST " + callback.target() + " HTTP/1.1\r\nHost: ";
  start.append(callback.HostHeader()).append("\r\n");
  AppendField(start, "Authorization", BasicCredentials(callback));
  return start;
}

std::string NotificationHead(std::string_view start, std::string_view shared_head, int attempt,
                             std::string_view signature) {
  constexpr std::string_view kAttempt = "Websub-Attempt: ";
  constexpr std::string_view kSignature = "\r\nX-Hub-Signature: ";
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::string number = std::to_string(attempt);
  std::string head;
  head.reserve(start.size() + shared_head.size() + kAttempt.size() + number.size() +
               kSignature.size() + signature.size() + kEnd.size());
  head.append(start).append(shared_head).append(kAttempt).append(number);
  if (!signature.empty()) head.append(kSignature).append(signature);
  return head.append(kEnd);
}

}  // namespace websub
