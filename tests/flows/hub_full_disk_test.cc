// A disk that fills up while the hub works: it says so, keeps its promises, and goes on by itself
// once there is room.
#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <set>

#include "core/form.h"
#include "tests/support/hub_process.h"
#include "tests/support/small_disk.h"

namespace websub::tests {
namespace {

constexpr std::size_t kDisk = 6 * 1024 * 1024;
constexpr std::size_t kAll = 1000000;
constexpr std::size_t kFiller = 20000;  // bytes of a message
std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += name + " ";
  return text;
}

const std::string kTopic = "http://topic.example/t";

// A subscriber that takes so many messages and refuses the others until it may take more.
class Taker {
 public:
  Taker(HttpPeer& peer, const std::string& path) {
    PlaySubscriber(peer, path);
    peer.On("POST", path, [this](const PeerRequest& request) {
      PeerAnswer answer;
      const std::lock_guard lock(mutex_);
      answer.status = taken_.size() < limit ? 204 : 503;
      if (answer.status == 204) {
        taken_.push_back(request.body.substr(0, request.body.find('\n')));
      } else {
        ++refused;
      }
      return answer;
    });
  }
  std::vector<std::string> Taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  // The first arrivals.
  std::vector<std::string> First() const {
    std::vector<std::string> first;
    std::set<std::string> seen;
    for (const auto& name : Taken()) {
      if (seen.insert(name).second) first.push_back(name);
    }
    return first;
  }

  std::atomic<std::size_t> limit = kAll;
  std::atomic<int> refused = 0;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> taken_;  // guarded by mutex_
};

// A hub on a disk of its own, with a subscriber that is quick and one that is down.
class OnSmallDisk {
 public:
  OnSmallDisk() : disk(kDisk) {}

  bool Start() {
    if (!disk.missing().empty()) {
      MESSAGE("SKIPPED: " << disk.missing());
      return false;
    }
    hub.emplace(std::vector<std::string>{"--retry-base", "50ms", "--retry-max", "100ms",
                                         "--delivery-retries", "unlimited"},
                HubPlace{disk.Prefix(), disk.File("hub.db")});
    down.limit = 0;
    REQUIRE(hub->SubscribeVerified(kTopic, peer.Url("/quick")));
    REQUIRE(hub->SubscribeVerified(kTopic, peer.Url("/down")));
    return true;
  }
  PeerAnswer Publish(std::size_t filler = kFiller) {
    const std::string name = std::to_string(sent++);
    const auto answer =
        Ask("POST", hub->Hub() + "?hub.mode=publish&hub.topic=" + PercentEncode(kTopic),
            "text/plain", name + "\n" + std::string(filler, 'x'));
    REQUIRE_MESSAGE((answer.status == 200 || answer.status == 503), answer.status);
    if (answer.status == 200) accepted.push_back(name);
    return answer;
  }
  // Publishes until nothing is taken any more, however small: what still fits somewhere is
  // accepted.
  PeerAnswer FillUp() {
    PeerAnswer last;
    for (const std::size_t filler : {kFiller, std::size_t{0}}) {
      for (int refused = 0; refused < 10;) {
        REQUIRE(sent < 2000);
        last = Publish(filler);
        if (last.status == 503) disk.Fill();
        refused = last.status == 503 ? refused + 1 : 0;
      }
    }
    return last;
  }
  // How many deliveries the hub has written down.
  std::size_t Delivered(const std::string& path) {
    const auto items = hub->Get("/exchanges?kind=deliver&limit=1000&callback=" +
                                PercentEncode(peer.Url(path)))["items"];
    return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const auto& item) {
      return item["outcome"] == "delivered";
    }));
  }
  PeerAnswer Ready() { return Ask("GET", hub->base() + "/readyz"); }

  SmallDisk disk;
  HttpPeer peer;
  Taker quick{peer, "/quick"};
  Taker down{peer, "/down"};
  std::optional<HubProcess> hub;
  int sent = 0;
  std::vector<std::string> accepted;
};

TEST_CASE_FIXTURE(OnSmallDisk, "a full disk refuses new work and delivers what was accepted") {
  if (!Start()) return;
  for (int i = 0; i < 5; ++i) REQUIRE(Publish().status == 200);
  disk.Fill(512 * 1024);
  const auto refused = FillUp();
  REQUIRE(accepted.size() >= 5);

  CHECK(refused.body.find("the%20disk%20is%20full") != std::string::npos);
  const auto subscribing = hub->Subscribe(kTopic, peer.Url("/new"));
  CHECK(subscribing.status == 503);
  CHECK(subscribing.body.find("the disk is full") != std::string::npos);
  const auto ready = Ready();
  CHECK(ready.status == 503);
  CHECK(ready.body.find("the disk is full") != std::string::npos);
  CHECK(Ask("GET", hub->base() + "/livez").status == 200);

  // Also to a callback that was down when the disk filled up, and in two steps: what became of the
  // first deliveries cannot be written down and must not be forgotten.
  CHECK(Eventually([&] { return quick.Taken().size() >= accepted.size(); }));
  down.limit = 3;
  CHECK(Eventually([&] { return down.Taken().size() == 3; }));
  const int refusals = down.refused;
  CHECK(Eventually([&] { return down.refused >= refusals + 2; }));
  down.limit = kAll;
  CHECK(Eventually([&] { return down.Taken().size() >= accepted.size(); }));
  CHECK(Join(quick.Taken()) == Join(accepted));
  CHECK(Join(down.Taken()) == Join(accepted));
  CHECK(Ready().status == 503);

  disk.MakeRoom();
  CHECK(Eventually([&] { return Ready().status == 200; }));  // by itself
  CHECK(Eventually([&] { return Delivered("/quick") == accepted.size(); }));
  CHECK(Eventually([&] { return Delivered("/down") == accepted.size(); }));
  CHECK(Publish().status == 200);
  CHECK(hub->SubscribeVerified(kTopic, peer.Url("/down?again")));
  CHECK(Eventually([&] { return down.Taken().size() >= accepted.size(); }));
  CHECK(Eventually([&] { return quick.Taken().size() >= accepted.size(); }));
  CHECK(Eventually([&] {
    const auto items = hub->Get("/subscriptions")["items"];
    return std::all_of(items.begin(), items.end(),
                       [](const auto& item) { return item["behind"] == 0; });
  }));

  // What became of the deliveries is on disk by now, and what was refused nowhere.
  hub->Restart(SIGKILL);
  CHECK(Publish().status == 200);
  CHECK(Eventually([&] { return quick.Taken().size() >= accepted.size(); }));
  CHECK(Join(quick.Taken()) == Join(accepted));
  CHECK(peer.Requests("GET", "/new").empty());
}

TEST_CASE_FIXTURE(OnSmallDisk, "a hub that is killed and started on a full disk loses nothing") {
  if (!Start()) return;
  disk.Fill(512 * 1024);
  FillUp();
  REQUIRE(Eventually([&] { return quick.Taken().size() >= accepted.size(); }));
  hub->End(SIGKILL);
  disk.Fill();
  down.limit = kAll;
  hub->Start();
  CHECK(Eventually([&] { return down.First().size() >= accepted.size(); }));
  FillUp();
  disk.MakeRoom();
  CHECK(Eventually([&] { return Publish().status == 200; }));
  CHECK(Eventually([&] { return down.First().size() >= accepted.size(); }));
  CHECK(Join(down.First()) == Join(accepted));
  CHECK(Eventually([&] { return quick.Taken().back() == accepted.back(); }));
  CHECK(Join(quick.First()) == Join(accepted));
}

}  // namespace
}  // namespace websub::tests
