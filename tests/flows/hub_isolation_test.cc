// No subscriber holds up another: callbacks that misbehave in every way, beside healthy ones, on
// the real hub.
#include <doctest/doctest.h>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "core/form.h"
#include "hub/store/store.h"
#include "tests/support/hub_process.h"
#include "tests/support/quick_server.h"
#include "tests/support/raw_peer.h"
#include "tests/support/task_queue.h"

namespace websub::tests {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const std::string kTopic = "http://topic.example/t";

// Resident memory of a process, in MiB.
long ResidentMiB(int pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  long pages = 0;
  statm >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

// Puts active subscriptions into the file of a hub that does not run: no callback that is bad
// enough for these tests would be verified.
void SubscribeInFile(const std::string& file, const std::vector<std::string>& callbacks) {
  TaskQueue queue;
  auto store = hub::Store::Open({file, hub::StoreOptions::Access::kOwner, 0}, queue.Executor());
  REQUIRE(store.has_value());
  std::size_t active = 0;
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  for (const auto& callback : callbacks) {
    (*store)->AddIntent({Mode::kSubscribe, kTopic, callback, "", 24h, now},
                        [&](Result<hub::Intent> intent) {
                          REQUIRE(intent.has_value());
                          (*store)->ConfirmIntent(intent->id, std::nullopt, now,
                                                  [&](Result<hub::Subscription> subscription) {
                                                    REQUIRE(subscription.has_value());
                                                    ++active;
                                                  });
                        });
  }
  REQUIRE(queue.RunUntil([&] { return active == callbacks.size(); }));
}

// Subscribers that take everything, each at a path of its own, and echo challenges.
class Healthy {
 public:
  Healthy(std::size_t ports, std::size_t subscribers)
      : subscribers_(subscribers),
        ports_(ports),
        server_(ports, [this](const QuickRequest& request) {
          QuickReply reply;
          if (request.method == "GET") {
            reply.status = 200;
            const auto query = ParseForm(request.target.substr(request.target.find('?') + 1));
            if (query) reply.body = std::string(FindField(*query, "hub.challenge").value_or(""));
            return reply;
          }
          const std::lock_guard lock(mutex_);
          taken_[std::string(request.target)].emplace_back(request.body);
          return reply;
        }) {}

  std::vector<std::string> Callbacks() const {
    std::vector<std::string> callbacks;
    for (std::size_t i = 0; i < subscribers_; ++i)
      callbacks.push_back(server_.Url(i % ports_, Path(i)));
    return callbacks;
  }
  // How many have taken exactly these.
  std::size_t Served(const std::vector<std::string>& bodies) const {
    const std::lock_guard lock(mutex_);
    std::size_t served = 0;
    for (const auto& [path, taken] : taken_) served += taken == bodies ? 1 : 0;
    return served;
  }

 private:
  static std::string Path(std::size_t i) { return "/h/" + std::to_string(i); }

  const std::size_t subscribers_;
  const std::size_t ports_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> taken_;  // guarded by mutex_
  QuickServer server_;
};

// Writes so often what must not end, until the hub has enough of it.
void WriteForever(RawConnection& connection, const std::string& first, const std::string& again) {
  connection.ReadMessage();
  connection.Write(first);
  while (connection.Write(again)) {
  }
}

// Every kind of bad callback, and the fault that the hub is to name.
class BadPeers {
 public:
  std::map<std::string, std::string> Kinds() const {
    return {{silent_.Url(0, ""), "response-timeout"},
            {dribbling_.Url(""), "response-timeout"},
            {endless_head_.Url(""), "bad-response"},
            {endless_body_.Url(""), ""},  // an answer all the same: its status came
            {resetting_.Url(""), "reset"},
            {half_head_.Url(""), "reset"},
            {refused_, "refused"},
            {"http://nowhere.invalid", "dns"}};
  }
  std::vector<std::string> Callbacks() const {
    std::vector<std::string> callbacks;
    for (const auto& [base, fault] : Kinds()) {
      for (int i = 0; i < kEach; ++i) callbacks.push_back(base + "/" + std::to_string(i));
    }
    // Silence is the worst: many more of it, from many origins.
    for (std::size_t port = 1; port < kSilentPorts; ++port) {
      for (int i = 0; i < kEach; ++i) {
        callbacks.push_back(silent_.Url(port, "/" + std::to_string(i)));
      }
    }
    for (int i = 0; i < kEach; ++i) {
      callbacks.push_back("http://n" + std::to_string(i) + ".invalid/");
    }
    return callbacks;
  }

 private:
  static constexpr int kEach = 8;
  static constexpr std::size_t kSilentPorts = 40;

  QuickServer silent_{kSilentPorts, [](const QuickRequest&) {
                        QuickReply reply;
                        reply.how = QuickReply::How::kSilence;
                        return reply;
                      }};
  const std::string refused_ = "http://127.0.0.1:" + std::to_string(UnusedPort());
  std::atomic<bool> ended_ = false;
  RawServer dribbling_{[this](RawConnection& connection, int) {
    connection.ReadMessage();
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for (const char byte : answer) {
      if (!connection.Write(std::string(1, byte))) return;
      for (int i = 0; i < 100 && !ended_; ++i) std::this_thread::sleep_for(10ms);
    }
  }};
  RawServer endless_head_{[](RawConnection& connection, int) {
    WriteForever(connection, "HTTP/1.1 200 OK\r\n", "X-More: " + std::string(1000, 'x') + "\r\n");
  }};
  RawServer endless_body_{[](RawConnection& connection, int) {
    WriteForever(connection, "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n",
                 "10000\r\n" + std::string(0x10000, 'x') + "\r\n");
  }};
  RawServer resetting_{[](RawConnection& connection, int) { connection.Reset(); }};
  RawServer half_head_{[](RawConnection& connection, int) {
    connection.ReadMessage();
    connection.Write("HTTP/1.1 200 OK\r\nConte");
  }};

 public:
  ~BadPeers() { ended_ = true; }
};

TEST_CASE("callbacks that are bad in every way hold up no healthy one (HUB-DIS-08)") {
  HubProcess hub({"--delivery-timeout", "3s", "--delivery-retries", "unlimited", "--retry-base",
                  "200ms", "--retry-max", "1s"});
  const Healthy healthy(5, 50);
  const BadPeers bad;
  hub.End(SIGTERM);
  // The bad ones first: those that are read first from the file stand in the way, if any do.
  SubscribeInFile(hub.File(), bad.Callbacks());
  SubscribeInFile(hub.File(), healthy.Callbacks());
  hub.Start();

  const auto began = Clock::now();
  std::vector<std::string> sent;
  for (int i = 0; i < 40; ++i) {
    sent.push_back(std::to_string(i) + std::string(2000, 'x'));
    REQUIRE(Ask("POST", hub.Hub() + "?hub.mode=publish&hub.topic=" + PercentEncode(kTopic),
                "text/plain", sent.back())
                .status == 200);
    if (i % 10 == 9) std::this_thread::sleep_for(100ms);  // over some of the bad ones' retries
  }
  CHECK(Eventually([&] { return healthy.Served(sent) == 50; }));
  const auto took = Clock::now() - began;
  MESSAGE("took " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms, "
                  << bad.Callbacks().size() << " bad callbacks, resident "
                  << ResidentMiB(hub.process().pid()) << " MiB");

  for (const auto& [base, fault] : bad.Kinds()) {
    CAPTURE(base);
    nlohmann::json attempts;
    CHECK(Eventually([&] {
      attempts = hub.Get("/exchanges?kind=deliver&callback=" + PercentEncode(base + "/0"))["items"];
      return !attempts.empty();
    }));
    for (const auto& attempt : attempts) {
      if (fault.empty()) {
        CHECK(attempt["status"] == 500);
        continue;
      }
      CHECK(attempt["fault"] == fault);
      CHECK(attempt["outcome"].get<std::string>().find(", retry in") != std::string::npos);
    }
  }
  CHECK(hub.Get("/dead-letters")["items"].empty());
  CHECK(healthy.Served(sent) == 50);  // and nothing twice
#ifndef __SANITIZE_ADDRESS__          // which keeps up to 256 MiB of what was freed
  CHECK(ResidentMiB(hub.process().pid()) < 300);
#endif
}

TEST_CASE("callbacks that accept and never answer hold up no verification") {
  constexpr std::size_t kPorts = 100;
  constexpr std::size_t kRequests = 300;
  HubProcess hub;
  const QuickServer silent(kPorts, [](const QuickRequest&) {
    QuickReply reply;
    reply.how = QuickReply::How::kSilence;
    return reply;
  });
  const Healthy healthy(1, 1);
  for (std::size_t i = 0; i < kRequests; ++i) {
    const std::string callback = silent.Url(i % kPorts, "/" + std::to_string(i));
    REQUIRE(hub.Subscribe(kTopic, callback).status == 202);
  }
  const auto began = Clock::now();
  CHECK(hub.SubscribeVerified(kTopic, healthy.Callbacks()[0]));
  const auto took = Clock::now() - began;
  MESSAGE("took " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms");
  CHECK(took < 8s);  // the hub waits ten for each answer
}

}  // namespace
}  // namespace websub::tests
