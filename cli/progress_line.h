// One line on the terminal that is written over while a command works, and gone at its end.
#pragma once

#include <string>

#include "cli/environment.h"
#include "cli/output.h"

namespace websub::cli {

class ProgressLine {
 public:
  // Shows nothing where stderr is no terminal, or with --quiet.
  ProgressLine(Environment& environment, const OutputOptions& options);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(const std::string& line);

 private:
  Environment& environment_;
  const bool shown_;
  bool written_ = false;
};

}  // namespace websub::cli
