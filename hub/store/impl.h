// What stands behind Store: the open file, the writer, and the way in which operations and reads
// meet the connections.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "hub/store/file.h"
#include "hub/store/store.h"
#include "hub/store/writer.h"

namespace websub::hub {

struct Store::Impl {
  Impl(OpenFile opened, Executor run);
  ~Impl();

  // Hands a change to the writer. `apply` runs on its thread and may throw SQLite::Exception; a
  // failure undoes all of it. It owns what it captures.
  template <typename T>
  void Write(std::function<Result<T>(Database&)> apply, Done<T> done,
             Durability durability = Durability::kKept) {
    if (!writer) {
      executor([done = std::move(done)] {
        done(Fail(ErrorCode::kForbidden, "the database was opened for reading only"));
      });
      return;
    }
    auto result = std::make_shared<Result<T>>();
    writer->Add({[result, apply = std::move(apply)](Database& database) -> std::optional<Error> {
                   *result = apply(database);
                   if (!result->has_value()) return result->error();
                   return std::nullopt;
                 },
                 [result, done = std::move(done)](const std::optional<Error>& error) {
                   done(error ? Result<T>(tl::unexpected(*error)) : std::move(*result));
                 },
                 durability});
  }

  // Nothing where the file cannot be read; WriteFault tells why.
  template <typename Ask>
  auto Read(Ask ask) const -> std::invoke_result_t<Ask, Database&> {
    try {
      FollowOwner(file);
      return ask(*file.reader);
    } catch (const SQLite::Exception& exception) {
      health.Set(Database::Describe(exception, file.name));
      return {};
    }
  }

  // For reads that can tell what failed.
  template <typename Ask>
  auto ReadOrFail(Ask ask) const -> Result<std::invoke_result_t<Ask, Database&>> {
    try {
      FollowOwner(file);
      return ask(*file.reader);
    } catch (const SQLite::Exception& exception) {
      return tl::unexpected(Database::Describe(exception, file.name));
    }
  }

  mutable OpenFile file;
  mutable WriteHealth health;
  Executor executor;
  std::unique_ptr<Writer> writer;  // nothing: read only
};

}  // namespace websub::hub
