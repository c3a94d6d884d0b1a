#include "core/lease.h"

#include <doctest/doctest.h>

#include <limits>

namespace websub {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr seconds kLongest{std::numeric_limits<seconds::rep>::max()};

TEST_CASE("grants the wish within the bounds of the policy (HUB-VER-05)") {
  const LeasePolicy policy{100s, 10s, 1000s};
  CHECK(GrantLease(policy, std::nullopt) == 100s);
  CHECK(GrantLease(policy, 9s) == 10s);
  CHECK(GrantLease(policy, 10s) == 10s);
  CHECK(GrantLease(policy, 11s) == 11s);
  CHECK(GrantLease(policy, 999s) == 999s);
  CHECK(GrantLease(policy, 1000s) == 1000s);
  CHECK(GrantLease(policy, 1001s) == 1000s);
  CHECK(GrantLease(policy, kLongest) == 1000s);
  CHECK(GrantLease(policy, 0s) == 10s);
  CHECK(GrantLease(policy, -1s) == 10s);
  CHECK(GrantLease({5s, 10s, 1000s}, std::nullopt) == 10s);
  CHECK(GrantLease({5000s, 10s, 1000s}, std::nullopt) == 1000s);
  CHECK(GrantLease({100s, 2000s, 1000s}, std::nullopt) == 1000s);
}

TEST_CASE("a lease ends and does not overflow (HUB-VER-04)") {
  const Time start{1000s};
  CHECK(LeaseEnd(start, 10s) == Time(1010s));
  CHECK(LeaseEnd(start, kMaxLease) == start + kMaxLease);
  CHECK(LeaseEnd(start, kLongest) == Time::max());
  CHECK(LeaseEnd(Time::max(), 1s) == Time::max());
  CHECK(LeaseEnd(Time::max() - 1s, 1s) == Time::max());
  CHECK(LeaseEnd(Time::max() - 2s, 1s) == Time::max() - 1s);
  CHECK(LeaseEnd(Time::min(), kLongest) <= Time::max());
}

TEST_CASE("renews after two thirds and a minute before the end (SUB-VER-04)") {
  const Time start{1000s};
  CHECK(RenewAt(start, 3s) == start + 2s);
  CHECK(RenewAt(start, 1s) == start + 666667us);
  CHECK(RenewAt(start, 180s) == start + 120s);
  CHECK(RenewAt(start, 864000s) == start + 576000s);
  CHECK(RenewAt(start, kLongest) < LeaseEnd(start, kLongest));
  CHECK(RenewAt(Time::max(), 3s) == Time::max());
  for (int lease = 180; lease < 1000; ++lease) {
    REQUIRE(LeaseEnd(start, seconds(lease)) - RenewAt(start, seconds(lease)) >= 60s);
  }
}

TEST_CASE("reads a lease as a positive whole number") {
  CHECK(ParseLeaseSeconds("1") == 1s);
  CHECK(ParseLeaseSeconds("010") == 10s);
  CHECK(ParseLeaseSeconds("3155760000") == kMaxLease);
  CHECK(ParseLeaseSeconds("3155760001") == kMaxLease);
  CHECK(ParseLeaseSeconds(std::string(1000, '9')) == kMaxLease);
  for (const char* text : {"", "0", "-1", "+1", "1.0", "1e3", " 1", "abc"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseLeaseSeconds(text).has_value());
  }
}

}  // namespace
}  // namespace websub
