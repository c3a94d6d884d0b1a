// The one place that wires the real world to the commands.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/exit_status.h"
#include "cli/system.h"

namespace {

using websub::cli::ExitStatus;

ExitStatus RunMain(std::vector<std::string> args) {
  websub::cli::SystemClock clock;
  websub::cli::SystemRandom random;
  websub::cli::SystemSignals signals;
  websub::cli::DescriptorBuffer buffer(1);
  std::ostream out(&buffer);
  websub::cli::DescriptorBuffer diagnostics(2);
  std::ostream err(&diagnostics);
  err << std::unitbuf;
  websub::cli::Environment environment{
      .args = std::move(args),
      .getenv = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
      },
      .in = std::cin,
      .out = out,
      .err = err,
      .terminal = websub::cli::SystemTerminal(),
      .clock = clock,
      .random = random,
      .signals = signals,
  };
  const ExitStatus status = websub::cli::Main(environment);
  out.flush();
  if (buffer.signal() != 0) return websub::cli::StatusOfSignal(buffer.signal());
  // A reader that went away (`| head`, `>&-`) is no fault; a full disk is.
  if (buffer.error() != 0 && buffer.error() != EPIPE && buffer.error() != EBADF) {
    err << "websub: cannot write to standard output: " << std::strerror(buffer.error()) << '\n';
    if (status == ExitStatus::kDone) return ExitStatus::kUsage;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  // A write past the end of a pipe or of the largest file allowed (`ulimit -f`) is an error like
  // any other, not the end of a hub.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  websub::cli::HoldStandardStreams();
  websub::cli::RaiseFileLimit();
  std::ios::sync_with_stdio(false);
  try {
    return static_cast<int>(RunMain({argv + (argc > 0 ? 1 : 0), argv + argc}));
  } catch (const std::exception& error) {
    std::cerr << "websub: internal error: " << error.what() << "; please report this\n";
    return static_cast<int>(ExitStatus::kInternal);
  }
}
