#include <doctest/doctest.h>

#include <memory>

#include "hub/http/crowd.h"
#include "hub/http/peer_address.h"

namespace websub::hub::http {
namespace {

const Crowd::Now kNow{};

struct Guest : Crowd::Member {
  double speed = 0;
  bool young = false;
  bool JustBegun(Crowd::Now) override { return young; }
  double Speed(Crowd::Now) override { return speed; }
};

// Guests that enter in order.
struct Room {
  Crowd crowd;
  std::vector<std::unique_ptr<Guest>> guests;

  Guest& Enter(const std::string& address, Standing standing, double speed = 0) {
    guests.push_back(std::make_unique<Guest>());
    guests.back()->speed = speed;
    crowd.Enter(*guests.back(), address, standing);
    return *guests.back();
  }
};

TEST_CASE("who is worth least leaves first") {
  Room room;
  room.Enter("a", Standing::kHandled);
  Guest& read = room.Enter("a", Standing::kAnswer, 900);
  Guest& unread = room.Enter("a", Standing::kAnswer, 1);
  Guest& fast = room.Enter("a", Standing::kBody, 1e6);
  Guest& slow = room.Enter("a", Standing::kBody, 10);
  Guest& old_head = room.Enter("a", Standing::kHead);
  Guest& new_head = room.Enter("a", Standing::kHead);
  Guest& long_idle = room.Enter("a", Standing::kIdle);
  Guest& idle = room.Enter("a", Standing::kIdle);
  for (Guest* each : {&long_idle, &idle, &old_head, &new_head, &slow, &fast, &unread, &read}) {
    CHECK(room.crowd.Worst(kNow) == each);
    CHECK(room.crowd.WorstOf("a", kNow) == each);
    room.crowd.Leave(*each);
  }
  CHECK(room.crowd.size() == 1);
  CHECK(room.crowd.Worst(kNow) == nullptr);
  CHECK(room.crowd.WorstOf("b", kNow) == nullptr);
}

TEST_CASE("what has just begun is spared as long as there is something older") {
  Room room;
  Guest& head = room.Enter("a", Standing::kHead);
  Guest& first = room.Enter("a", Standing::kBody, 5);
  Guest& second = room.Enter("a", Standing::kBody, 9);
  Guest& answer = room.Enter("a", Standing::kAnswer, 1);
  head.young = first.young = true;
  for (Guest* each : {&second, &answer, &head, &first}) {
    CHECK(room.crowd.Worst(kNow) == each);
    room.crowd.Leave(*each);
  }
}

TEST_CASE("a move puts somebody behind all that are there already") {
  Room room;
  Guest& first = room.Enter("a", Standing::kIdle);
  Guest& second = room.Enter("a", Standing::kIdle);
  room.crowd.Move(first, Standing::kHandled);
  CHECK(room.crowd.Worst(kNow) == &second);
  room.crowd.Move(first, Standing::kIdle);
  CHECK(room.crowd.Worst(kNow) == &second);
  room.crowd.Leave(second);
  CHECK(room.crowd.Worst(kNow) == &first);
}

TEST_CASE("the address that has many gives one of its own") {
  Room room;
  Guest& honest = room.Enter("honest", Standing::kIdle);
  Guest& attacker = room.Enter("attacker", Standing::kHead);
  room.Enter("attacker", Standing::kHead);
  CHECK(room.crowd.CountOf("attacker") == 2);
  CHECK(room.crowd.CountOf("nobody") == 0);
  CHECK(room.crowd.Worst(kNow) == &attacker);
  room.crowd.Leave(attacker);
  // Now each has one, and what they are at decides.
  CHECK(room.crowd.Worst(kNow) == &honest);
}

TEST_CASE("where many addresses have few each what they are at decides") {
  Room room;
  room.Enter("two", Standing::kHandled);
  room.Enter("two", Standing::kHead);
  for (int i = 0; i < 40; ++i) room.Enter(std::to_string(i), Standing::kHead);
  Guest& idle = room.Enter("idle", Standing::kIdle);
  CHECK(room.crowd.Worst(kNow) == &idle);
}

TEST_CASE("where the address that has most is busy the others give one") {
  Room room;
  for (int i = 0; i < 9; ++i) room.Enter("busy", Standing::kHandled);
  Guest& idle = room.Enter("other", Standing::kIdle);
  CHECK(room.crowd.Worst(kNow) == &idle);
  CHECK(room.crowd.WorstOf("busy", kNow) == nullptr);
}

TEST_CASE("the crowd agrees with a plain list after many moves") {
  Room room;
  std::vector<std::pair<Guest*, std::string>> here;
  unsigned random = 1;
  const auto next = [&] { return random = random * 1664525 + 1013904223, random >> 16; };
  for (int i = 0; i < 20'000; ++i) {
    const auto standing = static_cast<Standing>(next() % 5);
    const unsigned act = next() % 3;
    if (act == 0 || here.empty()) {
      const std::string address = std::to_string(next() % 20);
      here.emplace_back(&room.Enter(address, standing), address);
    } else if (act == 1) {
      room.crowd.Move(*here[next() % here.size()].first, standing);
    } else {
      const auto at = next() % here.size();
      room.crowd.Leave(*here[at].first);
      here.erase(here.begin() + static_cast<std::ptrdiff_t>(at));
    }
    REQUIRE(room.crowd.size() == here.size());
  }
  for (int a = 0; a < 20; ++a) {
    const std::string address = std::to_string(a);
    const auto count = std::count_if(here.begin(), here.end(),
                                     [&](const auto& each) { return each.second == address; });
    CHECK(room.crowd.CountOf(address) == static_cast<std::size_t>(count));
  }
}

TEST_CASE("peers are told apart by IPv4 address and by the first half of an IPv6 address") {
  CHECK(AddressGroup("192.0.2.1") == "192.0.2.1");
  CHECK(AddressGroup("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(AddressGroup("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(AddressGroup("2001:db8:1:2:ffff::") == "2001:db8:1:2::/64");
  CHECK(AddressGroup("2001:db8:1:3::") != AddressGroup("2001:db8:1:2::"));
  CHECK(AddressGroup("::1") == "::/64");
  CHECK(AddressGroup("fe80::1%1") == AddressGroup("fe80::2%1"));
  CHECK(AddressGroup("nonsense") == "nonsense");
}

TEST_CASE("the host of a peer is what stands before its port") {
  CHECK(HostOfPeer("127.0.0.1:53211") == "127.0.0.1");
  CHECK(HostOfPeer("[::1]:80") == "::1");
  CHECK(HostOfPeer("192.0.2.1") == "192.0.2.1");
  CHECK(HostOfPeer("2001:db8::1") == "2001:db8::1");
  CHECK(HostOfPeer("") == "");
}

}  // namespace
}  // namespace websub::hub::http
