// What the operator says of some callbacks by their URLs, for subscribers that cannot say it
// themselves: which signature they can check, and which content type they take.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/signature.h"

namespace websub::hub {

// A callback's URL in which each '*' stands for any text, none included. All else must be there
// byte for byte, and nothing besides.
class CallbackPattern {
 public:
  // kInvalid where no callback can match: it begins neither as an http nor as an https URL does.
  static Result<CallbackPattern> Parse(std::string_view text);

  // Costs at most the product of both lengths.
  bool Matches(std::string_view callback) const;

 private:
  explicit CallbackPattern(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  std::vector<std::string> pieces_;  // between the stars; at least one
};

// Of several rules that match, the first counts.
class CallbackRules {
 public:
  // "PATTERN=sha1". The name stands behind the last '='.
  Result<void> AddAlgorithm(std::string_view rule);
  // "PATTERN=text/plain; charset=utf-8". A URL may hold '=', and so may the type: it begins behind
  // the first '=' that a media type follows, up to the end.
  Result<void> AddContentType(std::string_view rule);

  std::optional<SignatureAlgorithm> AlgorithmFor(std::string_view callback) const;
  // In place of the content's own; empty: no rule. Lives as long as the rules do.
  std::string_view ContentTypeFor(std::string_view callback) const;

 private:
  std::vector<std::pair<CallbackPattern, SignatureAlgorithm>> algorithms_;
  std::vector<std::pair<CallbackPattern, std::string>> content_types_;
};

}  // namespace websub::hub
