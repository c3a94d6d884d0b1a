#include "cli/commands/inspect_watch.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands/inspect_format.h"
#include "cli/table.h"
#include "cli/text.h"

namespace websub::cli::inspect {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPage = 200;
constexpr Duration kLongestWait = std::chrono::seconds(20);  // for one answer of the hub
constexpr Duration kFilePause = std::chrono::milliseconds(100);
constexpr Duration kFirstRetry = std::chrono::milliseconds(100);
constexpr Duration kLastRetry = std::chrono::seconds(2);
constexpr std::size_t kIndent = 14;  // of what goes on below a line: behind the time

class Watcher {
 public:
  Watcher(Output& output, Source& source, const WatchOptions& options)
      : output_(output), source_(source), options_(options) {}

  ExitStatus Run() {
    // At once: what is asked for is checked, and where we stand is known before anything is waited
    // for.
    auto end = Look(Duration::zero());
    if (end) return *end;
    if (!over_) output_.Note("watching what happens");
    while (!over_) {
      const auto left = Left();
      if (left <= Duration::zero()) return OutOfTime();
      end = Look(std::min(left, kLongestWait));
      if (end) return *end;
    }
    return ExitStatus::kDone;
  }

 private:
  Duration Since(SteadyClock::time_point begin) const {
    return std::chrono::duration_cast<Duration>(SteadyClock::now() - begin);
  }

  Duration Left() const {
    Duration left = Duration::max();
    if (options_.timeout) left = std::min(left, *options_.timeout - Since(began_));
    if (options_.idle) left = std::min(left, *options_.idle - Since(last_));
    return left;
  }

  // One page; the status to end with, where it ends.
  std::optional<ExitStatus> Look(Duration wait) {
    auto answer = source_.Get("/api/v1/events", EncodeForm(QueryFor(wait)));
    if (!answer) {
      const bool may_come_back = answer.error().status == ExitStatus::kNetwork;
      if (may_come_back && !position_.empty()) return Lost(answer.error().sentence);
      if (answer.error().status < ExitStatus::kTimeout) output_.Diagnose(answer.error().sentence);
      return answer.error().status;  // above: a signal, which needs no word
    }
    if (answer->status != 200) {
      const std::string sentence = TextOf(answer->body, "error");
      if (answer->status == 503 && !position_.empty()) return Lost(sentence);
      output_.Diagnose((answer->status == 400 ? "--" : "") + sentence);
      return answer->status == 400 ? ExitStatus::kUsage : ExitStatus::kHubRefused;
    }
    if (std::exchange(lost_, false)) output_.Note("the hub is back: going on behind " + position_);
    retry_ = kFirstRetry;
    const Json& items = Inside(answer->body, "items");
    for (const Json& item : items) Print(item);
    position_ = TextOf(answer->body, "next");
    if (items.empty() && !source_.Waits() && wait > Duration::zero()) return Pause(kFilePause);
    return std::nullopt;
  }

  Form QueryFor(Duration wait) const {
    Form query = options_.query;
    if (!position_.empty()) {
      std::erase_if(query, [](const FormField& field) { return field.name == "since"; });
      query.push_back({"after", position_});
    }
    std::size_t limit = kPage;
    if (options_.count) {
      limit = static_cast<std::size_t>(
          std::clamp<std::int64_t>(*options_.count - got_, 1, static_cast<std::int64_t>(kPage)));
    }
    query.push_back({"limit", std::to_string(limit)});
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
    query.push_back({"timeout", std::to_string(milliseconds) + "ms"});
    return query;
  }

  void Print(const Json& item) {
    if (over_) return;
    ++got_;
    last_ = SteadyClock::now();
    Json fields = item;
    fields.erase("type");
    output_.Event(TextOf(item, "type"), fields);
    output_.Wrapped(EventLine(item), kIndent);
    over_ = (options_.count && got_ >= *options_.count) || !output_.open();
  }

  std::optional<ExitStatus> Lost(const std::string& sentence) {
    if (!std::exchange(lost_, true)) {
      output_.Note("lost the hub (" + sentence +
                   "); it is asked again, and nothing is passed over");
    }
    const auto end = Pause(retry_);
    retry_ = std::min(retry_ * 2, kLastRetry);
    return end;
  }

  std::optional<ExitStatus> Pause(Duration duration) {
    return source_.Pause(std::clamp(Left(), Duration::zero(), duration));
  }

