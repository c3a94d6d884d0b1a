// SUB-REQ-01 to SUB-REQ-04: what the subscriber asks for, and where it follows.
#include <utility>

#include "cli/conformance/subscriber_discover.h"
#include "core/finding.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

std::string CauseOf(FindingCode code) {
  return std::string(EntryOf(code).cause);
}

// ------------------------------------------------------------------------------------ SUB-REQ-01

// A topic that was fetched at one URL and names another as its own; that one says the same.
Outcome TakesSelf(SubscriberBench& bench, std::string_view type,
                  const std::function<std::string(const Announced&)>& document) {
  Place self = bench.OpenTopic({}, "/canonical");
  const Announced said{bench.hub().url(), self.url()};
  const Reply page =
      document ? Page(type, document(said)) : Page(type, AtomFeed(""), LinkField(said));
  self.AnswerWith(Always(page));
  bench.topic().AnswerWith(Always(page));
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  if (asked->topic() == self.url()) return Passed();
  return Failed(asked->topic() == bench.topic().url()
                    ? "expected hub.topic to be the rel=self URL, got the URL that was fetched"
                    : "expected hub.topic to be the rel=self URL, got another one",
                asked->topic() == bench.topic().url()
                    ? "rel=self is not read, or only where rel=hub is"
                    : "");
}

Outcome SelfOfHeader(SubscriberBench& bench) {
  return TakesSelf(bench, kAtomType, nullptr);
}
Outcome SelfOfHtml(SubscriberBench& bench) {
  return TakesSelf(bench, kHtmlType,
                   [](const Announced& said) { return HtmlPage(LinkElements(said)); });
}
Outcome SelfOfAtom(SubscriberBench& bench) {
  return TakesSelf(bench, kAtomType,
                   [](const Announced& said) { return AtomFeed(LinkElements(said)); });
}
Outcome SelfOfRss(SubscriberBench& bench) {
  return TakesSelf(bench, kRssType,
                   [](const Announced& said) { return RssFeed(LinkElements(said, "atom")); });
}

Outcome SelfRelative(SubscriberBench& bench) {
  Place self = bench.OpenTopic({}, "/canonical");
  const Reply page =
      Page(kAtomType, AtomFeed(""), LinkField({bench.hub().url(), PathOf(self.url())}));
  self.AnswerWith(Always(page));
  bench.topic().AnswerWith(Always(page));
  const auto asked = bench.AskForAnything();
  if (!asked) return asked.error();
  if (asked->topic() == self.url()) return Passed();
  return Failed("expected hub.topic to be the relative rel=self URL made absolute, got " +
                std::string(asked->topic() == PathOf(self.url()) ? "it as written" : "another"));
}

// ------------------------------------------------------------------------------------ SUB-REQ-02

Reply RedirectTo(int status, const std::string& location) {
  return {.status = status, .fields = {{"Location", location}}, .body = ""};
}

// The program is told `entry`, which leads to the topic.
Outcome EndsAtTopic(SubscriberBench& bench, const Place& entry) {
  if (auto started = bench.Start(entry.url()); !started) return started.error();
  const auto asked = bench.Ask();
  if (asked) {
    if (asked->topic() == bench.topic().url()) return Passed();
    return Failed(asked->topic() == entry.url()
                      ? "expected hub.topic to be the self of the URL that the redirect leads to, "
                        "got the URL that redirects"
                      : "expected hub.topic to be the self of the URL that the redirect leads to, "
                        "got another");
  }
  if (entry.Visits().empty() || !bench.topic().Visits().empty()) return asked.error();
  return Failed("expected the redirect of the topic to be followed, got no request where it leads");
}

Outcome TopicMoved(SubscriberBench& bench, int status) {
  return EndsAtTopic(bench, bench.OpenTopic(RedirectTo(status, bench.topic().url()), "/moved"));
}

Outcome TopicMovedRelative(SubscriberBench& bench) {
  return EndsAtTopic(bench,
                     bench.OpenTopic(RedirectTo(302, PathOf(bench.topic().url())), "/moved"));
}

Outcome TopicMovedTwice(SubscriberBench& bench) {
  const Place second = bench.OpenTopic(RedirectTo(302, bench.topic().url()), "/second");
  return EndsAtTopic(bench, bench.OpenTopic(RedirectTo(301, second.url()), "/first"));
}

