#include "cli/bench/check.h"

#include <doctest/doctest.h>

namespace websub::cli::bench {
namespace {

std::string ErrorOf(const std::string& text) {
  const auto parsed = ParseFailIf(text);
  return parsed ? "" : parsed.error().message;
}

TEST_CASE("a check compares on both sides of its limit") {
  struct Row {
    const char* text;
    double below, at, above;  // whether it fails there: 1 or 0
  };
  for (const Row& row :
       {Row{"p95>200ms", 0, 0, 1}, Row{"p95 >= 200ms", 0, 1, 1}, Row{"p95<200ms", 1, 0, 0},
        Row{" p95 <=0.2 ", 1, 1, 0}, Row{"p95==200ms", 0, 1, 0}, Row{"p95=200ms", 0, 1, 0},
        Row{"p95!=200000us", 1, 0, 1}}) {
    CAPTURE(row.text);
    const auto check = ParseFailIf(row.text);
    REQUIRE(check);
    CHECK(Violation(*check, {{"p95", 0.1999}}).has_value() == (row.below == 1));
    CHECK(Violation(*check, {{"p95", 0.2}}).has_value() == (row.at == 1));
    CHECK(Violation(*check, {{"p95", 0.2001}}).has_value() == (row.above == 1));
  }
}

TEST_CASE("a violation names the check and the number") {
  CHECK(*Violation(*ParseFailIf("p95>200ms"), {{"p95", 0.25}}) == "p95>200ms: p95 is 250ms");
  CHECK(*Violation(*ParseFailIf("lost>0"), {{"lost", 3}}) == "lost>0: lost is 3");
  CHECK(*Violation(*ParseFailIf("deliveries_per_second<10000"),
                   {{"deliveries_per_second", 9000.4}}) ==
        "deliveries_per_second<10000: deliveries_per_second is 9000");
}

TEST_CASE("what could not be measured fails") {
  CHECK(*Violation(*ParseFailIf("burst>1s"), {{"lost", 0}}) ==
        "burst>1s: burst could not be measured");
}

TEST_CASE("a check that cannot be read says why") {
  CHECK(ErrorOf("p96>1s") ==
        "\"p96\" is none of p50, p95, p99, max, burst, deliveries_per_second, accepts_per_second, "
        "lost, duplicated, out_of_order");
  CHECK(ErrorOf("p95").find("p95>200ms") != std::string::npos);
  CHECK(ErrorOf("").find("p95>200ms") != std::string::npos);
  CHECK(ErrorOf("p95!1s").find("p95>200ms") != std::string::npos);
  for (const char* const text : {"lost>", "lost>-1", "lost>1x", "lost>0x1", "lost>nan", "lost>inf",
                                 "lost>1ms", "p95>", "p95>fast", "p95>1ms>2ms", ">1"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseFailIf(text));
  }
}

}  // namespace
}  // namespace websub::cli::bench
