// Which of many jobs may start, where each is a request to some origin: verifications and fetches.
// Deliveries have their own (deliverer.h), by the same rules.
//
// Jobs queue by origin, and origins take turns. What may run is limited by origin (pace.h) and
// overall. Those known not to answer share at most a quarter of what may run: a job that failed
// before, and an origin whose last request was not answered. They and those of which it is not
// known that they answer soon (never asked, or slow the last time) have at most three quarters, so
// that room is always left for those that do.
//
// Cost: a few words for each job that waits; a constant amount of work for each that starts.
// Origins without jobs are remembered for what was learned of them, a bounded number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "hub/delivery/pace.h"

namespace websub::hub {

struct OutgoingResult;

struct TurnsOptions {
  PaceOptions pace;  // of an origin
  std::size_t max_running = 2048;
  std::size_t max_waiting = 32768;
  // Where half of them wait already, an origin that has so many gets no more.
  std::size_t max_waiting_per_origin = 64;
};

class Turns {
  struct Origin;

 public:
  using Id = std::int64_t;
  enum class Trust {
    kFresh,
    kSuspect,  // it failed before: what holds it up must not hold up others
  };
  // What a job that runs counts for.
  struct Ticket {
    Origin* origin = nullptr;
    std::size_t counts_as = 0;
    Trust trust = Trust::kFresh;
  };
  struct Turn {
    Id id = 0;
    Ticket ticket;
  };

  explicit Turns(const TurnsOptions& options);
  ~Turns();

  enum class Room { kNone, kSome, kMuch };
  Room room() const;  // for jobs that wait
  // Whether another job of this origin may be added. Add itself sets no limit.
  bool HasRoomFor(const std::string& origin) const;
  void Add(Id id, const std::string& origin, Trust trust);

  // The next that may start, which runs from then on; nothing where none may.
  std::optional<Turn> Next();
  // What was learned of the origin while the job ran.
  void Answered(const Ticket& ticket, Duration took);
  void Failed(const Ticket& ticket);
  // The same, from how its request ended. An answer is one only when it is whole: who stalls in the
  // middle of it stalls. One that was cancelled tells nothing.
  void Learn(const Ticket& ticket, const OutgoingResult& result);
  // The job does not run any more. Called once for each turn.
  void End(const Ticket& ticket);

  std::size_t waiting() const { return waiting_; }
  std::size_t running() const { return running_; }

 private:
  // An origin that may start something, of those of its jobs that are trusted so.
  struct Place {
    Origin* origin = nullptr;
    Trust trust = Trust::kFresh;
  };
  // Those that count alike, and how many of theirs run.
  struct Class {
    std::deque<Place> places;
    std::size_t running = 0;
  };
  enum Standing : std::size_t { kProven, kUnproven, kFailing };

  static Standing StandingOf(const Origin& origin);
  bool HasSlot(std::size_t standing) const;
  void Learned(Origin& origin, Standing before);
  void GiveTurn(Origin& origin);
  void GiveTurn(Origin& origin, Trust trust, std::size_t standing);
  Turn Start(const Place& place, std::size_t standing);
  void ForgetIdle();

  const TurnsOptions options_;
  std::unordered_map<std::string, std::unique_ptr<Origin>> origins_;
  std::deque<Origin*> idle_;  // the longest idle first
  std::array<Class, 3> classes_;
  std::size_t next_class_ = 0;
  std::size_t waiting_ = 0;
  std::size_t running_ = 0;
};

}  // namespace websub::hub