// The redirect itself names a hub, for the topic that was.
Outcome LinksOnRedirect(SubscriberBench& bench) {
  const Place old_hub = bench.OpenHub("/old-hub");
  Place entry = bench.OpenTopic({}, "/moved");
  Reply redirect = RedirectTo(301, bench.topic().url());
  redirect.fields.emplace_back("Link", LinkField({old_hub.url(), entry.url()}));
  entry.AnswerWith(Always(redirect));
  if (auto started = bench.Start(entry.url()); !started) return started.error();
  const auto asked = bench.Ask();
  if (!old_hub.Visits().empty()) {
    return Failed(
        "expected the hub of the URL that the redirect leads to, got a request to the "
        "hub that the redirect itself names",
        "links are taken from the first answer, before its redirect is followed");
  }
  if (!asked) return asked.error();
  if (asked->topic() == bench.topic().url()) return Passed();
  return Failed(
      "expected hub.topic to be the self of the URL that the redirect leads to, got the "
      "self that the redirect itself names",
      "links are taken from the first answer, before its redirect is followed");
}

// ------------------------------------------------------------------------------------ SUB-REQ-03

Outcome HubMoved(SubscriberBench& bench, int status,
                 const std::function<std::string(const std::string&)>& location) {
  const Place moved = bench.OpenHub("/new-hub");
  bench.hub().AnswerWith(Always(RedirectTo(status, location(moved.url()))));
  if (auto started = bench.Start(); !started) return started.error();
  const auto first = bench.AwaitAny(bench.hub());
  if (!first) {
    return Skipped("no subscription request came to the hub" + bench.HowItEnded() +
                   " (SUB-DISC-01)");
  }
  const std::string expected =
      "expected the POST again at the Location of " + std::to_string(status) + ", got ";
  const auto second = bench.AwaitAny(moved);
  if (!second) return Failed(expected + "no request there");
  if (second->request.method != "POST") {
    return Failed(expected + "a " + second->request.method + " there",
                  "the HTTP client follows 307 and 308 as it follows 302");
  }
  if (second->request.body != first->request.body) {
    return Failed(expected + (second->request.body.empty() ? "a POST without the body"
                                                           : "a POST with another body"));
  }
  if (second->Field("Content-Type") != first->Field("Content-Type")) {
    return Failed(expected + "a POST with another Content-Type");
  }
  return Passed();
}

Outcome HubMovedTo(SubscriberBench& bench, int status) {
  return HubMoved(bench, status, [](const std::string& url) { return url; });
}

// ------------------------------------------------------------------------------------ SUB-REQ-04

Step<Visit> FirstRequest(SubscriberBench& bench) {
  if (auto started = bench.Start(); !started) return tl::unexpected(started.error());
  if (auto visit = bench.AwaitAny(bench.hub())) return *std::move(visit);
  return End(
      Skipped("no subscription request came to the hub" + bench.HowItEnded() + " (SUB-DISC-01)"));
}

Outcome ContentType(SubscriberBench& bench) {
  const auto visit = FirstRequest(bench);
  if (!visit) return visit.error();
  if (visit->request.method != "POST") {
    return Failed("expected a POST to the hub, got a " + visit->request.method);
  }
  const std::string type = visit->Field("Content-Type");
  const std::string essence(Trim(std::string_view(type).substr(0, type.find(';'))));
  if (EqualIgnoringCase(essence, "application/x-www-form-urlencoded")) return Passed();
  return Failed("expected Content-Type application/x-www-form-urlencoded, got " +
                    (type.empty() ? "none" : Quote(type)),
                CauseOf(FindingCode::kNotAForm));
}

Outcome Parameters(SubscriberBench& bench) {
  const auto visit = FirstRequest(bench);
  if (!visit) return visit.error();
  const Form form = ParseForm(visit->request.body).value_or(Form{});
  if (!IsUtf8(visit->request.body)) return Failed("expected the form in UTF-8, got other bytes");
  for (const char* name : {"hub.callback", "hub.mode", "hub.topic"}) {
    if (!FindField(form, name).value_or("").empty()) continue;
    const std::string expected = std::string("expected ") + name + " in the body of the request, ";
    if (visit->Parameter(name)) {
      return Failed(expected + "got it in the query", CauseOf(FindingCode::kParametersInQuery));
    }
    std::string mangled = name;
    mangled[3] = '_';
    if (FindField(form, mangled)) {
      return Failed(expected + "got " + mangled, CauseOf(FindingCode::kParameterUnderscore));
    }
    return Failed(expected + "got none");
  }
  if (FindField(form, "hub.mode") == "subscribe") return Passed();
  return Failed("expected hub.mode to be subscribe, got " +
                Quote(FindField(form, "hub.mode").value_or("")));
}

