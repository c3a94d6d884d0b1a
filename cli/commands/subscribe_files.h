// --output-dir: bodies as files, written as they come in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/output.h"
#include "core/result.h"
#include "core/signature.h"
#include "core/time.h"
#include "hub/descriptor.h"
#include "hub/http/server.h"

namespace websub::cli {

// A body that is not whole yet, or not known to be worth keeping: a file under another name, which
// goes with this object unless it was kept. Its signature is computed on the way, so that it need
// not fit into memory.
class PartFile : public hub::http::BodySink {
 public:
  // An error of making the file is told by Write and by Problem.
  PartFile(std::string path, std::optional<std::string_view> signature, std::string_view secret);
  ~PartFile() override;

  Result<void> Write(std::string_view piece) override;

  // After the last piece, and once.
  SignatureCheck Check() { return checker_.Finish(); }
  Result<void> Problem() const;  // the first one
  // The content, where it is no larger than this.
  Result<std::string> Read(std::size_t limit) const;
  const std::string& path() const { return path_; }
  // The file got another name.
  void Kept(std::string path);

 private:
  Result<void> Fails(int error);

  std::string path_;
  SignatureChecker checker_;
  hub::Descriptor file_;
  std::size_t size_ = 0;
  std::string problem_;
  bool kept_ = false;
};

class OutputFolder {
 public:
  // Makes the folder where it is not there. kForbidden and others name it.
  static Result<std::unique_ptr<OutputFolder>> Open(std::string folder);

  std::shared_ptr<PartFile> Begin(std::optional<std::string_view> signature,
                                  std::string_view secret);

  // Gives the body its name, 20261122T091103.123456Z-000001.atom: names sort by the time of
  // arrival. What `about` says stands beside it as 20261122T091103.123456Z-000001.meta.json, and is
  // there first. Neither replaces a file. Returns the path of the body.
  Result<std::string> Keep(PartFile& part, std::string_view content_type, Time now,
                           const Json& about);

 private:
  explicit OutputFolder(std::string folder) : folder_(std::move(folder)) {}
  std::string Hidden();

  const std::string folder_;
  std::uint64_t parts_ = 0;
  std::uint64_t kept_ = 0;
};

// "atom" for "application/atom+xml; charset=utf-8"; "bin" for what is not known.
std::string ExtensionOf(std::string_view content_type);

}  // namespace websub::cli
