// Words that the detectors share.
#pragma once

#include <string>
#include <string_view>

#include "core/exchange.h"
#include "core/finding.h"

namespace websub {

// A URL for a sentence: passwords masked, cut where it is long.
std::string ShownInSentence(std::string_view url);

Finding MakeFinding(FindingCode code, std::string what);
Finding MakeFinding(FindingCode code, std::string what, const Exchange& exchange);

// What a URL has behind its '?', without the fragment; empty where there is none.
std::string_view QueryOf(std::string_view url);

// Whether the text holds the part, ASCII letters in any case.
bool Mentions(std::string_view text, std::string_view part);

}  // namespace websub
