#include "cli/commands/verify_sig.h"

#include <doctest/doctest.h>

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

TEST_CASE("a saved request is taken apart") {
  const std::string head =
      "POST /cb HTTP/1.1\r\nHost: a\r\nX-Hub-Signature: sha1=00\r\nContent-Length: 5\r\n\r\n";
  auto request = ReadSavedRequest(head + "hello");
  REQUIRE(request);
  CHECK(request->signature == "sha1=00");
  CHECK(request->body == "hello");
  CHECK(request->notes.empty());

  request = ReadSavedRequest(head + "hello\n");
  REQUIRE(request);
  CHECK(request->body == "hello");
  CHECK(request->notes ==
        std::vector<std::string>{
            "the file holds 1 byte more than Content-Length says; they are left out"});

  request = ReadSavedRequest(head + "hell");
  REQUIRE(request);
  CHECK(request->notes == std::vector<std::string>{"the body is cut short: 4 of 5 bytes"});

  request = ReadSavedRequest("POST / HTTP/1.1\nX-Hub-Signature-256: sha256=00\n\nbody");
  REQUIRE(request);
  CHECK_FALSE(request->signature);
  CHECK(request->body == "body");
  CHECK(request->notes.size() == 1);
  REQUIRE(request->misnamed);
  CHECK(request->misnamed->slug() == "signature-field-256");
}

TEST_CASE("a saved request that cannot be checked is refused with a reason") {
  CHECK(ReadSavedRequest("just a body").error().message ==
        "this is no HTTP request: an empty line must stand between head and body");
  CHECK(ReadSavedRequest("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            .error()
            .message.starts_with("the body came with Transfer-Encoding: chunked;"));
  CHECK_FALSE(ReadSavedRequest("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"));
}

}  // namespace
}  // namespace websub::cli
