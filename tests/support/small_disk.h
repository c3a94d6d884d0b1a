// A real disk that is really full: a small file system of the test's own. It lies in a mount
// namespace, so that it goes with the test whatever happens; programs that shall see it run by way
// of `Prefix`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {

class SmallDisk {
 public:
  explicit SmallDisk(std::size_t bytes);

  // Empty where the disk is there; otherwise why this machine allows none.
  const std::string& missing() const { return missing_; }
  // To be put before a command line that shall see the disk.
  std::vector<std::string> Prefix() const;
  // The path of a file on the disk as such a program sees it.
  std::string File(const std::string& name) const;

  // Takes up all that is free but so many bytes.
  void Fill(std::size_t leave = 0);
  // Gives back what Fill took.
  void MakeRoom();

 private:
  std::string Outside(const std::string& name) const;  // the path for the test itself

  TempDir folder_;
  std::unique_ptr<Process> holder_;  // of the namespace
  std::string missing_;
};

}  // namespace websub::tests
