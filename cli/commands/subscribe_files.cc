#include "cli/commands/subscribe_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "cli/commands/subscribe_record.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr int kTries = 1000;  // for a name that is free

struct Type {
  std::string_view type;
  std::string_view extension;
};

constexpr Type kTypes[] = {
    {"application/atom+xml", "atom"},
    {"application/rss+xml", "rss"},
    {"application/xhtml+xml", "xhtml"},
    {"application/javascript", "js"},
    {"application/pdf", "pdf"},
    {"application/zip", "zip"},
    {"application/gzip", "gz"},
    {"application/x-ndjson", "ndjson"},
    {"application/yaml", "yaml"},
    {"application/x-www-form-urlencoded", "form"},
    {"application/json", "json"},
    {"application/xml", "xml"},
    {"text/html", "html"},
    {"text/xml", "xml"},
    {"text/css", "css"},
    {"text/csv", "csv"},
    {"text/markdown", "md"},
    {"text/javascript", "js"},
    {"text/calendar", "ics"},
    {"image/png", "png"},
    {"image/jpeg", "jpg"},
    {"image/gif", "gif"},
    {"image/webp", "webp"},
    {"image/svg+xml", "svg"},
    {"audio/mpeg", "mp3"},
    {"audio/mp4", "m4a"},
    {"audio/ogg", "ogg"},
    {"video/mp4", "mp4"},
    {"video/webm", "webm"},
};

// "20261122T091103.123456Z"
std::string Compact(Time time) {
  std::string text = FormatRfc3339(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

bool RenameNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // Some file systems cannot do that in one step.
  if (link(from.c_str(), to.c_str()) == 0) return unlink(from.c_str()) == 0;
  return false;
}

tl::unexpected<Error> CannotWrite(const std::string& path, int error) {
  return Fail(error == EACCES || error == EPERM ? ErrorCode::kForbidden : ErrorCode::kUnavailable,
              "cannot write " + path + ": " + std::strerror(error));
}

}  // namespace

std::string ExtensionOf(std::string_view content_type) {
  const std::string type = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  for (const Type& each : kTypes) {
    if (each.type == type) return std::string(each.extension);
  }
  if (type.ends_with("+json")) return "json";
  if (type.ends_with("+xml")) return "xml";
  return type.starts_with("text/") ? "txt" : "bin";
}

PartFile::PartFile(std::string path, std::optional<std::string_view> signature,
                   std::string_view secret)
    : path_(std::move(path)),
      checker_(signature, secret),
      file_(open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
  if (!file_.valid()) static_cast<void>(Fails(errno));
}

PartFile::~PartFile() {
  if (file_.valid() && !kept_) unlink(path_.c_str());
}

Result<void> PartFile::Fails(int error) {
  auto failed = CannotWrite(path_, error);
  if (problem_.empty()) problem_ = failed.value().message;
  return failed;
}

Result<void> PartFile::Problem() const {
  if (problem_.empty()) return {};
  return Fail(ErrorCode::kUnavailable, problem_);
}

Result<void> PartFile::Write(std::string_view piece) {
  if (auto well = Problem(); !well) return well;
  checker_.Add(piece);
  size_ += piece.size();
  if (const int failed = WriteAll(file_.number(), piece); failed != 0) return Fails(failed);
  return {};
}

Result<std::string> PartFile::Read(std::size_t limit) const {
  if (size_ > limit) return Fail(ErrorCode::kTooLarge, path_ + " is too large to be read");
  std::string content(size_, '\0');
  std::size_t at = 0;
  while (at < content.size()) {
    const ssize_t got =
        pread(file_.number(), content.data() + at, content.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Fail(ErrorCode::kUnavailable, "cannot read " + path_);
    at += static_cast<std::size_t>(got);
  }
  return content;
}

void PartFile::Kept(std::string path) {
  path_ = std::move(path);
  kept_ = true;
}

Result<std::unique_ptr<OutputFolder>> OutputFolder::Open(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!std::filesystem::is_directory(folder)) {
    return Fail(ErrorCode::kForbidden,
                "cannot make the folder " + folder + (error ? ": " + error.message() : ""));
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) return CannotWrite(folder, errno);
  return std::unique_ptr<OutputFolder>(new OutputFolder(std::move(folder)));
}

std::string OutputFolder::Hidden() {
  return folder_ + "/.websub-" + std::to_string(getpid()) + "-" + std::to_string(++parts_) +
         ".part";
}

std::shared_ptr<PartFile> OutputFolder::Begin(std::optional<std::string_view> signature,
                                              std::string_view secret) {
  return std::make_shared<PartFile>(Hidden(), signature, secret);
}

Result<std::string> OutputFolder::Keep(PartFile& part, std::string_view content_type, Time now,
                                       const Json& about) {
  if (auto well = part.Problem(); !well) return tl::unexpected(well.error());
  for (int i = 0; i < kTries; ++i) {
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "-%06llu",
                  static_cast<unsigned long long>(++kept_));
    const std::string stem = Compact(now) + number.data();
    const std::string name = stem + "." + ExtensionOf(content_type);
    Json written{{"file", name}};
    written.update(about);
    PartFile meta(Hidden(), std::nullopt, "");
    const auto text = written.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    if (auto wrote = meta.Write(text); !wrote) return tl::unexpected(wrote.error());
    const std::string meta_path = folder_ + "/" + stem + ".meta.json";
    if (!RenameNew(meta.path(), meta_path)) {
      if (errno == EEXIST) continue;
      return CannotWrite(meta_path, errno);
    }
    meta.Kept(meta_path);
    std::string path = folder_ + "/" + name;
    if (!RenameNew(part.path(), path)) {
      const int failed = errno;
      unlink(meta_path.c_str());
      if (failed == EEXIST) continue;
      return CannotWrite(path, failed);
    }
    part.Kept(path);
    return path;
  }
  return Fail(ErrorCode::kUnavailable, "no name is free in " + folder_);
}

}  // namespace websub::cli
