// The callback's own query, and URLs that survive byte for byte.
#include "cli/conformance/hub_cases.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli::conformance {
namespace {

std::string QueryOf(const std::string& url) {
  const std::size_t mark = url.find('?');
  return mark == std::string::npos ? "" : url.substr(mark + 1);
}

std::size_t EscapedSigns(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("%25"); at != std::string::npos; at = text.find("%25", at + 3)) {
    ++count;
  }
  return count;
}

// What has become of a callback's query, where it is not what was sent.
Outcome Changed(const std::string& own, const std::string& got) {
  const std::string what = "expected the callback to be asked with its own query " + Quote(own) +
                           " and then &, it was " + "asked with " + Quote(got, own.size() + 40);
  const std::string first = own.substr(0, own.find('&'));
  if (got.starts_with(own + "?")) return FailedBy(FindingCode::kQueryJoinedTwice, what);
  if (got.starts_with("hub.") || got.starts_with("&hub.")) {
    return FailedBy(FindingCode::kCallbackQueryDropped, what);
  }
  if (got.starts_with(PercentDecode(own))) {
    return FailedBy(FindingCode::kCallbackDecodedTwice, what);
  }
  if (own.find('%') != std::string::npos && EscapedSigns(got) > EscapedSigns(own)) {
    return FailedBy(FindingCode::kCallbackEncodedTwice, what);
  }
  if (got.starts_with(first + "&hub.")) return FailedBy(FindingCode::kCallbackCut, what);
  return FailedBy(FindingCode::kCallbackChanged, what);
}

// The first GET that comes to the callback; fails where a plain callback is asked and this one not.
Visit Asked(HubBench& hub, const HubTopic& topic, const Callback& callback,
            const std::string& what) {
  const auto answer = hub.Ask({.topic = topic.url(), .callback = callback.url()});
  if (!answer.Ok2xx()) {
    hub.Request({.topic = hub.NamedTopic().url(), .callback = hub.MakeCallback().url()});
    throw CaseOver{Failed("expected " + what + " to be taken, the hub " + Said(answer))};
  }
  const auto visit =
      callback.place().Await([](const Visit& one) { return one.request.method == "GET"; });
  if (visit) return *visit;
  hub.Subscribed(hub.NamedTopic());
  throw CaseOver{
      FailedBy(FindingCode::kCallbackChanged,
               "expected " + what + " to be asked for verification, nothing came to it")};
}

Outcome KeepsQuery(HubBench& hub, const std::string& own) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback("/callback?" + own);
  const Visit visit = Asked(hub, topic, callback, "a callback with a query");
  std::string got(visit.request.Query());
  if (own.empty()) {
    if (!got.starts_with('?')) return Passed();
    return FailedBy(
        FindingCode::kQueryJoinedTwice,
        "expected no second ? behind a callback that ends with one, the query is " + Quote(got));
  }
  if (!got.starts_with(own + "&")) return Changed(own, got);
  got.erase(0, own.size() + 1);
  const auto added = ParseForm(got);
  if (added && FindField(*added, "hub.mode") == "subscribe") return Passed();
  return Skipped("the parameters behind the callback's own are not the hub's (HUB-VER-01)");
}

Outcome KeepsPath(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const std::string path = "/a%2Fb/c%20d/%C3%A9/(e)'$,;=@:!*+~";
  const Callback callback = hub.MakeCallback(path);
  const Visit visit = Asked(hub, topic, callback, "a callback with escapes in its path");
  if (visit.request.Path().ends_with(path)) return Passed();
  return FailedBy(FindingCode::kCallbackChanged, "expected a request for a path that ends with " +
                                                     Quote(path) + ", it was for " +
                                                     Quote(visit.request.Path()));
}

Outcome TopicSurvives(HubBench& hub, const std::string& own, bool may_be_refused) {
  if (hub.target().topic) {
    return Unobservable("the hub is to be asked for no topic but that of --topic");
  }
  const HubTopic topic = hub.Topic("/topic?" + own);
  const Callback callback = hub.MakeCallback();
  if (may_be_refused) {
    const auto answer = hub.Ask({.topic = topic.url(), .callback = hub.MakeCallback().url()});
    if (answer.status >= 400) {
      return Unobservable("the hub refuses topics with characters that URLs cannot hold");
    }
  }
  const Visit visit = Asked(hub, topic, callback, "a request for a topic with a query");
  const auto got = visit.Parameter("hub.topic");
  if (!got) return Skipped("the verification carries no hub.topic (HUB-VER-01)");
  if (*got == topic.url()) return Passed();
  const std::string what = "expected the query of hub.topic to come back as " + Quote(own) +
                           ", it came back as " + Quote(QueryOf(*got));
  if (*got == PercentDecode(topic.url())) {
    return FailedBy(FindingCode::kTopicDecodedTwice, what);
  }
  if (topic.url().starts_with(*got)) return FailedBy(FindingCode::kTopicCut, what);
  return FailedBy(FindingCode::kTopicChanged, what);
}

