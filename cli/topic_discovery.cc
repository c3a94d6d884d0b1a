#include "cli/topic_discovery.h"

#include "cli/text.h"
#include "core/text.h"

namespace websub::cli {
namespace {

void NoteBody(const CallResult& last, std::vector<Warning>& warnings) {
  if (last.answer.body_cut) {
    warnings.push_back({"body-cut",
                        "the document is larger than " + HumanSize(kMaxDocument) +
                            ": only what comes before was read",
                        0});
  }
  const std::string coding = last.Field("Content-Encoding");
  if (!coding.empty() && !EqualIgnoringCase(coding, "identity")) {
    warnings.push_back({"unasked-content-encoding",
                        "the document came encoded (" + coding +
                            ") although that was not asked for: its links cannot be read",
                        0});
  }
}

}  // namespace

TopicLookup LookUpTopic(HttpCaller& caller, const std::string& url, CallFields fields) {
  Call call{.url = url, .fields = std::move(fields), .body = {}, .max_body = kMaxDocument};
  TopicLookup lookup;
  lookup.fetch = caller.Follow(std::move(call));
  const CallResult& last = lookup.fetch.last;
  if (!last.Answered() || !lookup.fetch.stopped.empty()) return lookup;
  if (!last.answer.Ok2xx()) {
    lookup.warnings.push_back({"status",
                               "the topic answered " + std::to_string(last.answer.status) +
                                   ": what it says beside is not trusted",
                               0});
    return lookup;
  }
  NoteBody(last, lookup.warnings);
  lookup.discovery = Discover({lookup.fetch.hops, last.Field("Content-Type"), last.answer.body});
  return lookup;
}

ExitStatus StatusOf(const TopicLookup& lookup) {
  if (!lookup.HasAnswer()) return StatusOf(lookup.fetch.last);
  return lookup.Complete() ? ExitStatus::kDone : ExitStatus::kNotFound;
}

std::string Explain(const TopicLookup& lookup) {
  const FollowedResult& fetch = lookup.fetch;
  if (!lookup.HasAnswer()) return Explain(fetch.last_call, fetch.last);
  if (!fetch.stopped.empty()) return fetch.stopped;
  const std::string& url = fetch.last_call.url;
  if (!fetch.last.answer.Ok2xx()) {
    return url + " answered " + std::to_string(fetch.last.answer.status) + ": is the URL right?";
  }
  if (lookup.Complete()) return "";
  const bool no_hub = lookup.discovery.hubs.empty();
  const bool no_self = !lookup.discovery.self;
  const std::string what = no_hub && no_self ? "neither a hub nor a self link"
                           : no_hub          ? "no hub link"
                                             : "no self link";
  return url + " names " + what + ": send Link: <URL>; rel=\"" + (no_hub ? "hub" : "self") + "\"";
}

}  // namespace websub::cli
