// Whatever a form or a head holds: once it is masked, no reader finds a secret in it, and masking
// again changes nothing.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/exchange.h"
#include "core/form.h"
#include "core/text.h"

namespace {

constexpr std::string_view kSentinel = "S3NTINEL";

void Require(bool condition) {
  if (!condition) std::abort();
}

bool IsMasked(std::string_view value) {
  return value.empty() || value == "***";
}

void CheckForm(const std::string& text) {
  const std::string masked = websub::MaskForm(text);
  Require(websub::MaskForm(masked) == masked);
  if (const auto form = websub::ParseForm(masked)) {
    for (const auto& field : *form) {
      if (field.name == "hub.secret") Require(IsMasked(field.value));
    }
  }
  // Only values go: the number of fields stays, and what is untouched is untouched to the byte.
  Require(std::count(masked.begin(), masked.end(), '&') ==
          std::count(text.begin(), text.end(), '&'));
  Require(masked == text || masked.find("***") != std::string::npos);
}

void CheckHead(const std::string& text) {
  const std::string masked = websub::MaskHead(text);
  Require(websub::MaskHead(masked) == masked);
  for (const auto& [name, value] : websub::HeadFields(masked)) {
    if (websub::EqualIgnoringCase(name, "Authorization")) Require(IsMasked(value));
    if (websub::EqualIgnoringCase(name, "Cookie")) Require(IsMasked(value));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find(kSentinel) != std::string::npos) return 0;
  CheckForm(text);
  CheckHead(text);

  // A secret after anything, and followed by anything that belongs to it.
  const std::string tail = text.substr(0, text.find('&'));
  for (const char* name : {"hub.secret=", "hub%2Esecret=", "%48ub.secret=", "hub_secret="}) {
    const std::string field = std::string(name) + std::string(kSentinel) + tail;
    Require(websub::MaskForm(text + '&' + field).find(kSentinel) == std::string::npos);
    Require(websub::MaskForm(field + '&' + text).find(kSentinel) == std::string::npos);
    Require(websub::MaskHead("GET /?" + field + " HTTP/1.1\r\n" + text).find(kSentinel) ==
            std::string::npos);
  }
  Require(websub::MaskHead(text + "\r\nAuthorization: " + std::string(kSentinel) + "\r\n\r\n")
              .find(kSentinel) == std::string::npos);
  return 0;
}
