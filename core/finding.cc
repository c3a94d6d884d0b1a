#include "core/finding.h"

#include <cstddef>
#include <vector>

#include "core/finding_catalogue.h"

namespace websub {

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

std::span<const CatalogueEntry> Catalogue() {
  static const std::vector<CatalogueEntry> all = [] {
    std::vector<CatalogueEntry> entries;
    for (const auto& part :
         {catalogue::VerificationEntries(), catalogue::PeersEntries(), catalogue::RequestEntries(),
          catalogue::TopicEntries(), catalogue::DeliveryEntries(), catalogue::SignatureEntries(),
          catalogue::DiscoveryEntries(), catalogue::HubEntries()}) {
      entries.insert(entries.end(), part.begin(), part.end());
    }
    return entries;
  }();
  return all;
}

const CatalogueEntry& EntryOf(FindingCode code) {
  return Catalogue()[static_cast<std::size_t>(code)];
}

std::optional<FindingCode> ParseFindingCode(std::string_view slug) {
  for (const CatalogueEntry& entry : Catalogue()) {
    if (entry.slug == slug) return entry.code;
  }
  return std::nullopt;
}

}  // namespace websub
