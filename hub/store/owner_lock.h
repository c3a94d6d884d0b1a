// The right to write to a database file: a lock on a file beside it, which the kernel takes back
// when the process ends, however it ends. The file holds the process id, to name the owner to
// whoever comes second.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"

namespace websub::hub {

class OwnerLock {
 public:
  // `file` is the database, `name` what the user calls it. kConflict: another process (or another
  // store of this one) holds it. kUnavailable: the folder cannot be written.
  static Result<std::unique_ptr<OwnerLock>> Take(const std::string& file, const std::string& name);
  ~OwnerLock();
  OwnerLock(const OwnerLock&) = delete;
  OwnerLock& operator=(const OwnerLock&) = delete;

 private:
  OwnerLock(int descriptor, std::string path);

  int descriptor_;
  std::string path_;
};

}  // namespace websub::hub
