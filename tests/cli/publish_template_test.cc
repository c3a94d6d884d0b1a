#include "cli/commands/publish_template.h"

#include <doctest/doctest.h>

#include "cli/commands/publish_replay.h"
#include "tests/cli/fake_environment.h"

namespace websub::cli {
namespace {

constexpr std::size_t kLimit = 1 << 20;

std::string Filled(std::string_view text, long long n = 7) {
  const StoppedClock clock;
  CountingRandom random;
  const auto parsed = ContentTemplate::Parse(text, kLimit);
  REQUIRE(parsed);
  return parsed->Fill(n, clock.Now(), random);
}

std::string Complaint(std::string_view text, std::size_t limit = kLimit) {
  const auto parsed = ContentTemplate::Parse(text, limit);
  REQUIRE_FALSE(parsed);
  return parsed.error().message;
}

TEST_CASE("places of a template are filled in and all else stays byte for byte") {
  CHECK(Filled("{\"n\":{{n}},\"at\":\"{{ now }}\",\"id\":\"{{random 8}}\"}") ==
        "{\"n\":7,\"at\":\"2026-11-21T20:32:01.123456Z\",\"id\":\"aaaaaaaa\"}");
  CHECK(Filled("{{n}}{{n}}", 12) == "1212");
  CHECK(Filled("{{random 1}}") == "a");
  CHECK(Filled("").empty());
  const std::string odd("{ {n}} }} {n} \0\xff\r\n}}", 20);
  CHECK(Filled(odd) == odd);
  CHECK(Filled("{{{{n}} {{{{{{n}}") == "{{n}} {{7");
}

TEST_CASE("a wrong place of a template is named with its line") {
  CHECK(Complaint("a\nb {{nwo}}") ==
        "--template: line 2: {{nwo}} is none of {{n}}, {{now}} and {{random N}}: did you mean "
        "{{now}}?");
  CHECK(Complaint("{{rand 4}}").ends_with("did you mean {{random 8}}?"));
  CHECK(Complaint("{{N}}").ends_with("did you mean {{n}}?"));
  CHECK(Complaint("{{n 3}}").ends_with("did you mean {{n}}?"));
  CHECK(Complaint("{{zebra}}").ends_with("{{random N}}; {{{{ stands for {{"));
  CHECK(Complaint("{{}}").find("{{}} is none of") != std::string::npos);
  for (const char* bad : {"{{random}}", "{{random 0}}", "{{random 4097}}", "{{random x}}"}) {
    CHECK(Complaint(bad).find("needs a number of digits") != std::string::npos);
  }
  for (const char* open : {"{{n", "{{n\n}}", "{{", "x {{n} }"}) {
    CHECK(Complaint(open).find("{{ is not closed by }}") != std::string::npos);
  }
}

TEST_CASE("a template cannot fill the memory") {
  std::string many;
  for (int i = 0; i < 300; ++i) many += "{{random 4096}}";
  CHECK(Complaint(many).find("could pass 1048576 bytes") != std::string::npos);
  CHECK(Complaint(std::string(100'000, '{').substr(0, 99'998)).find("{{ is not") !=
        std::string::npos);
}

TEST_CASE("what looks like a template is noticed") {
  CHECK(LooksLikeTemplate("a {{n}} b"));
  CHECK(LooksLikeTemplate("{{random 4}}"));
  CHECK_FALSE(LooksLikeTemplate("{{handlebars}} {n}"));
}

constexpr char kRecorded[] =
    "POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
    "Link: <http://h/hub>; rel=\"hub\", <http://t/one>; rel=\"self\"\r\n\r\none"
    "GET /a?hub.mode=subscribe HTTP/1.1\r\nHost: x\r\n\r\n"
    "POST /b HTTP/1.1\r\nContent-Length: 4\r\nLink: <http://h/hub>; rel=hub\r\n"
    "Link: <http://t/two>; rel=self\r\n\r\n\xff\r\n\0";

TEST_CASE("a recording gives its notifications in order with topic and type") {
  const auto replay =
      ReadReplay("f", std::string_view(kRecorded, sizeof kRecorded - 1), NeedTopic::kYes);
  REQUIRE(replay);
  REQUIRE(replay->contents.size() == 2);
  CHECK(replay->contents[0].topic == "http://t/one");
  CHECK(replay->contents[0].type == "text/plain");
  CHECK(replay->contents[0].body == "one");
  CHECK(replay->contents[1].topic == "http://t/two");
  CHECK(replay->contents[1].type == "application/octet-stream");
  CHECK(replay->contents[1].body == std::string("\xff\r\n\0", 4));
  CHECK(replay->remarks ==
        std::vector<std::string>{"f: passed over 1 request without a notification"});
}

TEST_CASE("a recording that cannot be published again says why") {
  const auto complaint = [](std::string_view text, NeedTopic need = NeedTopic::kYes) {
    const auto replay = ReadReplay("f", text, need);
    REQUIRE_FALSE(replay);
    return replay.error().message;
  };
  const std::string plain = "POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx";
  CHECK(complaint(plain) ==
        "f: line 1: no Link header with rel=\"self\": name the topic to publish it to");
  CHECK(ReadReplay("f", plain, NeedTopic::kNo));
  CHECK(complaint("POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nx", NeedTopic::kNo) ==
        "f: line 1: the last body is cut short: 8 bytes are missing");
  CHECK(complaint("GET / HTTP/1.1\r\n\r\n") == "f holds no notification: none is a POST");
  CHECK(complaint("").starts_with("f: "));
}

}  // namespace
}  // namespace websub::cli
