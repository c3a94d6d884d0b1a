#include "cli/commands/publish_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "cli/commands/publish_answer.h"
#include "cli/commands/publish_watch.h"
#include "tests/support/process.h"

namespace websub::cli {
namespace {

namespace fs = std::filesystem;
using tests::TempDir;
using tests::WriteFile;

constexpr char kBase[] = "http://h:1";

struct Hosted {
  explicit Hosted(const std::string& path, std::string type = "")
      : files(HostedFiles::Open({path, kBase, std::move(type)}).value()) {}

  // "added /a publish": what a look finds.
  std::vector<std::string> Look() {
    now += std::chrono::milliseconds(10);
    std::vector<std::string> lines;
    for (const TopicChange& change : files.Look(
             now, [&](const std::string& folder) { folders.push_back(folder); },
             [&](const std::string& sentence) { notes.push_back(sentence); })) {
      constexpr std::array<const char*, 3> kNames = {"added ", "changed ", "removed "};
      lines.push_back(kNames.at(static_cast<std::size_t>(change.kind)) + change.topic->path +
                      (change.publish ? " publish" : ""));
    }
    return lines;
  }
  const HostedTopic& At(const std::string& path) const { return *files.topics()->at(path); }

  HostedFiles files;
  Time now = std::chrono::floor<std::chrono::seconds>(
      std::chrono::floor<Duration>(std::chrono::system_clock::now()) + std::chrono::hours(1));
  std::vector<std::string> folders;
  std::vector<std::string> notes;
};

using Lines = std::vector<std::string>;

TEST_CASE("a file is a topic whose content counts and not its time") {
  const TempDir folder;
  const auto file = WriteFile(folder, "a feed.ATOM", "one");
  Hosted hosted(file);
  CHECK_FALSE(hosted.files.is_folder());
  CHECK(hosted.Look() == Lines{"added /a feed.ATOM"});
  const std::string etag = hosted.At("/a feed.ATOM").etag;
  CHECK(hosted.At("/a feed.ATOM").url == "http://h:1/a%20feed.ATOM");
  CHECK(hosted.At("/a feed.ATOM").type == "application/atom+xml");
  // sha256sum of "one" begins 7692c3ad3540bb803c020b3aee66cd88.
  CHECK(etag == "\"7692c3ad3540bb803c020b3aee66cd88\"");
  CHECK(hosted.Look().empty());
  WriteFile(folder, "a feed.ATOM", "one");
  fs::last_write_time(file, fs::file_time_type::clock::now() + std::chrono::hours(2));
  CHECK(hosted.Look().empty());
  WriteFile(folder, "a feed.ATOM", "two");
  CHECK(hosted.Look() == Lines{"changed /a feed.ATOM publish"});
  CHECK(hosted.At("/a feed.ATOM").etag != etag);
}

TEST_CASE("a file that an editor replaces or takes away for a while is the same topic") {
  const TempDir folder;
  const auto file = WriteFile(folder, "f", "one");
  Hosted hosted(file);
  hosted.Look();
  fs::rename(WriteFile(folder, "f.new", "two"), file);
  CHECK(hosted.Look() == Lines{"changed /f publish"});
  fs::remove(file);
  CHECK(hosted.Look() == Lines{"removed /f"});
  CHECK(hosted.files.topics()->empty());
  CHECK(hosted.Look().empty());
  WriteFile(folder, "f", "two");
  CHECK(hosted.Look() == Lines{"added /f"});
  fs::remove(file);
  hosted.Look();
  WriteFile(folder, "f", "three");
  CHECK(hosted.Look() == Lines{"added /f publish"});
}

TEST_CASE("every content has a later time than the one before (PUB-NOT-01)") {
  const TempDir folder;
  const auto file = WriteFile(folder, "f", "one");
  Hosted hosted(file);
  hosted.Look();
  Time before = hosted.At("/f").modified;
  for (const char* content : {"two", "three", "one"}) {
    WriteFile(folder, "f", content);
    CHECK(hosted.Look() == Lines{"changed /f publish"});
    CHECK(hosted.At("/f").modified >= before + std::chrono::seconds(1));
    before = hosted.At("/f").modified;
  }
}

TEST_CASE("each file of a folder is a topic but what is hidden or a copy of an editor") {
  const TempDir folder;
  const auto file = WriteFile(folder, "a.txt", "a");
  const std::string root = fs::path(file).parent_path();
  fs::create_directories(root + "/sub/.git");
  fs::create_directories(root + "/.hidden");
  for (const char* name :
       {"sub/b c.json", ".env", "a.txt~", "#a.txt#", "sub/.git/config", ".hidden/x", "\xff.bin"}) {
    WriteFile(folder, name, "b");
  }
  Hosted hosted(root);
  CHECK(hosted.files.is_folder());
  CHECK(hosted.Look() == Lines{"added /a.txt", "added /sub/b c.json", "added /\xff.bin"});
  CHECK(hosted.At("/sub/b c.json").url == "http://h:1/sub/b%20c.json");
  CHECK(hosted.At("/\xff.bin").url == "http://h:1/%FF.bin");
  CHECK(std::ranges::count(hosted.folders, fs::canonical(root).string()) == 1);
  CHECK(std::ranges::count(hosted.folders, fs::canonical(root).string() + "/sub") == 1);
  WriteFile(folder, "sub/new", "n");
  fs::rename(file, root + "/sub/a.txt");
  CHECK(hosted.Look() ==
        Lines{"removed /a.txt", "added /sub/a.txt publish", "added /sub/new publish"});
  fs::remove_all(root + "/sub");
  CHECK(hosted.Look() == Lines{"removed /sub/a.txt", "removed /sub/b c.json", "removed /sub/new"});
}

TEST_CASE("links do not lead out of the folder nor to what is hidden in it") {
  const TempDir folder;
  const TempDir other;
  const auto file = WriteFile(folder, "a.txt", "a");
  const std::string root = fs::path(file).parent_path();
  WriteFile(folder, ".env", "secret");
  const auto outside = WriteFile(other, "secret", "secret");
  fs::create_symlink("a.txt", root + "/inside");
  fs::create_symlink(outside, root + "/out");
  fs::create_symlink("../" + fs::path(outside).parent_path().filename().string() + "/secret",
                     root + "/relative");
  fs::create_symlink("out", root + "/twice");
  fs::create_symlink(".env", root + "/env");
  fs::create_symlink("nowhere", root + "/broken");
  fs::create_symlink(root, root + "/loop");
  fs::create_directory_symlink(fs::path(outside).parent_path(), root + "/folder");
  REQUIRE(mkfifo((root + "/pipe").c_str(), 0600) == 0);
  Hosted hosted(root);
  CHECK(hosted.Look() == Lines{"added /a.txt", "added /inside"});
  CHECK(hosted.notes.size() == 6);
  CHECK(hosted.Look().empty());
  CHECK(hosted.notes.size() == 6);  // once each
  // A sibling whose name begins like the folder is not below it.
  fs::create_directories(root + "/s");
  WriteFile(folder, "s/x", "x");
  fs::create_directories(root + "/s-other");
  WriteFile(folder, "s-other/y", "y");
  fs::create_symlink("../s-other/y", root + "/s/y");
  Hosted narrow(root + "/s");
  CHECK(narrow.Look() == Lines{"added /x"});
}

TEST_CASE("a file too large is not served and says so") {
  const TempDir folder;
  const auto file = WriteFile(folder, "f", "");
  fs::resize_file(file, HostedFiles::kMaxFile + 1);
  Hosted hosted(file);
  CHECK(hosted.Look().empty());
  CHECK(hosted.notes ==
        Lines{fs::path(file).string() + " is not served: it is larger than 64 MiB"});
  fs::resize_file(file, 10);
  CHECK(hosted.Look() == Lines{"added /f publish"});
}

hub::http::Request Get(const std::string& target, hub::http::Fields fields = {},
                       const std::string& method = "GET") {
  hub::http::Request request;
  request.method = method;
  request.target = target;
  request.fields = std::move(fields);
  return request;
}

std::string Field(const hub::http::Response& response, const std::string& name) {
  std::string found;
  int count = 0;
  for (const auto& [key, value] : response.fields) {
    if (key != name) continue;
    found = value;
    ++count;
  }
  CHECK(count <= 1);
  return found;
}

TEST_CASE("a topic names each hub and exactly one self (PUB-DISC-01 PUB-DISC-02)") {
  const TempDir folder;
  Hosted hosted(WriteFile(folder, "a b.json", "{}"));
  hosted.Look();
  const TopicServer server{{"http://hub/1", "http://hub/2"}, "/base", false};
  const auto topics = *hosted.files.topics();
  for (const char* target : {"/a%20b.json", "/a b.json", "/%61%20b.json?x=1", "/base/a%20b.json"}) {
    for (const char* method : {"GET", "HEAD"}) {
      const auto response = AnswerFor(server, topics, Get(target, {}, method), hosted.now);
      CHECK(response.status == 200);
      CHECK(Field(response, "Link") ==
            "<http://hub/1>; rel=\"hub\", <http://hub/2>; rel=\"hub\", "
            "<http://h:1/a%20b.json>; rel=\"self\"");
      CHECK(Field(response, "Content-Type") == "application/json");
      CHECK(Field(response, "ETag") == hosted.At("/a b.json").etag);
      CHECK(Field(response, "Last-Modified") == FormatHttpDate(hosted.At("/a b.json").modified));
      CHECK(response.Body() == "{}");
    }
  }
  for (const char* target : {"/", "/a", "/../a b.json", "/a b.json/", "//a b.json", "/base", "*"}) {
    CHECK(AnswerFor(server, topics, Get(target), hosted.now).status == 404);
  }
  const auto post = AnswerFor(server, topics, Get("/a%20b.json", {}, "POST"), hosted.now);
  CHECK(post.status == 405);
  CHECK(Field(post, "Allow") == "GET, HEAD");
  CHECK(AnswerFor(server, topics, Get("/x", {}, "PUT"), hosted.now).status == 404);
}

TEST_CASE("a folder lists its topics and names a file of another type as it is told") {
  const TempDir folder;
  Hosted hosted(fs::path(WriteFile(folder, "a", "x")).parent_path(), "text/calendar");
  hosted.Look();
  const TopicServer server{{"http://hub/"}, "/base", true};
  for (const char* target : {"/", "/base/"}) {
    const auto list = AnswerFor(server, *hosted.files.topics(), Get(target), hosted.now);
    CHECK(list.status == 200);
    CHECK(list.Body() == "http://h:1/a\n");
    CHECK(Field(list, "Link").empty());
  }
  CHECK(hosted.At("/a").type == "text/calendar");
}

TEST_CASE("content does not vary with what the client would rather have (PUB-DISC-03)") {
  const TempDir folder;
  Hosted hosted(WriteFile(folder, "a.txt", "x"));
  hosted.Look();
  const TopicServer server{{"http://hub/"}, "", false};
  const auto wished = AnswerFor(
      server, *hosted.files.topics(),
      Get("/a.txt", {{"Accept", "text/html"}, {"Accept-Language", "de"}, {"Range", "bytes=0-0"}}),
      hosted.now);
  CHECK(wished.status == 200);
  CHECK(wished.Body() == "x");
  CHECK(Field(wished, "Vary").empty());
}

TEST_CASE("who has the content is not sent it again") {
  HostedTopic topic;
  topic.etag = "\"abc\"";
  topic.modified = ParseHttpDate("Sat, 21 Nov 2026 20:32:01 GMT").value();
  const Time now = topic.modified + std::chrono::seconds(10);
  struct Case {
    hub::http::Fields fields;
    bool has;
  };
  for (const Case& each : std::vector<Case>{
           {{}, false},
           {{{"If-None-Match", "\"abc\""}}, true},
           {{{"if-none-match", "W/\"abc\""}}, true},
           {{{"If-None-Match", " \"x,\"  ,, \"abc\" "}}, true},
           {{{"If-None-Match", "\"x\""}, {"If-None-Match", "\"abc\""}}, true},
           {{{"If-None-Match", "*"}}, true},
           {{{"If-None-Match", "\"x, \"abc\""}}, false},
           {{{"If-None-Match", "abc"}}, false},
           {{{"If-None-Match", "\"abcd\""}}, false},
           {{{"If-None-Match", "\"abc"}}, false},
           {{{"If-None-Match", ""}}, false},
           {{{"If-Modified-Since", "Sat, 21 Nov 2026 20:32:01 GMT"}}, true},
           {{{"If-Modified-Since", "Sat, 21 Nov 2026 20:32:05 GMT"}}, true},
           {{{"If-Modified-Since", "Sat, 21 Nov 2026 20:32:00 GMT"}}, false},
           {{{"If-Modified-Since", "Sat, 21 Nov 2026 21:32:00 GMT"}}, false},
           {{{"If-Modified-Since", "yesterday"}}, false},
           {{{"If-None-Match", "\"x\""}, {"If-Modified-Since", "Sat, 21 Nov 2026 20:32:05 GMT"}},
            false},
       }) {
    CAPTURE(each.fields.empty() ? "" : each.fields.front().second);
    CHECK(HasIt(Get("/", each.fields), topic, now) == each.has);
  }
  CHECK_FALSE(HasIt(Get("/", {{"If-None-Match", std::string(30'000, '"')}}), topic, now));
}

TEST_CASE("nothing is told of a time to come") {
  const TempDir folder;
  Hosted hosted(WriteFile(folder, "f", "one"));
  hosted.Look();
  WriteFile(folder, "f", "two");
  hosted.Look();
  WriteFile(folder, "f", "three");
  hosted.Look();
  const TopicServer server{{"http://hub/"}, "", false};
  REQUIRE(hosted.At("/f").modified > hosted.now);
  const auto response = AnswerFor(server, *hosted.files.topics(), Get("/f"), hosted.now);
  CHECK(Field(response, "Last-Modified").empty());
  CHECK_FALSE(Field(response, "ETag").empty());
}

// Collects what a watch tells.
struct Names {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> all;

  void Add(std::string_view name) {
    const std::lock_guard lock(mutex);
    all.emplace_back(name);
    changed.notify_all();
  }
  bool WaitFor(const std::string& name) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10),
                            [&] { return std::ranges::find(all, name) != all.end(); });
  }
};

TEST_CASE("a watch tells of what is written or made or moved or deleted") {
  const TempDir folder;
  const std::string root = fs::path(WriteFile(folder, "a", "x")).parent_path();
  fs::create_directory(root + "/sub");
  Names names;
  const auto watch = FolderWatch::Make([&](std::string_view name) { names.Add(name); });
  REQUIRE(watch);
  CHECK((*watch)->Follow(root));
  CHECK((*watch)->Follow(root));
  CHECK_FALSE((*watch)->Follow(root + "/none"));
  CHECK_FALSE((*watch)->Follow(root + "/a"));
  WriteFile(folder, "a", "y");
  CHECK(names.WaitFor("a"));
  WriteFile(folder, "b", "y");
  CHECK(names.WaitFor("b"));
  fs::rename(root + "/b", root + "/c");
  CHECK(names.WaitFor("c"));
  CHECK((*watch)->Follow(root + "/sub"));
  WriteFile(folder, "sub/d", "y");
  CHECK(names.WaitFor("d"));
  fs::remove(root + "/sub/d");
  fs::remove(root + "/sub");
  CHECK(names.WaitFor(""));
}

}  // namespace
}  // namespace websub::cli
