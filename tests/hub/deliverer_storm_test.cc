// Delivery under everything at once: messages, answers of every kind, renewals, ends, retries,
// crashes, a full disk and jumps of the clock, in an order that chance decides. After each step
// the requests that were sent are held against what may be sent.
//
// WEBSUB_STORM=FIRST-LAST runs other seeds than the usual few.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/hub/deliverer_storm.h"

namespace websub::tests {

namespace {

constexpr int kTopics = 3;
constexpr int kSteps = 250;

std::string TopicUrl(int topic) {
  return "https://t.example/" + std::to_string(topic);
}

MessageId IdOf(const FakeTransport::Call& call) {
  return std::stoll(call.Field("Websub-Message-Id").substr(1));
}

}  // namespace

void Storm::Run() {
  Start();
  for (int i = 0; i < 6; ++i) AskAnew();
  for (int step = 0; step < kSteps; ++step) {
    Step();
    Look();
  }
  Calm();
}

void Storm::Step() {
  switch (Below(20)) {
    case 0:
    case 1:
    case 2:
      return PublishOne();
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return AnswerOne();
    case 8:
      queue.RunReady();
      return;
    case 9:
      return HubRig::Run();
    case 10:
      clock.Advance(std::vector<Duration>{0us, 1us, 1ms, 20ms, 999ms}[Below(5)]);
      return HubRig::Run();
    case 11:
      return RunFor(std::vector<Duration>{1ms, 50ms, 1s, 9s}[Below(4)]);
    case 12:
    case 13:
      Settle();
      return LookForStalls();
    case 14:
      if (subs_.size() < 14) AskAnew();
      return;
    case 15:
      clock.Advance(1us);
      return Ask(AnySub());
    case 16:
      if (Chance(3)) EndOne();
      return;
    case 17:
      if (Chance(4)) CrashAndStart();
      return;
    case 18:
      if (full_) {
        full_.reset();
      } else if (Chance(4)) {
        full_.emplace();
      }
      return;
    default:
      if (!Chance(10) || full_) return;
      RunFor(1s);  // an end that is not written down yet would seem to come after a renewal
      clock.Advance(-3s);
      clock_was_set_back_ = true;
  }
}

void Storm::PublishOne() {
  const int topic = static_cast<int>(Below(kTopics));
  store->AppendMessage(Content(TopicUrl(topic), "x"), [this](const Result<hub::Message>& kept) {
    if (kept) deliverer->Wake(kept->topic_id, kept->id);
  });
}

// A subscription of a callback of its own. Some have an origin to themselves.
void Storm::AskAnew() {
  auto sub = std::make_unique<Sub>();
  sub->topic = static_cast<int>(Below(kTopics));
  const std::string number = std::to_string(subs_.size());
  sub->callback = limits_ == Limits::kWide || Chance(3) ? "https://s" + number + ".example/"
                                                        : "https://shared.example/" + number;
  subs_.push_back(std::move(sub));
  Ask(*subs_.back());
}

// Subscribes, or renews, as the verifier would.
void Storm::Ask(Sub& sub) {
  const std::string secret = Chance(2) ? "s" : "";
  const auto lease = Chance(5) ? std::chrono::seconds(1 + Below(20)) : std::chrono::hours(24 * 300);
  store->AddIntent(
      {Mode::kSubscribe, TopicUrl(sub.topic), sub.callback, secret, lease, clock.Now()},
      [this, &sub](const Result<hub::Intent>& intent) {
        if (!intent) return;
        const int ends = sub.ends;
        store->ConfirmIntent(intent->id, std::nullopt, clock.Now(),
                             [this, &sub, ends](const auto& confirmed_now) {
                               if (!confirmed_now) return;
                               Look();  // what was sent before this
                               if (sub.id != confirmed_now->id) BeginAnew(sub, *confirmed_now);
                               sub.expires_at = *confirmed_now->expires_at;
                               sub.may_end = sub.ends != ends;  // it counts after a 410
                               sub.ended = false;
                               verifier->on_confirmed(*confirmed_now);
                             });
      });
}

void Storm::BeginAnew(Sub& sub, const hub::Subscription& subscription) {
  sub.id = subscription.id;
  sub.start = subscription.cursor;
  sub.last_sent = 0;
  sub.not_before = sub.surely_due = Time::min();
}

void Storm::EndOne() {
  Sub& sub = AnySub();
  if (sub.id == 0) return;
  sub.may_end = true;
  ++sub.ends;
  const SubscriptionId id = sub.id;
  store->EndSubscription(id, hub::SubscriptionState::kUnsubscribed, "", clock.Now(),
                         [this, id, &sub](const Result<void>& kept) {
                           if (!kept) return;
                           Look();  // what was sent before this
                           deliverer->Ended(id);
                           if (sub.id == id) sub.ended = true;
                         });
}

void Storm::AnswerOne() {
  Look();
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < transport.calls.size(); ++i) {
    if (transport.calls[i].open()) open.push_back(i);
  }
  if (open.empty()) return;
  const std::size_t which = open[Below(open.size())];
  const auto& call = transport.calls[which];
  const MessageId message = IdOf(call);
  Sub& sub = *Find(call.url());
  // To one that has ended since; the callback is used again.
  if (message <= sub.start) return transport.Answer(which, Answer(204));
  const int attempt = std::stoi(call.Field("Websub-Attempt"));
  hub::OutgoingResult result = Answer(204);
  const std::size_t fate = Below(20);
  if (fate == 0) result = BrokenOff(200, "x");
  if (fate == 1 && Chance(3)) {
    result = Answer(410);
    sub.may_end = true;
    ++sub.ends;
    ++sub.failures[message];  // it counts as an attempt where a renewal overtakes it
  }
  if (fate >= 2 && fate < 7) {
    result = fate == 2 ? Broken(Fault::kRefused) : Answer(fate < 5 ? 500 : 404);
    ++sub.failures[message];
    if (delivery.retry.retries && attempt > *delivery.retry.retries) {
      Passed(sub, message);
    } else {
      sub.not_before = sub.surely_due =
          clock.Now() + std::min<Duration>(8s, 1s * (1 << std::min(attempt - 1, 3)));
    }
  } else if (result.status != 410) {
    Passed(sub, message);
  }
  transport.Answer(which, std::move(result));
  clock.Advance(1us);  // a request that is verified now is the later word
}

