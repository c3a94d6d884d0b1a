// How often somebody may do something: a token bucket for each key (an address, an identity). Pure:
// the caller brings the time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/result.h"
#include "core/time.h"

namespace websub::hub {

// So many within such a time: both the size of the bucket and how fast it fills again. A whole
// bucket may be used at once.
struct Rate {
  std::int64_t count = 0;  // 1 to 1,000,000
  Duration per = std::chrono::seconds(1);

  bool operator==(const Rate&) const = default;
};

// "100/s", "600/m", "10000/h", "5/10s". kInvalid says what is wrong.
Result<Rate> ParseRate(std::string_view text);

// "100/s", "5/10s": what ParseRate reads back.
std::string FormatRate(const Rate& rate);

class RateLimiter {
 public:
  // Remembers at most `max_keys`. Beyond, the fullest bucket is forgotten: whoever used his up is
  // remembered longest, however many others come.
  explicit RateLimiter(Rate rate, std::size_t max_keys = 10'000);

  // Takes one from the key's bucket. Zero: it was there. Otherwise nothing is taken, and one is
  // there again after that time. A clock that is set back empties no more than the bucket.
  Duration Take(const std::string& key, Time now);

  const Rate& rate() const { return rate_; }
  std::size_t size() const { return buckets_.size(); }

 private:
  // A bucket is one point in time: when it will be full again. Each one that is taken moves that by
  // `step_`, and it may lie at most `span_` ahead (the generic cell rate algorithm).
  using Nanos = std::int64_t;  // since the epoch
  using ByFull = std::multimap<Nanos, const std::string*>;

  void Forget();

  const Rate rate_;
  const std::size_t max_keys_;
  const Nanos step_;
  const Nanos span_;
  std::unordered_map<std::string, ByFull::iterator> buckets_;
  ByFull by_full_;  // the fullest first; the names are the keys of buckets_
};

// What Retry-After says: whole seconds, at least one.
std::int64_t RetryAfterSeconds(Duration wait);

}  // namespace websub::hub
