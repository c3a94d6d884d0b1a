#include "cli/commands/publish_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include "cli/commands/publish.h"
#include "core/digest.h"
#include "core/form.h"

namespace websub::cli {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

// What is hidden, and what editors leave beside the file that they save.
bool IsLeftOut(const std::string& name) {
  return name.starts_with('.') || name.ends_with('~') ||
         (name.starts_with('#') && name.ends_with('#'));
}

std::int64_t Nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Time WholeSecond(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

std::string Problem(int error) {
  return std::strerror(error);
}

}  // namespace

std::string EncodedPath(std::string_view path) {
  std::string encoded;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    encoded += PercentEncode(path.substr(0, slash));
    if (slash < path.size()) encoded += '/';
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return encoded;
}

Result<HostedFiles> HostedFiles::Open(Options options) {
  HostedFiles files(std::move(options));
  const std::string& path = files.options_.path;
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) {
    return Fail(ErrorCode::kNotFound,
                "--host " + path + ": " + Problem(error ? error.value() : ENOENT));
  }
  files.is_folder_ = fs::is_directory(status);
  if (!files.is_folder_ && !fs::is_regular_file(status)) {
    return Fail(ErrorCode::kInvalid, "--host " + path + " is neither a file nor a folder");
  }
  // A file may be a link: then the name is that of the link, which can be led elsewhere later.
  const fs::path whole = files.is_folder_ ? fs::canonical(path, error) : fs::absolute(path, error);
  if (error) return Fail(ErrorCode::kInvalid, "--host " + path + ": " + error.message());
  files.root_ = whole.lexically_normal().string();
  if (access(files.root_.c_str(), files.is_folder_ ? R_OK | X_OK : R_OK) != 0) {
    return Fail(ErrorCode::kForbidden, "--host " + path + ": " + Problem(errno));
  }
  return files;
}

std::string HostedFiles::watched_folder() const {
  return is_folder_ ? root_ : fs::path(root_).parent_path().string();
}

void HostedFiles::Leave(const std::string& file, const std::string& why, Found& found) {
  if (noted_.size() >= kMaxFiles || !noted_.insert(file).second) return;
  (*found.note)(file + " is not served: " + why);
}

// Asked of the open file, so that nobody can put a link in its place between the two. A link may
// lead to another file below the folder, not out of it, and not to what is hidden there.
bool HostedFiles::MayServe(int descriptor) const {
  if (!is_folder_) return true;
  std::error_code error;
  const std::string real =
      fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error).string();
  if (error) return false;
  const std::string below = root_.ends_with('/') ? root_ : root_ + "/";
  if (!real.starts_with(below)) return false;
  return std::ranges::none_of(fs::path(real.substr(below.size())),
                              [](const fs::path& part) { return IsLeftOut(part.string()); });
}

