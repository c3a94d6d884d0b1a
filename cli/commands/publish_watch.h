// Tells of changes in folders, by inotify.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace websub::cli {

class FolderWatch {
 public:
  // `changed` is called on a thread of the watch's own with the name of what was written, made,
  // moved or deleted; an empty name is the folder itself, or that some news were lost.
  // kUnavailable where the system gives no watch.
  static Result<std::unique_ptr<FolderWatch>> Make(
      std::function<void(std::string_view name)> changed);
  ~FolderWatch();  // the callback is not called any more, nor running, when that returns

  // Watches what lies in the folder, not below. Again is the same as once; a folder that is gone
  // needs no end. Tells whether it is watched: the system has room for so many only.
  bool Follow(const std::string& folder);

  struct Impl;

 private:
  explicit FolderWatch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::cli
