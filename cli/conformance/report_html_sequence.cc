#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "cli/conformance/report_escape.h"
#include "cli/conformance/report_html_parts.h"
#include "cli/conformance/report_text.h"
#include "cli/output.h"
#include "cli/text.h"
#include "core/url.h"

namespace websub::cli::conformance::html {
namespace {

constexpr std::size_t kMaxExchanges = 60;
constexpr std::size_t kMaxBytes = 16 * 1024;  // of one head or body

constexpr std::size_t kMaxNote = 80;  // characters

constexpr int kTime = 84;       // columns in px: the time, then the lanes
constexpr int kWideLane = 360;  // of up to three
constexpr int kLane = 210;
constexpr int kCharacter = 8;  // of a label, with some room
constexpr int kRow = 58;
constexpr int kHeader = 34;

std::vector<std::string> LanesOf(const CaseResult& one) {
  std::vector<std::string> lanes;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::find(lanes.begin(), lanes.end(), name) == lanes.end()) {
      lanes.push_back(name);
    }
  };
  for (const Evidence& evidence : one.evidence) {
    if (IsNote(evidence)) continue;
    add(evidence.from);
    add(evidence.to);
  }
  if (lanes.empty()) add(one.evidence.front().from);
  // As content travels.
  constexpr std::array<std::string_view, 5> kOrder = {"publisher", "topic", "hub", "callback",
                                                      "subscriber"};
  std::stable_sort(lanes.begin(), lanes.end(), [&](const std::string& a, const std::string& b) {
    return std::find(kOrder.begin(), kOrder.end(), a) < std::find(kOrder.begin(), kOrder.end(), b);
  });
  return lanes;
}

std::string Short(const std::string& text, std::size_t limit) {
  std::string printable = Printable(text);
  std::size_t characters = 0;
  for (std::size_t i = 0; i < printable.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(printable[i]) & 0xc0) != 0x80;
    if (begins && ++characters > limit) return printable.substr(0, i) + "…";
  }
  return printable;
}

// One drawing strip: the lanes, and what is put on them.
class Strip {
 public:
  Strip(const std::vector<std::string>& lanes, int height)
      : lanes_(lanes), height_(height), lane_(lanes.size() > 3 ? kLane : kWideLane) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const std::string x = std::to_string(X(i));
      inside_ += "<line class=\"lane\" x1=\"" + x + "\" y1=\"0\" x2=\"" + x + "\" y2=\"" +
                 std::to_string(height) + "\"/>";
    }
  }

  int X(std::size_t lane) const { return kTime + kLane / 3 + static_cast<int>(lane) * lane_; }
  int X(const std::string& name) const {
    const auto found = std::find(lanes_.begin(), lanes_.end(), name);
    return X(static_cast<std::size_t>(found - lanes_.begin()) % lanes_.size());
  }
  void Text(int x, int y, std::string_view style, const std::string& text) {
    inside_ += "<text class=\"" + std::string(style) + "\" x=\"" + std::to_string(x) + "\" y=\"" +
               std::to_string(y) + "\">" + EscapeXml(text) + "</text>";
  }
  void Box(int x, const std::string& text) {
    inside_ += "<rect class=\"box\" x=\"" + std::to_string(x - 60) +
               "\" y=\"5\" width=\"120\" height=\"24\" rx=\"4\"/>";
    Text(x, 21, "name", text);
  }
  // From lane to lane; a cross in the middle where nothing arrived.
  void Arrow(int from, int to, int y, std::string_view style, const std::string& label) {
    const int sign = to >= from ? 1 : -1;
    const std::string y_text = std::to_string(y);
    inside_ += "<line class=\"" + std::string(style) + "\" x1=\"" + std::to_string(from) +
               "\" y1=\"" + y_text + "\" x2=\"" + std::to_string(to - sign * 2) + "\" y2=\"" +
               y_text + "\"/><path class=\"" + std::string(style) + " tip\" d=\"M" +
               std::to_string(to - sign * 2) + " " + y_text + "l" + std::to_string(-sign * 9) +
               " -5v10z\"/>";
    const int room = std::max(std::abs(to - from), kLane) / kCharacter;
    Text((from + to) / 2, y - 5, "label " + std::string(style),
         Short(label, static_cast<std::size_t>(room)));
  }
  std::string Take(const std::string& said) const {
    const int width = X(lanes_.size() - 1) + kLane / 3;
    const std::string size = "width=\"" + std::to_string(std::max(width, kTime + kWideLane)) +
                             "\" height=\"" + std::to_string(height_) + "\"";
    const std::string spoken =
        said.empty() ? " aria-hidden=\"true\""
                     : " role=\"img\" aria-label=\"" + EscapeXmlAttribute(said) + "\"";
    return "<svg " + size + spoken + ">" + inside_ + "</svg>";
  }

 private:
  const std::vector<std::string>& lanes_;
  int height_;
  int lane_;  // px from one to the next
  std::string inside_;
};

