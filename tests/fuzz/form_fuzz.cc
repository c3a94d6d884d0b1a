// What a form says is written and read back the same, and so is any text as a value.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/form.h"
#include "core/text.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto form = websub::ParseForm(text)) {
    Require(form->size() <= websub::kMaxFormFields);
    const std::string encoded = websub::EncodeForm(*form);
    Require(websub::ParseForm(encoded) == *form);
    Require(websub::EncodeForm(*websub::ParseForm(encoded)) == encoded);
  } else {
    Require(!form.error().message.empty());
  }
  const websub::Form form = {
      {text.substr(0, size / 2), text.substr(size / 2)}, {text, ""}, {"", text}};
  const std::string encoded = websub::EncodeForm(form);
  for (const char c : encoded) {
    Require(websub::IsUnreserved(c) || c == '%' || c == '=' || c == '&');
  }
  Require(websub::ParseForm(encoded) == form);
  Require(websub::PercentDecode(websub::PercentEncode(text)) == text);
  return 0;
}
