#include "core/address.h"

#include <doctest/doctest.h>

#include "tests/support/cases.h"

namespace websub {
namespace {

TEST_CASE("classifies address literals on both sides of each range") {
  for (const auto& row : tests::ReadCases("core/address.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto address_class = ClassifyAddress(row["text"].get<std::string>());
    REQUIRE(address_class.has_value() == row.contains("class"));
    if (address_class) CHECK(Name(*address_class) == row["class"].get<std::string>());
  }
}

}  // namespace
}  // namespace websub