// '+' is a space in a form, and %2B a plus.
Outcome PlusIsSpace(HubBench& hub) {
  if (hub.target().topic) {
    return Unobservable("the hub is to be asked for no topic but that of --topic");
  }
  const HubTopic topic = hub.Topic("/topic?a=b c");
  const Callback callback = hub.MakeCallback();
  std::string body = EncodeForm(FormOf({.topic = topic.url(), .callback = callback.url()}));
  const std::size_t space = body.find("b%20c");
  body.replace(space, 5, "b+c");
  const auto answer = hub.Post("subscriber", "subscribe", body);
  if (!answer.Ok2xx()) {
    return Unobservable("the hub refuses topics with characters that URLs cannot hold");
  }
  const auto got = hub.Verification(callback).Parameter("hub.topic");
  if (!got) return Skipped("the verification carries no hub.topic (HUB-VER-01)");
  if (*got == topic.url()) return Passed();
  return FailedBy(
      FindingCode::kTopicChanged,
      "expected + in a form to be read as a space, hub.topic came back with the query " +
          Quote(QueryOf(*got)));
}

}  // namespace

void AddUrlCases(CaseList& cases) {
  const auto keeps = [&](const std::string& name, const std::string& title,
                         const std::string& own) {
    cases.Add(name, title, [own](HubBench& hub) { return KeepsQuery(hub, own); });
  };
  keeps("HUB-REQ-09/query", "a callback's own query stays, the hub's parameters follow after &",
        "first=1&second=two");
  keeps("HUB-REQ-09/empty-query", "a callback that ends with ? gets no second one", "");
  keeps("HUB-REQ-09/no-value", "parameters without a value stay", "flag&empty=");
  keeps("HUB-REQ-09/own-hub-mode", "a callback's own hub parameters are not overwritten",
        "hub.mode=mine&hub.topic=mine&hub.challenge=mine");
  keeps("HUB-REQ-10/callback-escapes", "escapes in a callback are decoded once, with the form",
        "next=%2Fa%3Fb%3D1%26c%3D%2525&x=%41");
  keeps("HUB-REQ-10/callback-plus", "plus signs and spaces in a callback stay what they are",
        "a=b+c%2Bd%20e");
  keeps("HUB-REQ-10/callback-reserved", "reserved characters in a callback stay as they are",
        "a=$(b),c;d:@/?!*'~%22%3C%3E");
  keeps("HUB-REQ-10/callback-utf8", "escaped UTF-8 in a callback stays as it is",
        "a=%C3%A9%E2%82%AC&b=%e9");
  cases.Add("HUB-REQ-10/callback-path", "escapes in a callback's path stay as they are", KeepsPath);
  const auto survives = [&](const std::string& name, const std::string& title,
                            const std::string& own, bool may_be_refused = false) {
    cases.Add(name, title, [own, may_be_refused](HubBench& hub) {
      return TopicSurvives(hub, own, may_be_refused);
    });
  };
  survives("HUB-REQ-10/topic-ampersand", "a topic with several parameters is not cut",
           "first=1&second=two");
  survives("HUB-REQ-10/topic-escapes", "escapes in a topic are decoded once, with the form",
           "next=%2Fa%3Fb%3D1%26c%3D%2525&x=%41");
  survives("HUB-REQ-10/topic-plus", "plus signs and spaces in a topic stay what they are",
           "a=b+c%2Bd%20e");
  survives("HUB-REQ-10/topic-reserved", "reserved characters in a topic stay as they are",
           "a=$(b),c;d:@/?!*'~%22%3C%3E");
  survives("HUB-REQ-10/topic-utf8", "escaped UTF-8 in a topic stays as it is",
           "a=%C3%A9%E2%82%AC&b=%e9");
  survives("HUB-REQ-10/topic-raw", "spaces, quotes and non-ASCII in a topic come back as they were",
           "a=b c\"d\xC3\xA9", true);
  cases.Add("HUB-REQ-10/plus-is-space", "a plus sign in the form is a space", PlusIsSpace);
}

}  // namespace websub::cli::conformance
