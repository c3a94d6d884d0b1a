#include "hub/demo.h"

#include <nlohmann/json.hpp>

namespace websub::hub {

namespace {

constexpr int kEntries = 10;

// base and hub URLs come from the hub's own options and hold no markup; '&' may stand in a query.
std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

struct Tick {
  std::int64_t number = 0;
  Time at;
  std::string Title() const { return "Tick " + std::to_string(number); }
  std::string Text() const { return "It is " + FormatHttpDate(at) + "."; }
  std::string Id(const std::string& base) const {
    return base + "/topics/demo/" + std::to_string(number);
  }
};

std::string Atom(const std::vector<Tick>& ticks, const std::string& base, const std::string& hub) {
  const std::string self = Escape(base + "/topics/demo.atom");
  std::string out =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n  <title>websub demo</title>\n  <id>" +
      self + "</id>\n  <link rel=\"hub\" href=\"" + Escape(hub) +
      "\"/>\n  <link rel=\"self\" href=\"" + self + "\"/>\n  <updated>" +
      FormatRfc3339(ticks.front().at) + "</updated>\n  <author><name>websub</name></author>\n";
  for (const auto& tick : ticks) {
    out += "  <entry>\n    <title>" + tick.Title() + "</title>\n    <id>" + Escape(tick.Id(base)) +
           "</id>\n    <updated>" + FormatRfc3339(tick.at) + "</updated>\n    <content>" +
           tick.Text() + "</content>\n  </entry>\n";
  }
  return out + "</feed>\n";
}

std::string Rss(const std::vector<Tick>& ticks, const std::string& base, const std::string& hub) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n"
      "  <title>websub demo</title>\n  <link>" +
      Escape(base) +
      "/</link>\n  <description>A clock that ticks</description>\n"
      "  <atom:link rel=\"hub\" href=\"" +
      Escape(hub) + "\"/>\n  <atom:link rel=\"self\" href=\"" + Escape(base) +
      "/topics/demo.rss\"/>\n";
  for (const auto& tick : ticks) {
    out += "  <item>\n    <title>" + tick.Title() + "</title>\n    <guid isPermaLink=\"false\">" +
           Escape(tick.Id(base)) + "</guid>\n    <pubDate>" + FormatHttpDate(tick.at) +
           "</pubDate>\n    <description>" + tick.Text() + "</description>\n  </item>\n";
  }
  return out + "</channel>\n</rss>\n";
}

std::string JsonFeed(const std::vector<Tick>& ticks, const std::string& base,
                     const std::string& hub) {
  nlohmann::ordered_json feed = {{"version", "https://jsonfeed.org/version/1.1"},
                                 {"title", "websub demo"},
                                 {"feed_url", base + "/topics/demo.json"},
                                 {"hubs", {{{"type", "WebSub"}, {"url", hub}}}},
                                 {"items", nlohmann::ordered_json::array()}};
  for (const auto& tick : ticks) {
    feed["items"].push_back({{"id", tick.Id(base)},
                             {"title", tick.Title()},
                             {"content_text", tick.Text()},
                             {"date_published", FormatRfc3339(tick.at)}});
  }
  return feed.dump(2) + "\n";
}

std::string Html(const std::vector<Tick>& ticks, const std::string& base, const std::string& hub) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n"
      "  <title>websub demo</title>\n  <link rel=\"hub\" href=\"" +
      Escape(hub) + "\">\n  <link rel=\"self\" href=\"" + Escape(base) +
      "/topics/demo.html\">\n</head>\n<body>\n<h1>websub demo</h1>\n<ol reversed>\n";
  for (const auto& tick : ticks) {
    out += "  <li><b>" + tick.Title() + "</b> " + tick.Text() + "</li>\n";
  }
  return out + "</ol>\n</body>\n</html>\n";
}

}  // namespace

std::vector<DemoDocument> MakeDemo(Time now, const std::string& base_url,
                                   const std::string& hub_url) {
  std::vector<Tick> ticks;
  const std::int64_t latest = now.time_since_epoch() / kDemoInterval;
  for (std::int64_t i = 0; i < kEntries; ++i) {
    ticks.push_back({latest - i, Time(kDemoInterval * (latest - i))});
  }
  return {
      {"demo.atom", "application/atom+xml; charset=utf-8", Atom(ticks, base_url, hub_url)},
      {"demo.rss", "application/rss+xml; charset=utf-8", Rss(ticks, base_url, hub_url)},
      {"demo.json", "application/feed+json", JsonFeed(ticks, base_url, hub_url)},
      {"demo.html", "text/html; charset=utf-8", Html(ticks, base_url, hub_url)},
      {"demo.txt", "text/plain; charset=utf-8",
       ticks.front().Title() + ". " + ticks.front().Text() + "\n"},
  };
}

Time NextDemoTick(Time now) {
  return Time(kDemoInterval * (now.time_since_epoch() / kDemoInterval + 1));
}

}  // namespace websub::hub
