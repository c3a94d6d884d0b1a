// Many jobs of peers that stall, and what they may take of what is in flight.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "tests/support/hub_rig.h"

namespace websub::tests {

class CrowdRig : public HubRig {
 public:
  static bool IsSilent(const FakeTransport::Call& call) {
    return call.url().starts_with("https://silent");
  }
  static std::string SilentUrl(std::size_t number, std::size_t origins) {
    return "https://silent" + std::to_string(number % origins) + ".example/" +
           std::to_string(number);
  }

  // Adds so many jobs of peers that stall, of as many origins.
  using AddSilent = std::function<void(std::size_t count, std::size_t origins)>;

  // Where 16 may be in flight and a job is tried again a second after it failed.
  void ExpectThatFailedJobsShareAQuarter(const AddSilent& add) {
    add(12, 12);
    RunFor(0s);
    CHECK(transport.open() == 12);
    RunFor(10s);  // the timeout
    CHECK(transport.open() == 0);
    RunFor(2s);
    CHECK(transport.open() == 4);
  }
  // Where 16 may be in flight and a job is tried once.
  void ExpectThatFailedOriginsShareAQuarter(const AddSilent& add) {
    add(12, 12);
    RunFor(11s);
    REQUIRE(transport.open() == 0);
    add(12, 12);
    RunFor(0s);
    CHECK(transport.open() == 4);
  }
};

}  // namespace websub::tests
