#include "core/json_rewrite.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/text.h"

namespace websub {
namespace {

constexpr std::size_t kMaxGrowth = 8;

bool IsStructured(std::string_view text) {
  return text.starts_with('{') || text.starts_with('[');
}

// The bytes of a string, its quotes included, from `at`, which is moved behind it.
std::string_view TakeString(std::string_view text, std::size_t& at) {
  const std::size_t begin = at++;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  at = std::min(at + 1, text.size());
  return text.substr(begin, at - begin);
}

// One character of well-formed UTF-8.
char32_t TakeCharacter(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
  char32_t value = more == 0 ? first : first & (0x3FU >> more);
  for (std::size_t i = 1; i <= more && at + i < text.size(); ++i) {
    value = value << 6 | (byte(at + i) & 0x3FU);
  }
  at += more + 1;
  return value;
}

void AppendEscape(std::string& out, char32_t unit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (const int shift : {12, 8, 4, 0}) out += kHex[unit >> shift & 15];
}

std::string Ascii(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = TakeCharacter(text, at);
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x10000) {
      AppendEscape(out, c);
    } else {
      AppendEscape(out, 0xD800 + ((c - 0x10000) >> 10));
      AppendEscape(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return out;
}

class Rewriter {
 public:
  Rewriter(std::string_view text, JsonSpacing spacing, JsonLetters letters)
      : text_(text), spacing_(spacing), letters_(letters) {}

  std::optional<std::string> Run() {
    const std::size_t limit = kMaxGrowth * text_.size() + 64;
    for (std::size_t at = 0; at < text_.size();) {
      if (!Step(at) || out_.size() > limit) return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  bool Step(std::size_t& at) {
    const char c = text_[at];
    if (c == '"') {
      const std::string_view string = TakeString(text_, at);
      Put(letters_ == JsonLetters::kAscii ? Ascii(string) : std::string(string));
      return true;
    }
    ++at;
    if (IsSpace(c)) return true;
    if (c == '{' || c == '[') {
      Put(std::string(1, c));
      opened_ = true;
      return ++depth_ <= kMaxJsonDepth;
    }
    if (c == '}' || c == ']') {
      if (depth_ == 0) return false;
      --depth_;
      if (!std::exchange(opened_, false)) NewLine();  // an empty one stays in one piece
      out_ += c;
    } else if (c == ',') {
      out_ += c;
      if (spacing_ == JsonSpacing::kSpace) out_ += ' ';
      NewLine();
    } else if (c == ':') {
      out_ += c;
      if (spacing_ != JsonSpacing::kNone) out_ += ' ';
    } else {
      Put(std::string(1, c));
    }
    return true;
  }

  void Put(const std::string& text) {
    if (std::exchange(opened_, false)) NewLine();
    out_ += text;
  }

  void NewLine() {
    if (spacing_ == JsonSpacing::kNone || spacing_ == JsonSpacing::kSpace) return;
    out_ += '\n';
    if (spacing_ == JsonSpacing::kTab) return void(out_.append(depth_, '\t'));
    out_.append(depth_ * (spacing_ == JsonSpacing::kTwo ? 2 : 4), ' ');
  }

  std::string_view text_;
  JsonSpacing spacing_;
  JsonLetters letters_;
  std::string out_;
  std::size_t depth_ = 0;
  bool opened_ = false;  // a bracket was opened, and nothing stands in it yet
};

}  // namespace

std::optional<std::string> RewriteJson(std::string_view text, JsonSpacing spacing,
                                       JsonLetters letters) {
  const std::string_view trimmed = Trim(text);
  if (!IsStructured(trimmed)) return std::nullopt;
  if (letters == JsonLetters::kAscii && !IsUtf8(trimmed)) return std::nullopt;
  return Rewriter(trimmed, spacing, letters).Run();
}

std::optional<std::string> SortJson(std::string_view text) {
  if (text.size() > kMaxSortedJson || !IsUtf8(text)) return std::nullopt;
  // Writing recurses, so depth is bounded before.
  if (!RewriteJson(text, JsonSpacing::kNone)) return std::nullopt;
  const auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value.dump();
}

}  // namespace websub
