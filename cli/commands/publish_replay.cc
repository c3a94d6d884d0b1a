#include "cli/commands/publish_replay.h"

#include "cli/text.h"
#include "core/link_header.h"
#include "core/saved_requests.h"

namespace websub::cli {
namespace {

// The first rel=self of its Link fields (SUB-DIS: a notification names its topic so).
std::string SelfOf(const SavedRequest& request) {
  for (const std::string& value : AllFields(request.fields, "Link")) {
    for (const Link& link : ParseLinkHeader(value).links) {
      if (link.HasRel("self")) return link.target;
    }
  }
  return "";
}

}  // namespace

Result<Replay> ReadReplay(const std::string& file, std::string_view bytes, NeedTopic need_topic) {
  const std::string source = file == "-" ? "standard input" : file;
  auto requests = ReadSavedRequests(bytes);
  if (!requests) return Fail(requests.error().code, source + ": " + requests.error().message);
  Replay replay;
  std::size_t passed_over = 0;
  for (SavedRequest& request : *requests) {
    const std::string where = source + ": line " + std::to_string(request.line) + ": ";
    if (request.method != "POST" && request.method != "PUT") {
      ++passed_over;
      continue;
    }
    if (request.missing > 0) {
      return Fail(ErrorCode::kInvalid, where + "the last body is cut short: " +
                                           Plural(request.missing, "byte") + " are missing");
    }
    ReplayedContent content;
    content.topic = SelfOf(request);
    if (content.topic.empty() && need_topic == NeedTopic::kYes) {
      return Fail(ErrorCode::kInvalid,
                  where + "no Link header with rel=\"self\": name the topic to publish it to");
    }
    content.type = FirstField(request.fields, "Content-Type");
    if (content.type.empty()) content.type = "application/octet-stream";
    content.body = std::move(request.body);
    replay.contents.push_back(std::move(content));
  }
  if (replay.contents.empty()) {
    return Fail(ErrorCode::kInvalid, source + " holds no notification: none is a POST");
  }
  if (passed_over > 0) {
    replay.remarks.push_back(source + ": passed over " + Plural(passed_over, "request") +
                             " without a notification");
  }
  return replay;
}

}  // namespace websub::cli
