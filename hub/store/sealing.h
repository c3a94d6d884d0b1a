// Whether a file is sealed and by which key (table seal), and sealing all of it, with care for what
// the engine leaves behind. Throw SQLite::Exception.
#pragma once

#include "core/result.h"
#include "hub/store/database.h"
#include "hub/store/store.h"

namespace websub::hub {

// Before anything in a file that has a schema is touched: kInvalid where it is sealed and the keys
// are not those that it was sealed with.
Result<void> CheckSeal(Database& database, const StoreOptions& options);

enum class StoreAge { kNew, kOld };  // kNew: it holds nothing yet, nor ever did

// After CheckSeal, with the newest schema. Seals what is not sealed with options.secret_key, some
// rows at a time; then what they were before is erased: the file is written anew as a whole, and
// the log is emptied. What is cut short goes on at the next start. kUnavailable where another
// program keeps the log from being emptied.
Result<void> SealAll(Database& database, const StoreOptions& options, StoreAge age);

}  // namespace websub::hub
