#include "cli/commands/serve_log.h"

#include <chrono>
#include <string>
#include <vector>

#include "cli/text.h"
#include "hub/api/views.h"

namespace websub::cli {

namespace {

constexpr Duration kWindow = std::chrono::seconds(1);

std::string ShortTime(Time time) {
  return FormatRfc3339(time).substr(11, 12);  // "20:32:01.123"
}

bool IsGood(const Exchange& exchange) {
  return exchange.status >= 200 && exchange.status < 400;
}

std::vector<Piece> DescribeExchange(const Exchange& exchange) {
  const bool in = exchange.direction == Direction::kIn;
  const bool good = IsGood(exchange);
  std::string kind(Name(exchange.kind));
  kind.resize(12, ' ');
  std::string answer = exchange.status != 0 ? std::to_string(exchange.status) : "---";
  const SharedText& place = in                          ? exchange.topic
                            : exchange.callback.empty() ? exchange.url
                                                        : exchange.callback;
  return {{ShortTime(exchange.at) + "  ", Style::kDim},
          {in ? "<- " : "-> ", Style::kDim},
          {kind, Style::kStrong},
          {answer + "  ", good ? Style::kGood : Style::kBad},
          {place.str() + "  "},
          {exchange.outcome, good ? Style::kDim : Style::kPlain}};
}

Json ExchangeEvent(const Exchange& exchange) {
  Json event = hub::View(exchange);
  event.erase("id");  // the store gives it later
  return event;
}

}  // namespace

ServeLog::ServeLog(Environment& environment, Output& output, hub::http::Loop& loop)
    : environment_(environment), output_(output), timer_(loop) {}

void ServeLog::Print(const Exchange& exchange) {
  if (output_.json()) return output_.Event("exchange", ExchangeEvent(exchange));
  const Time now = environment_.clock.Now();
  if (now < began_ || now - kWindow >= began_) {
    Fold();
    began_ = now;
  }
  const bool good = IsGood(exchange);
  if ((good ? shown_ : failures_shown_) < kShown) {
    ++(good ? shown_ : failures_shown_);
    output_.Wrapped(DescribeExchange(exchange), 14);
    environment_.out.flush();
    return;
  }
  if (folded_ + failures_folded_ == 0) timer_.Set(kWindow - (now - began_), [this] { Fold(); });
  ++(good ? folded_ : failures_folded_);
}

void ServeLog::Fold() {
  timer_.Cancel();
  if (const std::size_t more = folded_ + failures_folded_; more > 0) {
    std::string line = "… " + Plural(more, "more exchange");
    if (failures_folded_ > 0) line += ", " + std::to_string(failures_folded_) + " of them failed";
    output_.Line({{std::string(14, ' ')}, {line, Style::kDim}});
    environment_.out.flush();
  }
  began_ = Time::min();
  shown_ = failures_shown_ = folded_ = failures_folded_ = 0;
}

}  // namespace websub::cli
