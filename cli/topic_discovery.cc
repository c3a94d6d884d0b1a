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

// What to write, in the words of the document.
std::string HowToName(DocumentKind kind, bool hub, bool self) {
  const auto each = [&](const std::string& begin, const std::string& end) {
    std::string text;
    if (hub) text += begin + "hub" + end;
    if (hub && self) text += " and ";
    if (self) text += begin + "self" + end;
    return text;
  };
  const std::string header = "send Link: " + each("<URL>; rel=\"", "\"");
  switch (kind) {
    case DocumentKind::kHtml:
      return "put " + each("<link rel=\"", "\" href=\"URL\">") + " into its <head>, or " + header;
    case DocumentKind::kAtom:
      return "put " + each("<link rel=\"", "\" href=\"URL\"/>") + " into the feed, or " + header;
    case DocumentKind::kRss:
      return "put " + each("<atom:link rel=\"", "\" href=\"URL\"/>") + " into its channel, or " +
             header;
    default:
      return header;
  }
}

// " (not found)": what a plain-text answer says about its status.
std::string OwnWords(const CallResult& last) {
  constexpr std::size_t kMaxWords = 200;
  const std::string_view words = Trim(last.answer.body);
  const bool plain = EqualIgnoringCase(last.Field("Content-Type").substr(0, 10), "text/plain");
  return plain && !words.empty() && words.size() <= kMaxWords && IsUtf8(words)
             ? std::string(words)
             : "is the URL right?";
}

}  // namespace

TopicLookup LookUpTopic(HttpCaller& caller, const std::string& url, CallFields fields,
                        CallFields own) {
  Call call{.url = url,
            .fields = std::move(fields),
            .hub_fields = std::move(own),
            .body = {},
            .max_body = kMaxDocument};
  TopicLookup lookup;
  lookup.fetch = caller.Follow(std::move(call));
  const CallResult& last = lookup.fetch.last;
  if (!last.Answered() || !lookup.fetch.stopped.empty()) return lookup;
  if (!last.answer.Ok2xx()) {
    lookup.warnings.push_back(
        {"status",
         "the topic answered " + std::to_string(last.answer.status) + ": its links are not read",
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
    return url + " answered " + std::to_string(fetch.last.answer.status) + ": " +
           OwnWords(fetch.last);
  }
  if (lookup.Complete()) return "";
  const bool no_hub = lookup.discovery.hubs.empty();
  const bool no_self = !lookup.discovery.self;
  const std::string what = no_hub && no_self ? "neither a hub nor a self link"
                           : no_hub          ? "no hub link"
                                             : "no self link";
  return url + " names " + what + ": " + HowToName(lookup.discovery.document, no_hub, no_self);
}

std::vector<std::string> Remarks(const TopicLookup& lookup) {
  std::vector<std::string> remarks;
  for (const auto* warnings : {&lookup.warnings, &lookup.discovery.warnings}) {
    for (const Warning& warning : *warnings) {
      if (warning.code != "status") remarks.push_back(warning.message);
    }
  }
  return remarks;
}

}  // namespace websub::cli
