#include "cli/commands/inspect_timeline.h"

#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/inspect_format.h"
#include "cli/table.h"
#include "cli/text.h"
#include "core/text.h"

namespace websub::cli::inspect {
namespace {

constexpr std::size_t kGapColumn = 8;
constexpr std::size_t kKindColumn = 13;
constexpr std::size_t kIndent = 12 + 1 + kGapColumn + 2;  // where the kind stands
constexpr std::size_t kExcerpt = 120;                     // bytes of an answer that went wrong

using Line = std::vector<Piece>;

std::string PadLeft(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string ContentText(const Json& content) {
  const std::string type = TextOf(content, "content_type");
  return TextOf(content, "message") + ", " +
         Plural(static_cast<std::size_t>(NumberOf(content, "size")), "byte") +
         (type.empty() ? ", no type" : ", " + type);
}

// "GET /cb?hub.mode=subscribe…": what tells the verification, without the parameters that every one
// has. The path is the callback's, which the title shows: a long one is not said again.
std::string ShortVerification(const std::string& request) {
  const std::size_t mode = request.find("hub.mode=");
  if (mode == std::string::npos) return request;
  const std::size_t end = request.find('&', mode);
  if (end == std::string::npos) return request;
  constexpr std::size_t kLongPath = 24;
  const bool longer = mode > kLongPath && request.starts_with("GET /");
  return (longer ? "GET …?" + request.substr(mode, end - mode) : request.substr(0, end)) + "…";
}

std::string SentText(const Json& step, bool whole) {
  const std::string kind = TextOf(step, "kind");
  std::string request = TextOf(step, "request_line");
  request = request.substr(0, request.rfind(" HTTP/"));
  if (kind == "deliver") {
    const std::string message = TextOf(step, "message");
    return "-> POST " + message + (message.empty() ? "" : ", ") + "attempt " +
           std::to_string(NumberOf(step, "attempt"));
  }
  if (kind == "verify" || kind == "deny") {
    return "-> " + (whole ? request : ShortVerification(request));
  }
  if (kind == "fetch") return "-> GET " + TextOf(step, "url");
  std::string text = "<- " + TextOf(step, "peer");
  if (kind == "publish" && !request.empty()) text += " " + request;
  return text;
}

// What came back and what follows from it. An outcome that names the answer itself stands alone.
std::string AnswerText(const Json& step) {
  std::string answer = Answer(step);
  std::string outcome = TextOf(step, "outcome");
  if (outcome.empty()) return answer;
  const bool named = !TextOf(step, "fault").empty() || outcome.find(answer) != std::string::npos;
  return named ? outcome : answer + ", " + outcome;
}

std::string StateText(const std::string& state) {
  if (state == "verified") return "the subscription is active";
  if (state == "expired") return "the lease ended, and with it the subscription";
  if (state == "unsubscribed") return "the subscription ended at its subscriber's wish";
  if (state == "gone") return "the callback is gone, and with it the subscription";
  if (state == "denied") return "the hub denied the subscription";
  if (state == "unverified") return "the subscription never began: it was not verified";
  return "";
}

struct Told {
  std::string sent;
  Line answer;
  std::string detail;  // a line of its own
};

Told TellExchange(const Json& step, bool whole) {
  Told told;
  told.sent = SentText(step, whole);
  const Json& content = Inside(step, "content");
  if (!content.empty()) told.sent += "  " + ContentText(content);
  told.answer.push_back({AnswerText(step), AnswerStyle(step)});
  const bool in = TextOf(step, "direction") == "in";
  // What came in is answered at once, as a rule: only a wait is worth telling.
  const Json& timings = Inside(step, "timings");
  const auto total = timings.find("total");
  const bool slow = total != timings.end() && total->is_number() && total->get<double>() >= 1;
  const std::string phases = in && !slow ? "" : Phases(timings, in);
  if (!phases.empty()) told.answer.push_back({"  (" + phases + ")", Style::kDim});
  told.answer.push_back({"  " + TextOf(step, "id"), Style::kStrong});
  const std::string answer = TextOf(step, "response_start");
  const std::string_view start = Trim(answer);
  if (!start.empty()) told.detail = "its answer: " + Quote(start, kExcerpt);
  return told;
}

Told Tell(const Json& step, bool whole) {
  const std::string type = TextOf(step, "type");
  if (type == "exchange") return TellExchange(step, whole);
  if (type == "message") return {ContentText(Inside(step, "content")), {}, ""};
  if (type == "dead_letter") {
    return {TextOf(step, "message"),
            {{"given up after " +
                  Plural(static_cast<std::size_t>(NumberOf(step, "attempts")), "attempt") + ": " +
                  TextOf(step, "reason"),
              Style::kBad},
             {"  " + TextOf(step, "id"), Style::kStrong}},
            ""};
  }
  const std::string state = TextOf(step, "kind");
  return {"", {{StateText(state), StateStyle(state)}}, ""};
}

std::size_t WidthOf(const Line& line) {
  std::size_t width = 0;
  for (const Piece& piece : line) width += PrintedWidth(piece.text);
  return width;
}

void PrintStep(Output& output, const Json& step, std::size_t width) {
  const Told told = Tell(step, output.verbose() > 0);
  const auto at = TimeOf(step, "at");
  const auto gap = step.find("gap");
  const bool measured = gap != step.end() && gap->is_number();
  Line line{{at ? Clock(*at) : PadRight("", 12)},
            {" " + PadLeft(measured ? "+" + Span(gap->get<double>()) : "", kGapColumn) + "  ",
             Style::kDim},
            {PadRight(TextOf(step, "kind"), kKindColumn), Style::kStrong},
            {told.sent}};
  const bool apart = width != 0 && WidthOf(line) + 3 + WidthOf(told.answer) > width;
  const std::size_t indent = kIndent + kKindColumn;
  if (apart) {
    output.Wrapped(line, indent);
    line = {{PadRight("", indent)}};
  } else if (!told.sent.empty() && !told.answer.empty()) {
    line.push_back({"   "});
  }
  line.insert(line.end(), told.answer.begin(), told.answer.end());
  output.Wrapped(line, indent);
  if (!told.detail.empty()) {
    output.Wrapped({{PadRight("", indent)}, {told.detail, Style::kDim}}, indent);
  }
}

void PrintTitle(Output& output, const Json& subscription, Time now) {
  const std::string state = TextOf(subscription, "state");
  Line title{
      {TextOf(subscription, "id"), Style::kStrong},
      {"  " + TextOf(subscription, "topic") + " -> " + TextOf(subscription, "callback") + "   "},
      {state, StateStyle(state)}};
  const auto expires_at = TimeOf(subscription, "expires_at");
  if (state == "active" && expires_at) {
    title.push_back(
        {*expires_at > now ? ", lease ends " + Age(expires_at, now) : ", lease is over"});
  }
  output.Wrapped(title, 4);
}

// What the subscription waits for.
void PrintNext(Output& output, const Json& subscription, Time now) {
  std::string next;
  const Json& verification = Inside(subscription, "verification");
  const std::int64_t behind = NumberOf(subscription, "behind");
  const auto when = [&](const std::optional<Time>& time) {
    return time && *time > now ? Age(time, now) : std::string("now");
  };
  if (!verification.empty()) {
    next = "verification of the request to " + TextOf(verification, "mode") + " " +
           when(TimeOf(verification, "due_at"));
  } else if (const auto retry_at = TimeOf(subscription, "retry_at")) {
    next = "attempt " + std::to_string(NumberOf(subscription, "attempts") + 1) + " " +
           when(retry_at) + ", " + Plural(static_cast<std::size_t>(behind), "message") + " behind";
  } else if (behind > 0) {
    next = "delivery, " + Plural(static_cast<std::size_t>(behind), "message") + " behind";
  }
  if (next.empty()) return;
  output.Wrapped({{PadRight("", kIndent)},
                  {PadRight("next", kKindColumn), Style::kStrong},
                  {next, Style::kWarning}},
                 kIndent + kKindColumn);
}

}  // namespace

void PrintTimeline(Output& output, const Json& story, Time now, std::size_t width) {
  const Json& subscription = Inside(story, "subscription");
  PrintTitle(output, subscription, now);
  const auto truncated = story.find("truncated");
  if (truncated != story.end() && *truncated == true) {
    output.Line({{"… earlier steps are left out; --limit and --until tell more", Style::kDim}});
  }
  std::string day;
  for (const Json& step : Inside(story, "steps")) {
    const std::string date = TextOf(step, "at").substr(0, 10);
    if (date != day) output.Line({{date, Style::kDim}});
    day = date;
    PrintStep(output, step, width);
  }
  PrintNext(output, subscription, now);
}

}  // namespace websub::cli::inspect
