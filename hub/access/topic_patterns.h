// Which topics somebody may use: regular expressions, one of which must match the whole topic.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace websub::hub {

// The expressions are RE2's: matching takes time linear in the topic, whatever they are. A copy
// costs no more than a pointer.
class TopicPatterns {
 public:
  // kInvalid, with what is wrong and which (counted from 0). At most 256 expressions of 1024 bytes;
  // none at all match no topic.
  static Result<TopicPatterns> Compile(const std::vector<std::string>& expressions);

  bool Match(std::string_view topic) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace websub::hub
