// SUB-DISC-02, SUB-DISC-03 and SUB-DISC-04: links in HTML, Atom and RSS.
#include <utility>

#include "cli/conformance/subscriber_discover.h"

namespace websub::cli::conformance {
namespace {

// A title that is spelled differently in every charset, and stands before the links.
const std::string kAccents = "Caf\xc3\xa9 \xc3\xbc\xc3\xb1\xc3\xae";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

// ------------------------------------------------------------------------------------------- HTML

Outcome FindsInHtml(SubscriberBench& bench, const std::string& head) {
  return FindsHub(bench, Page(kHtmlType, HtmlPage(head)), "the HTML head");
}

Outcome Head(SubscriberBench& bench) {
  return FindsInHtml(bench, LinkElements(bench.announced()));
}

// HTML lets an author write the same in many ways.
Outcome OtherSpellings(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  return FindsInHtml(bench, "<LINK HREF='" + hub + "' REL=hub>\n<link\n  title=\"a > b\" href=\"" +
                                self + "\"\n  rel='canonical self'\n>\n");
}

Outcome CommentedOut(SubscriberBench& bench) {
  const auto said = bench.announced();
  const Place wrong = bench.OpenHub("/commented-out");
  bench.topic().AnswerWith(
      Always(Page(kHtmlType, HtmlPage("<!-- " + LinkElements({wrong.url(), said.self}) +
                                      " -->\n"
                                      "<script>var s = '<link rel=\"hub\" href=\"" +
                                      wrong.url() + "\">';</script>\n" + LinkElements(said)))));
  if (auto started = bench.Start(); !started) return started.error();
  if (bench.AwaitAny(bench.hub()) && wrong.Visits().empty()) return Passed();
  return Failed(wrong.Visits().empty()
                    ? "expected a subscription request to the hub that the HTML head names, got "
                      "none" +
                          bench.HowItEnded()
                    : "expected comments and scripts to be no links, got a request to a hub that "
                      "only they name");
}

// An ampersand in an attribute is written &amp;.
Outcome Entities(SubscriberBench& bench) {
  const Place hub = bench.OpenHub("/hub?a=1&b=2");
  bench.topic().AnswerWith(
      Always(Page(kHtmlType, HtmlPage(LinkElements({hub.url(), bench.topic().url()})))));
  if (auto started = bench.Start(); !started) return started.error();
  const auto visit = bench.AwaitAny(hub);
  if (!visit) {
    return Failed("expected a subscription request to the hub that the HTML head names, got none" +
                  bench.HowItEnded());
  }
  if (visit->request.Query().find("amp;") == std::string_view::npos) return Passed();
  return Failed("expected &amp; in an href to be read as an ampersand, got it in the hub's query");
}

Outcome HtmlRelative(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  return FindsInHtml(bench, LinkElements({PathOf(hub), PathOf(self)}));
}

Outcome HtmlBase(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  const std::string folder = hub.substr(0, hub.rfind('/') + 1);
  return FindsInHtml(bench, "<base href=\"" + folder + "\">\n<link rel=\"hub\" href=\"" +
                                hub.substr(folder.size()) + "\">\n<link rel=\"self\" href=\"" +
                                self + "\">\n");
}

Outcome HtmlLatin1(SubscriberBench& bench) {
  const std::string page = HtmlPage("<meta name=\"description\" content=\"" + kAccents + "\">\n" +
                                    LinkElements(bench.announced()));
  return FindsHub(bench, Page("text/html; charset=iso-8859-1", Latin1(page)),
                  "an HTML page in ISO-8859-1");
}

Outcome HtmlUtf16(SubscriberBench& bench) {
  const std::string page = HtmlPage(LinkElements(bench.announced()));
  return FindsHub(bench, Page("text/html; charset=utf-16", Utf16(page)), "an HTML page in UTF-16");
}

// ------------------------------------------------------------------------------------------- Atom

Outcome FindsInAtom(SubscriberBench& bench, std::string feed) {
  return FindsHub(bench, Page(kAtomType, std::move(feed)), "the Atom feed");
}

Outcome Atom(SubscriberBench& bench) {
  return FindsInAtom(bench, AtomFeed(LinkElements(bench.announced())));
}

Outcome AtomPrefix(SubscriberBench& bench) {
  return FindsInAtom(bench,
                     "<?xml version='1.0'?>\n"
                     "<f:feed xmlns:f='http://www.w3.org/2005/Atom'>\n<f:title>Feed</f:title>\n" +
                         LinkElements(bench.announced(), "f") +
                         "<f:id>urn:example:prefixed</f:id>\n"
                         "<f:updated>2026-01-01T00:00:00Z</f:updated>\n</f:feed>\n");
}

// The links are right; others, which are none of Atom's, stand before them.
Outcome Foreign(SubscriberBench& bench, std::string_view type, const std::string& where,
                const std::function<std::string(const std::string& links)>& feed,
                const std::string& prefix) {
  const auto said = bench.announced();
  const Place wrong = bench.OpenHub("/foreign");
  const std::string foreign =
      "<x:link xmlns:x=\"urn:example:other\" rel=\"hub\" href=\"" + wrong.url() + "\"/>\n";
  bench.topic().AnswerWith(Always(Page(type, feed(foreign + LinkElements(said, prefix)))));
  if (auto started = bench.Start(); !started) return started.error();
  const bool right = bench.AwaitAny(bench.hub()).has_value();
  if (right && wrong.Visits().empty()) return Passed();
  return Failed(wrong.Visits().empty()
                    ? "expected a subscription request to the hub that " + where +
                          " names, got none" + bench.HowItEnded()
                    : "expected link elements of another namespace not to count, got a request to "
                      "their hub",
                "elements are found by their name, whatever namespace they are of");
}

Outcome AtomForeign(SubscriberBench& bench) {
  return Foreign(
      bench, kAtomType, "the Atom feed", [](const std::string& links) { return AtomFeed(links); },
      "");
}

// An entry's links are about the entry: its self is not the feed's.
Outcome AtomEntry(SubscriberBench& bench) {
  const auto said = bench.announced();
  const Place wrong = bench.OpenHub("/of-the-entry");
  const Place entry = bench.OpenTopic({}, "/entry");
  const std::string body = Replaced(AtomFeed(LinkElements(said)), "<content",
                                    LinkElements({wrong.url(), entry.url()}) + "<content");
  bench.topic().AnswerWith(Always(Page(kAtomType, body)));
  const auto asked = bench.Ask();
  if (!wrong.Visits().empty()) {
    return Failed(
        "expected the links of an entry not to count for the feed, got a request to the "
        "entry's hub");
  }
  if (!asked) return asked.error();
  if (asked->topic() != entry.url()) return Passed();
  return Failed("expected hub.topic to be the feed's self, got that of an entry");
}

Outcome AtomRelative(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  return FindsInAtom(bench, AtomFeed(LinkElements({PathOf(hub), PathOf(self)})));
}

Outcome AtomBase(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  const std::string folder = hub.substr(0, hub.rfind('/') + 1);
  return FindsInAtom(bench, Replaced(AtomFeed(LinkElements({hub.substr(folder.size()), self})),
                                     "<feed ", "<feed xml:base=\"" + folder + "\" "));
}

Outcome AtomLatin1(SubscriberBench& bench) {
  const std::string feed =
      Replaced(AtomFeed(LinkElements(bench.announced()), kAccents), "utf-8", "iso-8859-1");
  return FindsHub(bench, Page(kAtomType, Latin1(feed)), "an Atom feed in ISO-8859-1");
}

Outcome AtomUtf16(SubscriberBench& bench) {
  const std::string feed =
      Replaced(AtomFeed(LinkElements(bench.announced()), kAccents), "utf-8", "utf-16");
  return FindsHub(bench, Page(kAtomType, Utf16(feed)), "an Atom feed in UTF-16");
}

// -------------------------------------------------------------------------------------------- RSS

Outcome FindsInRss(SubscriberBench& bench, std::string feed) {
  return FindsHub(bench, Page(kRssType, std::move(feed)), "the RSS feed");
}

Outcome Rss(SubscriberBench& bench) {
  return FindsInRss(bench, RssFeed(LinkElements(bench.announced(), "atom")));
}

Outcome RssPrefix(SubscriberBench& bench) {
  std::string feed = RssFeed(LinkElements(bench.announced(), "a10"));
  return FindsInRss(bench, Replaced(std::move(feed), "xmlns:atom", "xmlns:a10"));
}

Outcome RssForeign(SubscriberBench& bench) {
  return Foreign(
      bench, kRssType, "the RSS feed", [](const std::string& links) { return RssFeed(links); },
      "atom");
}

Outcome RssItem(SubscriberBench& bench) {
  const auto said = bench.announced();
  const Place item = bench.OpenTopic({}, "/item");
  bench.topic().AnswerWith(Always(Page(kRssType, RssFeed(LinkElements(said, "atom"),
                                                         "<item>\n<title>One</title>\n"
                                                         "<atom:link rel=\"self\" href=\"" +
                                                             item.url() + "\"/>\n</item>\n"))));
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  if (asked->topic() != item.url()) return Passed();
  return Failed("expected hub.topic to be the channel's self, got that of an item");
}

Outcome RssRelative(SubscriberBench& bench) {
  const auto [hub, self] = bench.announced();
  return FindsInRss(bench, RssFeed(LinkElements({PathOf(hub), PathOf(self)}, "atom")));
}

Outcome RssLatin1(SubscriberBench& bench) {
  std::string feed = Replaced(RssFeed(LinkElements(bench.announced(), "atom")), "A feed", kAccents);
  feed = Replaced(std::move(feed), "utf-8", "iso-8859-1");
  return FindsHub(bench, Page(kRssType, Latin1(feed)), "an RSS feed in ISO-8859-1");
}

}  // namespace

std::vector<Told> DocumentStories() {
  return {
      {"SUB-DISC-02/head", "finds hub and self in link elements of an HTML head", Head},
      {"SUB-DISC-02/spellings", "reads HTML as authors write it: case, quotes, order, several rels",
       OtherSpellings},
      {"SUB-DISC-02/comment", "takes nothing from comments and scripts", CommentedOut},
      {"SUB-DISC-02/entities", "decodes the character references in an href", Entities},
      {"SUB-DISC-02/relative", "resolves relative URLs of an HTML page", HtmlRelative},
      {"SUB-DISC-02/base", "resolves them against the page's base element", HtmlBase},
      {"SUB-DISC-02/latin1", "reads an HTML page in ISO-8859-1", HtmlLatin1},
      {"SUB-DISC-02/utf16", "reads an HTML page in UTF-16", HtmlUtf16},
      {"SUB-DISC-03/feed", "finds hub and self in the links of an Atom feed", Atom},
      {"SUB-DISC-03/prefix", "knows Atom by its namespace, whatever the prefix", AtomPrefix},
      {"SUB-DISC-03/foreign", "leaves out link elements of another namespace", AtomForeign},
      {"SUB-DISC-03/entry", "leaves out the links of entries", AtomEntry},
      {"SUB-DISC-03/relative", "resolves relative URLs of an Atom feed", AtomRelative},
      {"SUB-DISC-03/base", "resolves them against xml:base", AtomBase},
      {"SUB-DISC-03/latin1", "reads an Atom feed in ISO-8859-1", AtomLatin1},
      {"SUB-DISC-03/utf16", "reads an Atom feed in UTF-16", AtomUtf16},
      {"SUB-DISC-04/feed", "finds hub and self in the atom:link elements of an RSS feed", Rss},
      {"SUB-DISC-04/prefix", "knows them by their namespace, whatever the prefix", RssPrefix},
      {"SUB-DISC-04/foreign", "leaves out link elements of another namespace", RssForeign},
      {"SUB-DISC-04/item", "leaves out the links of items", RssItem},
      {"SUB-DISC-04/relative", "resolves relative URLs of an RSS feed", RssRelative},
      {"SUB-DISC-04/latin1", "reads an RSS feed in ISO-8859-1", RssLatin1},
  };
}

}  // namespace websub::cli::conformance
