#include "cli/bench/content.h"

#include <doctest/doctest.h>

namespace websub::cli::bench {
namespace {

TEST_CASE("content has the size asked for and its mark reads back") {
  for (const Mark mark : {Mark{0, 0, 0}, Mark{0xffffffffffffffff, 4294967295, 4294967295}}) {
    for (const std::size_t size : {std::size_t{64}, std::size_t{65}, std::size_t{2048}}) {
      const std::string content = MakeContent(mark, size);
      CHECK(content.size() == size);
      CHECK(ReadMark(content) == mark);
    }
    CHECK(ReadMark(MakeContent(mark, 0)) == mark);
    CHECK(MakeContent(mark, 0).size() <= kMaxMark);
  }
}

TEST_CASE("two messages differ behind their marks") {
  const std::string first = MakeContent({1, 2, 3}, 2048);
  const std::string second = MakeContent({1, 2, 4}, 2048);
  CHECK(first.substr(first.find('\n')) != second.substr(second.find('\n')));
}

TEST_CASE("foreign content has no mark") {
  for (const char* const body :
       {"", "websub-bench ", "websub-bench 1", "websub-bench 1 2", "websub-bench 1 2 3",
        "websub-bench 1 2 4294967296\n", "websub-bench g 2 3\n", "websub-bench 1 -2 3\n",
        "websub-bench 1  3\n", "Websub-bench 1 2 3\n"}) {
    CAPTURE(body);
    CHECK_FALSE(ReadMark(body));
  }
}

}  // namespace
}  // namespace websub::cli::bench
