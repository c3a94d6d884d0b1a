#include "hub/store/store.h"

#include <utility>

#include "hub/store/impl.h"

namespace websub::hub {

Store::Impl::Impl(OpenFile opened, Executor run)
    : file(std::move(opened)), executor(std::move(run)) {
  if (!file.writer) return;
  writer = std::make_unique<Writer>(std::move(file.writer), executor, health, file.durability);
}

Store::Impl::~Impl() {
  if (writer) writer->Stop();
  // The last connection to close moves the log into the file and removes it. That must be one that
  // may write.
  file.reader.reset();
  writer.reset();
}

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options, Executor executor) {
  Result<OpenFile> file =
      options.access == StoreOptions::Access::kOwner ? OpenOwned(options) : OpenReadOnly(options);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<Store>(
      new Store(std::make_unique<Impl>(std::move(*file), std::move(executor))));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() = default;

std::optional<Error> Store::WriteFault() const {
  return impl_->health.Get();
}

}  // namespace websub::hub
