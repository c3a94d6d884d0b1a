// `websub publish --replay`: what a recording of notifications holds to be published again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace websub::cli {

struct ReplayedContent {
  std::string topic;  // that its Link header calls self; empty: none
  std::string type;   // its Content-Type, application/octet-stream where it has none
  std::string body;
};

struct Replay {
  std::vector<ReplayedContent> contents;  // at least one, in order
  std::vector<std::string> remarks;       // a sentence each about what was passed over
};

// `file` is for the sentences. Requests that carry no content (those that verify) are passed over.
// kInvalid where there is none that does, where the last one is cut short, or, with
// `need_topic`, where one names no self.
enum class NeedTopic { kYes, kNo };
Result<Replay> ReadReplay(const std::string& file, std::string_view bytes, NeedTopic need_topic);

}  // namespace websub::cli
