#include "cli/output.h"

#include <doctest/doctest.h>

#include "tests/cli/fake_environment.h"

namespace websub::cli {
namespace {

TEST_CASE("bytes that could drive a terminal are written out") {
  CHECK(Printable("plain ünïcode ☃ 𝄞") == "plain ünïcode ☃ 𝄞");
  CHECK(Printable("a\nb\tc\r") == "a\\nb\\tc\\r");
  CHECK(Printable("\x1b[2J\x1b]0;title\x07") == "\\x1b[2J\\x1b]0;title\\x07");
  CHECK(Printable(std::string_view("\0\x7f", 2)) == "\\x00\\x7f");
  CHECK(Printable("\xc2\x9b") == "\\u{9b}");                // C1: the eight-bit escape sequence
  CHECK(Printable("a\xe2\x80\xaetxt") == "a\\u{202e}txt");  // writes backwards
  CHECK(Printable("\xff\xc0\xaf") == "\\xff\\xc0\\xaf");    // no UTF-8, overlong
  CHECK(Printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");    // a surrogate
  CHECK(Printable("\xe2\x98") == "\\xe2\\x98");             // cut short
}

TEST_CASE("an event begins with its time and type") {
  FakeEnvironment fake;
  Output output(fake.environment, {.json = true});
  output.Event("verified", {{"topic", "http://a/\n"}, {"lease", 5}});
  CHECK(fake.out.str() ==
        "{\"ts\":\"2026-11-21T20:32:01.123456Z\",\"type\":\"verified\","
        "\"topic\":\"http://a/\\n\",\"lease\":5}\n");
}

TEST_CASE("an event with bytes that are no text is still JSON") {
  FakeEnvironment fake;
  Output output(fake.environment, {.json = true});
  output.Event("x", {{"reason", "\xff"}});
  CHECK(Json::parse(fake.out.str())["reason"] == "\xef\xbf\xbd");
  Json fields;
  AddBytes(fields, "body", "\xff\x00");
  AddBytes(fields, "text", "ü");
  CHECK(fields == Json{{"body_base64", "/w=="}, {"text", "ü"}});
}

TEST_CASE("a line that is too long goes on below at a space") {
  const auto wrapped = [](const std::vector<Piece>& pieces, std::size_t width, std::size_t indent) {
    std::vector<std::string> lines;
    for (const auto& line : Wrap(pieces, width, indent)) {
      std::string text;
      for (const Piece& piece : line) text += piece.text;
      lines.push_back(text);
    }
    return lines;
  };
  using Lines = std::vector<std::string>;
  CHECK(wrapped({{"one two"}}, 7, 2) == Lines{"one two"});
  CHECK(wrapped({{"one two three"}}, 7, 2) == Lines{"one two", "  three"});
  CHECK(wrapped({{"  a  "}, {"b", Style::kGood}, {" c"}}, 6, 4) == Lines{"  a  b", "    c"});
  CHECK(wrapped({{"at http://a.example/long now"}}, 10, 1) ==
        Lines{"at", " http://a.example/long", " now"});
  CHECK(wrapped({{"   http://a.example/long"}}, 10, 1) == Lines{"   http://a.example/long"});
  CHECK(wrapped({{"\u00e4\u00e4\u00e4 \u00e4\u00e4\u00e4"}}, 7, 0).size() == 1);
  CHECK(wrapped({}, 7, 2) == Lines{""});
  // Blanks of a column do not reach beyond the line that ends with them.
  CHECK(wrapped({{"one    "}, {"two  "}, {"three"}}, 8, 2) == Lines{"one", "  two", "  three"});
}

TEST_CASE("colour follows the flag then the environment then the terminal") {
  const auto printed = [](OutputOptions options, bool terminal,
                          std::map<std::string, std::string> variables) {
    FakeEnvironment fake;
    fake.variables = std::move(variables);
    fake.environment.terminal.out = terminal;
    Output(fake.environment, options).Line({{"valid", Style::kGood}, {"\x1b[0m"}});
    return fake.out.str();
  };
  const std::string plain = "valid\\x1b[0m\n";
  const std::string colored = "\x1b[32mvalid\x1b[0m\\x1b[0m\n";
  CHECK(printed({}, true, {{"TERM", "xterm"}}) == colored);
  CHECK(printed({}, false, {{"TERM", "xterm"}}) == plain);
  CHECK(printed({}, true, {{"TERM", "dumb"}}) == plain);
  CHECK(printed({}, true, {}) == plain);
  CHECK(printed({}, true, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}) == plain);
  CHECK(printed({.color = ColorMode::kAlways}, false, {{"NO_COLOR", "1"}}) == colored);
  CHECK(printed({.color = ColorMode::kNever}, true, {{"TERM", "xterm"}}) == plain);
}

TEST_CASE("quiet keeps errors and drops the rest") {
  FakeEnvironment fake;
  Output output(fake.environment, {.quiet = true});
  output.Line({{"a line"}});
  output.Note("a warning");
  output.Diagnose("an error\x1b");
  CHECK(fake.out.str().empty());
  CHECK(fake.err.str() == "websub: an error\\x1b\n");
}

TEST_CASE("errors become the frozen statuses") {
  CHECK(static_cast<int>(StatusOf({ErrorCode::kInvalid, ""})) == 2);
  CHECK(static_cast<int>(StatusOf({ErrorCode::kNotFound, ""})) == 2);
  CHECK(static_cast<int>(StatusOf({ErrorCode::kNetwork, ""})) == 3);
  CHECK(static_cast<int>(StatusOf({ErrorCode::kInternal, ""})) == 1);
  CHECK(static_cast<int>(StatusOfSignal(2)) == 130);
  CHECK(static_cast<int>(StatusOfSignal(15)) == 143);
}

}  // namespace
}  // namespace websub::cli