  ExitStatus OutOfTime() {
    const bool whole = options_.timeout && Since(began_) >= *options_.timeout;
    std::string sentence = whole ? "--timeout ran out: got " : "--idle ran out: got ";
    if (options_.count) {
      sentence += std::to_string(got_) + " of " +
                  Plural(static_cast<std::size_t>(*options_.count), "event");
    } else {
      sentence += Plural(static_cast<std::size_t>(got_), "event");
    }
    const Duration limit = whole ? *options_.timeout : *options_.idle;
    sentence +=
        whole ? " in " + FormatDuration(limit) : ", none in the last " + FormatDuration(limit);
    if (lost_) sentence += ", and the hub is away";
    output_.Diagnose(sentence);
    return ExitStatus::kTimeout;
  }

  Output& output_;
  Source& source_;
  const WatchOptions& options_;
  const SteadyClock::time_point began_ = SteadyClock::now();
  SteadyClock::time_point last_ = began_;
  std::string position_;  // of the last event; empty until the first answer
  std::int64_t got_ = 0;
  bool over_ = false;
  bool lost_ = false;
  Duration retry_ = kFirstRetry;
};

Piece Pad(std::string text, std::size_t width, Style style = Style::kPlain) {
  return {PadRight(std::move(text), width) + "  ", style};
}

Piece PadLeft(std::string text, std::size_t width, Style style) {
  const std::size_t used = PrintedWidth(text);
  return {std::string(width - std::min(width, used), ' ') + text + "  ", style};
}

std::string Joined(const std::string& a, const std::string& b) {
  return a + (a.empty() || b.empty() ? "" : " ") + b;
}

// The columns behind the time, each as wide as what usually stands in it.
struct Columns {
  std::string id;
  std::string way;
  std::string kind;
  Style kind_style = Style::kPlain;
  std::string answer;
  Style answer_style = Style::kPlain;
  std::string took;
  std::string whom;  // "s1 m3"
  std::string outcome;
  Style outcome_style = Style::kPlain;
  std::string url;
};

Columns OfExchange(const Json& event) {
  const Json& timings = Inside(event, "timings");
  const auto total = timings.find("total");
  Columns out;
  out.way = TextOf(event, "direction") == "in" ? "<-" : "->";
  out.answer = Answer(event);
  out.answer_style = AnswerStyle(event);
  if (total != timings.end() && total->is_number()) out.took = Span(total->get<double>());
  out.whom = Joined(TextOf(event, "subscription"), TextOf(event, "message"));
  out.outcome = TextOf(event, "outcome");
  for (const char* name : {"callback", "topic", "url"}) {
    if (out.url.empty()) out.url = TextOf(event, name);
  }
  return out;
}

Columns OfState(const Json& event) {
  Columns out;
  const std::string subscription = TextOf(event, "subscription");
  out.kind_style = subscription.empty() ? Style::kPlain : StateStyle(TextOf(event, "kind"));
  out.whom = subscription;
  out.outcome = subscription.empty() ? "a new topic" : "the subscription is now";
  if (!subscription.empty()) out.outcome += " " + TextOf(event, "kind");
  out.url = TextOf(event, subscription.empty() ? "topic" : "callback");
  return out;
}

Columns OfMessage(const Json& event) {
  Columns out;
  out.outcome = Joined(HumanSize(static_cast<std::size_t>(NumberOf(event, "size"))),
                       TextOf(event, "content_type"));
  out.url = TextOf(event, "topic");
  return out;
}

Columns OfDeadLetter(const Json& event) {
  Columns out;
  out.kind_style = Style::kBad;
  out.whom = Joined(TextOf(event, "subscription"), TextOf(event, "message"));
  out.outcome = TextOf(event, "reason");
  out.outcome_style = Style::kBad;
  out.url = TextOf(event, "callback");
  return out;
}

}  // namespace

std::vector<Piece> EventLine(const Json& event) {
  const std::string type = TextOf(event, "type");
  Columns columns = type == "exchange"  ? OfExchange(event)
                    : type == "state"   ? OfState(event)
                    : type == "message" ? OfMessage(event)
                                        : OfDeadLetter(event);
  const auto at = TimeOf(event, "at");
  return {Pad(at ? Clock(*at) : "", 12, Style::kDim),
          Pad(TextOf(event, "id"), 5, Style::kStrong),
          Pad(columns.way, 2),
          Pad(TextOf(event, "kind"), 11, columns.kind_style),
          Pad(columns.answer, 7, columns.answer_style),
          PadLeft(columns.took, 6, Style::kDim),
          Pad(columns.whom, 7),
          Pad(columns.outcome, 24, columns.outcome_style),
          {columns.url}};
}

ExitStatus Watch(Output& output, Source& source, const WatchOptions& options) {
  return Watcher(output, source, options).Run();
}

}  // namespace websub::cli::inspect
