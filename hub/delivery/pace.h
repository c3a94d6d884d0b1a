// How many requests an origin may have at once, learned from what comes back.
//
// One that answers gets more of them, as long as it is slow enough that more at once would help.
// One that does not answer soon has few, so that what it holds up is small; and it is told apart
// from those that answer, so that it never takes the room that they need.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "core/time.h"

namespace websub::hub {

struct PaceOptions {
  std::size_t fewest = 4;
  std::size_t first = 32;
  std::size_t most = 128;
  // Below it a further request at once would not be answered sooner.
  Duration unhurried = std::chrono::milliseconds(20);
  // An answer that took longer says little about the next one.
  Duration soon = std::chrono::seconds(1);
};

class Pace {
 public:
  enum class Standing {
    kProven,    // the last request was answered soon, whatever the status
    kUnproven,  // never asked yet, or the last answer took long
    kFailing,   // the last request was not answered: refused, reset, timed out, …
  };

  explicit Pace(const PaceOptions& options) : limit_(std::min(options.first, options.most)) {}

  Standing standing() const { return standing_; }
  std::size_t limit() const { return limit_; }

  void Answered(Duration took, const PaceOptions& options) {
    standing_ = took <= options.soon ? Standing::kProven : Standing::kUnproven;
    if (limit_ < options.first || took >= options.unhurried) {
      limit_ = std::min(limit_ + 1, options.most);
    }
  }
  void Failed(const PaceOptions& options) {
    standing_ = Standing::kFailing;
    limit_ = std::min(std::max(limit_ / 2, options.fewest), options.most);
  }

 private:
  std::size_t limit_;
  Standing standing_ = Standing::kUnproven;
};

}  // namespace websub::hub
