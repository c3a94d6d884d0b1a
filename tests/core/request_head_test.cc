#include "core/request_head.h"

#include <doctest/doctest.h>

#include "core/version.h"

using websub::RequestHead;
using websub::Url;

TEST_CASE("a request head has the line, the host, the fields and the empty line") {
  CHECK(RequestHead("GET", *Url::Parse("http://example.com:8080/a?b=c#d"), {{"Accept", "*/*"}}) ==
        std::string("GET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: websub/") +
            websub::kVersion + "\r\nAccept: */*\r\n\r\n");
}

TEST_CASE("userinfo of a URL becomes basic authorization decoded once") {
  const auto head = RequestHead("GET", *Url::Parse("http://Aladdin:open%20sesame@h/"), {});
  CHECK(head.find("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") != std::string::npos);
}

TEST_CASE("no value can end its line of a request head") {
  const auto head = RequestHead("GET", *Url::Parse("http://h/"), {{"X", "a\r\nEvil: b"}});
  CHECK(head.find("X: aEvil: b\r\n") != std::string::npos);
}
