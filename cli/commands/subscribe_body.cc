// BodyForPeople: bodies come from anywhere and are read on a terminal.
#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/commands/subscribe_report.h"
#include "cli/text.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr std::size_t kHexBytes = 64;
constexpr std::size_t kHexColumns = 16;

bool IsText(std::string_view body, std::string_view content_type) {
  if (IsUtf8(body)) return body.find('\0') == std::string_view::npos;
  // Old feeds in another charset: what is ASCII in them can be read.
  const std::string type = ToLower(content_type.substr(0, content_type.find(';')));
  const bool textual = type.starts_with("text/") || type.find("xml") != std::string::npos ||
                       type.find("json") != std::string::npos;
  return textual && body.find('\0') == std::string_view::npos;
}

std::string Hex(std::string_view body) {
  std::string hex;
  for (std::size_t at = 0; at < std::min(body.size(), kHexBytes); ++at) {
    std::array<char, 4> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(body[at])));
    hex += digits.data();
    const bool row_ends = (at + 1) % kHexColumns == 0;
    hex += row_ends ? '\n' : ' ';
  }
  if (!hex.ends_with('\n')) hex.back() = '\n';
  const std::size_t left = body.size() - std::min(body.size(), kHexBytes);
  if (left > 0) hex += "… " + Plural(left, "byte") + " more (not text)\n";
  return hex;
}

// The end of the character that begins at `at`.
std::size_t NextCharacter(std::string_view text, std::size_t at) {
  return at + FirstCharacter(text.substr(at)).size;
}

// How many bytes of the text fill the rows.
std::size_t Fitting(std::string_view text, std::size_t rows, std::size_t width) {
  std::size_t column = 0;
  std::size_t at = 0;
  while (at < text.size() && rows > 0) {
    if (text[at] == '\n') {
      --rows;
      column = 0;
    } else if (++column > width) {
      if (--rows == 0) break;
      column = 1;
    }
    at = NextCharacter(text, at);
  }
  return at;
}

}  // namespace

std::string BodyForPeople(std::string_view body, std::string_view content_type,
                          const BodyLimits& limits) {
  if (body.empty()) return "";
  if (!IsText(body, content_type)) return Hex(body);
  std::size_t shown = body.size();
  if (limits.rows) shown = Fitting(body, *limits.rows, std::max<std::size_t>(limits.width, 1));
  std::string text;
  std::string_view rest = body.substr(0, shown);
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (!line.empty()) {  // tabs are as harmless as line ends
      const auto tab = line.find('\t');
      text += Printable(line.substr(0, tab));
      if (tab != std::string_view::npos) text += '\t';
      line.remove_prefix(tab == std::string_view::npos ? line.size() : tab + 1);
    }
    text += '\n';
  }
  if (shown < body.size()) {
    text += "… " + Plural(body.size() - shown, "byte") + " more (-v shows all)\n";
  }
  return text;
}

}  // namespace websub::cli
