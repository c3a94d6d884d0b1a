// Content with places that are filled in anew each time that it is published: {{n}} and others.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "hub/random.h"

namespace websub::cli {

class ContentTemplate {
 public:
  // {{n}} is the number of the publish, from 1; {{now}} the time, RFC 3339 in UTC with six digits
  // of a second; {{random N}} N lower-case hex digits, others each time; {{{{ is "{{" itself.
  // Everything else stays byte for byte. kInvalid names the line and what is wrong with a place,
  // with the nearest name that is right; kTooLarge where what is filled in could pass `limit`.
  static Result<ContentTemplate> Parse(std::string_view text, std::size_t limit);

  std::string Fill(long long n, Time now, hub::Random& random) const;

 private:
  enum class Kind { kText, kNumber, kNow, kRandom };
  struct Part {
    Kind kind = Kind::kText;
    std::string text = {};   // of kText
    std::size_t digits = 0;  // of kRandom
  };
  static Result<Part> ReadPlace(std::string_view inside);

  std::vector<Part> parts_;
};

// Whether the text holds one of those places: somebody may have meant them to be filled in.
bool LooksLikeTemplate(std::string_view text);

}  // namespace websub::cli
