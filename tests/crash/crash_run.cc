#include "tests/crash/crash_run.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

#include "core/form.h"
#include "tests/crash/victim.h"
#include "tests/support/quick_server.h"

namespace websub::tests {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kContentTopics = 3;
constexpr std::size_t kHosted = kContentTopics;       // the number of that topic
constexpr std::size_t kFetched = kContentTopics + 1;  // of that one
constexpr std::size_t kTopics = kContentTopics + 2;
constexpr std::size_t kSubscribersPerTopic = 4;
constexpr std::size_t kContentPublishers = 3;
constexpr std::size_t kMostOutstanding = 2000;  // publishers wait at more
constexpr std::size_t kMostKept = 20;           // of the subscriptions that come and go
constexpr std::size_t kFeedPort = kSubscribersPerTopic;

// A source of chance for one thread.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_);
  }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

// Everything that takes part, and what they share.
class CrashRun {
 public:
  explicit CrashRun(const CrashOptions& options)
      : options_(options),
        chance_(options.seed),
        peers_chance_(options.seed + 1),
        peers_(kSubscribersPerTopic + 1,
               [this](const QuickRequest& request) { return Answer(request); }) {}

  CrashReport Run();

 private:
  struct Member {  // a subscription
    SubscriberId id = 0;
    std::size_t topic = 0;
    std::string callback;
  };

  // The peers' side, on their thread.
  QuickReply Answer(const QuickRequest& request);
  QuickReply AnswerDelivery(const QuickRequest& request);

  void Setup();
  void Round(int number);
  void Finish();
  void Say(const std::string& line) const {
    if (options_.on_line) options_.on_line(line);
  }

  // The threads.
  void PublishContent(std::uint64_t seed);
  void PublishHosted(std::uint64_t seed);
  void PublishPings(std::uint64_t seed);
  void ComeAndGo(std::uint64_t seed);
  void Renew(std::uint64_t seed);

  bool Pace();
  Member AddMember(std::size_t topic, std::size_t port);
  void AskUntilAccepted(HubClient& client, const char* mode, const Member& member);
  bool WaitForState(HubClient& client, const Member& member, const std::string& state);
  void End(StreamId stream, std::size_t number, int status);

  const CrashOptions options_;
  Ledger ledger_;
  Victim hub_;
  Chance chance_;
  Chance peers_chance_;
  std::atomic<int> life_ = 1;
  std::atomic<std::size_t> shown_ = 0;  // the number that the fetched topic shows
  std::atomic<bool> calm_ = true;       // peers behave
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> changes_ = 0;
  std::vector<std::string> topics_;
  std::vector<std::vector<StreamId>> content_streams_;  // by publisher, by topic
  StreamId hosted_stream_ = 0;
  StreamId fetched_stream_ = 0;
  std::vector<Member> fixed_;
  std::mutex mutex_;
  std::vector<std::pair<Member, std::string>> expected_states_;  // guarded by mutex_
  CrashReport report_;
  QuickServer peers_;  // ends before what it uses
};

QuickReply CrashRun::Answer(const QuickRequest& request) {
  QuickReply reply;
  if (request.port == kFeedPort) {
    reply.status = !calm_ && peers_chance_.OneIn(20) ? 503 : 200;
    reply.body = Ledger::Body(fetched_stream_, shown_, 100);
    return reply;
  }
  if (request.method == "POST") return AnswerDelivery(request);
  reply.status = !calm_ && peers_chance_.OneIn(20) ? 500 : 200;
  const auto query = ParseForm(request.target.substr(request.target.find('?') + 1));
  if (query) reply.body = std::string(FindField(*query, "hub.challenge").value_or(""));
  return reply;
}

