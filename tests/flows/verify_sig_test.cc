// `websub verify-sig` as a user runs it.
#include <doctest/doctest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"

namespace websub::tests {
namespace {

// openssl dgst -sha1 and -sha256 -hmac 'top secret' of "hello", and -sha256 of "hello\n"
constexpr char kSha1[] = "sha1=549913bdc78bce90c882b54f671cfef540e3d435";
constexpr char kSha256[] =
    "sha256=a28f6aee6a27565bf1b868da1947c35147039fe6482b35d3b8fdeb9592e42e99";
constexpr char kLine[] = "sha256=42b7915c8559ca41058472ee792ebc9946d26ed1df1212ed6d73d8c7c6f2e2cf";

TEST_CASE("verify-sig reads the body from a file and the secret without its newline") {
  const TempDir folder;
  const auto body = WriteFile(folder, "body", "hello");
  const auto secret = WriteFile(folder, "secret", "top secret\n");
  const auto valid =
      RunWebsub({"verify-sig", body, "--signature", kSha256, "--secret-file", secret});
  CHECK(valid.status == 0);
  CHECK(valid.out == "valid  sha256  body of 5 bytes\n");
  CHECK(valid.err.empty());
  const auto invalid =
      RunWebsub({"verify-sig", body, "--signature", kLine, "--secret-file", secret});
  CHECK(invalid.status == 4);
  CHECK(invalid.out.find("newline added at its end") != std::string::npos);
}

TEST_CASE("verify-sig uses the method that the header names (SUB-DIS-04)") {
  CHECK(RunWebsub({"verify-sig", "--signature", kSha1, "--secret", "top secret"}, "hello").status ==
        0);
}

TEST_CASE("verify-sig checks a saved request by its own header") {
  const TempDir folder;
  const auto request = WriteFile(folder, "request",
                                 std::string("POST /cb HTTP/1.1\r\nHost: a\r\nX-Hub-Signature: ") +
                                     kSha256 + "\r\nContent-Length: 5\r\n\r\nhello");
  const auto run = RunWebsub({"verify-sig", "--request", request, "--json"}, "",
                             {{"WEBSUB_SECRET", "top secret"}});
  CHECK(run.status == 0);
  CHECK(nlohmann::json::parse(run.out)["verdict"] == "valid");
  const auto unsigned_request =
      WriteFile(folder, "other", "POST /cb HTTP/1.1\r\nHost: a\r\n\r\nhello");
  const auto missing =
      RunWebsub({"verify-sig", "--request", unsigned_request, "--secret", "top secret"});
  CHECK(missing.status == 4);
  CHECK(missing.out.starts_with("missing"));
}

TEST_CASE("what verify-sig signs it finds valid") {
  for (const char* algorithm : {"sha1", "sha256", "sha384", "sha512"}) {
    const std::string body("binary \0 \xff body", 15);
    const auto sign =
        RunWebsub({"verify-sig", "--sign", "--algorithm", algorithm, "--secret", "s"}, body);
    REQUIRE(sign.status == 0);
    const std::string signature = sign.out.substr(0, sign.out.size() - 1);
    CHECK(RunWebsub({"verify-sig", "--signature", signature, "--secret", "s"}, body).status == 0);
  }
}

TEST_CASE("a closed stdout is quiet and a full one is not") {
  const auto shell = [](const std::string& command) {
    Process process({.args = {"-c", command, WEBSUB_BINARY},
                     .environment = {},
                     .program = "/bin/bash",
                     .directory = {}});
    return process.Wait();
  };
  const Finished closed = shell("\"$0\" --help >&-; echo $?");
  CHECK(closed.out == "0\n");
  CHECK(closed.err.empty());
  const Finished piped = shell("\"$0\" --help | :; echo ${PIPESTATUS[0]}");
  CHECK(piped.out == "0\n");
  CHECK(piped.err.empty());
  const Finished full = shell("\"$0\" --help >/dev/full; echo $?");
  CHECK(full.out == "2\n");
  CHECK(full.err.starts_with("websub: cannot write to standard output: "));
}

TEST_CASE("a signal ends a command that waits for its input") {
  for (const int signal : {SIGINT, SIGTERM}) {
    Process process(
        {.args = {"verify-sig", "--sign", "--secret", "s"}, .environment = {}, .directory = {}});
    // It has taken the signals over once it reads: more than a pipe holds goes through.
    process.Write(std::string(200000, 'x'));
    process.Signal(signal);
    CHECK(process.Wait().status == 128 + signal);
  }
}

}  // namespace
}  // namespace websub::tests
