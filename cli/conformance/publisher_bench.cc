#include "cli/conformance/publisher_bench.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/findings.h"
#include "core/link_header.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli::conformance {
namespace {

constexpr std::size_t kMaxHops = 10;
constexpr std::size_t kMaxTopicBody = 16 * 1024 * 1024;

// RFC 8288 section 3.2: an anchor says what the link is about.
bool IsAboutPage(const Link& link, const std::string& page) {
  const std::string itself = ResolveReference(page, "").value_or("");
  return std::all_of(link.parameters.begin(), link.parameters.end(),
                     [&](const LinkParameter& parameter) {
                       return parameter.name != "anchor" ||
                              ResolveReference(page, parameter.value).value_or("") == itself;
                     });
}

void AddLink(TopicAnswer& topic, std::string_view rel, const std::string& base,
             std::string_view reference, TopicLink::Source source) {
  auto url = ResolveReference(base, Trim(reference));
  if (url) topic.links.push_back({std::string(rel), *std::move(url), source});
}

void ReadLinks(TopicAnswer& topic) {
  for (const std::string& value : topic.hops.back().link_headers) {
    for (const Link& link : ParseLinkHeader(value).links) {
      if (!IsAboutPage(link, topic.url())) continue;
      for (const char* rel : {"hub", "self"}) {
        if (link.HasRel(rel)) {
          AddLink(topic, rel, topic.url(), link.target, TopicLink::Source::kHeader);
        }
      }
    }
  }
  for (const DocumentLink& link : FindDocumentLinks(topic.type, topic.answer.body).links) {
    if (link.place == LinkPlace::kEntry) continue;
    const auto base = ResolveReference(topic.url(), link.base);
    AddLink(
        topic, link.rel, base && !link.base.empty() ? *base : topic.url(), link.href,
        link.place == LinkPlace::kBody ? TopicLink::Source::kBody : TopicLink::Source::kDocument);
  }
}

}  // namespace

std::vector<std::string> TopicAnswer::Urls(std::string_view rel, TopicLink::Source source) const {
  std::vector<std::string> urls;
  for (const TopicLink& link : links) {
    if (link.rel != rel || link.source != source) continue;
    if (std::find(urls.begin(), urls.end(), link.url) == urls.end()) urls.push_back(link.url);
  }
  return urls;
}

bool TopicAnswer::IsFeedOrPage() const {
  return found.document == DocumentKind::kHtml || found.document == DocumentKind::kAtom ||
         found.document == DocumentKind::kRss;
}

std::string TopicAnswer::How() const {
  if (!stopped.empty()) return stopped;
  if (answer.fault != Fault::kNone) return "gave no answer: " + std::string(Name(answer.fault));
  return "answered " + std::to_string(answer.status);
}

std::string CauseOf(FindingCode code) {
  return std::string(EntryOf(code).cause);
}

std::string CauseAmong(const TopicAnswer& topic, const std::vector<FindingCode>& codes) {
  const auto findings = JudgeDiscovery(topic.url(), topic.found);
  for (const FindingCode code : codes) {
    const auto is = [&](const Finding& finding) { return finding.code == code; };
    if (std::any_of(findings.begin(), findings.end(), is)) return CauseOf(code);
  }
  return "";
}

bool PublisherBench::IsOwn(const std::string& url) const {
  const auto named = Url::Parse(target_.url);
  const auto other = Url::Parse(url);
  return named && other && named->Origin() == other->Origin();
}

TopicAnswer PublisherBench::Get(const std::string& what, const std::string& url,
                                const hub::http::Fields& fields) {
  TopicAnswer topic;
  std::string next = url;
  for (;;) {
    Message message;
    message.url = next;
    message.fields = fields;
    message.with_headers = IsOwn(next);
    message.max_body = kMaxTopicBody;
    topic.answer = scene_.Send("subscriber", what, message);
    const FieldList head = HeadFields(topic.answer.head);
    const std::string location = FirstField(head, "Location");
    topic.hops.push_back({next, topic.answer.status, location, AllFields(head, "Link")});
    topic.type = FirstField(head, "Content-Type");
    if (!IsRedirect(topic.answer.status) || location.empty()) break;
    const auto target = ResolveReference(next, location);
    const bool seen = target && std::any_of(topic.hops.begin(), topic.hops.end(),
                                            [&](const auto& hop) { return hop.url == *target; });
    if (!target) {
      topic.stopped = "redirects to what is no URL";
    } else if (seen || topic.hops.size() > kMaxHops) {
      topic.stopped = "redirects without an end";
    }
    if (!topic.stopped.empty()) break;
    next = *target;
  }
  topic.hops.back().location.clear();
  if (!topic.Ok()) return topic;
  topic.found = Discover({topic.hops, topic.type, topic.answer.body});
  ReadLinks(topic);
  return topic;
}

Step<TopicAnswer> PublisherBench::Topic() {
  TopicAnswer topic = Get("fetch the topic", target_.url);
  if (!topic.Ok()) return End(Skipped("the topic " + topic.How() + " (PUB-DISC-01/hub)"));
  return topic;
}

Step<TopicAnswer> PublisherBench::WholeTopic() {
  auto topic = Topic();
  if (!topic) return topic;
  if (topic->found.hubs.empty()) return End(Skipped("the topic names no hub (PUB-DISC-01/hub)"));
  if (!topic->found.self) return End(Skipped("the topic names no self (PUB-DISC-01/self)"));
  return topic;
}

}  // namespace websub::cli::conformance
