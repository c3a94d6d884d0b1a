// Discovery (section 4): from what a topic URL answered to its hubs and its self, with reasons.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/document_links.h"
#include "core/result.h"

namespace websub {

// One answer on the way to the topic.
struct DiscoveryHop {
  std::string url;
  int status = 0;
  std::string location;                   // as sent; empty on the last hop
  std::vector<std::string> link_headers;  // every Link field value, in order
};

// What a GET of the topic brought; the last hop is the topic's own answer.
struct FetchedTopic {
  std::vector<DiscoveryHop> hops;  // at least one
  std::string content_type;
  std::string body;
};

enum class LinkSource {
  kHeader,
  kDocument,
  kExtension,  // JSON Feed's hubs and feed_url
};

std::string_view Name(LinkSource source);  // "header"

struct Candidate {
  std::string rel;      // "hub" or "self"
  std::string written;  // as written
  std::string url;      // absolute; empty where it could not be resolved
  LinkSource source = LinkSource::kHeader;
  std::string where;  // "Link header 2, column 14", "<head> line 7", "Atom feed line 4"
  bool taken = false;
  std::string reason;  // why it was taken or not, one short sentence
};

struct Discovery {
  std::vector<std::string> hubs;    // absolute, in order of precedence, without repeats
  std::optional<std::string> self;  // the topic to subscribe to (SUB-REQ-01)
  DocumentKind document = DocumentKind::kOther;
  std::vector<Candidate> candidates;
  std::vector<Warning> warnings;
};

// Link headers of the final answer first; the document for whichever of hub and self they do not
// give (SUB-DISC-05); extensions last. Relative references are resolved against the final URL, and
// in a document against its base. Links on redirecting answers, in an HTML body, in entries, with a
// foreign anchor, or not http(s), are candidates that are not taken. Several self links: the first
// is taken, with a warning (PUB-DISC-01). Warns of the faults in protocol/README.md that an answer
// can show: self differing from the fetched URL, hub link only on the redirect, http in the header
// and https in the document, malformed headers.
Discovery Discover(const FetchedTopic& topic);

}  // namespace websub
