// PUB-DISC-03: what rel=self answers does not depend on what the client would rather have.
#include <set>

#include "cli/conformance/publisher_bench.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

std::string MediaType(const TopicAnswer& topic) {
  return ToLower(Trim(topic.type.substr(0, topic.type.find(';'))));
}

std::string TypeText(const TopicAnswer& topic) {
  return topic.type.empty() ? "no Content-Type" : Quote(topic.type);
}

// Asks for rel=self with each of the values of one field.
Outcome IsTheSameFor(PublisherBench& bench, const std::string& field,
                     const std::vector<std::string>& values) {
  const auto topic = bench.WholeTopic();
  if (!topic) return topic.error();
  const std::string& self = *topic->found.self;
  const TopicAnswer plain = bench.Get("fetch rel=self", self);
  if (!plain.Ok()) return Skipped("rel=self " + plain.How() + " (PUB-DISC-01/self-answers)");
  std::string other_body;  // the first value that got another body
  for (const std::string& value : values) {
    const TopicAnswer wished = bench.Get("with " + field, self, {{field, value}});
    if (wished.answer.status == 406) continue;  // no other representation, but a refusal
    const std::string expected = "expected the same answer whatever " + field + " says, got ";
    const std::string with = " with " + field + ": " + value;
    const std::string cause = CauseOf(FindingCode::kRepresentationVaries);
    if (!wished.Ok()) return Failed(expected + "one that " + wished.How() + with, cause);
    if (wished.url() != plain.url()) return Failed(expected + "a redirect" + with, cause);
    if (MediaType(wished) != MediaType(plain)) {
      return Failed(expected + TypeText(wished) + " in place of " + TypeText(plain) + with, cause);
    }
    if (wished.answer.body != plain.answer.body && other_body.empty()) other_body = value;
  }
  if (other_body.empty()) return Passed();
  // A topic that changes by itself looks like one that varies.
  const TopicAnswer again = bench.Get("fetch rel=self again", self);
  const TopicAnswer wished = bench.Get("with " + field, self, {{field, other_body}});
  const TopicAnswer last = bench.Get("fetch rel=self again", self);
  if (again.answer.body != last.answer.body) {
    return Unobservable("rel=self answers each request with other content");
  }
  if (wished.answer.body == last.answer.body) return Passed("the topic changed meanwhile");
  return Failed("expected the same answer whatever " + field + " says, got other content with " +
                    field + ": " + other_body,
                CauseOf(FindingCode::kRepresentationVaries));
}

Outcome SameForAccept(PublisherBench& bench) {
  return IsTheSameFor(
      bench, "Accept",
      {"text/html", "application/atom+xml", "application/rss+xml",
       "application/feed+json, application/json;q=0.9", "application/xml", "text/plain"});
}

Outcome SameForLanguage(PublisherBench& bench) {
  return IsTheSameFor(bench, "Accept-Language", {"en", "de", "fr", "es", "ja", "zh", "ar"});
}

// ------------------------------------------------------------------------------------ PUB-MIG-01

Outcome MovesByRedirect(PublisherBench& bench) {
  const TopicAnswer topic = bench.Get("fetch the topic", bench.target().url);
  if (topic.hops.size() == 1 && topic.stopped.empty()) {
    return Unobservable("the URL given does not redirect: give that of a topic that has moved");
  }
  if (!topic.Ok()) {
    return Failed("expected the redirect to lead to the new topic, but it " + topic.How(),
                  topic.stopped.empty() ? ""
                                        : "two rules of the server, as for https and for a slash "
                                          "at the end, undo each other");
  }
  if (!topic.found.self) return Skipped("the new topic names no self (PUB-DISC-01/self)");
  for (std::size_t i = 0; i + 1 < topic.hops.size(); ++i) {
    if (topic.hops[i].url == *topic.found.self) {
      return Failed(
          "expected the new topic to name itself as self, got the URL that redirects to "
          "it",
          "the topic was moved, and its self was not changed with it");
    }
  }
  return Passed();
}

}  // namespace

std::vector<PublisherCase> PublisherRepresentationCases() {
  return {
      {"PUB-DISC-03/accept", "rel=self answers the same whatever Accept says", SameForAccept},
      {"PUB-DISC-03/language", "rel=self answers the same whatever Accept-Language says",
       SameForLanguage},
      {"PUB-MIG-01", "a URL that redirects leads to a topic that names its new self",
       MovesByRedirect},
  };
}

}  // namespace websub::cli::conformance
