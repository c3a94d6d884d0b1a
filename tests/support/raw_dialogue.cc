#include "tests/support/raw_dialogue.h"

#include <utility>

#include "core/exchange.h"
#include "core/form.h"
#include "core/text.h"

namespace websub::tests {

namespace {

std::string Target(const RawMessage& message) {
  const auto begin = message.start.find(' ') + 1;
  return message.start.substr(begin, message.start.rfind(' ') - begin);
}

}  // namespace

int RawMessage::status() const {
  return start.starts_with("HTTP/1.1 ") ? std::stoi(start.substr(9)) : 0;
}

std::string RawMessage::method() const {
  return start.substr(0, start.find(' '));
}

std::string RawMessage::path() const {
  const std::string target = Target(*this);
  return target.substr(0, target.find('?'));
}

std::string RawMessage::query() const {
  const std::string target = Target(*this);
  const auto at = target.find('?');
  return at == target.npos ? "" : target.substr(at + 1);
}

std::string RawMessage::Parameter(const std::string& name) const {
  const auto form = ParseForm(query());
  return form ? std::string(FindField(*form, name).value_or("")) : "";
}

std::optional<std::string> RawMessage::Field(std::string_view name) const {
  for (const auto& [field, value] : HeadFields(head)) {
    if (EqualIgnoringCase(field, name)) return std::string(value);
  }
  return std::nullopt;
}

RawMessage ReadRaw(RawConnection& connection) {
  const std::string whole = connection.ReadMessage();
  const auto end = whole.find("\r\n\r\n");
  RawMessage message;
  message.head = end == whole.npos ? whole : whole.substr(0, end + 4);
  message.body = whole.substr(message.head.size());
  message.start = whole.substr(0, whole.find("\r\n"));
  return message;
}

std::string RawRequest(const HubProcess& hub, const std::string& lines, const std::string& body) {
  std::string bytes;
  for (const char c : lines) {
    if (c == '\n') bytes += '\r';
    bytes += c;
  }
  bytes += "Host: " + hub.base().substr(hub.base().find("://") + 3) + "\r\n";
  if (!lines.starts_with("GET ")) {
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return bytes + "\r\n" + body;
}

RawMessage SendRaw(const HubProcess& hub, const std::string& lines, const std::string& body) {
  RawConnection connection(
      static_cast<std::uint16_t>(std::stoi(hub.base().substr(hub.base().rfind(':') + 1))));
  connection.Write(RawRequest(hub, lines, body));
  return ReadRaw(connection);
}

std::string RawAnswer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

RawReceiver::RawReceiver(Play play)
    : play_(std::move(play)), server_([this](RawConnection& connection, int) {
        for (;;) {
          RawMessage message = ReadRaw(connection);
          if (message.start.empty()) return;
          {
            const std::lock_guard lock(mutex_);
            got_.push_back(message);
          }
          if (!connection.Write(play_(message))) return;
        }
      }) {}

std::vector<RawMessage> RawReceiver::Got(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  std::vector<RawMessage> those;
  for (const RawMessage& message : got_) {
    if (message.method() == method) those.push_back(message);
  }
  return those;
}

bool RawReceiver::WaitFor(const std::string& method, std::size_t count) const {
  return Eventually([&] { return Got(method).size() >= count; });
}

}  // namespace websub::tests
