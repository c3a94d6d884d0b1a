// Makes a database with many active subscriptions of one topic, for measurements of a hub that has
// them:
//
//   fill_store FILE TOPIC SUBSCRIPTIONS PORT...
//
// Callbacks are http://127.0.0.1:PORT/s/INDEX, INDEX from 0, the ports taken in turn. Every
// subscription has a secret and a lease of a year. FILE must not exist.
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "tests/bench/fill.h"

namespace {

std::optional<long> Number(std::string_view text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace websub;
  bench::FillPlan plan;
  bool understood = argc >= 5;
  for (int i = 3; i < argc && understood; ++i) {
    const auto number = Number(argv[i]);
    understood = number && *number > 0;
    if (!understood) break;
    if (i == 3) {
      plan.subscriptions = static_cast<std::size_t>(*number);
    } else {
      plan.ports.push_back(static_cast<int>(*number));
    }
  }
  if (!understood) {
    std::fputs("usage: fill_store FILE TOPIC SUBSCRIPTIONS PORT...\n", stderr);
    return 2;
  }
  plan.topic = argv[2];
  plan.secret = std::string(32, 's');
  if (std::filesystem::exists(argv[1])) {
    std::fprintf(stderr, "fill_store: %s exists already\n", argv[1]);
    return 2;
  }
  if (const auto filled = bench::Fill(argv[1], plan); !filled) {
    std::fprintf(stderr, "fill_store: %s\n", filled.error().message.c_str());
    return 1;
  }
  return 0;
}
