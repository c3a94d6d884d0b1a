// PUB-DISC-01, PUB-DISC-02 and PUB-DISC-04: which links a topic names, and where.
#include <algorithm>
#include <set>

#include "cli/conformance/publisher_bench.h"
#include "core/findings.h"
#include "core/link_header.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

using Source = TopicLink::Source;

std::string Listed(const std::vector<std::string>& urls) {
  std::string text;
  for (const std::string& url : urls) text += (text.empty() ? "" : ", ") + Quote(url, 200);
  return text;
}

// ----------------------------------------------------------------------------------- PUB-DISC-01

Outcome NamesHub(PublisherBench& bench) {
  const TopicAnswer topic = bench.Get("fetch the topic", bench.target().url);
  if (!topic.Ok()) {
    return Failed("expected the topic to answer with content, but it " + topic.How(),
                  CauseOf(FindingCode::kTopicStatus));
  }
  if (!topic.found.hubs.empty()) return Passed();
  const std::string cause = CauseAmong(
      topic,
      {FindingCode::kHubOnlyOnRedirect, FindingCode::kLinksInBody, FindingCode::kLinkNotAtom});
  return Failed("expected at least one rel=hub link, got none",
                cause.empty() ? CauseOf(FindingCode::kNoHub) : cause);
}

Outcome NamesOneSelf(PublisherBench& bench) {
  const auto topic = bench.Topic();
  if (!topic) return topic.error();
  // What a subscriber goes by: Link headers, and the document in their absence (SUB-DISC-05).
  auto urls = topic->Urls("self", Source::kHeader);
  if (urls.empty()) urls = topic->Urls("self", Source::kDocument);
  if (urls.size() == 1) return Passed();
  if (urls.empty()) {
    if (topic->found.hubs.empty()) {
      return Skipped("the topic has no links at all (PUB-DISC-01/hub)");
    }
    const std::string cause = CauseAmong(*topic, {FindingCode::kSelfOnlyOnRedirect});
    return Failed("expected one rel=self link, got none",
                  cause.empty() ? CauseOf(FindingCode::kNoSelf) : cause);
  }
  return Failed(
      "expected one rel=self link, got " + std::to_string(urls.size()) + ": " + Listed(urls),
      CauseOf(FindingCode::kSeveralSelf));
}

Outcome SourcesAgree(PublisherBench& bench) {
  const auto topic = bench.Topic();
  if (!topic) return topic.error();
  const auto header = topic->Urls("self", Source::kHeader);
  const auto document = topic->Urls("self", Source::kDocument);
  if (header.empty() || document.empty()) {
    return Passed("only one of header and document names a self");
  }
  for (const std::string& url : document) {
    if (std::find(header.begin(), header.end(), url) != header.end()) continue;
    const std::string cause =
        CauseAmong(*topic, {FindingCode::kSchemeDiffers, FindingCode::kSelfAmbiguous});
    return Failed("expected Link header and document to name the same self, got " + Listed(header) +
                      " and " + Listed(document),
                  cause);
  }
  return Passed();
}

Outcome SelfAnswersItself(PublisherBench& bench) {
  const auto topic = bench.WholeTopic();
  if (!topic) return topic.error();
  const std::string& self = *topic->found.self;
  const TopicAnswer there = bench.Get("fetch rel=self", self);
  if (!there.Ok()) {
    return Failed("expected rel=self to answer with content, but it " + there.How(),
                  "rel=self is put together from a setting (host, scheme, path) that is not where "
                  "the topic is served");
  }
  const std::string apart =
      "rel=self is answered by another part of the publisher than the URL given";
  if (!there.found.self) {
    return Failed("expected rel=self to name itself, got no self there", apart);
  }
  if (*there.found.self != self) {
    return Failed("expected rel=self to name itself, got " + Quote(*there.found.self, 200) +
                      " at " + Quote(self, 200),
                  "self is made of the URL that was asked for, or of another setting than the "
                  "topic's address");
  }
  const auto there_hubs = std::set(there.found.hubs.begin(), there.found.hubs.end());
  if (there_hubs != std::set(topic->found.hubs.begin(), topic->found.hubs.end())) {
    return Failed("expected rel=self to name the same hubs as the URL given, got " +
                      (there.found.hubs.empty() ? "none" : Listed(there.found.hubs)),
                  apart);
  }
  return Passed();
}

Outcome HubsVerify(PublisherBench& bench) {
  const auto topic = bench.WholeTopic();
  if (!topic) return topic.error();
  Outcome worst = Passed();
  for (const std::string& hub : topic->found.hubs) {
    Watch watch(bench, hub, *topic->found.self);
    if (const auto subscribed = watch.Subscribe(); !subscribed) {
      if (subscribed.error().verdict == Verdict::kFailed) return subscribed.error();
      worst = subscribed.error();
    }
  }
  return worst;
}

// ----------------------------------------------------------------------------------- PUB-DISC-02

Outcome UsesLinkHeaders(PublisherBench& bench) {
  const auto topic = bench.Topic();
  if (!topic) return topic.error();
  if (topic->links.empty()) return Skipped("the topic has no links at all (PUB-DISC-01/hub)");
  const bool hub = !topic->Urls("hub", Source::kHeader).empty();
  const bool self = !topic->Urls("self", Source::kHeader).empty();
  if (hub && self) return Passed();
  return Failed(
      std::string("expected rel=hub and rel=self in Link headers, got ") + (hub    ? "rel=hub only"
                                                                            : self ? "rel=self only"
                                                                                   : "neither"),
      hub || self ? CauseAmong(*topic, {FindingCode::kHubAndSelfApart})
                  : "the document's template has the links, and the server that sends it "
                    "adds no header");
}

