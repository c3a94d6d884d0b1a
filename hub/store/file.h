// Opening and closing the file: what it is, whose it is, how it is set up, and bringing its schema
// up to date.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "hub/store/database.h"
#include "hub/store/owner_lock.h"
#include "hub/store/store.h"
#include "hub/store/writer.h"

namespace websub::hub {

struct OpenFile {
  std::string path;                  // absolute
  std::string name;                  // as the user wrote it
  std::unique_ptr<OwnerLock> lock;   // kOwner of a file that stays
  std::unique_ptr<Database> writer;  // kOwner
  std::unique_ptr<Database> reader;
  Durability durability = Durability::kKept;  // of what is written
  // Nobody had the file open: it is read as it lies there, without making files beside it.
  bool reader_is_alone = false;
};

Result<OpenFile> OpenOwned(const StoreOptions& options);
Result<OpenFile> OpenReadOnly(const StoreOptions& options);

// A hub has come since: reads must go through its log from now on. Throws SQLite::Exception.
void FollowOwner(OpenFile& file);

}  // namespace websub::hub
