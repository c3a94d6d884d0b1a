#include <doctest/doctest.h>

#include "core/base64.h"
#include "core/digest.h"
#include "core/text.h"
#include "tests/cli/conformance_report_fixture.h"

namespace websub::cli::conformance {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  REQUIRE(from != std::string::npos);
  const std::size_t inside = from + begin.size();
  return text.substr(inside, text.find(end, inside) - inside);
}

TEST_CASE("the HTML report allows its own style sheet and nothing else") {
  const std::string html = ReportHtml(MadeReport());
  const std::string policy =
      Between(html, "http-equiv=\"Content-Security-Policy\" content=\"", "\">");
  CHECK(policy.starts_with("default-src 'none'; style-src 'sha256-"));
  CHECK(Has(policy, "base-uri 'none'; form-action 'none'"));
  std::string digest;
  const auto allowed = DecodeBase64(Between(policy, "'sha256-", "'"));
  REQUIRE(allowed);
  for (const char byte : *allowed) {
    constexpr std::string_view kHex = "0123456789abcdef";
    digest += kHex[static_cast<unsigned char>(byte) >> 4];
    digest += kHex[static_cast<unsigned char>(byte) & 15];
  }
  CHECK(digest == Sha256Hex(Between(html, "<style>", "</style>")));
  for (const char* active : {"<script", " style=", " onclick", "src=", "url(", "@import", "<link",
                             "<img", "<iframe", "javascript:"}) {
    CAPTURE(active);
    CHECK_FALSE(Has(html, active));
  }
}

TEST_CASE("the HTML report escapes what peers sent") {
  const std::string html = ReportHtml(MadeReport());
  CHECK(Has(html, "&lt;script&gt;alert(1)&lt;/script&gt;<i>\\n</i>\nline two"));
  CHECK(Has(html, "expected 4xx, got 202 &lt;b&gt;&amp;&quot;&#39;\\x01 ]]&gt;"));
  CHECK(Has(html, "\\xff\\x00\\x1b[2J"));
  CHECK(IsUtf8(html));
}

TEST_CASE("the HTML report draws a failure as a sequence in time") {
  const std::string html = ReportHtml(MadeReport());
  const std::string failed = Between(html, "<li id=\"HUB-REQ-03/bytes\"", "<li id=");
  CHECK(Has(failed, ">subscriber</text>"));
  CHECK(Has(failed, ">callback</text>"));
  CHECK(Has(failed, ">POST /hub?a=1</text>"));
  CHECK(Has(failed, ">202</text>"));
  CHECK(Has(failed, ">+2.000 s</text>"));
  CHECK(Has(failed, ">no answer: "));
  CHECK(Has(failed, "Host: hub.example\\r<i>\\n</i>"));
  CHECK(failed.find(">+0.000 s<") < failed.find(">+2.000 s<"));
  CHECK_FALSE(Has(Between(html, "<li id=\"HUB-REQ-01\"", "</li>"), "<svg"));
}

TEST_CASE("the HTML report holds huge bodies and many exchanges in bounds") {
  Report report = MadeReport();
  auto& evidence = report.cases[1].evidence;
  evidence[0].exchange.response_body = std::string(64 * 1024, '&');
  evidence[0].exchange.response_body_size = 1'000'000;
  for (int i = 0; i < 400; ++i) evidence.push_back(SubscribeAnswered(202, "x"));
  const std::string html = ReportHtml(report);
  CHECK(Has(html, "(16384 bytes of 1000000)"));
  CHECK(Has(html, "342 exchanges more"));
  CHECK(html.size() < 400 * 1024);
}

}  // namespace
}  // namespace websub::cli::conformance
