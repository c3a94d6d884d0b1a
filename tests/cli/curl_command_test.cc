#include "cli/curl_command.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "tests/support/process.h"

namespace websub::cli {
namespace {

using tests::Finished;
using tests::Process;
using tests::TempDir;
using tests::WriteFile;

// What `sh` makes of the command: the arguments that curl gets, and what it reads from its input.
struct Ran {
  std::vector<std::string> arguments;
  std::string input;
};

Ran RunByShell(const std::string& command, std::map<std::string, std::string> environment = {}) {
  const TempDir folder;
  const std::string fake = WriteFile(folder, "curl",
                                     "#!/bin/sh\n"
                                     "for a; do printf '%s\\0' \"$a\"; done >arguments\n"
                                     "cat >input\n");
  REQUIRE(chmod(fake.c_str(), 0755) == 0);
  const std::string folder_path = fake.substr(0, fake.rfind('/'));
  environment["PATH"] = folder_path + ":/usr/bin:/bin";
  Process shell({.args = {WriteFile(folder, "command", command)},
                 .environment = std::move(environment),
                 .program = "/bin/sh",
                 .directory = folder_path});
  shell.CloseInput();
  const Finished finished = shell.Wait();
  CAPTURE(command);
  CAPTURE(finished.err);
  REQUIRE(finished.status == 0);
  const auto read = [&](const std::string& name) {
    std::ifstream stream(folder_path + "/" + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  Ran ran{{}, read("input")};
  const std::string all = read("arguments");
  for (std::size_t at = 0; at < all.size(); at = all.find('\0', at) + 1) {
    ran.arguments.push_back(all.substr(at, all.find('\0', at) - at));
  }
  return ran;
}

// A word as `sh` reads it.
std::string Read(const ShellWord& word, std::map<std::string, std::string> environment = {}) {
  const Ran ran = RunByShell("curl " + word.Quoted(), std::move(environment));
  REQUIRE(ran.arguments.size() == 1);
  return ran.arguments.front();
}

TEST_CASE("plain words stand as they are and others in quotes") {
  CHECK(ShellWord("http://localhost:4820/hub").Quoted() == "http://localhost:4820/hub");
  CHECK(ShellWord("a b").Quoted() == "'a b'");
  CHECK(ShellWord("").Quoted() == "''");
  CHECK(ShellWord("it's").Quoted() == "'it'\\''s'");
  CHECK(ShellWord("a&b").Quoted() == "'a&b'");
  CHECK(ShellWord("~").Quoted() == "'~'");
}

TEST_CASE("variables are filled in within double quotes") {
  const auto token = ShellWord::Variable("TOKEN");
  CHECK(token.Quoted() == "\"$TOKEN\"");
  CHECK(("Bearer " + token).Quoted() == "\"Bearer $TOKEN\"");
  CHECK((token + "s").Quoted() == "\"${TOKEN}s\"");
  CHECK((token + "/x").Quoted() == "\"$TOKEN/x\"");
  CHECK(("a\"b" + token).Quoted() == "'a\"b'\"$TOKEN\"");
}

TEST_CASE("the shell gives back every text as it was") {
  for (const std::string text : {"it's",         "$(touch x)",
                                 "`id`",         "a\\b",
                                 "\"",           "a\nb",
                                 "\n",           "*",
                                 "!x",           "-n",
                                 "$HOME",        ";ls",
                                 "tab\there",    "gr\xc3\xbc\xc3\x9f",
                                 "esc\x1b[31m",  "bad\xff\xfe",
                                 "\xe2\x80\xae", "'",
                                 "''",           "end\n",
                                 "\x07'\x07",    "#"}) {
    CAPTURE(text);
    CHECK(Read(text) == text);
    CHECK(Read(text + ShellWord::Variable("X") + text, {{"X", " $y `z` \"'\\ "}}) ==
          text + " $y `z` \"'\\ " + text);
  }
}

TEST_CASE("nothing that a terminal acts upon stands in a command") {
  const std::string word = ShellWord("a\x1b[31m\x07\xe2\x80\xae\xff").Quoted();
  CHECK(word ==
        "'a'\"$(printf '\\033')\"'[31m'\"$(printf '\\007')\"''\"$(printf "
        "'\\342\\200\\256')\"''\"$(printf '\\377')\"''");
  const std::string mixed = (ShellWord("\x1b") + ShellWord::Variable("X")).Quoted();
  CHECK(mixed.find('\x1b') == std::string::npos);
}

TEST_CASE("a GET is a URL and its fields in order") {
  CurlRequest request{.url = "http://localhost:3000/feed",
                      .fields = {{"Accept", "a/b, c/d"}, {"X-Empty", ""}, {"Accept", "e"}}};
  CHECK(CurlCommand(request) ==
        "curl -sS -i -H 'Accept: a/b, c/d' -H 'X-Empty;' -H 'Accept: e' "
        "http://localhost:3000/feed");
  request.fields.clear();
  request.redirects = CurlRequest::Redirects::kFollowed;
  CHECK(CurlCommand(request) == "curl -sS -i -L http://localhost:3000/feed");
  request.method = "HEAD";
  CHECK(CurlCommand(request) == "curl -sS -L --head http://localhost:3000/feed");
  request.method = "DELETE";
  CHECK(CurlCommand(request) == "curl -sS -i -L -X DELETE http://localhost:3000/feed");
}

TEST_CASE("a body is sent as it is with its own type or with none") {
  CurlRequest request{.method = "POST", .url = "http://h/", .fields = {}, .body = CurlBytes{"@a"}};
  CHECK(CurlCommand(request) == "curl -sS -i -H Content-Type: --data-raw @a http://h/");
  request.fields = {{"content-type", "text/plain"}, {"Content-Length", "2"}};
  CHECK(CurlCommand(request) ==
        "curl -sS -i -H 'content-type: text/plain' --data-raw @a http://h/");
  request.method = "PUT";
  request.body = CurlFile{"my file"};
  CHECK(CurlCommand(request) ==
        "curl -sS -i -X PUT -H 'content-type: text/plain' --data-binary '@my file' http://h/");
  request.method = "POST";
  request.fields.clear();
  request.body =
      CurlForm{{{"hub.mode", "subscribe"}, {"hub.secret", ShellWord::Variable("WEBSUB_SECRET")}}};
  CHECK(CurlCommand(request) ==
        "curl -sS -i --data-urlencode hub.mode=subscribe --data-urlencode "
        "\"hub.secret=$WEBSUB_SECRET\" http://h/");
}

TEST_CASE("bytes that no argument can hold reach curl by its input") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& bytes :
       {all, std::string("--\0%s\\n'", 8), std::string(300'000, 'x'), std::string("\x1b[2J")}) {
    const Ran ran =
        RunByShell(CurlCommand({.method = "POST", .url = "http://h/", .body = CurlBytes{bytes}}));
    CHECK(ran.input == bytes);
    CHECK(ran.arguments == std::vector<std::string>{"-sS", "-i", "-H", "Content-Type:",
                                                    "--data-binary", "@-", "http://h/"});
  }
  const Ran text = RunByShell(
      CurlCommand({.method = "POST", .url = "http://h/", .body = CurlBytes{"a 'b' $c\n\n"}}));
  CHECK(text.input.empty());
  CHECK(text.arguments[5] == "a 'b' $c\n\n");
}

TEST_CASE("curl takes the URL as other clients do") {
  CHECK(CurlCommand({.url = "http://[::1]:4820/hub"}) ==
        "curl -sS -i --globoff 'http://[::1]:4820/hub'");
  CHECK(CurlCommand({.url = "http://h/a/../b"}) == "curl -sS -i --path-as-is http://h/a/../b");
  CHECK(CurlCommand({.url = "http://h/a?b/../c"}) == "curl -sS -i 'http://h/a?b/../c'");
}

TEST_CASE("trust is passed on") {
  CurlRequest request{.url = "https://h:8443/", .tls = {.cacert = "my ca.pem"}};
  CHECK(CurlCommand(request) == "curl -sS -i --cacert 'my ca.pem' https://h:8443/");
  request.tls = {.cacert = "", .insecure = true};
  CHECK(CurlCommand(request) == "curl -sS -i --insecure https://h:8443/");
  request.tls = {.cacert = "", .insecure = false, .insecure_hosts = {"h:443", "other"}};
  CHECK(CurlCommand(request) == "curl -sS -i https://h:8443/");
  for (const char* host : {"h", "h:8443"}) {
    request.tls.insecure_hosts = {host};
    CHECK(CurlCommand(request) == "curl -sS -i --insecure https://h:8443/");
  }
}

TEST_CASE("secrets are variables that have to be set first") {
  CurlRequest request{
      .method = "POST",
      .url = ShellWord::Variable("HUB"),
      .fields = HiddenFields({{"X-Api-Key", "hunter2"}, {"X-None", ""}}),
      .body = CurlForm{{{"a", ShellWord::Variable("TOPIC")}, {"b", ShellWord::Variable("HUB")}}}};
  CHECK(CurlCommand(request) ==
        "curl -sS -i -H \"X-Api-Key: $X_API_KEY\" -H 'X-None;' --data-urlencode \"a=$TOPIC\" "
        "--data-urlencode \"b=$HUB\" \"$HUB\"");
  CHECK(SetFirst(request) == "# set X_API_KEY, TOPIC and HUB");
  CHECK(SetFirst({.url = "http://h/"}).empty());
  CHECK(HiddenPassword("http://me:hunter2@h/x?y").Quoted() == "\"http://me:$PASSWORD@h/x?y\"");
  CHECK(HiddenPassword("http://me@h/").Quoted() == "http://me@h/");
  CHECK(HiddenPassword("plain name").Quoted() == "'plain name'");
  CHECK(VariableForField("1-x") == "_1_X");
}

}  // namespace
}  // namespace websub::cli