// What is not acknowledged has not arrived.
QuickReply CrashRun::AnswerDelivery(const QuickRequest& request) {
  QuickReply reply;
  const std::size_t fate = calm_ ? 99 : peers_chance_.Below(400);
  if (fate == 0) reply.how = QuickReply::How::kReset;
  if (fate == 1) reply.how = QuickReply::How::kBreakOff;
  if (fate >= 2 && fate < 6) reply.status = 500;
  if (fate >= 6 && fate < 10) reply.delay = std::chrono::milliseconds(1 + peers_chance_.Below(80));
  if (fate < 6) return reply;
  // "/s/17?…"
  std::size_t subscriber = 0;
  std::from_chars(request.target.data() + 3, request.target.data() + request.target.size(),
                  subscriber);
  ledger_.Arrived(subscriber, request.body, request.Field("Websub-Message-Id"), life_);
  return reply;
}

CrashRun::Member CrashRun::AddMember(std::size_t topic, std::size_t port) {
  Member member;
  member.topic = topic;
  member.id = ledger_.AddSubscriber(topic);
  member.callback = peers_.Url(port, "/s/" + std::to_string(member.id) + "?k=%2F");
  return member;
}

void CrashRun::Setup() {
  hub_.Start();
  hub_.WaitUntilReady();
  for (std::size_t i = 0; i < kContentTopics; ++i) {
    topics_.push_back("http://topic.example/" + std::to_string(i));
  }
  topics_.push_back(hub_.base() + "/topics/hosted");
  topics_.push_back(peers_.Url(kFeedPort, "/feed"));
  content_streams_.resize(kContentPublishers);
  for (auto& streams : content_streams_) {
    for (std::size_t topic = 0; topic < kContentTopics; ++topic) {
      streams.push_back(ledger_.AddStream(topic, StreamKind::kEvery));
    }
  }
  hosted_stream_ = ledger_.AddStream(kHosted, StreamKind::kEvery);
  fetched_stream_ = ledger_.AddStream(kFetched, StreamKind::kNewest);

  HubClient client(hub_.base());
  for (std::size_t topic = 0; topic < kTopics; ++topic) {
    for (std::size_t i = 0; i < kSubscribersPerTopic; ++i) {
      fixed_.push_back(AddMember(topic, i));
      AskUntilAccepted(client, "subscribe", fixed_.back());
    }
  }
  for (const auto& member : fixed_) {
    if (!WaitForState(client, member, "active")) {
      throw std::runtime_error("not verified: " + member.callback);
    }
    ledger_.Verified(member.id);
  }
}

// False once it is time to end.
bool CrashRun::Pace() {
  while (!stopping_ && ledger_.Outstanding() > kMostOutstanding) std::this_thread::sleep_for(5ms);
  return !stopping_;
}

void CrashRun::End(StreamId stream, std::size_t number, int status) {
  const bool accepted = status >= 200 && status < 300;
  ledger_.End(stream, number,
              accepted      ? Promise::kAccepted
              : status == 0 ? Promise::kUnanswered
                            : Promise::kRefused);
  if (status == 0) std::this_thread::sleep_for(2ms);  // it is down
}

void CrashRun::PublishContent(std::uint64_t seed) {
  Chance chance(options_.seed * 1000 + seed);
  HubClient client(hub_.base());
  while (Pace()) {
    const std::size_t topic = chance.Below(kContentTopics);
    const StreamId stream = content_streams_[seed][topic];
    const std::size_t filler = chance.OneIn(50) ? chance.Below(100000) : chance.Below(500);
    const std::size_t number = ledger_.Begin(stream);
    const int status =
        client.Send("POST", "/hub?hub.mode=publish&hub.topic=" + PercentEncode(topics_[topic]),
                    "text/plain", Ledger::Body(stream, number, filler));
    End(stream, number, status);
    if (chance.OneIn(100)) std::this_thread::sleep_for(std::chrono::milliseconds(chance.Below(30)));
  }
}

