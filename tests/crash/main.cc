// crash_test ROUNDS [SEED]: see crash_run.h. Exits with 0 where all held, 1 where something did
// not.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <random>
#include <string>

#include "tests/crash/crash_run.h"

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: crash_test ROUNDS [SEED]\n";
    return 2;
  }
  try {
    websub::tests::CrashOptions options;
    options.rounds = std::stoi(argv[1]);
    options.seed = argc > 2 ? std::stoull(argv[2]) : std::random_device()();
    options.on_line = [](const std::string& line) { std::cout << line << std::endl; };
    const auto report = websub::tests::RunCrashes(options);
    for (const auto& fault : report.faults) std::cout << fault << "\n";
    std::cout << report.Summary() << std::endl;
    return report.Ok() ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << "crash_test: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
