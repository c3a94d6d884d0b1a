// Fills a store with active subscriptions of one topic by the store's own operations, for
// measurements that need many of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "hub/store/store.h"
#include "tests/bench/answers.h"

namespace websub::bench {

struct FillPlan {
  std::string topic = "http://127.0.0.1/bench/topic";
  std::size_t subscriptions = 0;
  std::vector<int> ports;  // of 127.0.0.1, taken in turn
  std::string secret;      // of every subscription; empty: none
  std::chrono::hours lease{24 * 365};
};

// "http://127.0.0.1:PORT/s/INDEX"
inline std::string CallbackOf(const FillPlan& plan, std::size_t index) {
  const int port = plan.ports[index % plan.ports.size()];
  return "http://127.0.0.1:" + std::to_string(port) + "/s/" + std::to_string(index);
}

// So many are handed over before the answers are taken: as many share a commit, or nearly.
inline constexpr std::size_t kGroup = 5000;

class Filler {
 public:
  Filler(hub::Store& store, Answers& answers, const FillPlan& plan)
      : store_(store), answers_(answers), plan_(plan) {}

  Result<void> AddGroup(std::size_t begin, std::size_t end) {
    left_ = end - begin;
    const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    for (std::size_t index = begin; index < end; ++index) {
      store_.AddIntent(
          {Mode::kSubscribe, plan_.topic, CallbackOf(plan_, index), plan_.secret, plan_.lease, now},
          [this, now](const Result<hub::Intent>& intent) {
            if (!intent) return Fail(intent.error());
            store_.ConfirmIntent(intent->id, std::nullopt, now,
                                 [this](const Result<hub::Subscription>& made) {
                                   if (!made) return Fail(made.error());
                                   --left_;
                                 });
          });
    }
    answers_.RunUntil([this] { return left_ == 0 || error_; });
    if (error_) return tl::unexpected(*error_);
    return {};
  }

 private:
  void Fail(const Error& error) { error_ = error; }

  hub::Store& store_;
  Answers& answers_;
  const FillPlan& plan_;
  std::size_t left_ = 0;
  std::optional<Error> error_;
};

// Adds them under ids that grow with the index. Returns once all are on disk.
inline Result<void> Fill(const std::string& file, const FillPlan& plan) {
  Answers answers;
  auto store = hub::Store::Open({file}, answers.Executor());
  if (!store) return tl::unexpected(store.error());
  Filler filler(**store, answers, plan);
  for (std::size_t begin = 0; begin < plan.subscriptions; begin += kGroup) {
    const auto added = filler.AddGroup(begin, std::min(begin + kGroup, plan.subscriptions));
    if (!added) return added;
  }
  return {};
}

}  // namespace websub::bench
