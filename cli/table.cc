#include "cli/table.h"

#include <algorithm>
#include <utility>

namespace websub::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kMaxText = 48;
constexpr std::size_t kIndent = 4;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// The first `limit` columns of a text that Printable gave.
std::string Cut(const std::string& text, std::size_t limit) {
  if (PrintedWidth(text) <= limit) return text;
  std::size_t columns = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (!IsContinuation(text[end]) && ++columns == limit) break;
  }
  return text.substr(0, end) + "…";
}

}  // namespace

std::size_t PrintedWidth(std::string_view text) {
  const std::string printable = Printable(text);
  return static_cast<std::size_t>(
      std::count_if(printable.begin(), printable.end(), [](char c) { return !IsContinuation(c); }));
}

std::string PadRight(std::string text, std::size_t width) {
  const std::size_t taken = PrintedWidth(text);
  if (taken < width) text.append(width - taken, ' ');
  return text;
}

Table::Table(std::vector<Column> columns, std::size_t width)
    : columns_(std::move(columns)), width_(width), widths_(columns_.size()) {}

void Table::Settle(const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths_[i] = PrintedWidth(columns_[i].title);
    for (const Row& row : rows) widths_[i] = std::max(widths_[i], PrintedWidth(row[i].text));
    if (width_ != 0 && columns_[i].kind == Column::Kind::kText) {
      widths_[i] = std::min(widths_[i], kMaxText);
    }
    shown_.push_back(i);
  }
  settled_ = true;
  if (width_ == 0) return;
  const auto total = [&](bool first_url_only) {
    std::size_t sum = 0;
    bool url_seen = false;
    for (const std::size_t i : shown_) {
      const bool url = columns_[i].kind == Column::Kind::kUrl;
      if (url && url_seen && first_url_only) continue;
      url_seen |= url;
      sum += widths_[i] + (sum == 0 ? 0 : kGap);
    }
    return sum;
  };
  // First the URLs move below, then columns go: a URL on the next line is still there.
  stacked_ = total(false) > width_;
  while (total(true) > width_) {
    const auto least = std::min_element(
        shown_.begin(), shown_.end(),
        [&](std::size_t a, std::size_t b) { return columns_[a].worth < columns_[b].worth; });
    if (columns_[*least].worth == Column::kAlways) return;
    shown_.erase(least);
  }
}

void Table::Append(const Row& row, std::vector<Line>& out) const {
  Line line;
  std::vector<Line> below;
  bool url_seen = false;
  std::size_t owed = 0;  // blanks before the next piece; none are left at the end of a line
  for (const std::size_t i : shown_) {
    Piece piece = row[i];
    const Column::Kind kind = columns_[i].kind;
    if (kind == Column::Kind::kUrl && std::exchange(url_seen, true) && stacked_) {
      if (!piece.text.empty()) below.push_back({{std::string(kIndent, ' ')}, std::move(piece)});
      continue;
    }
    if (kind == Column::Kind::kText && width_ != 0)
      piece.text = Cut(Printable(piece.text), kMaxText);
    const std::size_t taken = PrintedWidth(piece.text);
    const std::size_t blank = widths_[i] > taken ? widths_[i] - taken : 0;
    const bool right = kind == Column::Kind::kNumber;
    if (owed + (right ? blank : 0) > 0 && !piece.text.empty()) {
      line.push_back({std::string(owed + (right ? blank : 0), ' ')});
      owed = 0;
    } else if (right) {
      owed += blank;
    }
    if (!piece.text.empty()) line.push_back(std::move(piece));
    owed += (right ? 0 : blank) + kGap;
  }
  out.push_back(std::move(line));
  std::move(below.begin(), below.end(), std::back_inserter(out));
}

std::vector<Table::Line> Table::Lay(const std::vector<Row>& rows) {
  std::vector<Line> out;
  if (!settled_) {
    Settle(rows);
    Row titles;
    for (const Column& column : columns_) titles.push_back({column.title, Style::kDim});
    Append(titles, out);
  }
  for (const Row& row : rows) Append(row, out);
  return out;
}

}  // namespace websub::cli
