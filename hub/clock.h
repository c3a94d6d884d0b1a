// The seam for time: everything in the hub that needs to know the time asks one clock.
#pragma once

#include "core/time.h"

namespace websub::hub {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
};

}  // namespace websub::hub
