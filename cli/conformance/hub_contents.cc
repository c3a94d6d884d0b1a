// What a delivery carries: the body, its type, the links.
#include <algorithm>
#include <array>

#include "cli/conformance/hub_cases.h"
#include "core/link_header.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli::conformance {
namespace {

// Where two bodies part, for a sentence.
Outcome BodyChanged(const std::string& expected, const std::string& got) {
  const auto parted = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end()).first;
  const auto at = static_cast<std::size_t>(parted - expected.begin());
  const std::string what =
      "expected the body as it was published, " + std::to_string(expected.size()) + " bytes, got " +
      std::to_string(got.size()) + " that differ from byte " + std::to_string(at) + " on";
  return FailedBy(got.empty() ? FindingCode::kBodyEmpty : FindingCode::kBodyChanged, what);
}

Outcome Delivers(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  const Content content = hub.Text();
  hub.Publish(topic, content);
  const auto delivery = hub.Await(callback, content);
  if (!delivery) {
    return FailedBy(FindingCode::kAcceptsPingsNeverDelivers,
                    "expected a delivery of what was published, none came");
  }
  if (delivery->request.method != "POST") {
    return Failed("expected a delivery by POST, it came by " + delivery->request.method);
  }
  if (delivery->request.body == content.body) return Passed();
  return BodyChanged(content.body, delivery->request.body);
}

Outcome SameBytes(HubBench& hub, const std::string& behind, const std::string& type) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  Content content = hub.Text(behind);
  content.type = type;
  hub.Publish(topic, content);
  const Visit delivery = hub.Delivery(callback, content);
  if (delivery.request.body == content.body) return Passed();
  return BodyChanged(content.body, delivery.request.body);
}

std::string LargeText() {
  std::string text;
  while (text.size() < 700'000) text += "line " + std::to_string(text.size()) + "\n";
  return text;
}

// JSON whose white space, escapes and order a serializer would change.
Outcome SameJson(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  Content content = hub.Text();
  content.body =
      "{ \"z\" : 1.0,\n\t\"a\":\"\\u00e9\\/\",  \"z2\":[ ],\"mark\":\"" + content.mark + "\" }\n";
  content.type = "application/json";
  hub.Publish(topic, content);
  const Visit delivery = hub.Delivery(callback, content);
  if (delivery.request.body == content.body) return Passed();
  return BodyChanged(content.body, delivery.request.body);
}

Outcome ToExactCallback(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const std::string query = "id=7&next=%2Fa%3Fb%26c&x=a+b";
  const Callback callback = hub.Subscribed(topic, {}, "/callback?" + query);
  const Content content = hub.Text();
  hub.Publish(topic, content);
  const Visit delivery = hub.Delivery(callback, content);
  if (delivery.request.Query() == query) return Passed();
  return FailedBy(FindingCode::kCallbackChanged,
                  "expected the delivery at the callback's own query " + Quote(query) +
                      ", it came with " + Quote(delivery.request.Query()));
}

// ---------------------------------------------------------------------------------------- types

// White space around ';' and the case of type and parameter names say nothing (RFC 9110).
std::string Normal(const std::string& type) {
  std::string normal;
  bool quoted = false;
  bool value = false;
  for (const char c : type) {
    if (c == '"') quoted = !quoted;
    if (!quoted && IsSpace(c)) continue;
    if (c == ';' && !quoted) value = false;
    normal += quoted || value ? c : ToLower(c);
    if (c == '=') value = true;
  }
  return normal;
}

Outcome SameType(HubBench& hub, const std::string& type) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  Content content = hub.Text();
  if (type.find("json") != std::string::npos) content.body = "[\"" + content.mark + "\"]";
  if (type.find("xml") != std::string::npos) content.body = "<mark>" + content.mark + "</mark>";
  if (type.find("urlencoded") != std::string::npos) content.body = "mark=" + content.mark;
  content.type = type;
  hub.Publish(topic, content);
  const std::string got = hub.Delivery(callback, content).Field("Content-Type");
  if (Normal(got) == Normal(type)) return Passed();
  const std::string what = "expected Content-Type " + Quote(type) + " as the topic has it, got " +
                           (got.empty() ? "none" : Quote(got));
  return FailedBy(got.empty() ? FindingCode::kContentTypeMissing : FindingCode::kContentTypeChanged,
                  what);
}

