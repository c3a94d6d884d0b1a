#include "cli/commands/verify_sig.h"

#include <doctest/doctest.h>

#include <sstream>

#include "cli/commands/verify_sig_input.h"
#include "tests/cli/fake_environment.h"

namespace websub::cli {
namespace {

// openssl dgst -sha256 -hmac 'top secret' of "hello", and of "hello\n"
constexpr char kHello[] = "sha256=a28f6aee6a27565bf1b868da1947c35147039fe6482b35d3b8fdeb9592e42e99";
constexpr char kHelloLine[] =
    "sha256=42b7915c8559ca41058472ee792ebc9946d26ed1df1212ed6d73d8c7c6f2e2cf";

TEST_CASE("a valid signature is status 0 (SUB-DIS-04)") {
  FakeEnvironment fake;
  fake.in.str("hello");
  CHECK(fake.Run({"verify-sig", "--signature", kHello, "--secret", "top secret"}) == 0);
  CHECK(fake.out.str() == "valid  sha256  body of 5 bytes\n");
  CHECK(fake.err.str().empty());
}

TEST_CASE("an invalid signature is status 4 with a diagnosis (SUB-DIS-02)") {
  FakeEnvironment fake;
  fake.in.str("hello");
  CHECK(fake.Run({"verify-sig", "-", "--signature", kHelloLine, "--secret", "top secret"}) == 4);
  CHECK(fake.out.str().starts_with("invalid  sha256  body of 5 bytes\n"));
  CHECK(fake.out.str().find("it fits the body with a newline added at its end\n") !=
        std::string::npos);
  CHECK(fake.out.str().find("\ncause  the newline was lost after signing\nnext   ") !=
        std::string::npos);
}

TEST_CASE("the verdict as JSON is one object") {
  FakeEnvironment fake;
  fake.in.str("hello");
  CHECK(fake.Run({"verify-sig", "--json", "--signature", kHelloLine, "--secret", "top secret"}) ==
        4);
  const auto event = Json::parse(fake.out.str());
  CHECK(event["type"] == "verification");
  CHECK(event["verdict"] == "invalid");
  CHECK(event["algorithm"] == "sha256");
  CHECK(event["bytes"] == 5);
  CHECK(event["diagnosis"]["change"] == "newline-added");
  CHECK(event["finding"]["slug"] == "signature-newline-added");
  CHECK(event["finding"]["requirement"] == "HUB-SIG-01");
}

TEST_CASE("the field's name before a signature does no harm") {
  FakeEnvironment fake;
  fake.in.str("hello");
  fake.variables["HUB_SECRET"] = "top secret";
  CHECK(fake.Run({"verify-sig", "--secret-env", "HUB_SECRET", "--signature",
                  std::string("X-Hub-Signature: ") + kHello}) == 0);
}

TEST_CASE("a signature is made for a body") {
  FakeEnvironment fake;
  fake.in.str("hello");
  CHECK(fake.Run({"verify-sig", "--sign", "--secret", "top secret", "-q"}) == 0);
  CHECK(fake.out.str() == std::string(kHello) + "\n");
}

TEST_CASE("what is missing or wrong is a usage error") {
  const auto complaint = [](std::vector<std::string> args) {
    FakeEnvironment fake;
    fake.variables["LONG"] = std::string(200, 'x');
    fake.variables["FITS"] = std::string(199, 'x');
    args.insert(args.begin(), "verify-sig");
    CHECK(fake.Run(args) == 2);
    const std::string text = fake.err.str();
    return text.substr(0, text.find('\n'));
  };
  CHECK(complaint({"--signature", "sha256=00"}) ==
        "websub: a secret is missing: give --secret-file, --secret-env or --secret");
  CHECK(complaint({"--secret", "x"}) ==
        "websub: nothing to check: give --signature or --request, or --sign to make one");
  CHECK(complaint({"--secret", "", "--sign"}) == "websub: --secret: the secret is empty");
  CHECK(complaint({"--secret-env", "LONG", "--sign"}) ==
        "websub: --secret-env: the secret has 200 bytes; WebSub allows less than 200");
  CHECK(complaint({"--secret-env", "FITS"}) ==
        "websub: nothing to check: give --signature or --request, or --sign to make one");
  CHECK(complaint({"--secret-env", "NOT_THERE", "--sign"}) ==
        "websub: --secret-env: the variable NOT_THERE is not set");
  CHECK(complaint({"--secret", "x", "--sign", "--algorithm", "md5"})
            .starts_with("websub: --algorithm: \"md5\" is none of sha1, sha256, sha384, sha512"));
  CHECK(complaint({"--secret", "x", "--sign", "/no/such/file"})
            .starts_with("websub: cannot read /no/such/file: "));
}

TEST_CASE("several signatures are judged each and one that is wrong is status 4") {
  FakeEnvironment good;
  good.in.str("hello");
  CHECK(good.Run({"verify-sig", "--secret", "top secret", "--signature", kHello, "--signature",
                  std::string("X-Hub-Signature: ") + kHello}) == 0);
  CHECK(good.out.str() ==
        "valid  sha256  body of 5 bytes  sha256=a28f6aee6a27565bf…\n"
        "valid  sha256  body of 5 bytes  sha256=a28f6aee6a27565bf…\n"
        "2 of 2 valid\n");
  FakeEnvironment mixed;
  mixed.in.str("hello");
  CHECK(mixed.Run({"verify-sig", "--secret", "top secret", "--json", "--signature",
                   std::string(kHello) + ", " + kHelloLine}) == 4);
  std::istringstream lines(mixed.out.str());
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(Json::parse(line)["verdict"] == "valid");
  CHECK(Json::parse(line)["signature"] == kHello);
  REQUIRE(std::getline(lines, line));
  CHECK(Json::parse(line)["verdict"] == "invalid");
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("a comma that parts no signatures stays where it is") {
  FakeEnvironment fake;
  fake.in.str("hello");
  CHECK(fake.Run({"verify-sig", "--secret", "x", "--json", "--signature", "sha256=00,11"}) == 4);
  CHECK(Json::parse(fake.out.str())["signature"] == "sha256=00,11");
}

TEST_CASE("a secret that ends with white space is told of") {
  FakeEnvironment fake;
  fake.in.str("hello");
  CHECK(fake.Run({"verify-sig", "--signature", kHello, "--secret", "top secret\n"}) == 4);
  CHECK(fake.err.str() ==
        "websub: the secret ends with white space, which counts; is it meant to?\n");
  CHECK(fake.out.str().find("\ncause  ") != std::string::npos);
}

TEST_CASE("the requests of a file are taken apart") {
  const std::string head =
      "POST /cb HTTP/1.1\r\nHost: a\r\nX-Hub-Signature: sha1=00\r\nContent-Length: 5\r\n\r\n";
  auto requests = ReadRequests("GET /cb?hub.mode=subscribe HTTP/1.1\r\n\r\n" + head + "hello\n");
  REQUIRE(requests);
  REQUIRE(requests->size() == 1);
  CHECK(requests->front().number == 2);
  CHECK(requests->front().line == 3);
  CHECK(requests->front().method == "POST");
  CHECK(requests->front().target == "/cb");
  CHECK(requests->front().signatures == std::vector<std::string>{"sha1=00"});
  CHECK(requests->front().body == "hello");
  CHECK(requests->front().notes ==
        std::vector<std::string>{
            "the file goes on for 1 byte of line ends behind the body; they are left out"});

  requests = ReadRequests(head + "hell");
  REQUIRE(requests);
  CHECK(requests->front().notes == std::vector<std::string>{"the body is cut short: 4 of 5 bytes"});

  requests = ReadRequests("POST / HTTP/1.1\nX-Hub-Signature-256: sha256=00\n\nbody");
  REQUIRE(requests);
  CHECK(requests->front().signatures.empty());
  CHECK(requests->front().notes.size() == 1);
  REQUIRE(requests->front().misnamed);
  CHECK(requests->front().misnamed->slug() == "signature-field-256");
}

TEST_CASE("signatures in several fields or in one are told of") {
  auto requests =
      ReadRequests("POST / HTTP/1.1\nX-Hub-Signature: sha1=00\nx-hub-signature: sha256=11\n\nbody");
  REQUIRE(requests);
  CHECK(requests->front().signatures == std::vector<std::string>{"sha1=00", "sha256=11"});
  REQUIRE(requests->front().notes.size() == 1);
  CHECK(requests->front().notes[0].starts_with("there are 2 X-Hub-Signature fields"));
  requests = ReadRequests("POST / HTTP/1.1\nX-Hub-Signature: sha1=00, sha256=11\n\nbody");
  REQUIRE(requests);
  CHECK(requests->front().signatures == std::vector<std::string>{"sha1=00", "sha256=11"});
  REQUIRE(requests->front().notes.size() == 1);
  CHECK(requests->front().notes[0].starts_with("X-Hub-Signature holds several signatures"));
}

TEST_CASE("a file without a delivery is refused with a reason") {
  CHECK(
      ReadRequests("just a body").error().message.starts_with("line 1 (byte 1): \"just a body\""));
  CHECK(ReadRequests("GET /cb?hub.mode=subscribe HTTP/1.1\n\n").error().message ==
        "it holds no delivery: a GET carries no content to sign");
}

}  // namespace
}  // namespace websub::cli
