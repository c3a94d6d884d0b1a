// The files that `websub publish --host` serves: what they hold, and what changed since the last
// look. A topic stays as it was at that look, so a file that is half written is never served.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace websub::cli {

struct HostedTopic {
  std::string path;  // decoded: "/news/a b.xml"
  std::string url;   // the topic, its rel=self
  std::string file;  // as people know it
  std::string type;
  std::string etag;  // strong, by content: "\"…\""
  // When this content came here, in whole seconds; later for each content of the same topic.
  Time modified;
  std::shared_ptr<const std::string> body;
};

using HostedTopics = std::map<std::string, std::shared_ptr<const HostedTopic>>;  // by path

struct TopicChange {
  enum class Kind { kAdded, kChanged, kRemoved } kind = Kind::kAdded;
  std::shared_ptr<const HostedTopic> topic;
  bool publish = false;  // its content is another than subscribers know
};

class HostedFiles {
 public:
  struct Options {
    std::string path;  // a file, or a folder
    // "/news/a%20b.xml" behind it is a topic's URL; no '/' at its end.
    std::string base_url;
    std::string type;  // of all of them; empty: by each file's name
  };
  // Limits: a file's size, that of all together, how many, and how deep folders nest.
  static constexpr std::size_t kMaxFile = 64 * 1024 * 1024;
  static constexpr std::size_t kMaxAll = 512 * 1024 * 1024;
  static constexpr std::size_t kMaxFiles = 10'000;
  static constexpr int kMaxDepth = 32;

  // kInvalid or kNotFound where the path is neither a file nor a folder that can be read.
  static Result<HostedFiles> Open(Options options);

  bool is_folder() const { return is_folder_; }
  const std::string& root() const { return root_; }  // absolute
  const std::string& base_url() const { return options_.base_url; }
  void SetBaseUrl(std::string url) { options_.base_url = std::move(url); }  // before the first look
  // Where a watch has to look for changes: the folder of the file, or the root.
  std::string watched_folder() const;

  // Looks at all files. `entering` is told each folder ahead of its being read, so that a watch can
  // begin there first; `note` what is not served and why, once each.
  std::vector<TopicChange> Look(Time now, const std::function<void(const std::string&)>& entering,
                                const std::function<void(const std::string&)>& note);
  // As of the last look. The map itself never changes; for any thread.
  std::shared_ptr<const HostedTopics> topics() const { return topics_; }

 private:
  struct Stamp {  // a file that has the same is the same
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified = 0;  // ns
    std::int64_t changed = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Known {
    std::string etag;  // of what subscribers know; empty: nothing yet
    Time modified;
    Stamp stamp;
  };
  // What one look finds.
  struct Found {
    HostedTopics topics;
    std::size_t bytes = 0;
    const std::function<void(const std::string&)>* entering = nullptr;
    const std::function<void(const std::string&)>* note = nullptr;
    Time now;
  };

  explicit HostedFiles(Options options) : options_(std::move(options)) {}
  void LookInto(const std::string& folder, const std::string& path, int depth, Found& found);
  void LookAt(const std::string& file, const std::string& path, Found& found);
  void Leave(const std::string& file, const std::string& why, Found& found);
  Result<std::string> Read(const std::string& file, Stamp& stamp) const;
  bool MayServe(int descriptor) const;

  Options options_;
  std::string root_;
  bool is_folder_ = false;
  bool looked_ = false;
  std::map<std::string, Known> known_;  // by path; those that are gone too, up to kMaxFiles
  std::set<std::string> noted_;
  std::shared_ptr<const HostedTopics> topics_ = std::make_shared<const HostedTopics>();
};

// "/news/a%20b.xml" of "/news/a b.xml".
std::string EncodedPath(std::string_view path);

}  // namespace websub::cli
