// SUB-DISC-01, SUB-DISC-05 and SUB-DISC-06: where links are looked for, and which of them count.
#include <utility>

#include "cli/conformance/subscriber_discover.h"
#include "core/finding.h"

namespace websub::cli::conformance {
namespace {

const std::string kNoLinks = AtomFeed("");

// The topic says it in Link fields alone.
Outcome FindsInHeader(SubscriberBench& bench, std::vector<std::string> fields) {
  Reply page = Page(kAtomType, kNoLinks);
  for (std::string& field : fields) page.fields.emplace_back("Link", std::move(field));
  return FindsHub(bench, std::move(page), "the Link header");
}

Outcome OneField(SubscriberBench& bench) {
  return FindsInHeader(bench, {LinkField(bench.announced())});
}

Outcome TwoFields(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  return FindsInHeader(bench, {"<" + self + ">; rel=\"self\"", "<" + hub + ">; rel=\"hub\""});
}

Outcome Unquoted(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  return FindsInHeader(bench, {"<" + self + ">; rel=self, <" + hub + ">; rel=hub"});
}

Outcome SeveralRels(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  return FindsInHeader(
      bench, {"<" + hub + ">; rel=\"related hub\", <" + self + ">; rel=\"self canonical\""});
}

Outcome AnyCase(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  Reply page = Page(kAtomType, kNoLinks);
  page.fields.emplace_back("link", "<" + hub + ">; REL=\"HUB\", <" + self + ">;Rel=\"Self\"");
  return FindsHub(bench, std::move(page), "the Link header");
}

// Other links stand around, with everything in them that a simple pattern stumbles over.
Outcome AmongOthers(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  const Place decoy = bench.OpenHub("/decoy");
  return FindsInHeader(bench, {"<http://example.com/a,b;rel=hub>; rel=\"alternate\"; title=\"x, <" +
                                   decoy.url() + ">; rel=hub, y\"",
                               "<" + hub + "> ; type=\"text/html\" ; rel=\"hub\" , <" + self +
                                   ">;title=\"a \\\"quoted\\\" one\";rel=\"self\""});
}

Outcome Relative(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  return FindsInHeader(
      bench, {"<" + PathOf(hub) + ">; rel=\"hub\", <" + PathOf(self) + ">; rel=\"self\""});
}

Outcome SeveralHubs(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  const Place other = bench.OpenHub("/second");
  bench.topic().AnswerWith(Always(Page(kAtomType, kNoLinks,
                                       "<" + hub + ">; rel=\"hub\", <" + other.url() +
                                           ">; rel=\"hub\", <" + self + ">; rel=\"self\"")));
  if (auto started = bench.Start(); !started) return started.error();
  const auto asked_one = [&](const Visit&) { return true; };
  if (bench.Await(other, asked_one, 0, Duration::zero()) || bench.AwaitAny(bench.hub()) ||
      bench.Await(other, asked_one, 0, Duration::zero())) {
    return Passed();
  }
  return Failed(
      "expected a subscription request to one of the two hubs of the Link header, got "
      "none" +
      bench.HowItEnded());
}

// ----------------------------------------------------------------------------- which of them count

Outcome HeaderWins(SubscriberBench& bench, std::string_view type, const std::string& document,
                   const Place& other) {
  bench.topic().AnswerWith(Always(Page(type, document, LinkField(bench.announced()))));
  if (auto started = bench.Start(); !started) return started.error();
  const bool right = bench.AwaitAny(bench.hub()).has_value();
  if (!right && other.Visits().empty()) {
    return Skipped("no subscription request came" + bench.HowItEnded() + " (SUB-DISC-01)");
  }
  if (!right || !other.Quiet([](const Visit&) { return true; })) {
    return Failed(
        "expected the hub of the Link header to be asked, got a request to the one that "
        "only the document names",
        "the document is read first, or what both say is put together");
  }
  return Passed();
}

Outcome AgainstAtom(SubscriberBench& bench) {
  const Place other = bench.OpenHub("/other");
  return HeaderWins(bench, kAtomType, AtomFeed(LinkElements({other.url(), bench.topic().url()})),
                    other);
}

Outcome AgainstRss(SubscriberBench& bench) {
  const Place other = bench.OpenHub("/other");
  return HeaderWins(bench, kRssType,
                    RssFeed(LinkElements({other.url(), bench.topic().url()}, "atom")), other);
}

Outcome AgainstHtml(SubscriberBench& bench) {
  const Place other = bench.OpenHub("/other");
  return HeaderWins(bench, kHtmlType, HtmlPage(LinkElements({other.url(), bench.topic().url()})),
                    other);
}

// The self of the header counts as well.
Outcome SelfAgainstDocument(SubscriberBench& bench) {
  const Place other = bench.OpenTopic({}, "/of-the-document");
  const Reply page = Page(kAtomType, AtomFeed(LinkElements({bench.hub().url(), other.url()})),
                          LinkField(bench.announced()));
  bench.topic().AnswerWith(Always(page));
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  if (asked->topic() != other.url()) return Passed();
  return Failed("expected hub.topic to be the self of the Link header, got that of the document",
                "the document is read first");
}

Outcome BodyAlone(SubscriberBench& bench) {
  const Place wrong = bench.OpenHub("/from-the-body");
  bench.topic().AnswerWith(
      Always(Page(kHtmlType, HtmlPage("", LinkElements({wrong.url(), bench.topic().url()})))));
  if (auto started = bench.Start(); !started) return started.error();
  if (!bench.AwaitAny(bench.topic())) {
    return Skipped("the topic was not fetched" + bench.HowItEnded() + " (SUB-DISC-02)");
  }
  if (bench.StaysAway(wrong)) return Passed();
  return Failed("expected links in the HTML body not to be trusted, got a request to their hub",
                std::string(EntryOf(FindingCode::kLinksInBody).cause));
}

Outcome BodyBesideHead(SubscriberBench& bench) {
  const auto said = bench.announced();
  const Place wrong = bench.OpenHub("/from-the-body");
  bench.topic().AnswerWith(Always(
      Page(kHtmlType, HtmlPage(LinkElements(said), LinkElements({wrong.url(), said.self})))));
  if (auto started = bench.Start(); !started) return started.error();
  const bool right = bench.AwaitAny(bench.hub()).has_value();
  if (!right && wrong.Visits().empty()) {
    return Skipped("no subscription request came" + bench.HowItEnded() + " (SUB-DISC-02)");
  }
  if (right && wrong.Quiet([](const Visit&) { return true; })) return Passed();
  return Failed(
      "expected the hub of the HTML head alone to be asked, got a request to the one "
      "that stands in the body",
      std::string(EntryOf(FindingCode::kLinksInBody).cause));
}

}  // namespace

Outcome FindsHub(SubscriberBench& bench, Reply page, const std::string& where) {
  bench.topic().AnswerWith(Always(std::move(page)));
  if (auto started = bench.Start(); !started) return started.error();
  if (bench.AwaitAny(bench.hub())) return Passed();
  return Failed("expected a subscription request to the hub that " + where + " names, got none" +
                bench.HowItEnded());
}

std::string PathOf(const std::string& url) {
  return url.substr(url.find('/', url.find("//") + 2));
}

std::vector<Told> DiscoveryStories() {
  return {
      {"SUB-DISC-01/one-field", "finds hub and self in one Link field", OneField},
      {"SUB-DISC-01/two-fields", "finds hub and self in Link fields of their own", TwoFields},
      {"SUB-DISC-01/unquoted", "reads rel=hub without quotes", Unquoted},
      {"SUB-DISC-01/several-rels", "reads a link with several relations", SeveralRels},
      {"SUB-DISC-01/any-case", "reads names and relations in any case of letters", AnyCase},
      {"SUB-DISC-01/among-others", "tells hub and self from other links, titles and commas",
       AmongOthers},
      {"SUB-DISC-01/relative", "resolves relative URLs of the Link header", Relative},
      {"SUB-DISC-01/several-hubs", "asks one of several hubs at least", SeveralHubs},
      {"SUB-DISC-05/atom", "prefers the hub of the Link header to that of an Atom feed",
       AgainstAtom},
      {"SUB-DISC-05/rss", "prefers the hub of the Link header to that of an RSS feed", AgainstRss},
      {"SUB-DISC-05/html", "prefers the hub of the Link header to that of an HTML page",
       AgainstHtml},
      {"SUB-DISC-05/self", "prefers the self of the Link header to that of the document",
       SelfAgainstDocument},
      {"SUB-DISC-06/alone", "does not trust links in the HTML body", BodyAlone},
      {"SUB-DISC-06/beside-head", "takes the links of the head, not those of the body",
       BodyBesideHead},
  };
}

}  // namespace websub::cli::conformance
