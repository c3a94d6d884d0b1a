// Whatever a document holds: reading ends, is bounded, and finds nothing but hub and self. The
// first byte picks the content type.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/document_links.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

constexpr const char* kTypes[] = {"text/html",
                                  "application/atom+xml",
                                  "application/rss+xml; charset=iso-8859-15",
                                  "application/feed+json",
                                  "",
                                  "text/xml; charset=utf-16",
                                  "text/html; charset=shift_jis",
                                  "application/xhtml+xml; charset=utf-8",
                                  "image/png",
                                  "text/plain; charset=gb18030"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const char* type = kTypes[data[0] % std::size(kTypes)];
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const websub::DocumentLinks found = websub::FindDocumentLinks(type, body);
  Require(found.links.size() <= 3 * websub::kMaxLinksPerPlace);
  Require(found.warnings.size() <= 2 * websub::kMaxDocumentWarnings + 2);
  for (const websub::DocumentLink& link : found.links) {
    Require(link.rel == "hub" || link.rel == "self");
    Require(link.href.size() <= websub::kMaxHref);
  }
  for (const websub::Warning& warning : found.warnings) {
    Require(!warning.code.empty() && !warning.message.empty());
  }
  Require(websub::FindDocumentLinks(type, body).links == found.links);
  return 0;
}
