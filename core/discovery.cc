#include "core/discovery.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/link_header.h"
#include "core/text.h"
#include "core/url.h"

namespace websub {
namespace {

constexpr std::size_t kMaxCandidates = 1000;

std::string Article(std::string_view rel) {
  return rel == "hub" ? "a hub" : "self";
}

// Absolute http or https, or empty.
std::string Resolve(const std::string& base, std::string_view reference) {
  return ResolveReference(base, Trim(reference)).value_or("");
}

std::string_view WithoutScheme(std::string_view url) {
  const std::size_t at = url.find("://");
  return at == std::string_view::npos ? url : url.substr(at);
}

std::string PlaceName(DocumentKind kind, const DocumentLink& link) {
  const bool head = link.place == LinkPlace::kHead;
  switch (kind) {
    case DocumentKind::kHtml:
      return head ? "<head>" : "<body>";
    case DocumentKind::kAtom:
      return head ? "Atom feed" : "Atom entry";
    case DocumentKind::kRss:
      return head ? "RSS channel" : "RSS item";
    case DocumentKind::kJsonFeed:
      return link.rel == "hub" ? "JSON Feed hubs" : "JSON Feed feed_url";
    case DocumentKind::kXml:
    case DocumentKind::kOther:
      break;
  }
  return head ? "XML" : "XML, nested";
}

class Discoverer {
 public:
  explicit Discoverer(const FetchedTopic& topic) : topic_(topic), final_(topic.hops.back()) {}

  Discovery Run() {
    for (const DiscoveryHop& hop : topic_.hops) ReadHeaders(hop, &hop == &final_);
    if (final_.status != 0 && (final_.status < 200 || final_.status > 299)) {
      Warn("topic-status", "the topic answered " + std::to_string(final_.status));
    }
    ReadDocument();
    TakeHubs();
    TakeSelf();
    WarnOfRedirects();
    WarnOfSources();
    return std::move(result_);
  }

 private:
  void Warn(const char* code, std::string message) {
    result_.warnings.push_back({code, std::move(message), 0});
  }

  void AddCandidate(Candidate candidate) {
    if (result_.candidates.size() < kMaxCandidates) {
      result_.candidates.push_back(std::move(candidate));
    } else if (!std::exchange(too_many_, true)) {
      Warn("too-many-links", "only the first 1000 hub and self links were looked at");
    }
  }

  // A candidate without a reason is open: it may still be taken.
  void ReadHeaders(const DiscoveryHop& hop, bool is_final) {
    for (std::size_t i = 0; i < hop.link_headers.size(); ++i) {
      LinkHeader header = ParseLinkHeader(hop.link_headers[i]);
      const std::string name = "Link header " + std::to_string(i + 1);
      for (Warning& warning : header.warnings) {
        if (!is_final || result_.warnings.size() >= kMaxLinkWarnings) break;
        warning.message = name + ": " + warning.message;
        result_.warnings.push_back(std::move(warning));
      }
      for (const Link& link : header.links) {
        for (const char* rel : {"hub", "self"}) {
          if (!link.HasRel(rel)) continue;
          if (!is_final) (*rel == 'h' ? hub_on_redirect_ : self_on_redirect_) = hop.status;
          Candidate candidate;
          candidate.rel = rel;
          candidate.written = link.target;
          candidate.url = Resolve(hop.url, link.target);
          candidate.where = name + ", column " + std::to_string(link.column);
          if (!is_final) candidate.where += " of the " + std::to_string(hop.status) + " answer";
          candidate.reason = WhyNot(link, candidate.url, hop, is_final);
          AddCandidate(std::move(candidate));
        }
      }
    }
  }

  static std::string WhyNot(const Link& link, const std::string& url, const DiscoveryHop& hop,
                            bool is_final) {
    if (!is_final) return "it stands on a redirecting answer, not on the topic's own";
    // RFC 8288 section 3.2: an anchor says what the link is about.
    for (const LinkParameter& parameter : link.parameters) {
      if (parameter.name != "anchor") continue;
      if (Resolve(hop.url, parameter.value) != Resolve(hop.url, "")) {
        return "its anchor names another resource";
      }
    }
    return url.empty() ? "it is no http or https URL" : "";
  }

  void ReadDocument() {
    DocumentLinks document = FindDocumentLinks(topic_.content_type, topic_.body);
    result_.document = document.kind;
    for (Warning& warning : document.warnings) result_.warnings.push_back(std::move(warning));
    for (const DocumentLink& link : document.links) {
      Candidate candidate;
      candidate.rel = link.rel;
      candidate.written = link.href;
      const std::string base = link.base.empty() ? "" : Resolve(final_.url, link.base);
      candidate.url = Resolve(base.empty() ? final_.url : base, link.href);
      candidate.source =
          document.kind == DocumentKind::kJsonFeed ? LinkSource::kExtension : LinkSource::kDocument;
      candidate.where = PlaceName(document.kind, link);
      if (link.line > 0) candidate.where += " line " + std::to_string(link.line);
      if (link.place == LinkPlace::kBody) {
        // SUB-DISC-06
        candidate.reason = "it stands in the body of the page, where anybody's text may be";
        body_links_ = true;
      } else if (link.place == LinkPlace::kEntry) {
        candidate.reason = "it is about an entry, not about the feed";
      } else if (candidate.url.empty()) {
        candidate.reason = "it is no http or https URL";
      }
      AddCandidate(std::move(candidate));
    }
  }

