// A command's surroundings in memory: streams that are strings, a clock that stands still.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/environment.h"

namespace websub::cli {

class StoppedClock : public hub::Clock {
 public:
  Time now = ParseRfc3339("2026-11-21T20:32:01.123456Z").value();
  Time Now() const override { return now; }
};

class CountingRandom : public hub::Random {
 public:
  std::string Hex(std::size_t digits) override { return std::string(digits, 'a'); }
  double Unit() override { return 0.5; }
};

class NoSignals : public Signals {
 public:
  std::unique_ptr<Watch> OnSignal(std::function<void(int)>) override {
    return std::make_unique<Watch>();
  }
};

struct FakeEnvironment {
  std::map<std::string, std::string> variables;
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  StoppedClock clock;
  CountingRandom random;
  NoSignals signals;
  Environment environment{
      .args = {},
      .getenv = [this](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        // What lies in the folder that the tests run in has no say.
        if (found == variables.end() && name == "WEBSUB_NO_CONFIG") return "1";
        if (found == variables.end()) return std::nullopt;
        return found->second;
      },
      .in = in,
      .out = out,
      .err = err,
      .terminal = {},
      .clock = clock,
      .random = random,
      .signals = signals,
  };

  // Runs `websub ARGS` and tells its status.
  int Run(std::vector<std::string> args) {
    environment.args = std::move(args);
    return static_cast<int>(Main(environment));
  }
};

}  // namespace websub::cli
