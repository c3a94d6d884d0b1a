// What a command gets from outside. main.cc wires the real things; tests wire streams and fakes.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/clock.h"
#include "hub/random.h"

namespace websub::cli {

// Told of SIGINT and SIGTERM.
class Signals {
 public:
  // Dropping it ends the watch; the handler is not called any more, nor running, when that returns.
  class Watch {
   public:
    virtual ~Watch() = default;
  };

  virtual ~Signals() = default;
  // Calls `handler` with the number of each signal from now on, on a thread of its own: hand the
  // news over (Loop::Post, a condition variable) and return. While nobody watches, a signal ends
  // the process at once with 128 + its number. Of several watches all are told.
  virtual std::unique_ptr<Watch> OnSignal(std::function<void(int)> handler) = 0;
};

struct Terminal {
  bool in = false;  // whether that stream is a terminal
  bool out = false;
  bool err = false;
  int width = 80;  // columns of stdout, or of stderr where only that is one
};

struct Environment {
  std::vector<std::string> args;  // behind the program's name
  std::function<std::optional<std::string>(const std::string& name)> getenv;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Terminal terminal;
  hub::Clock& clock;
  hub::Random& random;
  Signals& signals;
};

// The value of an environment variable; an empty one counts as not set.
inline std::optional<std::string> Variable(const Environment& environment,
                                           const std::string& name) {
  auto value = environment.getenv(name);
  if (value && value->empty()) value.reset();
  return value;
}

}  // namespace websub::cli
