#include "cli/bench/content.h"

#include <charconv>

namespace websub::cli::bench {
namespace {

constexpr std::string_view kName = "websub-bench ";

template <typename Integer>
bool Read(std::string_view& text, char end, int base, Integer& number) {
  const auto [behind, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || behind == text.data() + text.size() || *behind != end) return false;
  text.remove_prefix(static_cast<std::size_t>(behind - text.data()) + 1);
  return true;
}

}  // namespace

std::string MakeContent(const Mark& mark, std::size_t size) {
  char run[17] = {};
  std::to_chars(run, run + 16, mark.run, 16);
  std::string content = std::string(kName) + run + ' ' + std::to_string(mark.topic) + ' ' +
                        std::to_string(mark.sequence) + '\n';
  const std::string line = "message " + std::to_string(mark.sequence) + " of this topic\n";
  while (content.size() < size) {
    content.append(line, 0, size - content.size());
  }
  return content;
}

std::optional<Mark> ReadMark(std::string_view body) {
  if (!body.starts_with(kName)) return std::nullopt;
  std::string_view rest = body.substr(kName.size(), kMaxMark);
  Mark mark;
  if (!Read(rest, ' ', 16, mark.run) || !Read(rest, ' ', 10, mark.topic) ||
      !Read(rest, '\n', 10, mark.sequence)) {
    return std::nullopt;
  }
  return mark;
}

}  // namespace websub::cli::bench