void Storm::Passed(Sub& sub, MessageId message) {
  sub.passed[message] = life_;
  sub.not_before = sub.surely_due = Time::min();
}

void Storm::CrashAndStart() {
  full_.reset();
  if (Chance(3)) Stop();
  Look();
  ++life_;
  Restart();
  ReadLogs();
  for (auto& sub : subs_) {
    sub->last_sent = 0;
    sub->not_before = Time::min();
    const auto found = store->FindSubscription(TopicUrl(sub->topic), sub->callback);
    const bool active = found && found->state == hub::SubscriptionState::kActive;
    if (MayTake(*sub) && !clock_was_set_back_) {
      CHECK_MESSAGE(active, sub->callback);
    }
    if (!active) {
      sub->id = 0;
      continue;
    }
    if (sub->id != found->id) BeginAnew(*sub, *found);  // the crash came before that was told
    sub->expires_at = *found->expires_at;
    sub->may_end = sub->ended = false;
  }
  Look();
}

// From here on everything goes well: all that is owed comes.
void Storm::Calm() {
  full_.reset();
  peers = [this](const FakeTransport::Call& call) -> std::optional<hub::OutgoingResult> {
    if (call.RequestLine().starts_with("GET")) return Answer(404);
    const MessageId message = IdOf(call);
    Sub& sub = *Find(call.url());
    Look();
    Passed(sub, message);
    return Answer(204);
  };
  RunFor(5min);
  Look();
  ReadLogs();
  for (const auto& sub : subs_) {
    if (!MayTake(*sub)) continue;
    CAPTURE(sub->callback);
    CHECK(Next(*sub) == 0);
  }
  CHECK(deliverer->lanes() == 0);
  CHECK(deliverer->in_flight() == 0);
  CHECK(next_due() >= clock.Now() + 1h);
}

