#include "hub/store/due_rows.h"

namespace websub::hub {

DueStatements::DueStatements(const std::string& select, const std::string& at,
                             const std::string& id) {
  const std::string order = " ORDER BY " + at + ", " + id + " LIMIT ?3";
  same_time = select + " WHERE " + at + " = ?1 AND " + id + " > ?2" + order;
  later = select + " WHERE " + at + " > ?1 AND " + at + " <= ?2" + order;
}

std::optional<Time> ReadNextDue(Database& database, std::string_view sql, Time after) {
  Rows rows = database.Ask(sql, after);
  rows.Next();
  return rows.MaybeAt(0);
}

}  // namespace websub::hub
