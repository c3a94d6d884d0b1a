#include "hub/delivery/turns.h"

#include <algorithm>
#include <utility>

#include "hub/transport.h"

namespace websub::hub {

namespace {

// Origins without jobs that are remembered.
constexpr std::size_t kKeptOrigins = 4096;

}  // namespace

struct Turns::Origin {
  Origin(std::string the_key, const PaceOptions& options)
      : key(std::move(the_key)), pace(options) {}

  // Jobs of one trust.
  struct Jobs {
    std::deque<Id> waiting;
    std::size_t running = 0;
    bool has_place = false;  // stands among those that may start something
  };

  Jobs& Of(Trust trust) { return trust == Trust::kFresh ? fresh : suspects; }
  // Those that failed have a small share of their own, beside that of the others.
  bool MayStart(Trust trust) const {
    if (trust == Trust::kFresh) return !fresh.waiting.empty() && fresh.running < pace.limit();
    const std::size_t share = std::max<std::size_t>(pace.limit() / 4, 1);
    return !suspects.waiting.empty() && suspects.running < share;
  }
  std::size_t waiting() const { return fresh.waiting.size() + suspects.waiting.size(); }
  bool busy() const { return waiting() + fresh.running + suspects.running > 0; }

  const std::string key;
  Pace pace;
  Jobs fresh;
  Jobs suspects;
  bool idle = false;  // stands among those that are idle
};

Turns::Turns(const TurnsOptions& options) : options_(options) {}

Turns::~Turns() = default;

Turns::Room Turns::room() const {
  if (waiting_ >= options_.max_waiting) return Room::kNone;
  return waiting_ <= options_.max_waiting / 4 ? Room::kMuch : Room::kSome;
}

bool Turns::HasRoomFor(const std::string& origin) const {
  if (waiting_ < options_.max_waiting / 2) return true;
  if (waiting_ >= options_.max_waiting) return false;
  const auto found = origins_.find(origin);
  return found == origins_.end() || found->second->waiting() < options_.max_waiting_per_origin;
}

void Turns::Add(Id id, const std::string& origin, Trust trust) {
  auto& entry = origins_[origin];
  if (!entry) entry = std::make_unique<Origin>(origin, options_.pace);
  entry->Of(trust).waiting.push_back(id);
  ++waiting_;
  GiveTurn(*entry);
}

std::optional<Turns::Turn> Turns::Next() {
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    const std::size_t standing = (next_class_ + i) % classes_.size();
    auto& places = classes_[standing].places;
    while (!places.empty() && HasSlot(standing)) {
      const Place place = places.front();
      places.pop_front();
      place.origin->Of(place.trust).has_place = false;
      if (!place.origin->MayStart(place.trust)) continue;  // End gives it a turn again
      const Turn turn = Start(place, standing);
      GiveTurn(*place.origin);
      next_class_ = (standing + 1) % classes_.size();
      return turn;
    }
  }
  return std::nullopt;
}

void Turns::Answered(const Ticket& ticket, Duration took) {
  Origin& origin = *ticket.origin;
  const Standing before = StandingOf(origin);
  origin.pace.Answered(took, options_.pace);
  Learned(origin, before);
}

void Turns::Failed(const Ticket& ticket) {
  const Standing before = StandingOf(*ticket.origin);
  ticket.origin->pace.Failed(options_.pace);
  Learned(*ticket.origin, before);
}

void Turns::Learn(const Ticket& ticket, const OutgoingResult& result) {
  if (result.fault == Fault::kNone) {
    Answered(ticket, result.timings.total);
  } else if (result.fault != Fault::kCancelled) {
    Failed(ticket);
  }
}

// What waits must not wait among those that it does not belong to any more.
void Turns::Learned(Origin& origin, Standing before) {
  if (StandingOf(origin) == before || !origin.fresh.has_place) return;
  std::erase_if(classes_[before].places, [&](const Place& place) {
    return place.origin == &origin && place.trust == Trust::kFresh;
  });
  origin.fresh.has_place = false;
  GiveTurn(origin);
}

void Turns::End(const Ticket& ticket) {
  Origin& origin = *ticket.origin;
  --running_;
  --classes_[ticket.counts_as].running;
  --origin.Of(ticket.trust).running;
  GiveTurn(origin);
  if (!origin.busy() && !std::exchange(origin.idle, true)) idle_.push_back(&origin);
  ForgetIdle();
}

Turns::Standing Turns::StandingOf(const Origin& origin) {
  switch (origin.pace.standing()) {
    case Pace::Standing::kProven:
      return kProven;
    case Pace::Standing::kUnproven:
      return kUnproven;
    case Pace::Standing::kFailing:
      break;
  }
  return kFailing;
}

bool Turns::HasSlot(std::size_t standing) const {
  const std::size_t quarter = options_.max_running / 4;
  if (running_ >= options_.max_running) return false;
  if (standing == kProven) return true;
  const std::size_t failing = classes_[kFailing].running;
  if (failing + classes_[kUnproven].running >= options_.max_running - quarter) return false;
  return standing == kUnproven || failing < std::max<std::size_t>(quarter, 1);
}

void Turns::GiveTurn(Origin& origin) {
  GiveTurn(origin, Trust::kFresh, StandingOf(origin));
  GiveTurn(origin, Trust::kSuspect, kFailing);
}

// At most one turn of each trust for an origin, and only where it can use it.
void Turns::GiveTurn(Origin& origin, Trust trust, std::size_t standing) {
  if (origin.Of(trust).has_place || !origin.MayStart(trust)) return;
  origin.Of(trust).has_place = true;
  classes_[standing].places.push_back({&origin, trust});
}

Turns::Turn Turns::Start(const Place& place, std::size_t standing) {
  auto& jobs = place.origin->Of(place.trust);
  const Id id = jobs.waiting.front();
  jobs.waiting.pop_front();
  ++jobs.running;
  ++classes_[standing].running;
  ++running_;
  --waiting_;
  return {id, {place.origin, standing, place.trust}};
}

void Turns::ForgetIdle() {
  while (idle_.size() > kKeptOrigins) {
    Origin& origin = *idle_.front();
    idle_.pop_front();
    origin.idle = false;
    if (!origin.busy()) origins_.erase(std::string(origin.key));
  }
}

}  // namespace websub::hub