// "POST /hub?a=b"; the host is in the raw bytes.
std::string RequestLabel(const Exchange& exchange) {
  const auto url = Url::Parse(exchange.url.str());
  return MethodOf(exchange) + " " + (url ? url->target() : exchange.url.str());
}

std::string Offset(Time at, Time begin) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "+%.3f s",
                static_cast<double>((at - begin).count()) / 1'000'000);
  return buffer.data();
}

std::string Raw(std::string_view title, std::string_view head, std::string_view body,
                std::size_t whole_size) {
  if (head.empty() && body.empty() && whole_size == 0) return "";
  std::string out = "<h4>" + EscapeXml(title) + "</h4>\n<pre>";
  if (!head.empty()) out += "<span class=\"head\">" + RawBytes(head, head.size()) + "</span>";
  return out + RawBytes(body, std::max(whole_size, body.size())) + "</pre>\n";
}

std::string StatusClass(const Exchange& exchange) {
  if (exchange.status == 0) return "lost";
  return exchange.status < 400 ? "fine" : "bad";
}

std::string Row(const std::vector<std::string>& lanes, const Evidence& evidence, Time begin) {
  const Exchange& exchange = evidence.exchange;
  std::string out = "<li><details><summary>";
  if (IsNote(evidence)) {
    Strip strip(lanes, kRow / 2);
    strip.Text(4, 18, "time", Offset(exchange.at, begin));
    strip.Text(strip.X(std::size_t{0}) + 6, 18, "note",
               Short(evidence.from + ": " + exchange.outcome, kMaxNote));
    return out + strip.Take(evidence.from + ": " + exchange.outcome) + "</summary>\n" +
           Raw(exchange.outcome, "", exchange.request_body, 0) + "</details></li>\n";
  }
  Strip strip(lanes, kRow);
  strip.Text(4, 24, "time", Offset(exchange.at, begin));
  const int from = strip.X(evidence.from);
  const int to = strip.X(evidence.to);
  strip.Arrow(from, to, 24, "fine", RequestLabel(exchange));
  strip.Arrow(to, from, 48, StatusClass(exchange), AnswerOf(exchange));
  out += strip.Take(evidence.from + " to " + evidence.to + ": " + RequestLabel(exchange) + ", " +
                    AnswerOf(exchange)) +
         "</summary>\n<p>" + EscapeXml(evidence.from) + " → " + EscapeXml(evidence.to) + ": " +
         EscapeXml(exchange.outcome) + " <code>" + EscapeXml(exchange.url.str()) + "</code>, " +
         SpanText(exchange.timings.total) + ", " + FormatRfc3339(exchange.at) + "</p>\n";
  out += Raw("Request", exchange.request_head, exchange.request_body, 0);
  out += Raw(exchange.status == 0 ? "No whole answer" : "Answer", exchange.response_head,
             exchange.response_body, exchange.response_body_size);
  return out + "</details></li>\n";
}

}  // namespace

std::string RawBytes(std::string_view bytes, std::size_t whole_size) {
  const std::string_view kept = bytes.substr(0, kMaxBytes);
  std::string out;
  for (std::string_view rest = kept; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    out += EscapeXml(Printable(line));
    if (end < rest.size()) out += "<i>\\n</i>\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (whole_size > kept.size()) {
    out += "\n<i>(" + Plural(kept.size(), "byte") + " of " + std::to_string(whole_size) + ")</i>";
  }
  return out;
}

std::string Sequence(const CaseResult& one) {
  if (one.evidence.empty()) return "";
  const std::vector<std::string> lanes = LanesOf(one);
  Strip names(lanes, kHeader);
  for (std::size_t i = 0; i < lanes.size(); ++i) names.Box(names.X(i), lanes[i]);
  std::string out = "<div class=\"sequence\">\n" + names.Take("") + "\n<ol>\n";
  const Time begin = one.evidence.front().exchange.at;
  for (std::size_t i = 0; i < std::min(one.evidence.size(), kMaxExchanges); ++i) {
    out += Row(lanes, one.evidence[i], begin);
  }
  out += "</ol>\n";
  if (one.evidence.size() > kMaxExchanges) {
    out += "<p>" + Plural(one.evidence.size() - kMaxExchanges, "exchange") +
           " more: the JSON report has them all.</p>\n";
  }
  return out + "</div>\n";
}

}  // namespace websub::cli::conformance::html
