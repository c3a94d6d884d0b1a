// Parts of the HTML report.
#pragma once

#include <string>
#include <string_view>

#include "cli/conformance/outcome.h"

namespace websub::cli::conformance::html {

// The style sheet, as it stands in the file: a digest of it is what the file's policy allows.
extern const std::string_view kStyle;

// Who sent what to whom, in time: a lane for each part, an arrow for each request and for its
// answer. Each exchange opens to its raw bytes. Empty where a case has no evidence.
std::string Sequence(const CaseResult& one);

// Raw bytes for reading: each '\n' is shown as such and ends the line, everything that cannot be
// seen is written out, and what is beyond the limit is left out, with a note. Escaped.
std::string RawBytes(std::string_view bytes, std::size_t whole_size);

}  // namespace websub::cli::conformance::html
