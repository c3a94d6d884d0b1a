// Small helpers for text and bytes that commands share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace websub::cli {

struct Character {
  std::optional<char32_t> code_point;  // nothing where the bytes are not UTF-8
  std::size_t size = 1;                // bytes to skip
};

// The first character of a text that is not empty: shortest form only, no surrogates, at most
// U+10FFFF.
Character FirstCharacter(std::string_view text);

// "1 byte", "2 bytes".
std::string Plural(std::size_t count, std::string_view noun);

// "812 B", "14.2 KiB", "3.0 MiB".
std::string HumanSize(std::size_t bytes);

// What a hub said in an answer that is no success, as one line: its text without markup, cut to a
// sensible length; empty where it said nothing.
std::string HubSentence(std::string_view content_type, std::string_view body);

}  // namespace websub::cli