void CrashRun::PublishHosted(std::uint64_t seed) {
  Chance chance(options_.seed * 1000 + seed);
  HubClient client(hub_.base());
  while (Pace()) {
    const std::size_t number = ledger_.Begin(hosted_stream_);
    const int status = client.Send("PUT", "/topics/hosted", "text/plain",
                                   Ledger::Body(hosted_stream_, number, chance.Below(2000)));
    End(hosted_stream_, number, status);
    std::this_thread::sleep_for(std::chrono::milliseconds(chance.Below(5)));
  }
}

void CrashRun::PublishPings(std::uint64_t seed) {
  Chance chance(options_.seed * 1000 + seed);
  HubClient client(hub_.base());
  while (Pace()) {
    const std::size_t number = ledger_.Begin(fetched_stream_);
    shown_ = number;
    End(fetched_stream_, number,
        client.PostForm({{"hub.mode", "publish"}, {"hub.url", topics_[kFetched]}}));
    std::this_thread::sleep_for(std::chrono::milliseconds(chance.Below(20)));
  }
}

void CrashRun::AskUntilAccepted(HubClient& client, const char* mode, const Member& member) {
  while (!stopping_) {
    const int status = client.PostForm({{"hub.mode", mode},
                                        {"hub.topic", topics_[member.topic]},
                                        {"hub.callback", member.callback}});
    if (status == 202) break;
    std::this_thread::sleep_for(2ms);
  }
  // Where it is time to end, a last request that got no answer may still have been taken.
  const std::lock_guard lock(mutex_);
  if (stopping_) {
    std::erase_if(expected_states_,
                  [&](const auto& expected) { return expected.first.id == member.id; });
    return;
  }
  ++changes_;
  expected_states_.emplace_back(member,
                                mode == std::string("subscribe") ? "active" : "unsubscribed");
}

bool CrashRun::WaitForState(HubClient& client, const Member& member, const std::string& state) {
  const auto deadline = std::chrono::steady_clock::now() + kCrashPatience;
  while (!stopping_ && std::chrono::steady_clock::now() < deadline) {
    if (client.StateOf(member.callback) == state) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

void CrashRun::ComeAndGo(std::uint64_t seed) {
  Chance chance(options_.seed * 1000 + seed);
  HubClient client(hub_.base());
  std::size_t kept = 0;
  while (!stopping_) {
    const Member member = AddMember(chance.Below(kTopics), chance.Below(kSubscribersPerTopic));
    AskUntilAccepted(client, "subscribe", member);
    if (!WaitForState(client, member, "active")) continue;
    ledger_.Verified(member.id);
    std::this_thread::sleep_for(std::chrono::milliseconds(chance.Below(100)));
    if (kept < kMostKept && chance.OneIn(3)) {
      ++kept;
      continue;
    }
    ledger_.Ending(member.id);
    AskUntilAccepted(client, "unsubscribe", member);
    if (WaitForState(client, member, "unsubscribed")) ledger_.Ended(member.id);
  }
}

void CrashRun::Renew(std::uint64_t seed) {
  Chance chance(options_.seed * 1000 + seed);
  HubClient client(hub_.base());
  while (!stopping_) {
    const Member& member = fixed_[chance.Below(fixed_.size())];
    const int status = client.PostForm({{"hub.mode", "subscribe"},
                                        {"hub.topic", topics_[member.topic]},
                                        {"hub.callback", member.callback},
                                        {"hub.lease_seconds", std::to_string(3600 + seed)}});
    if (status == 202) ++changes_;
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + chance.Below(40)));
  }
}

// Kills the hub that runs and starts another.
void CrashRun::Round(int number) {
  // Most in full work; some while it starts or takes up what was left.
  const auto after =
      std::chrono::milliseconds(chance_.OneIn(4) ? chance_.Below(80) : 200 + chance_.Below(1200));
  std::this_thread::sleep_for(after);
  const auto ended = hub_.End(SIGKILL);
  if (ended.status != 128 + SIGKILL) {
    report_.faults.push_back("the hub ended by itself with status " + std::to_string(ended.status) +
                             ": " + ended.err);
  }
  ++report_.kills;
  peers_.Settle();  // what the dead one sent belongs to its life
  ++life_;
  hub_.Start();
  ++report_.rounds;
  const auto counts = ledger_.Count();
  Say("round " + std::to_string(number) + ": killed after " + std::to_string(after.count()) +
      " ms; so far accepted " + std::to_string(counts.accepted) + ", delivered " +
      std::to_string(counts.deliveries) + ", duplicates " + std::to_string(counts.duplicates));
}

