// What the stories about discovery share.
#pragma once

#include <string>

#include "cli/conformance/subscriber_bench.h"

namespace websub::cli::conformance {

// The topic answers with the page, and its hub has to be asked. `where` is for the sentence: "the
// Link header".
Outcome FindsHub(SubscriberBench& bench, Reply page, const std::string& where);

// Path and query of an absolute URL.
std::string PathOf(const std::string& url);

}  // namespace websub::cli::conformance