// ---------------------------------------------------------------------------------------- links

struct Links {
  HubTopic topic;
  std::vector<std::string> fields;
  std::vector<Link> links;
  std::vector<Warning> warnings;
};

Links DeliveredLinks(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  const Visit delivery = hub.Told(topic, callback);
  Links all{topic, AllFields(delivery.request.fields, "Link"), {}, {}};
  for (const std::string& field : all.fields) {
    LinkHeader read = ParseLinkHeader(field);
    all.links.insert(all.links.end(), read.links.begin(), read.links.end());
    all.warnings.insert(all.warnings.end(), read.warnings.begin(), read.warnings.end());
  }
  return all;
}

std::vector<std::string> TargetsOf(const Links& all, std::string_view rel) {
  std::vector<std::string> targets;
  for (const Link& link : all.links) {
    if (link.HasRel(rel)) targets.push_back(link.target);
  }
  return targets;
}

Outcome HasRel(HubBench& hub, const std::string& rel) {
  const Links all = DeliveredLinks(hub);
  const auto targets = TargetsOf(all, rel);
  if (targets.empty()) {
    if (all.fields.empty()) {
      return FailedBy(FindingCode::kLinkMissing,
                      "expected a Link header with rel=" + rel + ", there is none");
    }
    return FailedBy(FindingCode::kLinkIncomplete,
                    "expected a link with rel=" + rel + ", got Link: " + Quote(all.fields[0], 200));
  }
  for (const std::string& target : targets) {
    if (Url::Parse(target)) continue;
    return FailedBy(FindingCode::kLinkRelative,
                    "expected an absolute URL with rel=" + rel + ", got " + Quote(target));
  }
  if (rel != "self" || (targets.size() == 1 && targets[0] == all.topic.url())) return Passed();
  return FailedBy(FindingCode::kLinkOtherTopic,
                  "expected the topic as the one link with rel=self, got " +
                      std::to_string(targets.size()) + ", the first " + Quote(targets[0]));
}

Outcome WellFormed(HubBench& hub) {
  const Links all = DeliveredLinks(hub);
  if (all.fields.empty()) return Skipped("there is no Link header (HUB-DIS-03/hub)");
  for (const Warning& warning : all.warnings) {
    const bool angle = warning.code == "link-without-angle-brackets";
    if (angle || warning.code == "link-without-semicolon" || warning.code == "link-unreadable") {
      return FailedBy(
          angle ? FindingCode::kLinkWithoutAngleBrackets : FindingCode::kLinkWithoutSemicolon,
          "expected links as <URL>; rel=\"name\", but " + warning.message);
    }
  }
  return Passed();
}

Outcome OneHeader(HubBench& hub) {
  const Links all = DeliveredLinks(hub);
  if (TargetsOf(all, "hub").empty() || TargetsOf(all, "self").empty()) {
    return Skipped("the delivery lacks one of the two links (HUB-DIS-03)");
  }
  if (all.fields.size() == 1) return Passed();
  return FailedBy(FindingCode::kLinkSplit, "expected both links in one Link header, there are " +
                                               std::to_string(all.fields.size()));
}

