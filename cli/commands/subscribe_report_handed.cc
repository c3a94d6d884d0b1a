// SubscribeReport: what came of handing a notification on, to an application or a program.
#include <algorithm>

#include "cli/commands/subscribe_report.h"
#include "cli/text.h"

namespace websub::cli {
namespace {

constexpr std::size_t kShown = 4 * 1024;  // bytes of an answer, or of what a program wrote
constexpr std::size_t kRows = 10;         // of an answer that is no success
constexpr std::size_t kLines = 100;       // of a program

// The first bytes of the text; where it is cut, no character of UTF-8 is.
std::string_view Beginning(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  for (int i = 0; i < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80;
       ++i) {
    --end;
  }
  return text.substr(0, end);
}

Json MembersOf(const SubscriptionFacts& facts, const Arrival& arrival) {
  Json members{{"topic", facts.topic}};
  if (!arrival.delivery.message_id.empty()) members["message_id"] = arrival.delivery.message_id;
  if (arrival.delivery.attempt) members["attempt"] = *arrival.delivery.attempt;
  return members;
}

// "12 ms", "12.3 s"
std::string Took(Duration took) {
  const auto ms = std::chrono::round<std::chrono::milliseconds>(took).count();
  if (ms < 10'000) return std::to_string(ms) + " ms";
  return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

double Milliseconds(Duration took) {
  return static_cast<double>(took.count()) / 1000.0;
}

void AddBeginning(Json& members, const std::string& name, std::string_view text) {
  const std::string_view shown = Beginning(text, kShown);
  AddBytes(members, name, shown);
  if (shown.size() < text.size()) members[name + "_cut"] = true;
}

// Each line of the text two columns in.
std::string Indented(const std::string& text) {
  std::string indented;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    indented += "  " + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return indented;
}

}  // namespace

void SubscribeReport::Forwarded(const SubscriptionFacts& facts, const Arrival& arrival,
                                const AppAnswer& answer) {
  if (output_.json()) {
    Json members = MembersOf(facts, arrival);
    members["url"] = answer.url;
    members["duration_ms"] = Milliseconds(answer.took);
    if (answer.status == 0) {
      members["answered"] = answer.response.status;  // in the place of the application
      members["error"] = answer.problem;
    } else {
      members["status"] = answer.status;
      members["content_type"] = answer.content_type;
      members["bytes"] = answer.bytes;
      AddBeginning(members, "answer", answer.body);
    }
    return output_.Event("forwarded", members);
  }
  std::vector<Piece> line = {{"forwarded", Style::kDim}};
  if (several_) line.push_back({"  " + facts.topic, Style::kStrong});
  if (answer.status == 0) {
    line.push_back({"  no answer", Style::kBad});
  } else {
    const std::string reason = answer.reason.empty() ? "" : " " + answer.reason;
    line.push_back(
        {"  " + std::to_string(answer.status) + reason, answer.Ok() ? Style::kGood : Style::kBad});
  }
  line.push_back({"  " + Took(answer.took), Style::kDim});
  output_.Line(line);
  if (answer.status == 0) {
    output_.Wrapped({{"  " + answer.problem, Style::kBad}}, 2);
  } else if ((!answer.Ok() || output_.verbose() > 0) && !output_.quiet()) {
    const BodyLimits limits{kRows, static_cast<std::size_t>(environment_.terminal.width)};
    const std::string_view shown = Beginning(answer.body, kShown);
    output_.Raw(Indented(BodyForPeople(shown, answer.content_type, limits)));
  }
  if (!output_.quiet()) output_.Raw("\n");
}

void SubscribeReport::Executed(const SubscriptionFacts& facts, const Arrival& arrival,
                               const ProgramEnd& end) {
  if (output_.json()) {
    Json members = MembersOf(facts, arrival);
    if (end.status) members["status"] = *end.status;
    members["duration_ms"] = Milliseconds(end.took);
    if (!end.problem.empty()) members["error"] = end.problem;
    AddBeginning(members, "out", end.out);
    AddBeginning(members, "err", end.err);
    return output_.Event("executed", members);
  }
  PrintOutput("out", end.out);
  PrintOutput("err", end.err);
  std::vector<Piece> line = {{"executed", Style::kDim}};
  if (several_) line.push_back({"  " + facts.topic, Style::kStrong});
  line.push_back(
      {end.Ok() ? "  status 0" : "  " + end.problem, end.Ok() ? Style::kGood : Style::kBad});
  line.push_back({"  " + Took(end.took), Style::kDim});
  output_.Line(line);
  if (!output_.quiet()) output_.Raw("\n");
}

// Lines of their own on stderr, so that what a program writes and what this command prints can be
// told apart.
void SubscribeReport::PrintOutput(std::string_view name, std::string_view text) {
  std::size_t printed = 0;
  while (!text.empty() && printed < kLines) {
    const auto end = std::min(text.find('\n'), text.size());
    output_.Note(std::string(name) + ": " + std::string(Beginning(text.substr(0, end), kShown)));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++printed;
  }
  if (!text.empty())
    output_.Note(std::string(name) + ": … " + Plural(text.size(), "byte") + " more");
}

}  // namespace websub::cli
