// Who is connected, by address, and who has to leave when there are too many. Pure: it holds no
// socket and reads no clock.
//
// A new connection always gets in, as long as there is one that is worth less: those that wait for
// nothing go first, then unfinished heads (the oldest), unfinished bodies (the slowest), and
// answers that are taken slowly. A request that is being handled is never given up. What has
// just begun is spared as long as there is something older: an honest request takes milliseconds.
// An address that has many of the connections gives one of its own, so that it cannot push out
// others.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace websub::hub::http {

// What a connection is at, the least worth keeping first.
enum class Standing { kIdle, kHead, kBody, kAnswer, kHandled };

class Crowd {
 public:
  using Now = std::chrono::steady_clock::time_point;
  struct Group;

  class Member {
   public:
    virtual ~Member() = default;
    // Whether it has begun what it is at just now, so that nothing can be said of it yet.
    virtual bool JustBegun(Now now) = 0;
    // Bytes a second of the body or the answer under way.
    virtual double Speed(Now now) = 0;

   private:
    friend class Crowd;
    Group* group_ = nullptr;  // null: not in the crowd
    Standing standing_ = Standing::kIdle;
    std::list<Member*>::iterator among_all_;
    std::list<Member*>::iterator in_group_;
  };
  using Members = std::array<std::list<Member*>, 5>;  // by standing, the longest there first

  struct Group {
    std::string address;
    std::size_t size = 0;
    Members members;
  };

  // The member outlives its stay.
  void Enter(Member& member, const std::string& address, Standing standing);
  // Its place is behind all that have this standing already.
  void Move(Member& member, Standing standing);
  void Leave(Member& member);

  std::size_t size() const { return size_; }
  std::size_t CountOf(const std::string& address) const;

  // Who has to leave; null where all are being handled.
  Member* Worst(Now now) const;
  Member* WorstOf(const std::string& address, Now now) const;

 private:
  // Of the slow ones only the oldest are compared: choosing must stay cheap under a flood.
  static constexpr std::size_t kCompared = 64;
  // An address with more than this share of all connections, a sixteenth, has many.
  static constexpr std::size_t kManyShare = 16;

  enum class Young { kSpared, kTaken };
  static Member* WorstAmong(const Members& members, Now now);
  static Member* WorstAmong(const Members& members, Now now, Young young);
  void Resize(Group& group, std::size_t size);

  std::size_t size_ = 0;
  Members all_;
  std::unordered_map<std::string, Group> groups_;
  std::set<std::pair<std::size_t, Group*>> by_size_;
};

}  // namespace websub::hub::http
