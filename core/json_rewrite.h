// JSON as other programs write it: for guessing what somebody signed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace websub {

enum class JsonSpacing {
  kNone,   // {"a":1,"b":[2]}
  kSpace,  // {"a": 1, "b": [2]}
  kTwo,    // a line for each member, indented by two spaces
  kFour,
  kTab,
};

enum class JsonLetters {
  kAsWritten,
  kAscii,  // what is not ASCII as \uXXXX
};

// The same JSON, spaced otherwise: strings and numbers stay as they are written. Nothing where the
// text is no object or list, nests deeper than kMaxJsonDepth, or would grow beyond eight times its
// size. Linear in its length; does not check what it rewrites.
std::optional<std::string> RewriteJson(std::string_view text, JsonSpacing spacing,
                                       JsonLetters letters = JsonLetters::kAsWritten);

// The same JSON with the members of each object in the order of their names, without white space.
// Strings and numbers are written as nlohmann/json does. Nothing for what is no JSON, nests deeper
// than kMaxJsonDepth, or is longer than kMaxSortedJson.
std::optional<std::string> SortJson(std::string_view text);

inline constexpr std::size_t kMaxJsonDepth = 64;
inline constexpr std::size_t kMaxSortedJson = 1024 * 1024;  // bytes

}  // namespace websub
