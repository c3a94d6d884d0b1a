#include "hub/delivery/callback_rules.h"

#include <algorithm>

#include "core/text.h"

namespace websub::hub {

namespace {

// RFC 9110 section 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return IsAlpha(c) || IsDigit(c) || kOthers.find(c) != kOthers.npos;
  });
}

// "text/plain", also with parameters, which are not looked at. '*' names no type.
bool IsMediaType(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return IsControl(c); })) return false;
  const std::string_view type = Trim(text.substr(0, text.find(';')));
  const std::size_t slash = type.find('/');
  return slash != type.npos && type.find('*') == type.npos && IsToken(type.substr(0, slash)) &&
         IsToken(type.substr(slash + 1));
}

template <typename Value>
const Value* FirstMatch(const std::vector<std::pair<CallbackPattern, Value>>& rules,
                        std::string_view callback) {
  for (const auto& [pattern, value] : rules) {
    if (pattern.Matches(callback)) return &value;
  }
  return nullptr;
}

}  // namespace

Result<CallbackPattern> CallbackPattern::Parse(std::string_view text) {
  // What stands before the first star begins every callback that matches.
  const std::string start = ToLower(text.substr(0, text.find('*')));
  const bool open = start.size() < text.size();
  const auto fits = [&](std::string_view scheme) {
    return start.starts_with(scheme) || (open && scheme.starts_with(start));
  };
  if (text.empty() || (!fits("http://") && !fits("https://"))) {
    return Fail(ErrorCode::kInvalid,
                Quote(text) + " matches no callback: begin it with http://, https:// or *");
  }
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('*', at), text.size());
    pieces.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return CallbackPattern(std::move(pieces));
}

// The first piece must stand at the begin and the last at the end. Those between are taken where
// they occur first, which leaves most to those behind them.
bool CallbackPattern::Matches(std::string_view callback) const {
  const std::string& first = pieces_.front();
  if (pieces_.size() == 1) return callback == first;
  const std::string& last = pieces_.back();
  if (callback.size() < first.size() + last.size() || !callback.starts_with(first) ||
      !callback.ends_with(last)) {
    return false;
  }
  std::string_view between =
      callback.substr(first.size(), callback.size() - first.size() - last.size());
  for (std::size_t i = 1; i + 1 < pieces_.size(); ++i) {
    const std::size_t at = between.find(pieces_[i]);
    if (at == between.npos) return false;
    between.remove_prefix(at + pieces_[i].size());
  }
  return true;
}

Result<void> CallbackRules::AddAlgorithm(std::string_view rule) {
  const std::size_t split = rule.rfind('=');
  const auto algorithm =
      split == rule.npos ? std::nullopt : ParseSignatureAlgorithm(Trim(rule.substr(split + 1)));
  if (!algorithm) {
    return Fail(ErrorCode::kInvalid,
                "use PATTERN=NAME, as in https://reader.example/*=sha1; the name is one of sha1, "
                "sha256, sha384 and sha512");
  }
  auto pattern = CallbackPattern::Parse(Trim(rule.substr(0, split)));
  if (!pattern) return tl::unexpected(pattern.error());
  algorithms_.emplace_back(std::move(*pattern), *algorithm);
  return {};
}

Result<void> CallbackRules::AddContentType(std::string_view rule) {
  std::size_t split = rule.find('=');
  while (split != rule.npos && !IsMediaType(rule.substr(split + 1))) {
    split = rule.find('=', split + 1);
  }
  if (split == rule.npos) {
    return Fail(ErrorCode::kInvalid,
                "use PATTERN=TYPE, as in https://app.example/*=application/xml");
  }
  auto pattern = CallbackPattern::Parse(Trim(rule.substr(0, split)));
  if (!pattern) return tl::unexpected(pattern.error());
  content_types_.emplace_back(std::move(*pattern), Trim(rule.substr(split + 1)));
  return {};
}

std::optional<SignatureAlgorithm> CallbackRules::AlgorithmFor(std::string_view callback) const {
  const auto* found = FirstMatch(algorithms_, callback);
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

std::string_view CallbackRules::ContentTypeFor(std::string_view callback) const {
  const auto* found = FirstMatch(content_types_, callback);
  return found != nullptr ? std::string_view(*found) : std::string_view();
}

}  // namespace websub::hub