void Storm::ReadLogs() {
  for (int topic = 0; topic < kTopics; ++topic) {
    const auto found = store->FindTopic(TopicUrl(topic));
    if (!found) continue;
    auto& log = logs_[topic];
    while (const auto next = store->NextMessage(found->id, log.empty() ? 0 : log.back())) {
      log.push_back(next->id);
    }
  }
}

// The message that the subscription is to get next; 0: none.
MessageId Storm::Next(const Sub& sub) const {
  const auto log = logs_.find(sub.topic);
  if (log == logs_.end()) return 0;
  for (const MessageId id : log->second) {
    if (id > sub.start && !sub.passed.contains(id)) return id;
  }
  return 0;
}

Storm::Sub* Storm::Find(const std::string& callback) {
  for (auto& sub : subs_) {
    if (sub->callback == callback) return sub.get();
  }
  return nullptr;
}

void Storm::Look() {
  if (seen_ == transport.calls.size()) return;
  ReadLogs();
  while (seen_ < transport.calls.size()) {
    const std::size_t which = seen_++;
    if (transport.calls[which].RequestLine().starts_with("POST")) {
      LookAt(transport.calls[which]);
    } else if (!peers && transport.calls[which].open()) {
      transport.Answer(which, Answer(404));  // a request that was being verified at a crash
    }
  }
}

void Storm::LookAt(const FakeTransport::Call& call) {
  Sub* const sub = Find(call.url());
  REQUIRE_MESSAGE(sub != nullptr, call.url());
  const MessageId message = IdOf(call);
  CAPTURE(call.url());
  CAPTURE(message);
  CAPTURE(life_);
  CHECK_FALSE(sub->ended);
  const auto row = sub->id == 0 ? std::nullopt : store->FindSubscription(sub->id);
  CHECK((!row || call.at < std::max(sub->expires_at, *row->expires_at)));
  std::size_t open = 0;
  for (const auto& each : transport.calls) {
    open += each.open() && each.url() == call.url() && IdOf(each) > sub->start ? 1 : 0;
  }
  CHECK(open <= 1);
  if (sub->id == 0) return;  // it is verified, and that is not told yet
  const MessageId next = Next(*sub);
  if (message != next) {
    // Only what a crash made the hub forget may come again, and nothing is ever left out.
    const auto passed = sub->passed.find(message);
    REQUIRE(passed != sub->passed.end());
    CHECK(passed->second < life_);
  }
  CHECK(message >= sub->last_sent);
  sub->last_sent = message;
  CHECK(std::stoi(call.Field("Websub-Attempt")) <= sub->failures[message] + 1);
  if (!clock_was_set_back_) CHECK(call.at >= sub->not_before);
}

// Where nothing waits for room, everybody who may be sent to is being sent to.
void Storm::LookForStalls() {
  Look();
  if (limits_ == Limits::kTight || clock_was_set_back_) return;
  ReadLogs();
  for (const auto& sub : subs_) {
    if (!MayTake(*sub) || Next(*sub) == 0 || clock.Now() < sub->surely_due) continue;
    // What it has taken is being written down: until then it may be passed over.
    if (!sub->passed.empty() &&
        store->FindSubscription(sub->id)->cursor < sub->passed.rbegin()->first)
      continue;
    const bool open =
        std::any_of(transport.calls.begin(), transport.calls.end(),
                    [&](const auto& call) { return call.open() && call.url() == sub->callback; });
    CHECK_MESSAGE(open, sub->callback << " is owed m" << Next(*sub) << " and gets nothing");
  }
}

namespace {

std::pair<std::uint64_t, std::uint64_t> Seeds() {
  const char* wanted = std::getenv("WEBSUB_STORM");
  if (wanted == nullptr) return {1, 8};
  const std::string text = wanted;
  return {std::stoull(text), std::stoull(text.substr(text.find('-') + 1))};
}

}  // namespace

TEST_CASE("a storm loses repeats reorders and stalls nothing (HUB-DIS-08)") {
  const auto [first, last] = Seeds();
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    CAPTURE(seed);
    Storm(seed, seed % 2 == 0 ? Storm::Limits::kTight : Storm::Limits::kWide).Run();
  }
}

}  // namespace websub::tests
