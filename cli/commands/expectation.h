// What `subscribe --expect` demands of every notification.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/commands/subscriber.h"
#include "core/result.h"

namespace websub::cli {

class Expectation {
 public:
  // "body~REGEX" (POSIX extended, found anywhere in the body), "type=MIME" (with or without
  // parameters, any case) or "signature=valid|invalid|missing|none". kInvalid says what is wrong.
  static Result<Expectation> Parse(const std::string& text);

  // Why the notification is not as expected; nothing where it is. The body of one that must be
  // thrown away is not looked at.
  std::optional<std::string> Check(const Delivery& delivery, std::string_view body) const;

  bool IsAboutSignature() const { return part_ == Part::kSignature; }

 private:
  enum class Part { kBody, kType, kSignature };
  struct Pattern;

  Part part_ = Part::kBody;
  std::string value_;
  std::shared_ptr<const Pattern> pattern_;
};

}  // namespace websub::cli
