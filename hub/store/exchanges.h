// Writing recorded exchanges down, within an operation of the writer. How they lie in the file is
// told in schema/001.sql.
#pragma once

#include <vector>

#include "core/exchange.h"
#include "hub/store/database.h"
#include "hub/store/types.h"

namespace websub::hub {

// Ids of one segment: so many in a row.
inline constexpr int kSegmentBits = 14;

inline std::int64_t SegmentOf(ExchangeId id) {
  return id >> kSegmentBits;
}
inline ExchangeId FirstOf(std::int64_t segment) {
  return segment << kSegmentBits;
}

// Keeps them all and tells their ids, which follow each other.
std::vector<ExchangeId> KeepAll(Database& database, const std::vector<Exchange>& exchanges);

// What whole lines of `a` after its first one stand in `b` as well, in one piece: the longest such
// run found from the top, empty where it is too short to be worth a row. Lines end with CR LF.
std::string_view CommonLines(std::string_view a, std::string_view b);

}  // namespace websub::hub
