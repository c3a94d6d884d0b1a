#include "cli/conformance/report_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "cli/text.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

constexpr std::size_t kFirstExchanges = 3;  // of many, so many are shown from each end
constexpr std::size_t kLastExchanges = 5;
constexpr std::size_t kBodyLines = 6;
constexpr std::size_t kMaxLine = 200;  // bytes of one line

// The sections of the Recommendation, in words of our own.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kSections{{
    {"4", "Discovery"},
    {"4.1", "Discovery and content negotiation"},
    {"5.1", "Requests for a subscription"},
    {"5.1.1", "The callback and its parameters"},
    {"5.1.2", "Answers to a request"},
    {"5.2", "Validation and denial"},
    {"5.3", "Verification of intent"},
    {"5.3.1", "Verification and its answer"},
    {"6", "Publishing"},
    {"6.1", "Topics that move"},
    {"7", "Distribution of content"},
    {"8", "Signed distribution"},
    {"8.1", "Signature methods"},
    {"8.2", "Validation of signatures"},
    {"9.1", "Safety of discovery"},
    {"9.2", "Safety of subscriptions"},
}};

// Fields that decide a case; the others are in the reports that hold whole exchanges.
constexpr std::array<std::string_view, 15> kTelling{
    "accept",           "accept-language",  "authorization",      "content-encoding",
    "content-type",     "content-language", "content-length",     "link",
    "location",         "retry-after",      "transfer-encoding",  "vary",
    "www-authenticate", "x-hub-signature",  "x-hub-signature-256"};

bool Tells(std::string_view name) {
  return std::any_of(kTelling.begin(), kTelling.end(),
                     [&](std::string_view one) { return EqualIgnoringCase(name, one); });
}

std::string Cut(std::string_view line) {
  if (line.size() <= kMaxLine) return Printable(line);
  std::size_t end = kMaxLine;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
  return Printable(line.substr(0, end)) + " …";
}

using Kind = ExcerptLine::Kind;

void AddHead(Kind kind, std::string_view head, std::vector<ExcerptLine>& lines) {
  for (const auto& [name, value] : HeadFields(head)) {
    if (!Tells(name)) continue;
    // Content-Length says something only where it is the answer's whole point: of no body.
    if (EqualIgnoringCase(name, "content-length") && value != "0") continue;
    if (EqualIgnoringCase(name, "accept") && value == "*/*") continue;
    lines.push_back({kind, Cut(name + ": " + value)});
  }
}

void AddBody(Kind kind, std::string_view body, std::size_t whole, std::vector<ExcerptLine>& lines) {
  whole = std::max(whole, body.size());
  if (whole == 0) return;
  std::string_view rest = body;
  for (std::size_t i = 0; i < kBodyLines && !rest.empty(); ++i) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.push_back({kind, Cut(rest.substr(0, end))});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!rest.empty() || whole > body.size()) {
    lines.push_back({Kind::kNote, "(a body of " + Plural(whole, "byte") + ")"});
  }
}

void AddEvidence(const Evidence& evidence, std::vector<ExcerptLine>& lines) {
  const Exchange& exchange = evidence.exchange;
  const std::string what = exchange.outcome.empty() ? "" : ": " + exchange.outcome;
  if (IsNote(evidence)) {
    lines.push_back({Kind::kTitle, Cut(evidence.from + what)});
    AddBody(Kind::kRequest, exchange.request_body, 0, lines);
    return;
  }
  lines.push_back({Kind::kTitle, Printable(evidence.from + " -> " + evidence.to + what)});
  lines.push_back({Kind::kRequest, Cut(MethodOf(exchange) + " " + exchange.url.str())});
  AddHead(Kind::kRequest, exchange.request_head, lines);
  AddBody(Kind::kRequest, exchange.request_body, 0, lines);
  lines.push_back({Kind::kResponse, AnswerOf(exchange)});
  AddHead(Kind::kResponse, exchange.response_head, lines);
  AddBody(Kind::kResponse, exchange.response_body, exchange.response_body_size, lines);
}

}  // namespace