// The hub stays up and the peers behave: everything promised comes, or is lost.
void CrashRun::Finish() {
  hub_.WaitUntilReady();
  auto deadline = std::chrono::steady_clock::now() + kCrashPatience;
  for (std::size_t left = ledger_.Outstanding(); left > 0;) {
    std::this_thread::sleep_for(5ms);
    const std::size_t now = ledger_.Outstanding();
    if (now < left) deadline = std::chrono::steady_clock::now() + kCrashPatience;
    if (std::chrono::steady_clock::now() > deadline) break;
    left = now;
  }
  HubClient client(hub_.base());
  stopping_ = false;  // for WaitForState
  std::map<SubscriberId, std::pair<Member, std::string>> last;
  for (const auto& [member, state] : expected_states_) last[member.id] = {member, state};
  for (const auto& [id, expected] : last) {
    const auto& [member, state] = expected;
    if (WaitForState(client, member, state)) continue;
    ++report_.changes_lost;
    report_.faults.push_back(member.callback + " is not " + state + " but " +
                             client.StateOf(member.callback));
  }
  const auto ended = hub_.End(SIGTERM);
  if (ended.status != 128 + SIGTERM) {
    report_.faults.push_back("SIGTERM ended the hub with " + std::to_string(ended.status) + ": " +
                             ended.err);
  }
}

CrashReport CrashRun::Run() {
  Say("seed " + std::to_string(options_.seed));
  Setup();
  calm_ = false;
  std::vector<std::thread> threads;
  std::uint64_t seed = 0;
  for (; seed < kContentPublishers; ++seed) {
    threads.emplace_back([this, seed] { PublishContent(seed); });
  }
  threads.emplace_back([this, seed] { PublishHosted(seed + 1); });
  threads.emplace_back([this, seed] { PublishPings(seed + 2); });
  threads.emplace_back([this, seed] { ComeAndGo(seed + 3); });
  threads.emplace_back([this, seed] { Renew(seed + 4); });
  for (int i = 1; i <= options_.rounds; ++i) Round(i);
  stopping_ = true;
  for (auto& thread : threads) thread.join();
  calm_ = true;
  Finish();
  report_.counts = ledger_.Count();
  report_.changes = changes_;
  for (auto& fault : ledger_.Faults()) report_.faults.push_back(std::move(fault));
  return report_;
}

}  // namespace

bool CrashReport::Ok() const {
  return faults.empty() && changes_lost == 0 && counts.lost == 0 && counts.reordered == 0 &&
         counts.unwanted == 0 && counts.needless == 0;
}

std::string CrashReport::Summary() const {
  const auto n = [](std::size_t number) { return std::to_string(number); };
  return "rounds " + std::to_string(rounds) + ", kills " + std::to_string(kills) +
         ", publishes accepted " + n(counts.accepted) + " (unanswered " + n(counts.unanswered) +
         ", refused " + n(counts.refused) + "), subscription changes " + n(changes) + " (lost " +
         n(changes_lost) + "), deliveries " + n(counts.deliveries) + ", lost " + n(counts.lost) +
         ", reordered " + n(counts.reordered) + ", unwanted " + n(counts.unwanted) +
         ", duplicates " + n(counts.duplicates) + " (needless " + n(counts.needless) + ")";
}

CrashReport RunCrashes(const CrashOptions& options) {
  return CrashRun(options).Run();
}

}  // namespace websub::tests
