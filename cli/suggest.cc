#include "cli/suggest.h"

#include <algorithm>
#include <cstddef>

namespace websub::cli {
namespace {

constexpr std::size_t kMaxWord = 64;  // longer words are no slip of the finger

// Edit distance where a swap of neighbours is one edit (optimal string alignment).
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> rows(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
}

std::string_view WithoutDashes(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
  return word;
}

}  // namespace

std::optional<std::string> Nearest(std::string_view written,
                                   const std::vector<std::string>& known) {
  const std::string_view word = WithoutDashes(written);
  if (word.empty() || word.size() > kMaxWord) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = word.size() < 4 ? 2 : 3;  // must be below
  for (const std::string& candidate : known) {
    const std::size_t distance = Distance(word, WithoutDashes(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (best || word.size() < 3) return best;
  for (const std::string& candidate : known) {
    if (WithoutDashes(candidate).starts_with(word)) return candidate;
  }
  return std::nullopt;
}

}  // namespace websub::cli
