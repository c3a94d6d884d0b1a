// What the store takes: records of deliveries in batches as the hub makes them, and messages from
// many publishers at once, on a real file. CPU time is the writer thread's: the process's without
// the thread that makes the work up.
//
//   store_bench FILE [SUBSCRIPTIONS [ROWS [MESSAGES]]]     FILE is made, or used as it is
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/notification.h"
#include "core/url.h"
#include "tests/bench/answers.h"
#include "tests/bench/fill.h"

namespace websub::bench {

namespace {

constexpr std::size_t kBatch = 1000;
constexpr std::size_t kPublishers = 64;
constexpr std::size_t kBody = 2048;

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double CpuOf(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

Time Now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

// Wall clock and the writer's CPU time from one moment on.
class Meter {
 public:
  void Print(const char* what, std::size_t count) const {
    const double wall = std::chrono::duration<double>(Clock::now() - wall_).count();
    const double cpu = CpuOf(RUSAGE_SELF) - CpuOf(RUSAGE_THREAD) - cpu_;
    const auto n = static_cast<double>(count);
    std::printf("%-28s %9.0f/s  %7.2f us of the writer's CPU each\n", what, n / wall,
                cpu / n * 1e6);
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point wall_ = Clock::now();
  double cpu_ = CpuOf(RUSAGE_SELF) - CpuOf(RUSAGE_THREAD);
};

struct Bench {
  hub::Store& store;
  Answers& answers;
  const FillPlan& plan;

  hub::Message Publish() {
    std::optional<hub::Message> made;
    store.AppendMessage(Content(), [&](Result<hub::Message> message) { made = *message; });
    answers.RunUntil([&] { return made.has_value(); });
    return *made;
  }

  hub::NewMessage Content() const {
    hub::NewMessage message;
    message.topic = plan.topic;
    message.content_type = "application/atom+xml";
    message.hubs = {"http://127.0.0.1:4820/hub"};
    message.self = plan.topic;
    message.body = body;
    message.content_hash = std::string(64, 'a');
    message.now = Now();
    return message;
  }

  void AddDelivery(hub::RecordBatch& batch, std::size_t index, const hub::Message& message,
                   std::string_view shared) const {
    hub::DeliveryOutcome outcome;
    outcome.subscription_id = static_cast<hub::SubscriptionId>(index + 1);
    outcome.message_id = message.id;
    outcome.now = outcome.first_attempt = Now();
    batch.outcomes.push_back(outcome);

    const auto url = Url::Parse(CallbackOf(plan, index));
    Exchange exchange;
    exchange.at = outcome.now;
    exchange.subscription_id = outcome.subscription_id;
    exchange.message_id = message.id;
    exchange.topic = message.topic;
    exchange.callback = exchange.url = url->text();
    exchange.peer = "127.0.0.1:40000";
    std::string digest = std::to_string(index);
    digest.resize(64, 'e');
    exchange.request_head =
        NotificationHead(NotificationStart(*url), shared, 1, "sha256=" + digest);
    exchange.response_head = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
    exchange.status = 204;
    exchange.outcome = "delivered";
    exchange.timings.first_byte = Duration(300);
    exchange.timings.total = Duration(310);
    batch.exchanges.push_back(std::move(exchange));
  }

  // One message after the other to all subscriptions, in batches, one batch at a time.
  void Record(std::size_t rows) {
    hub::Message message = Publish();
    std::string shared = SharedHeadOf(message);
    std::size_t index = 0;
    const Meter meter;
    for (std::size_t done = 0; done < rows; done += kBatch) {
      auto batch = std::make_shared<hub::RecordBatch>();
      while (batch->outcomes.size() < kBatch) {
        AddDelivery(*batch, index, message, shared);
        if (++index < plan.subscriptions) continue;
        index = 0;
        message = Publish();
        shared = SharedHeadOf(message);
      }
      bool kept = false;
      store.Record(batch, [&](const Result<std::vector<hub::ExchangeId>>& result) {
        if (!result) std::exit((std::puts(result.error().message.c_str()), 1));
        kept = true;
      });
      answers.RunUntil([&] { return kept; });
    }
    meter.Print("deliveries recorded", rows);
  }

  // Half of the exchanges, step by step.
  void Prune(std::size_t rows) {
    hub::RetentionPolicy policy;
    policy.exchanges = rows / 2;
    hub::PruneProgress step;
    std::size_t removed = 0;
    std::chrono::duration<double, std::milli> longest{0};
    const Meter meter;
    do {
      bool done = false;
      const auto start = std::chrono::steady_clock::now();
      store.Prune(policy, step.looked_at, Now(), [&](const Result<hub::PruneProgress>& progress) {
        if (!progress) std::exit((std::puts(progress.error().message.c_str()), 1));
        step = *progress;
        done = true;
      });
      answers.RunUntil([&] { return done; });
      longest = std::max<decltype(longest)>(longest, std::chrono::steady_clock::now() - start);
      removed += step.removed;
    } while (step.more);
    meter.Print("rows pruned", std::max<std::size_t>(removed, 1));
    std::printf("longest step: %.1f ms\n", longest.count());
  }

  static std::string SharedHeadOf(const hub::Message& message) {
    return SharedHead({.content_type = message.content_type,
                       .hubs = message.hubs,
                       .self = message.self,
                       .message_id = "m" + std::to_string(message.id),
                       .body_size = message.size});
  }

  void Append(std::size_t messages) {
    std::size_t asked = 0;
    std::size_t done = 0;
    std::function<void()> next = [&] {
      if (asked == messages) return;
      ++asked;
      store.AppendMessage(Content(), [&](const Result<hub::Message>&) {
        ++done;
        next();
      });
    };
    const Meter meter;
    for (std::size_t i = 0; i < kPublishers; ++i) next();
    answers.RunUntil([&] { return done == messages; });
    meter.Print("messages appended", messages);
  }

  std::shared_ptr<const std::string> body = std::make_shared<const std::string>(kBody, 'x');
};

int Run(const std::string& file, std::size_t subscriptions, std::size_t rows,
        std::size_t messages) {
  FillPlan plan;
  plan.subscriptions = subscriptions;
  for (int port = 0; port < 64; ++port) plan.ports.push_back(20000 + port);
  plan.secret = std::string(32, 's');
  if (!std::filesystem::exists(file)) {
    const Meter meter;
    if (const auto filled = Fill(file, plan); !filled) {
      std::puts(filled.error().message.c_str());
      return 1;
    }
    meter.Print("subscriptions made", subscriptions);
  }
  Answers answers;
  auto store = hub::Store::Open({file}, answers.Executor());
  if (!store) {
    std::puts(store.error().message.c_str());
    return 1;
  }
  Bench bench{**store, answers, plan};
  if (rows > 0) {
    bench.Record(rows);
    bench.Prune(rows);
  }
  if (messages > 0) bench.Append(messages);
  std::printf("file: %ju bytes\n", static_cast<std::uintmax_t>(std::filesystem::file_size(file)));
  return 0;
}

}  // namespace

}  // namespace websub::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::puts("usage: store_bench FILE [SUBSCRIPTIONS [ROWS [MESSAGES]]]");
    return 2;
  }
  const std::size_t subscriptions = argc > 2 ? std::stoul(argv[2]) : 1000;
  const std::size_t rows = argc > 3 ? std::stoul(argv[3]) : 500000;
  const std::size_t messages = argc > 4 ? std::stoul(argv[4]) : 50000;
  return websub::bench::Run(argv[1], subscriptions, rows, messages);
}
