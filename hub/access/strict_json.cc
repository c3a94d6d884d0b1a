#include "hub/access/strict_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "core/text.h"

namespace websub::hub {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxIdentity = 256;

// Before the text is parsed: how deep its brackets nest.
bool IsTooDeep(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<json> ParseStrictJson(std::string_view text) {
  if (IsTooDeep(text)) return Fail(ErrorCode::kInvalid, "it is nested too deeply");
  std::vector<std::set<std::string>> names;  // of each object that is open
  std::optional<std::string> twice;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) {
      names.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      names.pop_back();
    } else if (event == json::parse_event_t::key) {
      const auto& name = value.get_ref<const std::string&>();
      if (!names.back().insert(name).second) twice = name;
    }
    return true;
  };
  try {
    json value = json::parse(text, watch);
    if (twice) {
      return Fail(ErrorCode::kInvalid, "it names the member " + Quote(*twice) + " twice");
    }
    return value;
  } catch (const json::parse_error& error) {
    return Fail(ErrorCode::kInvalid, "it is no JSON: byte " + std::to_string(error.byte));
  } catch (const json::exception&) {
    return Fail(ErrorCode::kInvalid, "it is no JSON that can be read");
  }
}

std::optional<std::string> StringMember(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

bool IsIdentity(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdentity && IsUtf8(text) &&
         std::none_of(text.begin(), text.end(), IsControl);
}

}  // namespace websub::hub
