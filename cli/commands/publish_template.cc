#include "cli/commands/publish_template.h"

#include <algorithm>
#include <utility>

#include "cli/flags.h"
#include "cli/suggest.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr long long kMaxDigits = 4096;
constexpr std::size_t kLongest = 64;  // bytes of what stands between the braces

}  // namespace

Result<ContentTemplate::Part> ContentTemplate::ReadPlace(std::string_view inside) {
  const std::string shown = "{{" + std::string(inside.substr(0, kLongest)) + "}}";
  const std::string_view text = Trim(inside);
  const auto space = std::min(text.find_first_of(" \t"), text.size());
  const std::string name(text.substr(0, space));
  const std::string argument(Trim(text.substr(space)));
  if (name == "random") {
    const auto digits = ParseNumber(argument, 1, kMaxDigits);
    if (argument.empty() || !digits) {
      return Fail(ErrorCode::kInvalid,
                  shown + " needs a number of digits, 1 to 4096: {{random 8}}");
    }
    return Part{Kind::kRandom, "", static_cast<std::size_t>(*digits)};
  }
  if ((name == "n" || name == "now") && argument.empty()) {
    return Part{name == "n" ? Kind::kNumber : Kind::kNow};
  }
  auto nearest = Nearest(name, {"now", "random"});
  if (name == "n" || name == "now" || EqualIgnoringCase(name, "n")) nearest = ToLower(name);
  if (nearest == "random") nearest = "random 8";
  return Fail(ErrorCode::kInvalid,
              shown + " is none of {{n}}, {{now}} and {{random N}}" +
                  (nearest ? ": did you mean {{" + *nearest + "}}?" : "; {{{{ stands for {{"));
}

Result<ContentTemplate> ContentTemplate::Parse(std::string_view text, std::size_t limit) {
  ContentTemplate parsed;
  std::string plain;
  std::size_t most = 0;  // bytes, once filled in
  std::size_t at = 0;
  const auto fail = [&](const Error& error) {
    const auto line = std::count(text.begin(), text.begin() + static_cast<long>(at), '\n') + 1;
    return Fail(error.code, "--template: line " + std::to_string(line) + ": " + error.message);
  };
  while (true) {
    const std::size_t open = std::min(text.find(kOpen, at), text.size());
    plain += text.substr(at, open - at);
    at = open;
    if (open == text.size()) break;
    if (text.substr(open).starts_with("{{{{")) {
      plain += kOpen;
      at = open + 4;
      continue;
    }
    // What is no place is told where it begins, not at braces that close something far behind.
    const auto window = text.substr(open + 2, kLongest + 2);
    const auto close = window.find(kClose);
    const auto inside = window.substr(0, close);
    if (close == std::string_view::npos || inside.find('\n') != std::string_view::npos) {
      return fail({ErrorCode::kInvalid, "{{ is not closed by }}; {{{{ stands for {{"});
    }
    auto part = ReadPlace(inside);
    if (!part) return fail(part.error());
    if (!plain.empty()) parsed.parts_.push_back({Kind::kText, std::exchange(plain, {})});
    most += part->kind == Kind::kRandom ? part->digits : 32;
    if (most + text.size() > limit) {
      return fail({ErrorCode::kTooLarge,
                   "what is filled in could pass " + std::to_string(limit) + " bytes"});
    }
    parsed.parts_.push_back(*std::move(part));
    at = open + 2 + close + 2;
  }
  if (!plain.empty()) parsed.parts_.push_back({Kind::kText, std::move(plain)});
  return parsed;
}

std::string ContentTemplate::Fill(long long n, Time now, hub::Random& random) const {
  std::string filled;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Kind::kText:
        filled += part.text;
        break;
      case Kind::kNumber:
        filled += std::to_string(n);
        break;
      case Kind::kNow:
        filled += FormatRfc3339(now);
        break;
      case Kind::kRandom:
        filled += random.Hex(part.digits);
        break;
    }
  }
  return filled;
}

bool LooksLikeTemplate(std::string_view text) {
  return text.find("{{n}}") != std::string_view::npos ||
         text.find("{{now}}") != std::string_view::npos ||
         text.find("{{random ") != std::string_view::npos;
}

}  // namespace websub::cli
