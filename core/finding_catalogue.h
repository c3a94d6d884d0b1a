// The parts of the catalogue, by file; core/finding.h puts them together.
#pragma once

#include <span>

#include "core/finding.h"

namespace websub::catalogue {

std::span<const CatalogueEntry> VerificationEntries();
std::span<const CatalogueEntry> PeersEntries();
std::span<const CatalogueEntry> RequestEntries();
std::span<const CatalogueEntry> TopicEntries();
std::span<const CatalogueEntry> DeliveryEntries();
std::span<const CatalogueEntry> SignatureEntries();
std::span<const CatalogueEntry> DiscoveryEntries();
std::span<const CatalogueEntry> HubEntries();

}  // namespace websub::catalogue
