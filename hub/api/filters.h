// The query parameters of /api/v1: read, checked, and turned into the store's filters.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/exchange.h"
#include "core/result.h"
#include "hub/store/query.h"
#include "hub/store/types.h"

namespace websub::hub {

struct Filters {
  std::size_t limit = 100;
  std::optional<std::int64_t> after;
  Order order = Order::kNewestFirst;
  std::optional<std::string> topic;
  std::optional<std::string> callback;
  std::optional<SubscriptionState> state;
  bool all_states = false;
  std::optional<ExchangeKind> kind;
  std::optional<int> status;
  std::optional<Time> since;
  std::optional<Time> until;
  std::optional<SubscriptionId> subscription;
  std::optional<MessageId> message;

  void CopyTo(PageQuery& page) const;
};

// `letter` is that of the ids that `after` may name; `allowed` the parameters that this list takes.
// kInvalid names the parameter at fault: unknown here, given twice, or with a bad value.
Result<Filters> ParseFilters(std::string_view query, char letter,
                             std::span<const std::string_view> allowed, Time now);

}  // namespace websub::hub
