// application/x-www-form-urlencoded, decoded exactly once (HUB-REQ-10).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace websub {

struct FormField {
  std::string name;
  std::string value;
  bool operator==(const FormField&) const = default;
};

// In the order sent; a name may occur more than once.
using Form = std::vector<FormField>;

// Reads "a=1&b=2" from a body or a query. '+' is a space. kInvalid names the parameter whose
// %-escape is broken; kTooLarge at more than kMaxFormFields fields.
Result<Form> ParseForm(std::string_view text);

inline constexpr std::size_t kMaxFormFields = 1000;

// Writes a form. Everything but ALPHA DIGIT - . _ ~ is percent-encoded (a space as %20), so that
// even parsers that split at commas or decode twice read it right. ParseForm gives the same form
// back.
std::string EncodeForm(const Form& form);

// Percent-encodes everything but ALPHA DIGIT - . _ ~.
std::string PercentEncode(std::string_view text);

// The first value of that name; the text lives as long as the form.
std::optional<std::string_view> FindField(const Form& form, std::string_view name);

}  // namespace websub
