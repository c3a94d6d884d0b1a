#include "cli/commands/bench_report.h"

#include <cmath>
#include <cstdio>

#include "cli/text.h"
#include "core/mask_urls.h"

namespace websub::cli {
namespace {

using bench::Histogram;
using bench::LedgerNumbers;
using bench::PublishKind;
using bench::RunNumbers;
using bench::RunResult;
using bench::RunSettings;

Json Milliseconds(std::optional<Duration> time) {
  return time ? Json(static_cast<double>(time->count()) / 1000) : Json();
}

Json Rounded(std::optional<double> rate) {
  return rate ? Json(std::round(*rate * 10) / 10) : Json();
}

std::string_view NameOf(PublishKind kind) {
  return kind == PublishKind::kPing ? "ping" : "content";
}

std::string_view NameOf(bench::Ended ended) {
  switch (ended) {
    case bench::Ended::kWhole:
      return "whole";
    case bench::Ended::kIdle:
      return "idle";
    case bench::Ended::kTimeout:
      return "timeout";
    case bench::Ended::kSignal:
      break;
  }
  return "interrupted";
}

std::string Text(std::optional<Duration> time) {
  return time ? ShortDuration(*time) : "-";
}

std::string Text(std::optional<double> rate) {
  return rate ? Grouped(static_cast<std::uint64_t>(std::llround(*rate))) : "-";
}

std::optional<double> SinkMicroseconds(const RunNumbers& numbers) {
  if (numbers.sink.requests == 0) return std::nullopt;
  return static_cast<double>(numbers.sink.cpu_time.count()) /
         static_cast<double>(numbers.sink.requests);
}

Table::Row Row(std::string what, std::string value, std::string note = "",
               Style style = Style::kPlain) {
  return {{std::move(what)}, {std::move(value), style}, {std::move(note), Style::kDim}};
}

Table::Row Faults(std::string what, std::uint64_t count, std::string note = "") {
  return Row(std::move(what), Grouped(count), std::move(note),
             count == 0 ? Style::kGood : Style::kBad);
}

void AddSubscribing(const RunSettings& settings, const RunNumbers& numbers,
                    std::vector<Table::Row>& rows) {
  if (numbers.subscribe_requests == 0) return;
  rows.push_back(Row("subscribes/s", Text(numbers.subscribes_per_second),
                     Grouped(numbers.subscribe_accepted) + " of " + Grouped(settings.subscribers) +
                         " accepted, " + std::to_string(settings.connections) + " at a time"));
  rows.push_back(Row("verifications/s", Text(numbers.verifications_per_second),
                     Grouped(numbers.verified) + " verified" +
                         (numbers.denied > 0 ? ", " + Grouped(numbers.denied) + " denied" : "")));
}

void AddDeliveries(const RunSettings& settings, const RunNumbers& numbers,
                   std::vector<Table::Row>& rows) {
  const LedgerNumbers& ledger = numbers.ledger;
  if (ledger.expected == 0 && ledger.latency.count() == 0) return;
  rows.push_back(Row("deliveries/s", Text(ledger.deliveries_per_second),
                     Grouped(ledger.delivered) + " of " + Grouped(ledger.expected) + ", " +
                         Plural(numbers.origins, "port"),
                     Style::kStrong));
  rows.push_back(Row("publish to delivery, p50", Text(ledger.latency.Percentile(50)),
                     settings.wait || numbers.waited
                         ? "each message alone"
                         : "with what queued up; --wait sends one at a time"));
  rows.push_back(Row("p95", Text(ledger.latency.Percentile(95))));
  rows.push_back(Row("p99", Text(ledger.latency.Percentile(99))));
  rows.push_back(Row("max", Text(ledger.latency.Max())));
  rows.push_back(Row("burst, median", Text(ledger.burst.Percentile(50)),
                     "from the answer to the last delivery"));
  rows.push_back(Row("burst, max", Text(ledger.burst.Max())));
  rows.push_back(Faults("lost", ledger.lost));
  rows.push_back(Faults("duplicated", ledger.duplicated));
  rows.push_back(Faults("out of order", ledger.out_of_order));
  if (ledger.damaged > 0) rows.push_back(Faults("damaged", ledger.damaged, "of another size"));
  if (ledger.foreign > 0)
    rows.push_back(Row("foreign", Grouped(ledger.foreign), "of no message here"));
}

}  // namespace

std::string ShortDuration(Duration duration) {
  const auto microseconds = static_cast<double>(duration.count());
  char text[32];
  if (microseconds < 1000) {
    std::snprintf(text, sizeof text, "%.0f µs", microseconds);
  } else if (microseconds < 1e6) {
    std::snprintf(text, sizeof text, microseconds < 1e5 ? "%.1f ms" : "%.0f ms",
                  microseconds / 1000);
  } else {
    std::snprintf(text, sizeof text, "%.2f s", microseconds / 1e6);
  }
  return text;
}

std::string Grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

bench::Metrics MetricsOf(const RunNumbers& numbers) {
  bench::Metrics metrics;
  const auto add = [&](const char* name, std::optional<double> value) {
    if (value) metrics[name] = *value;
  };
  const auto seconds = [](std::optional<Duration> time) {
    return time ? std::optional(std::chrono::duration<double>(*time).count()) : std::nullopt;
  };
  const LedgerNumbers& ledger = numbers.ledger;
  add("p50", seconds(ledger.latency.Percentile(50)));
  add("p95", seconds(ledger.latency.Percentile(95)));
  add("p99", seconds(ledger.latency.Percentile(99)));
  add("max", seconds(ledger.latency.Max()));
  add("burst", seconds(ledger.burst.Max()));
  add("deliveries_per_second", ledger.deliveries_per_second);
  add("accepts_per_second", ledger.accepts_per_second);
  add("lost", static_cast<double>(ledger.lost));
  add("duplicated", static_cast<double>(ledger.duplicated));
  add("out_of_order", static_cast<double>(ledger.out_of_order));
  return metrics;
}

std::vector<Table::Row> BenchRows(const RunSettings& settings, const RunNumbers& numbers) {
  const LedgerNumbers& ledger = numbers.ledger;
  std::vector<Table::Row> rows;
  AddSubscribing(settings, numbers, rows);
  if (ledger.published > 0) {
    const std::string note = Grouped(ledger.accepted) + " of " + Grouped(ledger.published) + " (" +
                             std::string(NameOf(numbers.publish)) + ", " +
                             HumanSize(settings.size) + ", " + Plural(settings.topics, "topic") +
                             ")";
    // Where every message waits for the one before, their rate says nothing about the hub.
    rows.push_back(numbers.waited ? Row("accepted", Grouped(ledger.accepted), note)
                                  : Row("accepts/s", Text(ledger.accepts_per_second), note));
    rows.push_back(Row("publish to answer, p50", Text(ledger.answer.Percentile(50)),
                       "p99 " + Text(ledger.answer.Percentile(99))));
  }
  AddDeliveries(settings, numbers, rows);
  if (settings.stalled > 0) {
    rows.push_back(Row("attempts on stalled", Grouped(ledger.stalled_attempts),
                       Plural(settings.stalled, "subscriber") + " never answered"));
  }
  if (numbers.signatures.checked > 0) {
    rows.push_back(Row("signatures checked", Grouped(numbers.signatures.checked),
                       numbers.signatures.wrong == 0
                           ? "all valid"
                           : Grouped(numbers.signatures.wrong) + " wrong"));
  }
  if (const auto each = SinkMicroseconds(numbers)) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f µs", *each);
    rows.push_back(Row("bench's own CPU, a request", text,
                       "it can take " +
                           Grouped(static_cast<std::uint64_t>(std::llround(1e6 / *each))) +
                           "/s and more"));
  }
  return rows;
}