Result<std::string> HostedFiles::Read(const std::string& file, Stamp& stamp) const {
  // Opening a pipe would wait for its writer.
  const Descriptor descriptor(open(file.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat facts{};
  if (descriptor.number() < 0 || fstat(descriptor.number(), &facts) != 0) {
    return Fail(ErrorCode::kForbidden, Problem(errno));
  }
  if (!S_ISREG(facts.st_mode)) return Fail(ErrorCode::kInvalid, "it is no regular file");
  if (!MayServe(descriptor.number())) {
    return Fail(ErrorCode::kForbidden, "it is a link that leads out of the folder");
  }
  stamp = {facts.st_dev, facts.st_ino, facts.st_size, Nanoseconds(facts.st_mtim),
           Nanoseconds(facts.st_ctim)};
  std::string content;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t got = read(descriptor.number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(ErrorCode::kUnavailable, Problem(errno));
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > kMaxFile) {
      return Fail(ErrorCode::kTooLarge,
                  "it is larger than " + std::to_string(kMaxFile / 1024 / 1024) + " MiB");
    }
  }
}

void HostedFiles::LookAt(const std::string& file, const std::string& path, Found& found) {
  if (found.topics.size() >= kMaxFiles) {
    return Leave("another file", "more than " + std::to_string(kMaxFiles) + " are too many", found);
  }
  struct stat facts{};
  if (stat(file.c_str(), &facts) != 0) return;  // gone meanwhile, or a link to nothing
  if (!S_ISREG(facts.st_mode)) return;
  const Stamp seen{facts.st_dev, facts.st_ino, facts.st_size, Nanoseconds(facts.st_mtim),
                   Nanoseconds(facts.st_ctim)};
  const auto before = topics_->find(path);
  const auto known = known_.find(path);
  if (before != topics_->end() && known != known_.end() && known->second.stamp == seen) {
    found.bytes += before->second->body->size();
    found.topics.emplace(path, before->second);
    return;
  }
  Stamp stamp;
  auto content = Read(file, stamp);
  if (!content) return Leave(file, content.error().message, found);
  if (found.bytes + content->size() > kMaxAll) {
    return Leave(
        file,
        "all files together are larger than " + std::to_string(kMaxAll / 1024 / 1024) + " MiB",
        found);
  }
  noted_.erase(file);
  found.bytes += content->size();
  const std::string etag = "\"" + Sha256Hex(*content).substr(0, 32) + "\"";
  const bool same = known != known_.end() && known->second.etag == etag;
  if (same && before != topics_->end()) {
    known->second.stamp = stamp;
    found.topics.emplace(path, before->second);
    return;
  }
  auto topic = std::make_shared<HostedTopic>();
  topic->path = path;
  topic->url = options_.base_url + EncodedPath(path);
  topic->file = is_folder_ ? path.substr(1) : options_.path;
  topic->type = options_.type.empty() ? std::string(TypeOfFile(path)) : options_.type;
  topic->etag = etag;
  topic->body = std::make_shared<const std::string>(*std::move(content));
  const Time written{
      std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(stamp.modified))};
  // From the second look on it counts when we saw it: a file that is moved here may be old. Two
  // contents of one second get two times, because clients compare whole seconds.
  topic->modified = WholeSecond(looked_ ? found.now : std::min(written, found.now));
  if (same) {
    topic->modified = known->second.modified;
  } else if (known != known_.end()) {
    topic->modified = std::max(topic->modified, known->second.modified + std::chrono::seconds(1));
  }
  known_[path].stamp = stamp;
  found.topics.emplace(path, std::move(topic));
}

void HostedFiles::LookInto(const std::string& folder, const std::string& path, int depth,
                           Found& found) {
  if (depth > kMaxDepth) return Leave(folder, "folders nest too deeply", found);
  (*found.entering)(folder);
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error)) {
    if (IsLeftOut(each->path().filename().string())) continue;
    if (entries.size() >= 4 * kMaxFiles) break;
    entries.push_back(*each);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    Leave(folder, error.message(), found);
  }
  std::ranges::sort(entries);  // which of them are one too many must not change from look to look
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    const std::string below = path + "/" + name;
    std::error_code ignored;
    const bool link = entry.is_symlink(ignored);
    if (!entry.is_directory(ignored)) {
      LookAt(entry.path().string(), below, found);
    } else if (link) {
      Leave(entry.path().string(), "links to folders are not followed", found);
    } else {
      LookInto(entry.path().string(), below, depth + 1, found);
    }
  }
}

std::vector<TopicChange> HostedFiles::Look(Time now,
                                           const std::function<void(const std::string&)>& entering,
                                           const std::function<void(const std::string&)>& note) {
  Found found;
  found.now = now;
  found.entering = &entering;
  found.note = &note;
  if (is_folder_) {
    LookInto(root_, "", 0, found);
  } else {
    entering(watched_folder());
    std::error_code error;
    // Where the file is a link, what it leads to changes in a folder of its own.
    if (const auto real = fs::canonical(root_, error); !error && real != fs::path(root_)) {
      entering(real.parent_path().string());
    }
    LookAt(root_, "/" + fs::path(root_).filename().string(), found);
  }
  std::vector<TopicChange> changes;
  for (const auto& [path, topic] : *topics_) {
    if (!found.topics.contains(path)) {
      changes.push_back({TopicChange::Kind::kRemoved, topic, false});
    }
  }
  for (const auto& [path, topic] : found.topics) {
    const auto before = topics_->find(path);
    if (before != topics_->end() && before->second == topic) continue;
    Known& known = known_[path];
    const bool news = known.etag.empty() ? looked_ : known.etag != topic->etag;
    known.etag = topic->etag;
    known.modified = topic->modified;
    changes.push_back(
        {before == topics_->end() ? TopicChange::Kind::kAdded : TopicChange::Kind::kChanged, topic,
         news});
  }
  // Of what is gone the digest is kept, so that a file that only went away for a while is no news.
  if (known_.size() > 2 * kMaxFiles) {
    std::erase_if(known_, [&](const auto& each) { return !found.topics.contains(each.first); });
  }
  topics_ = std::make_shared<const HostedTopics>(std::move(found.topics));
  looked_ = true;
  return changes;
}

}  // namespace websub::cli
