#include "hub/http/response_head.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace websub::hub::http {

namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

constexpr std::array kReasons = {
    Reason{100, "Continue"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{206, "Partial Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{303, "See Other"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{411, "Length Required"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{415, "Unsupported Media Type"},
    Reason{421, "Misdirected Request"},
    Reason{422, "Unprocessable Content"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{507, "Insufficient Storage"},
};

bool DecidedByServer(std::string_view name) {
  return EqualIgnoringCase(name, "Content-Length") || EqualIgnoringCase(name, "Connection") ||
         EqualIgnoringCase(name, "Transfer-Encoding") || EqualIgnoringCase(name, "Date");
}

void AppendPlain(std::string& head, std::string_view text) {
  for (const char c : text) {
    if (!IsControl(c) || c == '\t') head.push_back(c);
  }
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  const auto found = std::find_if(kReasons.begin(), kReasons.end(),
                                  [&](const Reason& each) { return each.status == status; });
  return found == kReasons.end() ? "Unknown" : found->phrase;
}

bool MayHaveBody(int status) {
  return status >= 200 && status != 204 && status != 304;
}

std::string FormatResponseHead(const Response& response, KeepAlive keep_alive, Time now) {
  std::string head;
  head.reserve(256);
  head += "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += ReasonPhrase(response.status);
  head += "\r\n";
  for (const auto& [name, value] : response.fields) {
    if (DecidedByServer(name)) continue;
    AppendPlain(head, name);
    head += ": ";
    AppendPlain(head, value);
    head += "\r\n";
  }
  head += "Date: ";
  head += FormatHttpDate(now);
  head += "\r\n";
  if (MayHaveBody(response.status) && !response.source) {
    head += "Content-Length: ";
    head += std::to_string(response.Body().size());
    head += "\r\n";
  }
  head += keep_alive == KeepAlive::kYes ? "Connection: keep-alive\r\n\r\n"
                                        : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace websub::hub::http
