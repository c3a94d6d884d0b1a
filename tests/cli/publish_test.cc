#include "cli/commands/publish.h"

#include <doctest/doctest.h>

#include "cli/delivered_wait.h"
#include "cli/text.h"
#include "tests/cli/fake_environment.h"

namespace websub::cli {
namespace {

TEST_CASE("the type of a file follows its name") {
  CHECK(TypeOfFile("feed.atom") == "application/atom+xml");
  CHECK(TypeOfFile("a/b.JSON") == "application/json");
  CHECK(TypeOfFile("-") == "application/octet-stream");
  CHECK(TypeOfFile(".html") == "application/octet-stream");
  CHECK(TypeOfFile("noatom") == "application/octet-stream");
}

TEST_CASE("what a hub says becomes one line") {
  CHECK(HubSentence("text/plain", "hub.topic:\n  missing\n") == "hub.topic: missing");
  CHECK(HubSentence("text/html; charset=utf-8", "<html><h1>No</h1>\n<p>way</p></html>") ==
        "No way");
  CHECK(HubSentence("text/plain", "a < b") == "a < b");
  CHECK(HubSentence("text/plain", "") == "");
  CHECK(HubSentence("text/plain", std::string(100000, 'x')).size() == 303);
}

TEST_CASE("ids of messages are numbers behind an m") {
  CHECK(MessageNumber("m12") == 12);
  CHECK_FALSE(MessageNumber("12"));
  CHECK_FALSE(MessageNumber("m"));
  CHECK_FALSE(MessageNumber("m12x"));
  CHECK_FALSE(MessageNumber("m-1"));
}

TEST_CASE("publish refuses flags that do not fit together") {
  const auto complaint = [](std::vector<std::string> args) {
    FakeEnvironment fake;
    args.insert(args.begin(), "publish");
    CHECK(fake.Run(args) == 2);
    const std::string text = fake.err.str();
    return text.substr(0, text.find('\n'));
  };
  CHECK(complaint({}) == "websub: a topic is missing");
  CHECK(complaint({"t", "--type", "text/plain"}) ==
        "websub: --type belongs to --content and --host");
  CHECK(
      complaint({"t", "--wait-delivered", "0"}).starts_with("websub: --wait-delivered: 0 is not"));
  CHECK(
      complaint({"t", "--content", "/no/such/file"}).starts_with("websub: cannot read /no/such/"));
  CHECK(complaint({"t", "--hub", "gopher://x/"}).starts_with("websub: the hub gopher://x/: "));
  CHECK(complaint({"t", "--content", "-", "--type", "nonsense"}) ==
        "websub: --type: \"nonsense\" is no media type, such as application/json");
  CHECK(complaint({"t", "--register", "--content", "-"}) ==
        "websub: --register publishes nothing: it does not go with --content");
  CHECK(complaint({"t", "--deregister", "--wait-delivered", "1"}).find("does not go with --wait") !=
        std::string::npos);
  CHECK(complaint({"t", "--register", "--count", "2"}) ==
        "websub: --register publishes nothing: it does not go with --count");
  CHECK(complaint({"t", "--template"}) == "websub: --template belongs to --content");
  CHECK(complaint({"t", "--every", "soon"}).starts_with("websub: --every: "));
  CHECK(complaint({"t", "--count", "0"}).starts_with("websub: --count: 0 is not between 1 and"));
  CHECK(complaint({"--host", "f", "t", "--hub", "http://h/"}) ==
        "websub: --host makes the topic itself: leave t out");
  CHECK(complaint({"--host", "f", "--content", "-"}) ==
        "websub: --host publishes what the file holds: it does not go with --content");
  CHECK(complaint({"--host", "f"}) == "websub: --host needs --hub: the hub that the topic names");
  CHECK(complaint({"--host", "/no/such", "--hub", "http://h/"}) ==
        "websub: --host /no/such: No such file or directory");
  CHECK(complaint({"--host", "/dev/null", "--hub", "http://h/"}) ==
        "websub: --host /dev/null is neither a file nor a folder");
  CHECK(complaint({"--host", "/etc/hostname", "--hub", "http://h/", "--listen", "x"})
            .starts_with("websub: --listen: \"x\" is no address to listen on"));
  CHECK(complaint({"--host", "/etc/hostname", "--hub", "http://h/", "--public-url",
                   "http://h/?a"}) == "websub: --public-url: leave the query and the fragment out");
  CHECK(complaint({"t", "--replay", "f", "--content", "-"}) ==
        "websub: --replay has its own content: leave --content out");
  CHECK(complaint({"--replay", "f", "--type", "a/b"}) ==
        "websub: --replay publishes with the recorded type: leave --type out");
  CHECK(complaint({"t", "--curl", "--count", "2"}) ==
        "websub: --curl prints each request once: it does not go with --count");
  CHECK(complaint({"t", "--curl", "--body-style", "echostream"}) ==
        "websub: --curl needs --hub where EchoStream is to be told");
  CHECK(complaint({"t", "--register", "--deregister"}) ==
        "websub: --register and --deregister exclude each other");
  CHECK(complaint({"t", "--register", "--body-style", "echostream"}) ==
        "websub: --register is unknown to EchoStream");
  CHECK(complaint({"t", "--header", "Bearer hunter2"}) ==
        "websub: --header: a field is written 'Name: value'");
  CHECK(complaint({"t", "--header", "Content-Length: 3"}) ==
        "websub: --header: Content-Length is written by websub itself");
  CHECK(complaint({"t", "--header", "X: a\nb"}) ==
        "websub: --header: the value of X holds a control character");
  CHECK(complaint({"t", "--api-token", " x"}).starts_with("websub: --api-token: the token holds"));
  CHECK(complaint({"t", "--api-token", "x", "--api-token-file", "y"}) ==
        "websub: --api-token and --api-token-file exclude each other");
  CHECK(complaint({"plain name"}).find("a topic that is no URL needs --hub") != std::string::npos);
}

TEST_CASE("media types are told from other words") {
  for (const char* good : {"text/plain", "application/atom+xml; charset=utf-8", "a/b ;c=d"}) {
    CHECK(CheckMediaType(good).has_value());
  }
  for (const char* bad : {"nonsense", "", "/", "text/", "/plain", "text/pl ain", "text/plain\nx",
                          "a/b/c", "text; x/y"}) {
    CAPTURE(bad);
    CHECK_FALSE(CheckMediaType(bad).has_value());
  }
}

TEST_CASE("sizes and counts read well") {
  CHECK(HumanSize(812) == "812 B");
  CHECK(HumanSize(14540) == "14.2 KiB");
  CHECK(HumanSize(3 * 1024 * 1024) == "3.0 MiB");
  CHECK(Plural(1, "byte") == "1 byte");
  CHECK(Plural(0, "byte") == "0 bytes");
}

}  // namespace
}  // namespace websub::cli
