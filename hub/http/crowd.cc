#include "hub/http/crowd.h"

#include <algorithm>

namespace websub::hub::http {

namespace {

std::list<Crowd::Member*>& Of(Crowd::Members& members, Standing standing) {
  return members[static_cast<std::size_t>(standing)];
}

const std::list<Crowd::Member*>& Of(const Crowd::Members& members, Standing standing) {
  return members[static_cast<std::size_t>(standing)];
}

}  // namespace

void Crowd::Resize(Group& group, std::size_t size) {
  auto node = by_size_.extract({group.size, &group});
  group.size = size;
  if (size == 0) {
    groups_.erase(std::string(group.address));
  } else if (node) {
    node.value().first = size;
    by_size_.insert(std::move(node));
  } else {
    by_size_.emplace(size, &group);
  }
}

void Crowd::Enter(Member& member, const std::string& address, Standing standing) {
  Group& group = groups_[address];
  if (group.size == 0) group.address = address;
  member.group_ = &group;
  member.standing_ = standing;
  auto& all = Of(all_, standing);
  auto& own = Of(group.members, standing);
  member.among_all_ = all.insert(all.end(), &member);
  member.in_group_ = own.insert(own.end(), &member);
  ++size_;
  Resize(group, group.size + 1);
}

void Crowd::Move(Member& member, Standing standing) {
  if (member.group_ == nullptr) return;
  auto& all = Of(all_, standing);
  auto& own = Of(member.group_->members, standing);
  all.splice(all.end(), Of(all_, member.standing_), member.among_all_);
  own.splice(own.end(), Of(member.group_->members, member.standing_), member.in_group_);
  member.standing_ = standing;
}

void Crowd::Leave(Member& member) {
  if (member.group_ == nullptr) return;
  Group& group = *std::exchange(member.group_, nullptr);
  Of(all_, member.standing_).erase(member.among_all_);
  Of(group.members, member.standing_).erase(member.in_group_);
  --size_;
  Resize(group, group.size - 1);
}

std::size_t Crowd::CountOf(const std::string& address) const {
  const auto found = groups_.find(address);
  return found == groups_.end() ? 0 : found->second.size;
}

Crowd::Member* Crowd::WorstAmong(const Members& members, Now now) {
  Member* const old = WorstAmong(members, now, Young::kSpared);
  return old != nullptr ? old : WorstAmong(members, now, Young::kTaken);
}

Crowd::Member* Crowd::WorstAmong(const Members& members, Now now, Young young) {
  const auto fits = [&](Member& member) {
    return young == Young::kTaken || !member.JustBegun(now);
  };
  const auto& idle = Of(members, Standing::kIdle);
  if (!idle.empty()) return idle.front();
  const auto& heads = Of(members, Standing::kHead);
  if (!heads.empty() && fits(*heads.front())) return heads.front();
  for (const Standing standing : {Standing::kBody, Standing::kAnswer}) {
    const auto& those = Of(members, standing);
    Member* slowest = nullptr;
    double speed = 0;
    std::size_t compared = 0;
    for (auto each = those.begin(); each != those.end() && compared < kCompared; ++each) {
      ++compared;
      if (!fits(**each)) continue;
      const double its = (*each)->Speed(now);
      if (slowest != nullptr && its >= speed) continue;
      slowest = *each;
      speed = its;
    }
    if (slowest != nullptr) return slowest;
  }
  return nullptr;
}

Crowd::Member* Crowd::Worst(Now now) const {
  if (by_size_.empty()) return nullptr;
  const auto& [most, group] = *by_size_.rbegin();
  if (most > 1 && most * kManyShare > size_) {
    if (Member* const its = WorstAmong(group->members, now)) return its;
  }
  return WorstAmong(all_, now);
}

Crowd::Member* Crowd::WorstOf(const std::string& address, Now now) const {
  const auto found = groups_.find(address);
  return found == groups_.end() ? nullptr : WorstAmong(found->second.members, now);
}

}  // namespace websub::hub::http
