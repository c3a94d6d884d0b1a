// The lists of `inspect`, as tables.
#pragma once

#include <vector>

#include "cli/output.h"
#include "cli/table.h"
#include "core/time.h"

namespace websub::cli::inspect {

struct ListLayout {
  std::vector<Column> columns;
  Table::Row (*row)(const Json& item, Time now);
};

const ListLayout& TopicLayout();
const ListLayout& SubscriptionLayout();
const ListLayout& MessageLayout();
const ListLayout& ExchangeLayout();
const ListLayout& DeadLetterLayout();

}  // namespace websub::cli::inspect
