#include "cli/hub_access.h"

#include <algorithm>
#include <array>

#include "cli/files.h"
#include "core/text.h"

namespace websub::cli {
namespace {

constexpr std::size_t kMaxToken = 8192;  // bytes

// RFC 9110, section 5.6.2.
bool IsTokenText(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return IsAlpha(c) || IsDigit(c) || kOthers.find(c) != std::string_view::npos;
  });
}

bool HoldsControl(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return IsControl(c) && c != '\t'; });
}

// They say where a message goes and where it ends.
bool IsOurs(std::string_view name) {
  constexpr std::array<std::string_view, 8> kOurs = {
      "Host", "Content-Length", "Transfer-Encoding", "Connection",
      "TE",   "Upgrade",        "Trailer",           "Expect"};
  return std::ranges::any_of(kOurs, [&](auto ours) { return EqualIgnoringCase(ours, name); });
}

}  // namespace

Result<std::pair<std::string, std::string>> ParseHeader(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == std::string_view::npos || !IsTokenText(name)) {
    return Fail(ErrorCode::kInvalid, "a field is written 'Name: value'");
  }
  if (IsOurs(name)) {
    return Fail(ErrorCode::kInvalid, std::string(name) + " is written by websub itself");
  }
  const std::string_view value = Trim(text.substr(colon + 1));
  if (HoldsControl(value)) {
    return Fail(ErrorCode::kInvalid,
                "the value of " + std::string(name) + " holds a control character");
  }
  return std::pair{std::string(name), std::string(value)};
}

void AddHeaderFlag(FlagSet& flags, HeaderFields& fields) {
  flags.Lines(
      "--header FIELD",
      [&fields](const std::string& text) {
        return ParseHeader(text).map([&fields](auto field) { fields.push_back(std::move(field)); });
      },
      "'Name: value', sent with every request; may be repeated", Shown::kBrief);
}

HeaderFields Merged(HeaderFields own, const HeaderFields& added) {
  std::erase_if(own, [&](const auto& field) {
    return std::ranges::any_of(
        added, [&](const auto& other) { return EqualIgnoringCase(other.first, field.first); });
  });
  own.insert(own.end(), added.begin(), added.end());
  return own;
}

void AddApiTokenFlags(FlagSet& flags, ApiTokenOptions& options, const std::string& help) {
  flags.Text("--api-token TOKEN", options.value, help, Shown::kBrief);
  flags.Text("--api-token-file FILE", options.file, "the token is the content of FILE",
             Shown::kBrief);
  flags.Exclusive({"--api-token", "--api-token-file"});
}

Result<std::string> ReadApiToken(Environment& environment, const ApiTokenOptions& options) {
  if (!options.value && !options.file) return std::string();
  const std::string source = options.value ? "--api-token: " : "--api-token-file: ";
  std::string token = options.value.value_or("");
  if (!options.value) {
    auto content = ReadInput(environment, *options.file, kMaxToken);
    if (!content) return Fail(ErrorCode::kInvalid, source + content.error().message);
    token = *std::move(content);
    if (token.ends_with('\n')) token.pop_back();
    if (token.ends_with('\r')) token.pop_back();
  }
  if (token.empty()) return Fail(ErrorCode::kInvalid, source + "the token is empty");
  if (HoldsControl(token) || Trim(token).size() != token.size()) {
    return Fail(ErrorCode::kInvalid,
                source + "the token holds a control character, or a space at an end");
  }
  return token;
}

HeaderFields BearerFields(const std::string& token) {
  if (token.empty()) return {};
  return {{"Authorization", "Bearer " + token}};
}

}  // namespace websub::cli
