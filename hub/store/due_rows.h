// Rows read page by page in the order in which they are due.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/store/database.h"
#include "hub/store/types.h"

namespace websub::hub {

// Two looks, so that many that are due at the same time are not walked over again: at the rest of
// those due when the last one read was, and at those due later.
struct DueStatements {
  // `select` goes up to its WHERE; `at` and `id` name the columns of the place.
  DueStatements(const std::string& select, const std::string& at, const std::string& id);

  std::string same_time;
  std::string later;
};

// Those due by `now` that come after this place.
template <typename Row>
std::vector<Row> ReadDue(Database& database, const DueStatements& statements, Time now,
                         DuePlace after, std::size_t limit, Row (*read)(const Rows&)) {
  std::vector<Row> due;
  if (after.at > now) return due;
  const auto take = [&](Rows rows) {
    while (rows.Next()) due.push_back(read(rows));
  };
  take(database.Ask(statements.same_time, after.at, after.id, limit));
  if (due.size() < limit) take(database.Ask(statements.later, after.at, now, limit - due.size()));
  return due;
}

// The one time that a statement tells of those later than `after`.
std::optional<Time> ReadNextDue(Database& database, std::string_view sql, Time after);

}  // namespace websub::hub