// What a form must escape comes back as it was.
Outcome TopicBytes(SubscriberBench& bench) {
  Place self = bench.OpenTopic({}, "/a%20b%2Fc?x=1&y=%26+z;w=%25C3%A9&u=http://h/?q");
  const Reply page = PlainTopic({bench.hub().url(), self.url()});
  self.AnswerWith(Always(page));
  bench.topic().AnswerWith(Always(page));
  const auto asked = bench.AskForAnything();
  if (!asked) return asked.error();
  const std::string got = asked->topic();
  if (got == self.url()) return Passed();
  if (got == bench.topic().url()) {
    return Skipped("hub.topic was not the rel=self URL (SUB-REQ-01)");
  }
  if (got == PercentDecode(self.url())) {
    return Failed("expected hub.topic to be the rel=self URL byte for byte, got it percent-decoded",
                  CauseOf(FindingCode::kTopicDecodedTwice));
  }
  if (self.url().starts_with(got)) {
    return Failed("expected hub.topic to be the rel=self URL byte for byte, got it cut short",
                  CauseOf(FindingCode::kTopicCut));
  }
  return Failed("expected hub.topic to be the rel=self URL byte for byte, got other bytes",
                CauseOf(FindingCode::kTopicChanged));
}

Outcome Callback(SubscriberBench& bench) {
  const auto visit = FirstRequest(bench);
  if (!visit) return visit.error();
  const Form form = ParseForm(visit->request.body).value_or(Form{});
  const auto callback = FindField(form, "hub.callback");
  if (!callback) return Skipped("no hub.callback came in the body (SUB-REQ-04/parameters)");
  const auto url = Url::Parse(*callback);
  if (!url) {
    return Failed(
        "expected hub.callback to be an absolute http or https URL, got " + Quote(*callback),
        CauseOf(FindingCode::kCallbackNotUrl));
  }
  if (!url->has_fragment()) return Passed();
  return Failed("expected hub.callback without a fragment, which no request can carry, got one");
}

// The hub's own query stays, and nothing of ours is put into it.
Outcome HubQuery(SubscriberBench& bench) {
  const Place hub = bench.OpenHub("/hub?tenant=a%26b&x=1");
  bench.topic().AnswerWith(Always(PlainTopic({hub.url(), bench.topic().url()})));
  if (auto started = bench.Start(); !started) return started.error();
  const auto visit = bench.AwaitAny(hub);
  if (!visit) {
    return Skipped("no subscription request came to the hub" + bench.HowItEnded() +
                   " (SUB-DISC-01)");
  }
  const std::string query(visit->request.Query());
  if (query == "tenant=a%26b&x=1") return Passed();
  return Failed("expected the hub's own query tenant=a%26b&x=1 and nothing else, got " +
                (query.empty() ? "none" : Quote(query)));
}

}  // namespace

std::vector<Told> RequestStories() {
  const auto topic_moved = [](int status) {
    return [status](SubscriberBench& bench) { return TopicMoved(bench, status); };
  };
  const auto hub_moved = [](int status) {
    return [status](SubscriberBench& bench) { return HubMovedTo(bench, status); };
  };
  return {
      {"SUB-REQ-01/header", "asks for the self of the Link header, not for the URL it fetched",
       SelfOfHeader},
      {"SUB-REQ-01/html", "asks for the self of an HTML page", SelfOfHtml},
      {"SUB-REQ-01/atom", "asks for the self of an Atom feed", SelfOfAtom},
      {"SUB-REQ-01/rss", "asks for the self of an RSS feed", SelfOfRss},
      {"SUB-REQ-01/relative", "makes a relative self absolute", SelfRelative},
      {"SUB-REQ-02/301", "follows 301 on the topic", topic_moved(301)},
      {"SUB-REQ-02/302", "follows 302 on the topic", topic_moved(302)},
      {"SUB-REQ-02/relative", "follows a relative Location", TopicMovedRelative},
      {"SUB-REQ-02/twice", "follows two redirects in a row", TopicMovedTwice},
      {"SUB-REQ-02/links-on-redirect", "takes no links from the redirect itself", LinksOnRedirect},
      {"SUB-REQ-03/307", "repeats the POST where 307 leads, body included", hub_moved(307)},
      {"SUB-REQ-03/308", "repeats the POST where 308 leads, body included", hub_moved(308)},
      {"SUB-REQ-03/relative", "follows a relative Location of the hub",
       [](SubscriberBench& bench) { return HubMoved(bench, 307, PathOf); }},
      {"SUB-REQ-04/content-type", "posts a form", ContentType},
      {"SUB-REQ-04/parameters", "sends hub.callback, hub.mode and hub.topic in the body",
       Parameters},
      {"SUB-REQ-04/topic-bytes", "escapes the topic once, so that every byte arrives", TopicBytes},
      {"SUB-REQ-04/callback", "gives an absolute URL as hub.callback", Callback},
      {"SUB-REQ-04/hub-query", "keeps the query of the hub's URL", HubQuery},
  };
}

}  // namespace websub::cli::conformance