Json BenchJson(const RunSettings& settings, const RunResult& result,
               const std::vector<std::string>& failed_checks) {
  Json json{{"hub", MaskUrls(settings.hub)},       {"status", static_cast<int>(result.status)},
            {"ended", NameOf(result.ended)},       {"problems", result.sentences},
            {"failed_checks", failed_checks},      {"subscribers", settings.subscribers},
            {"stalled", settings.stalled},         {"messages_per_topic", settings.messages},
            {"topics", settings.topics},           {"size_bytes", settings.size},
            {"connections", settings.connections}, {"secret", settings.secret}};
  if (!result.numbers) return json;
  const RunNumbers& numbers = *result.numbers;
  const LedgerNumbers& ledger = numbers.ledger;
  const Histogram& latency = ledger.latency;
  const Json measured{{"publish", NameOf(numbers.publish)},
                      {"waited", numbers.waited},
                      {"origins", numbers.origins},
                      {"subscribe_requests", numbers.subscribe_requests},
                      {"subscribe_accepted", numbers.subscribe_accepted},
                      {"subscribe_refused", numbers.subscribe_refused},
                      {"subscribe_failed", numbers.subscribe_failed},
                      {"subscribes_per_second", Rounded(numbers.subscribes_per_second)},
                      {"verified", numbers.verified},
                      {"denied", numbers.denied},
                      {"verifications_per_second", Rounded(numbers.verifications_per_second)},
                      {"published", ledger.published},
                      {"accepted", ledger.accepted},
                      {"refused", ledger.refused},
                      {"unanswered", ledger.unanswered},
                      {"accepts_per_second", Rounded(ledger.accepts_per_second)},
                      {"answer_p50_ms", Milliseconds(ledger.answer.Percentile(50))},
                      {"answer_p95_ms", Milliseconds(ledger.answer.Percentile(95))},
                      {"answer_p99_ms", Milliseconds(ledger.answer.Percentile(99))},
                      {"answer_max_ms", Milliseconds(ledger.answer.Max())},
                      {"expected", ledger.expected},
                      {"delivered", ledger.delivered},
                      {"deliveries_per_second", Rounded(ledger.deliveries_per_second)},
                      {"p50_ms", Milliseconds(latency.Percentile(50))},
                      {"p95_ms", Milliseconds(latency.Percentile(95))},
                      {"p99_ms", Milliseconds(latency.Percentile(99))},
                      {"max_ms", Milliseconds(latency.Max())},
                      {"burst_median_ms", Milliseconds(ledger.burst.Percentile(50))},
                      {"burst_max_ms", Milliseconds(ledger.burst.Max())},
                      {"lost", ledger.lost},
                      {"duplicated", ledger.duplicated},
                      {"out_of_order", ledger.out_of_order},
                      {"damaged", ledger.damaged},
                      {"foreign", ledger.foreign},
                      {"stalled_attempts", ledger.stalled_attempts},
                      {"signatures_checked", numbers.signatures.checked},
                      {"signatures_wrong", numbers.signatures.wrong},
                      {"receiver_requests", numbers.sink.requests},
                      {"receiver_cpu_us_per_request", Rounded(SinkMicroseconds(numbers))},
                      {"left_subscriptions", numbers.left_behind}};
  json.update(measured);
  return json;
}

}  // namespace websub::cli
