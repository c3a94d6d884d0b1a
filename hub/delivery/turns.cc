#include "hub/delivery/turns.h"

#include <algorithm>
#include <utility>

namespace websub::hub {

namespace {

// Origins without jobs that are remembered.
constexpr std::size_t kKeptOrigins = 4096;

}  // namespace

struct Turns::Origin {
  Origin(std::string the_key, const PaceOptions& options)
      : key(std::move(the_key)), pace(options) {}

  // Those that failed have a small share of their own, beside that of the others.
  std::size_t suspect_limit() const { return std::max<std::size_t>(pace.limit() / 4, 1); }
  bool FreshMayStart() const { return !fresh.empty() && fresh_running < pace.limit(); }
  bool SuspectMayStart() const { return !suspects.empty() && suspects_running < suspect_limit(); }
  bool busy() const {
    return fresh.size() + suspects.size() + fresh_running + suspects_running > 0;
  }

  const std::string key;
  Pace pace;
  bool slow = false;  // the last time
  std::deque<Id> fresh;
  std::deque<Id> suspects;
  std::size_t fresh_running = 0;
  std::size_t suspects_running = 0;
  bool has_turn = false;  // stands among those that may start something
  bool idle = false;      // stands among those that are idle
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
  return found == origins_.end() || found->second->fresh.size() + found->second->suspects.size() <
                                        options_.max_waiting_per_origin;
}

void Turns::Add(Id id, const std::string& origin, Trust trust) {
  auto& entry = origins_[origin];
  if (!entry) entry = std::make_unique<Origin>(origin, options_.pace);
  (trust == Trust::kFresh ? entry->fresh : entry->suspects).push_back(id);
  ++waiting_;
  GiveTurn(*entry);
}

std::optional<Turns::Turn> Turns::Next() {
  bool moved = true;
  while (std::exchange(moved, false)) {
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      const std::size_t standing = (next_class_ + i) % classes_.size();
      auto& turns = classes_[standing].turns;
      while (!turns.empty() && HasSlot(standing)) {
        Origin& origin = *turns.front();
        turns.pop_front();
        origin.has_turn = false;
        const auto turn = TakeFrom(origin, standing);
        GiveTurn(origin);
        if (turn) {
          next_class_ = (standing + 1) % classes_.size();
          return turn;
        }
        moved = true;
      }
    }
  }
  return std::nullopt;
}

void Turns::Answered(const Ticket& ticket, Duration took) {
  ticket.origin->pace.Answered(took, options_.pace);
  ticket.origin->slow = took > options_.soon;
}

void Turns::Failed(const Ticket& ticket) {
  ticket.origin->pace.Failed(options_.pace);
}

void Turns::End(const Ticket& ticket) {
  Origin& origin = *ticket.origin;
  --running_;
  --classes_[ticket.counts_as].running;
  --(ticket.trust == Trust::kFresh ? origin.fresh_running : origin.suspects_running);
  GiveTurn(origin);
  if (!origin.busy() && !std::exchange(origin.idle, true)) idle_.push_back(&origin);
  ForgetIdle();
}

Turns::Standing Turns::StandingOf(const Origin& origin) {
  switch (origin.pace.standing()) {
    case Pace::Standing::kProven:
      return origin.slow ? kUnproven : kProven;
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

// At most one turn for an origin, and only where it can use it.
void Turns::GiveTurn(Origin& origin) {
  if (origin.has_turn) return;
  if (origin.FreshMayStart()) {
    classes_[StandingOf(origin)].turns.push_back(&origin);
  } else if (origin.SuspectMayStart()) {
    classes_[kFailing].turns.push_back(&origin);
  } else {
    return;
  }
  origin.has_turn = true;
}

// Nothing where what the origin may start counts for another standing by now.
std::optional<Turns::Turn> Turns::TakeFrom(Origin& origin, std::size_t standing) {
  const bool fresh = origin.FreshMayStart() && StandingOf(origin) == standing;
  if (!fresh && (standing != kFailing || !origin.SuspectMayStart())) return std::nullopt;
  // Where both may start they take turns, too.
  const bool suspect = !fresh || (standing == kFailing && origin.SuspectMayStart() &&
                                  origin.suspects_running <= origin.fresh_running);
  auto& those = suspect ? origin.suspects : origin.fresh;
  const Id id = those.front();
  those.pop_front();
  ++(suspect ? origin.suspects_running : origin.fresh_running);
  ++classes_[standing].running;
  ++running_;
  --waiting_;
  return Turn{id, {&origin, standing, suspect ? Trust::kSuspect : Trust::kFresh}};
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