  // The open candidates of that rel, from the first source that has any (SUB-DISC-05). Those of
  // later sources are told why not.
  std::vector<Candidate*> Winners(std::string_view rel) {
    std::vector<Candidate*> winners;
    for (const LinkSource source :
         {LinkSource::kHeader, LinkSource::kDocument, LinkSource::kExtension}) {
      const bool decided = !winners.empty();
      for (Candidate& candidate : result_.candidates) {
        if (candidate.rel != rel || candidate.source != source || !candidate.reason.empty()) {
          continue;
        }
        if (decided) {
          losers_.push_back(&candidate);
          candidate.reason = "the Link header names " + Article(rel) + ", and it wins";
        } else {
          winners.push_back(&candidate);
        }
      }
    }
    return winners;
  }

  static std::string WhyTaken(const Candidate& candidate) {
    switch (candidate.source) {
      case LinkSource::kHeader:
        return "Link headers come first";
      case LinkSource::kDocument:
        return "no Link header names " + Article(candidate.rel);
      case LinkSource::kExtension:
        return "no Link header names " + Article(candidate.rel) + ", and JSON Feed does";
    }
    return "";
  }

  void TakeHubs() {
    std::set<std::string_view> seen;
    for (Candidate* candidate : Winners("hub")) {
      if (!seen.insert(candidate->url).second) {
        candidate->reason = "the same hub stands before it";
        continue;
      }
      candidate->taken = true;
      candidate->reason = WhyTaken(*candidate);
      result_.hubs.push_back(candidate->url);
      hub_source_ = candidate->source;
    }
  }

  void TakeSelf() {
    std::vector<Candidate*> winners = Winners("self");
    if (winners.empty()) return;
    Candidate& first = *winners.front();
    first.taken = true;
    first.reason = WhyTaken(first);
    result_.self = first.url;
    self_source_ = first.source;
    for (std::size_t i = 1; i < winners.size(); ++i) {
      winners[i]->reason = "another self stands before it";
    }
    // PUB-DISC-01
    if (winners.size() > 1) {
      Warn("several-self", "there are " + std::to_string(winners.size()) +
                               " self links where one is allowed; the first was taken, " +
                               Quote(first.url));
    }
    WarnOfSelf();
  }

  void WarnOfSelf() {
    const Url self = *Url::Parse(*result_.self);
    if (self.has_fragment()) {
      Warn("self-fragment",
           "the self URL " + Quote(self.text()) + " has a fragment, which no server gets to see");
    }
    const std::string difference = DescribeDifference(final_.url, self.text());
    if (difference == "other") {
      Warn("self-differs", "self is " + Quote(self.text()) + ", not the URL that was fetched, " +
                               Quote(final_.url) + "; a publisher must ping self");
    } else if (!difference.empty() && difference != "fragment") {
      Warn("self-differs", "self is " + Quote(self.text()) + ", which differs from the fetched " +
                               Quote(final_.url) + " in: " + difference);
    }
  }

  // Only the redirecting answer names one: whoever asks for the final URL finds nothing.
  void WarnOfRedirects() {
    if (hub_on_redirect_ != 0 && result_.hubs.empty()) {
      Warn("hub-only-on-redirect", "the hub link stands only on the " +
                                       std::to_string(hub_on_redirect_) +
                                       " answer; it must stand on the answer of the final URL");
    }
    if (self_on_redirect_ != 0 && !result_.self) {
      Warn("self-only-on-redirect", "the self link stands only on the " +
                                        std::to_string(self_on_redirect_) +
                                        " answer; it must stand on the answer of the final URL");
    }
  }

  void WarnOfSources() {
    if (hub_source_ && self_source_ && *hub_source_ != *self_source_) {
      Warn("hub-and-self-apart", "hub comes from the " + std::string(Name(*hub_source_)) +
                                     " and self from the " + std::string(Name(*self_source_)) +
                                     "; many subscribers want both in one place");
    }
    std::set<std::pair<std::string_view, std::string_view>> taken;  // rel, URL without scheme
    std::set<std::pair<std::string_view, std::string_view>> whole;
    for (const Candidate& candidate : result_.candidates) {
      if (!candidate.taken) continue;
      taken.emplace(candidate.rel, WithoutScheme(candidate.url));
      whole.emplace(candidate.rel, candidate.url);
    }
    for (const Candidate* loser : losers_) {
      if (whole.contains({loser->rel, loser->url})) continue;
      if (taken.contains({loser->rel, WithoutScheme(loser->url)})) {
        Warn("scheme-differs", "the " + loser->rel + " link of the document, " + Quote(loser->url) +
                                   ", has another scheme than that of the Link header");
      } else if (loser->rel == "self") {
        Warn("self-ambiguous", "the document names another self, " + Quote(loser->url) +
                                   ", than the Link header, " + Quote(*result_.self));
      }
    }
    if (result_.hubs.empty() && body_links_) {
      Warn("links-in-body", "hub or self links stand in the body; only those in <head> count");
    }
  }

  const FetchedTopic& topic_;
  const DiscoveryHop& final_;
  Discovery result_;
  std::vector<const Candidate*> losers_;  // open, but of a source that lost
  std::optional<LinkSource> hub_source_;
  std::optional<LinkSource> self_source_;
  int hub_on_redirect_ = 0;  // the status of the answer that names one
  int self_on_redirect_ = 0;
  bool body_links_ = false;
  bool too_many_ = false;
};

}  // namespace

std::string_view Name(LinkSource source) {
  switch (source) {
    case LinkSource::kHeader:
      return "header";
    case LinkSource::kDocument:
      return "document";
    case LinkSource::kExtension:
      return "extension";
  }
  return "header";
}

Discovery Discover(const FetchedTopic& topic) {
  if (topic.hops.empty()) return {};
  return Discoverer(topic).Run();
}

}  // namespace websub