// Atom: the whole feed, or what is new of it.
Outcome Feed(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  const Content first = hub.Text();
  const Content second = hub.Text();
  const auto entry = [](const Content& content) {
    return "<entry><id>urn:" + content.mark + "</id><title>" + content.mark +
           "</title><updated>2026-01-01T00:00:00Z</updated></entry>";
  };
  const auto feed = [](const std::string& entries) {
    return "<?xml version=\"1.0\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:feed</id>"
           "<title>t</title><updated>2026-01-01T00:00:00Z</updated>" +
           entries + "</feed>\n";
  };
  hub.Publish(topic, {first.mark, feed(entry(first)), "application/atom+xml"});
  hub.Delivery(callback, first);
  const std::size_t from = callback.Count();
  hub.Publish(topic, {second.mark, feed(entry(second) + entry(first)), "application/atom+xml"});
  const auto got = callback.place().Await(
      [&](const Visit& one) { return one.request.body.find(second.mark) != std::string::npos; },
      from);
  if (!got) return Skipped("no delivery of the feed's second version came (HUB-DIS-01)");
  const bool whole = got->request.body.find(first.mark) != std::string::npos;
  return Passed(whole ? "the hub sends the whole feed" : "the hub sends what is new of a feed");
}

}  // namespace

void AddContentCases(CaseList& cases) {
  cases.Add("HUB-DIS-01/post", "an update is delivered by POST, the topic's content as its body",
            Delivers);
  cases.Add("HUB-DIS-01/query", "an update is delivered to the exact callback, its query included",
            ToExactCallback);
  const auto bytes = [&](const std::string& name, const std::string& what,
                         const std::string& behind, const std::string& type) {
    cases.Add("HUB-DIS-01/" + name, what + " are delivered byte for byte",
              [behind, type](HubBench& hub) { return SameBytes(hub, behind, type); });
  };
  using std::string_literals::operator""s;
  bytes("binary", "NUL and bytes that are no UTF-8", "\0\x01\xFF\xFE\x80\0\r\n\x7F\xC3\x28\0"s,
        "application/octet-stream");
  bytes("line-ends", "mixed line ends and white space at the end", "\r\none\ntwo\rthree\r\n \t\n\n",
        "text/plain");
  bytes("latin1", "characters of another charset", " caf\xE9 \xA4",
        "text/plain; charset=iso-8859-1");
  bytes("utf8", "a byte order mark and emoji within", "\xEF\xBB\xBF \xF0\x9F\x98\x80 \xC3\xA9",
        "text/plain; charset=utf-8");
  bytes("form", "a form's plus signs and escapes", "&a=b+c%2bd%20e&&=&%zz",
        "application/x-www-form-urlencoded");
  bytes("markup", "markup and entities", " <p title='a &amp; b'>x<br>&nbsp;</p>  ", "text/html");
  bytes("large", "700 KB", LargeText(), "text/plain");
  cases.Add("HUB-DIS-01/json", "JSON is delivered byte for byte", SameJson);
  const std::vector<std::array<std::string, 2>> types = {
      {"plain", "text/plain"},
      {"json", "application/json"},
      {"xml", "application/xml"},
      {"octet-stream", "application/octet-stream"},
      {"form", "application/x-www-form-urlencoded"},
      {"vendor", "application/vnd.example.v2+json"},
      {"charset", "text/plain; charset=iso-8859-1"},
      {"parameters", "application/xml; charset=utf-8; profile=\"a;b=c\""},
  };
  for (const auto& [name, type] : types) {
    const std::string the_type = type;
    cases.Add("HUB-DIS-02/" + name, "the type " + type + " is the delivery's, too",
              [the_type](HubBench& hub) { return SameType(hub, the_type); });
  }
  cases.Add("HUB-DIS-03/hub", "a delivery links to the hub, by an absolute URL",
            [](HubBench& hub) { return HasRel(hub, "hub"); });
  cases.Add("HUB-DIS-03/self", "a delivery links to the topic as self",
            [](HubBench& hub) { return HasRel(hub, "self"); });
  cases.Add("HUB-DIS-03/form", "the links are written as links", WellFormed);
  cases.Add("HUB-DIS-04", "both links stand in one Link header", OneHeader);
  cases.Add("HUB-DIS-10", "of a feed, entries already delivered may be left out", Feed);
}

}  // namespace websub::cli::conformance