std::string SectionTitle(const Requirement& requirement) {
  if (requirement.level == Level::kBeyond) return "beyond: " + std::string(requirement.section);
  // A row that stands on two sections ("5.3 / 9.2") goes with the first.
  const std::string_view number = requirement.section.substr(0, requirement.section.find(' '));
  for (const auto& [section, title] : kSections) {
    if (section == number) return std::string(number) + " " + std::string(title);
  }
  return std::string(number);
}

std::vector<SectionCases> BySection(const Report& report) {
  std::vector<SectionCases> sections;
  for (const CaseResult& one : report.cases) {
    const std::string title = SectionTitle(*one.requirement);
    auto found = std::find_if(sections.begin(), sections.end(),
                              [&](const SectionCases& section) { return section.title == title; });
    if (found == sections.end()) found = sections.insert(found, {title, {}});
    found->cases.push_back(&one);
  }
  // "5.1 …" stands before "5.1.1 …", and what is beyond comes last.
  std::sort(sections.begin(), sections.end(),
            [](const SectionCases& a, const SectionCases& b) { return a.title < b.title; });
  return sections;
}

bool FailsUnexpectedly(const CaseResult& one) {
  return one.outcome.verdict == Verdict::kFailed && !one.expected_failure;
}

std::string Sentence(const CaseResult& one) {
  if (one.outcome.cause.empty()) return one.outcome.message;
  const bool ended = one.outcome.message.ends_with('.');
  return one.outcome.message + (ended ? " " : ". ") + "Likely cause: " + one.outcome.cause;
}

std::string UnexpectedPass(const std::string& name) {
  return name + " is named in --expected-failures, but it did not fail";
}

std::string CountText(const Count& count) {
  std::string text =
      std::to_string(count.passed) + " passed, " + std::to_string(count.failed) + " failed, ";
  if (count.expected_failures > 0) {
    text += std::to_string(count.expected_failures) + " failed as expected, ";
  }
  return text + std::to_string(count.skipped) + " skipped, " + std::to_string(count.unobservable) +
         " not observable";
}

std::vector<Level> LevelsOf(const Report& report) {
  std::vector<Level> levels;
  for (const Level level : {Level::kMust, Level::kShould, Level::kMay, Level::kBeyond}) {
    const auto has = [&](const CaseResult& one) { return one.requirement->level == level; };
    if (std::any_of(report.cases.begin(), report.cases.end(), has)) levels.push_back(level);
  }
  return levels;
}

bool IsNote(const Evidence& evidence) {
  return evidence.exchange.request_head.empty() && evidence.exchange.url.str().empty();
}

std::string MethodOf(const Exchange& exchange) {
  const std::string& head = exchange.request_head;
  const std::size_t end = head.find_first_of(" \r\n");
  return end == std::string::npos ? "" : head.substr(0, end);
}

std::string AnswerOf(const Exchange& exchange) {
  if (exchange.status != 0) return std::to_string(exchange.status);
  if (exchange.fault == Fault::kNone) return "no answer";
  return "no answer: " + std::string(Name(exchange.fault));
}

std::string SpanText(Duration duration) {
  const bool seconds = duration >= std::chrono::seconds(1);
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), seconds ? "%.1f s" : "%.1f ms",
                static_cast<double>(duration.count()) / (seconds ? 1'000'000 : 1'000));
  return buffer.data();
}

std::vector<ExcerptLine> Excerpt(const CaseResult& one) {
  std::vector<ExcerptLine> lines;
  const std::size_t all = one.evidence.size();
  const bool many = all > kFirstExchanges + kLastExchanges + 1;
  for (std::size_t i = 0; i < all; ++i) {
    if (many && i == kFirstExchanges) {
      const std::size_t left_out = all - kFirstExchanges - kLastExchanges;
      lines.push_back({Kind::kNote, "(" + std::to_string(left_out) + " more in between)"});
      i += left_out;
    }
    AddEvidence(one.evidence[i], lines);
  }
  return lines;
}

std::string ExcerptText(const CaseResult& one) {
  std::string text;
  for (const ExcerptLine& line : Excerpt(one)) {
    if (line.kind == Kind::kRequest) text += "  > ";
    if (line.kind == Kind::kResponse) text += "  < ";
    if (line.kind == Kind::kNote) text += "    ";
    text += line.text + '\n';
  }
  return text;
}

}  // namespace websub::cli::conformance
