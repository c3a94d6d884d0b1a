// Aligned columns for people. Nothing that a person may want to copy is ever cut: where the
// terminal is too narrow, the columns that matter least are left out, and URLs, which come last,
// move to lines of their own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"

namespace websub::cli {

struct Column {
  enum class Kind {
    kText,    // cut at 48 columns on a terminal
    kNumber,  // right-aligned
    kUrl,     // never cut; these come last
  };
  std::string title;
  Kind kind = Kind::kText;
  int worth = kAlways;  // the columns of least worth are left out first

  static constexpr int kAlways = 100;
};

class Table {
 public:
  // `width` is the terminal's; 0 where there is none: nothing is cut or left out.
  Table(std::vector<Column> columns, std::size_t width);

  using Row = std::vector<Piece>;   // a piece for each column
  using Line = std::vector<Piece>;  // for Output::Line

  // The first call also settles the layout and begins with the titles; so a list that comes in
  // pages stays aligned, as far as its first page tells.
  std::vector<Line> Lay(const std::vector<Row>& rows);

 private:
  void Settle(const std::vector<Row>& rows);
  void Append(const Row& row, std::vector<Line>& out) const;

  std::vector<Column> columns_;
  std::size_t width_;
  std::vector<std::size_t> shown_;   // indices of the columns that stay
  std::vector<std::size_t> widths_;  // of every column
  bool stacked_ = false;             // URLs behind the first have lines of their own
  bool settled_ = false;
};

// How many columns a text takes once it is printed (see Printable).
std::size_t PrintedWidth(std::string_view text);
// The text with spaces behind it, up to that many columns.
std::string PadRight(std::string text, std::size_t width);

}  // namespace websub::cli
