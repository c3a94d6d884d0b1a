// Whatever a Link header holds: reading is bounded, and what was read is written and read back the
// same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/link_header.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const websub::LinkHeader header = websub::ParseLinkHeader(value);
  Require(header.links.size() <= websub::kMaxLinks);
  Require(header.warnings.size() <= websub::kMaxLinkWarnings + 1);
  std::size_t last = 0;
  for (const websub::Link& link : header.links) {
    Require(link.column > last && link.column <= size);
    last = link.column;
  }
  for (const websub::Warning& warning : header.warnings) {
    Require(!warning.code.empty() && !warning.message.empty());
    Require(warning.column >= 1 && warning.column <= size + 1);
  }

  const websub::LinkHeader again = websub::ParseLinkHeader(websub::FormatLinkHeader(header.links));
  Require(again.links == header.links);
  for (const websub::Warning& warning : again.warnings) Require(warning.code == "link-without-rel");
  return 0;
}
