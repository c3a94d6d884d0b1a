// Where a walk over what is due in the store stands, and when it goes on. Every row is read once;
// what there was no room for is put off, and the walk goes back to it once there is room for much.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "hub/delivery/turns.h"
#include "hub/store/types.h"

namespace websub::hub {

class DueWalk {
 public:
  // Something may be due then.
  void Expect(Time at) { next_ = std::min(next_, at); }
  // Something came to be due then that the walk may have passed: it takes a while to be kept.
  void GoBack(Time at) {
    place_ = std::min(place_, DuePlace{at, 0});
    Expect(at);
  }
  // What is at this place is to be read again.
  void PutOff(DuePlace place) {
    const DuePlace before{place.at, place.id - 1};
    put_off_ = std::min(put_off_.value_or(before), before);
  }
  // Everything is to be read again then.
  void StartAnew(Time at) {
    place_ = {};
    Expect(at);
  }

  // Whether there may be more to read now, after `place`.
  bool HasMore(Time now, Turns::Room room) {
    if (now < place_.at) StartAnew(Time::min());  // the clock was set back
    if (put_off_ && room == Turns::Room::kMuch) {
      place_ = std::min(place_, *std::exchange(put_off_, std::nullopt));
      Expect(Time::min());
    }
    return now >= next_ && room != Turns::Room::kNone;
  }
  DuePlace place() const { return place_; }
  void MoveTo(DuePlace place) { place_ = place; }
  // All that is due was read; `next` is when more will be.
  void End(std::optional<Time> next) { next_ = next.value_or(Time::max()); }

  // When there will be more to read.
  Time next() const { return next_; }

 private:
  DuePlace place_;
  std::optional<DuePlace> put_off_;
  Time next_ = Time::min();
};

}  // namespace websub::hub
