#include "cli/commands/subscribe_files.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "cli/commands/subscribe_record.h"
#include "core/saved_requests.h"
#include "tests/support/temp_dir.h"

namespace websub::cli {
namespace {

namespace fs = std::filesystem;

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> Names(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

const Time kNow = ParseRfc3339("2026-11-22T09:11:03.123456Z").value();

TEST_CASE("the extension of a file tells its type") {
  const auto is = [](const char* type, const char* extension) {
    CAPTURE(type);
    CHECK(ExtensionOf(type) == extension);
  };
  is("application/atom+xml; charset=utf-8", "atom");
  is("Application/RSS+XML", "rss");
  is("application/feed+json", "json");
  is(" text/html ", "html");
  is("text/x-anything", "txt");
  is("image/svg+xml", "svg");
  is("application/soap+xml", "xml");
  is("application/octet-stream", "bin");
  is("../../etc/passwd", "bin");
  is("", "bin");
}

TEST_CASE("a body is kept under a name that sorts by time and with what is known beside it") {
  const tests::TempDir dir;
  const auto folder = OutputFolder::Open(dir.path() / "a" / "b/").value();
  // openssl dgst -sha256 -hmac s3cret of "hello"
  const auto part = folder->Begin(
      "sha256=e5a01537481fa0b2c697f787c7aff885412cf0760d08e08502259b39d2d6ae68", "s3cret");
  CHECK(part->Write("hel"));
  CHECK(part->Write("lo"));
  CHECK(part->Check().verdict == SignatureVerdict::kValid);
  CHECK(part->Read(5).value() == "hello");
  CHECK_FALSE(part->Read(4));
  const auto path = folder->Keep(*part, "text/plain", kNow, Json{{"topic", "t"}});
  REQUIRE(path);
  CHECK(fs::path(*path).filename() == "20261122T091103.123456Z-000001.txt");
  CHECK(Content(*path) == "hello");
  const auto second = folder->Begin(std::nullopt, "");
  CHECK(folder->Keep(*second, "application/json", kNow, Json::object()));
  CHECK(Names(dir.path() / "a" / "b") ==
        std::set<std::string>{
            "20261122T091103.123456Z-000001.meta.json", "20261122T091103.123456Z-000001.txt",
            "20261122T091103.123456Z-000002.json", "20261122T091103.123456Z-000002.meta.json"});
  const auto about =
      Json::parse(Content(dir.path() / "a/b/20261122T091103.123456Z-000001.meta.json"));
  CHECK(about["file"] == "20261122T091103.123456Z-000001.txt");
  CHECK(about["topic"] == "t");
}

TEST_CASE("two that write into one folder do not replace each other's files") {
  const tests::TempDir dir;
  const auto one = OutputFolder::Open(dir.path()).value();
  std::ofstream(dir.path() / "20261122T091103.123456Z-000001.bin") << "theirs";
  std::ofstream(dir.path() / "20261122T091103.123456Z-000002.meta.json") << "theirs";
  const auto part = one->Begin(std::nullopt, "");
  CHECK(part->Write("ours"));
  const auto path = one->Keep(*part, "", kNow, Json::object());
  REQUIRE(path);
  CHECK(fs::path(*path).filename() == "20261122T091103.123456Z-000003.bin");
  CHECK(Content(dir.path() / "20261122T091103.123456Z-000001.bin") == "theirs");
  CHECK_FALSE(fs::exists(dir.path() / "20261122T091103.123456Z-000001.meta.json"));
}

TEST_CASE("a body that breaks off leaves nothing behind") {
  const tests::TempDir dir;
  const auto folder = OutputFolder::Open(dir.path()).value();
  {
    const auto part = folder->Begin(std::nullopt, "");
    CHECK(part->Write("half"));
    CHECK(Names(dir.path()).size() == 1);
  }
  CHECK(Names(dir.path()).empty());
}

TEST_CASE("a folder that goes away is an error that names it") {
  const tests::TempDir dir;
  const auto folder = OutputFolder::Open(dir.path() / "x").value();
  fs::remove_all(dir.path() / "x");
  const auto part = folder->Begin(std::nullopt, "");
  const auto wrote = part->Write("x");
  REQUIRE_FALSE(wrote);
  CHECK(wrote.error().message.find("No such file") != std::string::npos);
  CHECK_FALSE(folder->Keep(*part, "", kNow, Json::object()));
}

TEST_CASE("what cannot be a folder is refused") {
  const tests::TempDir dir;
  std::ofstream(dir.path() / "file") << "x";
  CHECK_FALSE(OutputFolder::Open(dir.path() / "file"));
  CHECK_FALSE(RequestRecord::Open(dir.path()));
}

TEST_CASE("a recorded head tells the length of what was chunked") {
  CHECK(RecordedHead("POST /x HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\nTrailer: b\r\n"
                     "X: y\r\n\r\n",
                     7) == "POST /x HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 7\r\n\r\n");
  const std::string plain =
      "POST /x HTTP/1.1\r\nHost: a\r\ncontent-length: 7\r\nA: 1\r\na: 2\r\n\r\n";
  CHECK(RecordedHead(plain, 7) == plain);
}

TEST_CASE("what is recorded can be read again and a second run appends") {
  const tests::TempDir dir;
  const std::string file = dir.path() / "record.http";
  const std::string head = "POST /x HTTP/1.1\r\nHost: a\r\nX-Twice: 1\r\nX-Twice: 2\r\n";
  const std::string body("POST / HTTP/1.1\r\n\r\n\0\xff", 21);
  CHECK(RequestRecord::Open(file).value()->Append(head + "Content-Length: 21\r\n\r\n", body));
  std::ofstream(dir.path() / "body") << "in a file";
  CHECK(RequestRecord::Open(file).value()->AppendFile(head + "Transfer-Encoding: chunked\r\n\r\n",
                                                      dir.path() / "body", 9));
  CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  const auto read = ReadSavedRequests(Content(file));
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK((*read)[0].body == body);
  CHECK(AllFields((*read)[0].fields, "X-Twice") == std::vector<std::string>{"1", "2"});
  CHECK((*read)[1].body == "in a file");
}

TEST_CASE("a request that cannot be recorded whole is not recorded at all") {
  const tests::TempDir dir;
  const std::string file = dir.path() / "record.http";
  const auto record = RequestRecord::Open(file).value();
  CHECK(record->Append("POST / HTTP/1.1\r\n\r\n", "x"));
  const std::string before = Content(file);
  CHECK_FALSE(record->AppendFile("POST / HTTP/1.1\r\n\r\n", dir.path() / "none", 9));
  CHECK(Content(file) == before);
}

}  // namespace
}  // namespace websub::cli
