#include "hub/delivery/outcome.h"

#include <utility>

namespace websub::hub {

namespace {

std::optional<Duration> RetryAfterOf(const OutgoingResult& result, Time now) {
  if (result.status != 429 && result.status != 503) return std::nullopt;
  const std::string value = FirstField(HeadFields(result.head), "Retry-After");
  if (value.empty()) return std::nullopt;
  return ParseRetryAfter(value, now);
}

bool BrokeOff(const OutgoingResult& result) {
  return result.Ok2xx() && result.fault != Fault::kNone;
}

AttemptOutcome ClassifyFailure(const OutgoingResult& result, const Attempt& attempt,
                               const RetryPolicy& policy) {
  std::string failure = DescribeFailure(result);
  const auto next = NextAttempt(policy, {.attempts = attempt.number,
                                         .first_attempt = attempt.first_attempt,
                                         .now = attempt.now,
                                         .jitter = attempt.jitter,
                                         .retry_after = RetryAfterOf(result, attempt.now)});
  if (const auto* try_at = std::get_if<TryAt>(&next))
    return RetryAt{try_at->at, std::move(failure)};
  return GivenUp{failure + "; " + std::get<GiveUp>(next).reason};
}

}  // namespace

std::string RetryIn(Time at, Time now) {
  // As exact as a person reads it.
  using Tenths = std::chrono::duration<std::int64_t, std::deci>;
  const Duration wait = at - now;
  return ", retry in " +
         FormatDuration(wait < std::chrono::seconds(10)
                            ? Duration(std::chrono::round<Tenths>(wait))
                            : Duration(std::chrono::round<std::chrono::seconds>(wait)));
}

std::string DescribeFailure(const OutgoingResult& result) {
  if (result.status != 0 && !BrokeOff(result)) return "answered " + std::to_string(result.status);
  return result.detail.empty() ? std::string(Name(result.fault)) : result.detail;
}

AttemptOutcome Classify(const OutgoingResult& result, const Attempt& attempt,
                        const RetryPolicy& policy) {
  if (result.Ok2xx()) return Delivered{};           // HUB-DIS-05
  if (result.status == 410) return Gone{};          // HUB-DIS-06
  return ClassifyFailure(result, attempt, policy);  // HUB-DIS-07
}

AttemptOutcome ClassifyWhole(const OutgoingResult& result, const Attempt& attempt,
                             const RetryPolicy& policy) {
  return BrokeOff(result) ? ClassifyFailure(result, attempt, policy)
                          : Classify(result, attempt, policy);
}

}  // namespace websub::hub
