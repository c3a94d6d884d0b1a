#include "cli/commands/serve_log.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/cli/fake_environment.h"

namespace websub::cli {

namespace {

using namespace std::chrono_literals;

struct Rig {
  explicit Rig(OutputOptions options = {}) : output(fake.environment, options) {}

  void Print(int count, int status) {
    Exchange exchange;
    exchange.at = fake.clock.now;
    exchange.status = status;
    exchange.outcome = "outcome " + std::to_string(status);
    for (int i = 0; i < count; ++i) log.Print(exchange);
  }
  std::size_t Lines(const std::string& with) const {
    std::istringstream lines(fake.out.str());
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) count += line.find(with) != line.npos;
    return count;
  }

  FakeEnvironment fake;
  Output output;
  hub::http::Loop loop;
  ServeLog log{fake.environment, output, loop};
};

}  // namespace

TEST_CASE("serve shows every exchange of a quiet second") {
  Rig rig;
  rig.Print(50, 204);
  rig.log.Fold();
  CHECK(rig.Lines("outcome 204") == 50);
  CHECK(rig.Lines("more") == 0);
}

TEST_CASE("serve folds what nobody can read and shows failures all the same") {
  Rig rig;
  rig.Print(1000, 204);
  rig.Print(60, 500);
  rig.log.Fold();
  CHECK(rig.Lines("outcome 204") == 50);
  CHECK(rig.Lines("outcome 500") == 50);
  CHECK(rig.Lines("… 960 more exchanges, 10 of them failed") == 1);
}

TEST_CASE("serve begins anew with each second") {
  Rig rig;
  rig.Print(51, 204);
  rig.fake.clock.now += 1s;
  rig.Print(1, 204);
  CHECK(rig.Lines("outcome 204") == 51);
  CHECK(rig.Lines("… 1 more exchange") == 1);
  rig.fake.clock.now -= 10s;  // the clock was set back
  rig.Print(1, 204);
  CHECK(rig.Lines("outcome 204") == 52);
}

TEST_CASE("serve tells programs of every exchange") {
  Rig rig({.json = true});
  rig.Print(200, 204);
  CHECK(rig.Lines("\"type\":\"exchange\"") == 200);
}

}  // namespace websub::cli
