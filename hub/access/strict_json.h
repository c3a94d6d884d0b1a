// JSON that decides about access is read strictly: one reading only.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace websub::hub {

// The whole text as one JSON value. kInvalid where it is no JSON, not UTF-8, nested deeper than 16,
// or names a member of an object twice: two programs may each take another one of those.
Result<nlohmann::json> ParseStrictJson(std::string_view text);

// The member where it is a string; nothing where it is missing or anything else.
std::optional<std::string> StringMember(const nlohmann::json& object, const char* name);

// Who somebody is, as it may stand in a record and in a sentence: 1 to 256 bytes of UTF-8 without
// control characters.
bool IsIdentity(std::string_view text);

}  // namespace websub::hub
