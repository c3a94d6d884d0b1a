#include "core/feed_diff.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/cases.h"

namespace websub {
namespace {

using Json = nlohmann::json;

const std::string kAtom = "<feed xmlns=\"http://www.w3.org/2005/Atom\">";

std::vector<std::string> Texts(const std::string& body, const std::vector<FeedEntry>& entries) {
  std::vector<std::string> texts;
  for (const FeedEntry& entry : entries) {
    texts.push_back(body.substr(entry.begin, entry.end - entry.begin));
  }
  return texts;
}

std::vector<FeedEntry> Read(const std::string& body, const std::string& type = "text/xml") {
  return ReadFeed(type, body);
}

std::string OnlyDigest(const std::string& body) {
  const auto entries = Read(body);
  REQUIRE(entries.size() == 1);
  return entries[0].digest;
}

}  // namespace

TEST_CASE("finds the entries of a feed and cuts them out byte for byte (HUB-DIS-10)") {
  for (const Json& one : tests::ReadCases("core/feed_diff.json")) {
    CAPTURE(one.at("name").get<std::string>());
    const std::string body = one.at("body");
    const auto entries = ReadFeed(one.at("type").get<std::string>(), body);
    CHECK(Json(Texts(body, entries)).dump() == one.at("entries").dump());
    if (!one.contains("drop") || entries.size() != one.at("entries").size()) continue;
    std::vector<FeedEntry> dropped;
    for (const std::size_t i : one.at("drop")) dropped.push_back(entries.at(i));
    CHECK(WithoutEntries(body, dropped) == one.at("rest"));
    CHECK(WithoutEntries(body, {}) == body);
  }
}

TEST_CASE("bytes over the lower half are characters of their own in one-byte encodings") {
  const std::string entry = "<entry>caf\xe9 \x80 \xdf</entry>";
  const std::string body = kAtom + entry + "</feed>";
  CHECK(Texts(body, Read(body, "text/xml; charset=iso-8859-1")) == std::vector{entry});
  CHECK(Texts(body, Read(body, "text/xml; charset=Windows-1252")) == std::vector{entry});
  const std::string declared = "<?xml version=\"1.0\" encoding=\"koi8-r\" ?>" + body;
  CHECK(Texts(declared, Read(declared)) == std::vector{entry});
  // It says nothing, so that it would have to be UTF-8.
  CHECK(Read(body).empty());
  CHECK(Read(body, "text/xml; charset=us-ascii").empty());
}

TEST_CASE("UTF-16 and UTF-32 are left whole whatever they are called") {
  const std::string ascii = "<?xml version=\"1.0\"?>" + kAtom + "<entry/></feed>";
  for (const bool big : {true, false}) {
    for (const std::size_t width : {2, 4}) {
      for (const bool marked : {true, false}) {
        std::string wide;
        const auto add = [&](unsigned unit) {
          std::string bytes(width, '\0');
          bytes[big ? width - 1 : 0] = static_cast<char>(unit & 0xff);
          bytes[big ? width - 2 : 1] = static_cast<char>(unit >> 8);
          wide += bytes;
        };
        if (marked) add(0xfeff);
        for (const char c : ascii) add(static_cast<unsigned char>(c));
        CHECK(Read(wide).empty());
        CHECK(Read(wide, "text/xml; charset=utf-8").empty());
      }
    }
  }
}

TEST_CASE("a digest tells versions of an entry apart") {
  const std::string digest = OnlyDigest(kAtom + "<entry><id>1</id></entry></feed>");
  CHECK(digest.size() == 32);
  CHECK(digest.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(OnlyDigest(kAtom + "<title>other</title>\n <entry><id>1</id></entry></feed>") == digest);
  CHECK(OnlyDigest(kAtom + "<entry><id>2</id></entry></feed>") != digest);
  CHECK(OnlyDigest(kAtom + "<entry><id>1</id> </entry></feed>") != digest);
  // What the tags around it say is meant for it, too.
  const std::string based = "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:base=\"http://x/\">";
  CHECK(OnlyDigest(based + "<entry><id>1</id></entry></feed>") != digest);
  const std::string item = "<item/></channel></rss>";
  const std::string rss = OnlyDigest("<rss><channel>" + item);
  CHECK(OnlyDigest("<rss> <channel>" + item) == rss);
  CHECK(OnlyDigest("<rss version=\"2.0\"><channel>" + item) != rss);
  CHECK(OnlyDigest("<rss><channel xml:lang=\"de\">" + item) != rss);
}

TEST_CASE("entries with the same id and other bytes are two and equal ones share a digest") {
  const auto entries = Read(kAtom +
                            "<entry><id>1</id>a</entry><entry><id>1</id>b</entry>"
                            "<entry><id>1</id>a</entry></feed>");
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].digest != entries[1].digest);
  CHECK(entries[0].digest == entries[2].digest);
  CHECK(DigestsOf(entries).size() == 2);
}

TEST_CASE("a feed over a bound is left whole") {
  const auto repeat = [](const std::string& text, std::size_t times) {
    std::string all;
    all.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
  };
  CHECK(Read(kAtom + repeat("<entry/>", kMaxFeedEntries) + "</feed>").size() == kMaxFeedEntries);
  CHECK(Read(kAtom + repeat("<entry/>", kMaxFeedEntries + 1) + "</feed>").empty());

  const std::string feed = kAtom + "<entry/></feed>";
  CHECK(Read(feed + std::string(kMaxFeed - feed.size(), ' ')).size() == 1);
  CHECK(Read(feed + std::string(kMaxFeed - feed.size() + 1, ' ')).empty());

  const auto deep = [&](std::size_t depth) {
    return kAtom + "<entry>" + repeat("<a>", depth - 2) + repeat("</a>", depth - 2) +
           "</entry></feed>";
  };
  CHECK(Read(deep(200)).size() == 1);
  CHECK(Read(deep(201)).empty());
  CHECK(Read(kAtom + "<entry>" + repeat("<a>", 1'000'000) + "</entry></feed>").empty());

  const auto attributes = [](std::size_t count, const std::string& name) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += " " + name + std::to_string(i) + "=\"\"";
    return all;
  };
  CHECK(Read(kAtom + "<entry" + attributes(100, "a") + "/></feed>").size() == 1);
  CHECK(Read(kAtom + "<entry" + attributes(101, "a") + "/></feed>").empty());
  const auto bound = [&](std::size_t count) {  // one more is in the root
    std::string all;
    for (std::size_t i = 0; i < count; ++i) {
      all += "<x xmlns:p" + std::to_string(i) + "=\"u\">";
    }
    return Read(kAtom + "<entry>" + all + repeat("</x>", count) + "</entry></feed>").size();
  };
  CHECK(bound(63) == 1);
  CHECK(bound(64) == 0);
}

}  // namespace websub
