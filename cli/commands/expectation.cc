#include "cli/commands/expectation.h"

#include <regex.h>

#include <array>

#include "core/text.h"

namespace websub::cli {

// The regular expressions of the C library: those of the C++ library use the stack for each byte of
// the body, and bodies come from anywhere.
struct Expectation::Pattern {
  regex_t compiled{};

  Pattern() = default;
  ~Pattern() { regfree(&compiled); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
};

Result<Expectation> Expectation::Parse(const std::string& text) {
  Expectation expectation;
  if (text.starts_with("body~")) {
    expectation.value_ = text.substr(5);
    const auto pattern = std::make_shared<Pattern>();
    const int error = regcomp(&pattern->compiled, expectation.value_.c_str(),
                              REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
    if (error != 0) {
      std::array<char, 200> why{};
      regerror(error, &pattern->compiled, why.data(), why.size());
      return Fail(ErrorCode::kInvalid,
                  Quote(expectation.value_) + " is no regular expression: " + why.data());
    }
    expectation.pattern_ = pattern;
    return expectation;
  }
  if (text.starts_with("type=") && text.size() > 5) {
    expectation.part_ = Part::kType;
    expectation.value_ = ToLower(text.substr(5));
    return expectation;
  }
  if (text.starts_with("signature=")) {
    expectation.part_ = Part::kSignature;
    expectation.value_ = text.substr(10);
    for (const auto verdict : {SignatureVerdict::kValid, SignatureVerdict::kInvalid,
                               SignatureVerdict::kMissing, SignatureVerdict::kNone}) {
      if (expectation.value_ == Name(verdict)) return expectation;
    }
  }
  return Fail(ErrorCode::kInvalid, Quote(text) +
                                       " is none of body~REGEX, type=MIME and "
                                       "signature=valid|invalid|missing|none");
}

std::optional<std::string> Expectation::Check(const Delivery& delivery,
                                              std::string_view body) const {
  if (part_ == Part::kSignature) {
    if (value_ == Name(delivery.check.verdict)) return std::nullopt;
    return "expected was a signature that is " + value_ + ", but it is " +
           std::string(Name(delivery.check.verdict)) +
           (delivery.check.sentence.empty() ? "" : ": " + delivery.check.sentence);
  }
  if (delivery.Discarded()) return std::nullopt;
  if (part_ == Part::kType) {
    const std::string type = ToLower(delivery.content_type);
    if (type == value_ || Trim(type.substr(0, type.find(';'))) == value_) return std::nullopt;
    return "expected was the type " + value_ + ", but " + Quote(delivery.content_type, 200) +
           " came";
  }
  if (body.empty()) body = "";  // one that may be pointed at
  regmatch_t range{};
  range.rm_eo = static_cast<regoff_t>(body.size());
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): REG_STARTEND gives the length
  const int found = regexec(&pattern_->compiled, body.data(), 1, &range, REG_STARTEND);
  if (found == 0) return std::nullopt;
  return "expected was a body that matches " + Quote(value_, 200) + ", but " + Quote(body) +
         " came";
}

}  // namespace websub::cli
