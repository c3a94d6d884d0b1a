#include "core/notification.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/exchange.h"
#include "core/link_header.h"
#include "core/version.h"

namespace websub {
namespace {

Url U(std::string_view text) {
  return *Url::Parse(text);
}

std::string FieldOf(std::string_view head, std::string_view name) {
  std::string value = "(none)";
  for (const auto& field : HeadFields(head)) {
    if (field.first != name) continue;
    CHECK(value == "(none)");  // once only
    value = field.second;
  }
  return value;
}

NotificationContent Content() {
  return {"application/atom+xml; charset=utf-8",
          {"https://hub.example/hub"},
          "https://p.example/feed?a=1",
          "m-7",
          2048};
}

TEST_CASE(
    "writes the head of a delivery (HUB-DIS-01 HUB-DIS-02 HUB-DIS-03 HUB-DIS-04 HUB-SIG-01)") {
  const std::string head = NotificationHead(NotificationStart(U("http://s.example:8080/cb?id=7#f")),
                                            SharedHead(Content()), 2, "sha256=00ff");
  CHECK(head == std::string("POST /cb?id=7 HTTP/1.1\r\n"
                            "Host: s.example:8080\r\n"
                            "Content-Type: application/atom+xml; charset=utf-8\r\n"
                            "Content-Length: 2048\r\n"
                            "Link: <https://hub.example/hub>; rel=\"hub\", "
                            "<https://p.example/feed?a=1>; rel=\"self\"\r\n"
                            "User-Agent: websub/") +
                    kVersion +
                    "\r\n"
                    "Websub-Message-Id: m-7\r\n"
                    "Websub-Attempt: 2\r\n"
                    "X-Hub-Signature: sha256=00ff\r\n"
                    "\r\n");
}

TEST_CASE("writes no signature where there is none (HUB-SIG-03)") {
  const std::string head =
      NotificationHead(NotificationStart(U("http://s.example/")), SharedHead(Content()), 1, "");
  CHECK(FieldOf(head, "X-Hub-Signature") == "(none)");
  CHECK(FieldOf(head, "Authorization") == "(none)");
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("names every hub and the self in one Link field (HUB-DIS-04)") {
  NotificationContent content = Content();
  content.hubs = {"https://a.example/", "https://b.example/x,y;z"};
  content.self = "https://p.example/ü?q=\"<a>\"";
  const auto links = ParseLinkHeader(FieldOf(SharedHead(content), "Link"));
  CHECK(links.warnings.empty());
  REQUIRE(links.links.size() == 3);
  CHECK(links.links[0].target == "https://a.example/");
  CHECK(links.links[0].HasRel("hub"));
  CHECK(links.links[1].target == "https://b.example/x,y;z");
  CHECK(links.links[2].target == "https://p.example/ü?q=\"%3Ca%3E\"");
  CHECK(links.links[2].HasRel("self"));
}

TEST_CASE("an empty content type makes no field (HUB-DIS-02)") {
  NotificationContent content = Content();
  content.content_type = "";
  CHECK(FieldOf(SharedHead(content), "Content-Type") == "(none)");
  content.content_type = "\r\n";
  CHECK(FieldOf(SharedHead(content), "Content-Type") == "(none)");
  content.body_size = 0;
  CHECK(FieldOf(SharedHead(content), "Content-Length") == "0");
}

TEST_CASE("turns the userinfo of a callback into credentials") {
  const auto authorization = [](std::string_view callback) {
    return FieldOf(NotificationHead(NotificationStart(U(callback)), "", 1, ""), "Authorization");
  };
  // printf 'user:p@ss' | base64
  CHECK(authorization("http://user:p%40ss@s.example/") == "Basic dXNlcjpwQHNz");
  CHECK(authorization("http://user@s.example/") == "Basic dXNlcjo=");
  CHECK(authorization("http://:@s.example/") == "Basic Og==");
  CHECK(authorization("http://u:%0D%0AX@s.example/") == "Basic dToNClg=");
  CHECK(authorization("http://@s.example/") == "(none)");
  const std::string head =
      NotificationHead(NotificationStart(U("http://user:p%40ss@s.example/x")), "", 1, "");
  CHECK(head.find("p%40ss") == std::string::npos);
  CHECK(head.starts_with("POST /x HTTP/1.1\r\nHost: s.example\r\n"));
}

TEST_CASE("no value can begin a line of its own") {
  std::string hostile = "a\r\nInjected: yes\r\n\r\nbody";
  for (char c = 0; c < ' '; ++c) hostile += c;
  hostile += "\x7f>, <x>; rel=\"hub\"";
  const NotificationContent content{hostile, {hostile, hostile}, hostile, hostile, 1};
  const std::string head = NotificationHead(NotificationStart(U("http://s.example/a%0D%0Ab")),
                                            SharedHead(content), 1, "sha256=00");
  CHECK(FieldOf(head, "Injected") == "(none)");
  CHECK(HeadFields(head).size() == 8);
  CHECK(std::count(head.begin(), head.end(), '\n') == 10);
  CHECK(std::count(head.begin(), head.end(), '\r') == 10);
  CHECK(ParseLinkHeader(FieldOf(head, "Link")).links.size() == 3);
}

}  // namespace
}  // namespace websub
