#include "cli/progress_line.h"

#include <algorithm>
#include <ostream>

namespace websub::cli {

ProgressLine::ProgressLine(Environment& environment, const OutputOptions& options)
    : environment_(environment), shown_(environment.terminal.err && !options.quiet) {}

ProgressLine::~ProgressLine() {
  if (written_) environment_.err << "\r\x1b[K" << std::flush;
}

void ProgressLine::Show(const std::string& line) {
  if (!shown_ || line.empty()) return;
  written_ = true;
  const auto width = static_cast<std::size_t>(std::max(environment_.terminal.width, 2));
  environment_.err << "\r\x1b[K" << Printable(line.substr(0, width - 1)) << std::flush;
}

}  // namespace websub::cli