Outcome LinkHeadersAreWellFormed(PublisherBench& bench) {
  const auto topic = bench.Topic();
  if (!topic) return topic.error();
  const auto& values = topic->hops.back().link_headers;
  if (values.empty()) return Passed("there is no Link header");
  for (const std::string& value : values) {
    for (const Warning& warning : ParseLinkHeader(value).warnings) {
      // These are odd, but every reader gets what is meant.
      if (warning.code == "link-without-rel" || warning.code.starts_with("link-too-many")) continue;
      const auto finding = JudgeWarning(topic->url(), topic->found, warning);
      return Failed("expected a Link header as of RFC 8288, got " + Quote(value, 200) + ": " +
                        warning.message,
                    CauseOf(finding ? finding->code : FindingCode::kLinksMalformed));
    }
  }
  return Passed();
}

Outcome HeadHasTheLinks(PublisherBench& bench) {
  const auto topic = bench.Topic();
  if (!topic) return topic.error();
  const auto hubs = topic->Urls("hub", Source::kHeader);
  const auto selves = topic->Urls("self", Source::kHeader);
  if (hubs.empty() && selves.empty()) {
    return Skipped("GET has no hub and self in Link headers (PUB-DISC-02/header)");
  }
  Message message;
  message.method = "HEAD";
  message.url = topic->url();
  message.with_headers = bench.IsOwn(message.url);
  const auto result = bench.scene().Send("subscriber", "ask for the head of the topic", message);
  if (result.fault != Fault::kNone || !result.Ok2xx()) {
    return Failed(
        "expected HEAD to be answered like GET, got " +
            (result.fault == Fault::kNone ? std::to_string(result.status)
                                          : "no answer: " + std::string(Name(result.fault))),
        CauseOf(FindingCode::kRepresentationVaries));
  }
  const auto targets = [](const std::vector<std::string>& values) {
    std::set<std::string> all;
    for (const std::string& value : values) {
      for (const Link& link : ParseLinkHeader(value).links) {
        if (link.HasRel("hub") || link.HasRel("self")) all.insert(link.target);
      }
    }
    return all;
  };
  const auto seen = targets(AllFields(HeadFields(result.head), "Link"));
  const auto wanted = targets(topic->hops.back().link_headers);
  if (std::includes(seen.begin(), seen.end(), wanted.begin(), wanted.end())) return Passed();
  return Failed(seen.empty() ? "expected HEAD to have the Link header of GET, got none"
                             : "expected HEAD to have the Link header of GET, got another",
                CauseOf(FindingCode::kRepresentationVaries));
}

Outcome DocumentHasTheLinks(PublisherBench& bench) {
  const auto topic = bench.Topic();
  if (!topic) return topic.error();
  if (topic->links.empty() && topic->found.hubs.empty()) {
    return Skipped("the topic has no links at all (PUB-DISC-01/hub)");
  }
  if (!topic->IsFeedOrPage()) return Passed("it is neither a feed nor a page");
  const auto has = [&](std::string_view rel) {
    return !topic->Urls(rel, Source::kDocument).empty() || !topic->Urls(rel, Source::kBody).empty();
  };
  if (has("hub") && has("self")) return Passed();
  const std::string cause =
      CauseAmong(*topic, {FindingCode::kLinkNotAtom, FindingCode::kDocumentOdd});
  return Failed("expected link elements for hub and self in the " +
                    std::string(topic->found.document == DocumentKind::kHtml ? "page" : "feed") +
                    ", got " +
                    (has("hub")    ? "rel=hub only"
                     : has("self") ? "rel=self only"
                                   : "neither"),
                cause.empty() ? "the server adds the Link header, and the document's template has "
                                "no links of its own"
                              : cause);
}

// ----------------------------------------------------------------------------------- PUB-DISC-04

Outcome PageLinksInHead(PublisherBench& bench) {
  const auto topic = bench.Topic();
  if (!topic) return topic.error();
  if (topic->found.document != DocumentKind::kHtml) return Passed("it is no page");
  for (const char* rel : {"hub", "self"}) {
    if (!topic->Urls(rel, Source::kBody).empty()) {
      return Failed(
          "expected the rel=" + std::string(rel) + " link element in <head>, got it in <body>",
          CauseOf(FindingCode::kLinksInBody));
    }
  }
  return Passed();
}

}  // namespace

std::vector<PublisherCase> PublisherDiscoveryCases() {
  return {
      {"PUB-DISC-01/hub", "the topic answers with content and names at least one hub", NamesHub},
      {"PUB-DISC-01/self", "the topic names exactly one self", NamesOneSelf},
      {"PUB-DISC-01/agree", "Link header and document name the same self", SourcesAgree},
      {"PUB-DISC-01/self-answers", "rel=self answers with the same self and the same hubs",
       SelfAnswersItself},
      {"PUB-DISC-01/hub-verifies", "each hub that is named takes a subscription and verifies it",
       HubsVerify},
      {"PUB-DISC-02/header", "hub and self stand in Link headers", UsesLinkHeaders},
      {"PUB-DISC-02/syntax", "Link headers are well-formed", LinkHeadersAreWellFormed},
      {"PUB-DISC-02/head-request", "HEAD is answered with the same links", HeadHasTheLinks},
      {"PUB-DISC-02/document", "a feed or a page has link elements, too", DocumentHasTheLinks},
      {"PUB-DISC-04", "link elements of a page stand in its head", PageLinksInHead},
  };
}

}  // namespace websub::cli::conformance
